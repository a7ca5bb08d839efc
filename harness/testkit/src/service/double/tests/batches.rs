//! Batches.

use super::*;
use crate::service::BatchEnd;

const BATCHES: &str = "/v1/batches";

fn input(count: usize) -> String {
    let line = |number: usize| {
        let mut body = question(LABELS);
        if number == 3 {
            body["messages"] = json!([]);
        }
        json!({"custom_id": format!("r{number}"), "method": "POST", "url": CHAT, "body": body})
            .to_string()
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

fn start(double: &Double, content: &str) -> Value {
    let file = upload(double, "batch", content).unwrap();
    let body = json!({"input_file_id": file["id"], "endpoint": CHAT,
        "completion_window": "24h", "metadata": {"a": "b"}});
    post(double, BATCHES, &body)
}

fn poll(double: &Double, id: &Value) -> Value {
    get(double, &format!("{BATCHES}/{}", id.as_str().unwrap()))
}

fn end(double: &Double, content: &str) -> Value {
    let batch = start(double, content);
    (0..4).fold(Value::Null, |_, _| poll(double, &batch["id"]))
}

fn lines(double: &Double, file: &Value) -> Vec<Value> {
    let path = format!("GET /v1/files/{}/content HTTP/1.1", file.as_str().unwrap());
    let (_, text) = raw(double, &path, b"").unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["custom_id"].as_str().unwrap()).collect()
}

#[test]
fn batches_are_answered_by_the_same_law_in_another_order() {
    let double = Double::start(Manner::default());
    let batch = start(&double, &input(8));
    assert_eq!((&batch["status"], &batch["object"]), (&json!("validating"), &json!("batch")));
    let statuses: Vec<_> = (0..3).map(|_| poll(&double, &batch["id"])["status"].clone()).collect();
    assert_eq!(statuses, ["in_progress", "finalizing", "completed"]);
    let batch = poll(&double, &batch["id"]);
    assert_eq!(batch["request_counts"], json!({"total": 8, "completed": 7, "failed": 1}));
    assert!(batch["completed_at"].as_u64() > batch["in_progress_at"].as_u64());
    let done = lines(&double, &batch["output_file_id"]);
    let mut order = ids(&done);
    assert_ne!(order, ["r0", "r1", "r2", "r4", "r5", "r6", "r7"]);
    order.sort_unstable();
    assert_eq!(order, ["r0", "r1", "r2", "r4", "r5", "r6", "r7"]);
    let alone = post(&double, CHAT, &question(LABELS));
    assert_eq!(content(&done[0]["response"]["body"]), content(&alone));
    assert_eq!(done[0]["response"]["status_code"], 200);
    let failed = lines(&double, &batch["error_file_id"]);
    assert_eq!((ids(&failed), &failed[0]["response"]["status_code"]), (vec!["r3"], &json!(400)));
    assert_eq!(get(&double, "/v1/batches?limit=1")["data"], json!([batch]));
}

#[test]
fn batches_end_as_told() {
    let run = |batch| {
        let double = Double::start(Manner { batch, ..Manner::default() });
        let first = end(&double, &input(3));
        (double, first)
    };
    let (double, expired) = run(BatchEnd::ExpiresWith(0.34));
    assert_eq!(expired["status"], "expired");
    assert_eq!(lines(&double, &expired["output_file_id"]).len(), 1);
    let (double, twice) = run(BatchEnd::Duplicates);
    assert_eq!(lines(&double, &twice["output_file_id"]).len(), 4);
    let (double, dropped) = run(BatchEnd::Drops);
    assert_eq!(lines(&double, &dropped["output_file_id"]).len(), 2);
    assert_eq!(lines(&double, &end(&double, &input(3))["output_file_id"]).len(), 3);
    let (_, failed) = run(BatchEnd::FailsValidation(2));
    assert_eq!(
        (&failed["status"], &failed["errors"]["data"][0]["line"]),
        (&json!("failed"), &json!(2))
    );
    let (_, failed) = run(BatchEnd::FailsSome(1.0));
    assert_eq!(
        (&failed["output_file_id"], &failed["request_counts"]["failed"]),
        (&json!(null), &json!(3))
    );
}

#[test]
fn batches_are_validated_lost_and_cancelled() {
    let double = Double::start(Manner::default());
    let failed = end(&double, &format!("{}\n{}", input(2), input(1)));
    assert_eq!(
        (&failed["status"], &failed["errors"]["data"][0]["line"]),
        (&json!("failed"), &json!(3))
    );
    let file = upload(&double, "batch", &input(1)).unwrap();
    let body = json!({"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"});
    double.lose_next_batch();
    assert!(raw(&double, "POST /v1/batches HTTP/1.1", body.to_string().as_bytes()).is_none());
    let id = get(&double, BATCHES)["data"][0]["id"].clone();
    let cancel = format!("{BATCHES}/{}/cancel", id.as_str().unwrap());
    assert_eq!(post(&double, &cancel, &json!({}))["status"], "cancelling");
    assert_eq!(poll(&double, &id)["status"], "cancelled");
    assert_eq!(refused(&double, &cancel, &json!({})).0, 409);
    assert_eq!(double.state().batches.len(), 2);
}
