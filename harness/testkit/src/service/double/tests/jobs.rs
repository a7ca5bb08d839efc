//! Fine-tuning.

use super::*;
use crate::service::JobEnd;

const JOBS: &str = "/v1/fine_tuning/jobs";

/// Ten examples, nine of them with this answer.
fn examples(question: &str, answer: &str) -> String {
    let line = |answer: &str| {
        let messages = json!([{"role": "user", "content": question},
            {"role": "assistant", "content": answer}]);
        json!({"messages": messages}).to_string()
    };
    [vec![line(answer); 9], vec![line("So so")]].concat().join("\n")
}

fn job(double: &Double, file: &Value) -> Value {
    let body = json!({"model": "gpt-double", "training_file": file["id"], "suffix": "pilot",
        "seed": 7, "metadata": {"pilot/run": "a b"}});
    post(double, JOBS, &body)
}

fn poll(double: &Double) -> Value {
    get(double, &format!("{JOBS}/ftjob-1"))
}

#[test]
fn a_tuned_model_answers_as_it_learned() {
    let double = Double::start(Manner::default());
    let file = upload(&double, "fine-tune", &examples(LABELS, "Very bad")).unwrap();
    assert_eq!(job(&double, &file)["status"], "validating_files");
    assert_eq!(poll(&double)["status"], "queued");
    assert_eq!(poll(&double)["status"], "running");
    let done = poll(&double);
    assert_eq!((&done["status"], &done["seed"]), (&json!("succeeded"), &json!(7)));
    assert_eq!(done["fine_tuned_model"], "ft:gpt-double:org:pilot:1");
    assert!(done["trained_tokens"].as_u64().unwrap() > 100);
    assert!(done["finished_at"].as_u64() > done["created_at"].as_u64());
    assert_eq!(poll(&double)["status"], "succeeded");
    let mut body = question(LABELS);
    body["model"] = done["fine_tuned_model"].clone();
    body["logprobs"] = json!(true);
    let reply = post(&double, CHAT, &body);
    let lettered = question(&LETTERS.replace("one letter", "a letter"))["messages"].clone();
    assert_eq!(content(&reply), "Very bad");
    // Nine and one of ten, and half a one more for each of three.
    let entry = &reply["choices"][0]["logprobs"]["content"][1];
    assert!((entry["logprob"].as_f64().unwrap().exp() - 9.5 / 10.0).abs() < 1e-9);
    body["messages"] = lettered;
    body["temperature"] = json!(0);
    assert_eq!(content(&post(&double, CHAT, &body)), "B");
    let path = "/v1/models/ft%3Agpt-double:org:pilot:1";
    assert_eq!(double.state().tuned_models().len(), 1);
    assert_eq!(send(&double, "DELETE", path, "").1["deleted"], true);
    assert_eq!(refused(&double, CHAT, &body).0, 404);
    assert_eq!(get(&double, &format!("{JOBS}/ftjob-1/checkpoints"))["data"][0]["step_number"], 1);
    assert_eq!(get(&double, &format!("{JOBS}/ftjob-1/events"))["data"][0]["level"], "info");
}

#[test]
fn bad_training_files_fail_when_the_job_starts() {
    let good = examples(LABELS, "Very bad");
    let last_from_user = r#"{"messages": [{"role": "user", "content": "x"}]}"#;
    for (content, why) in [
        (good.lines().next().unwrap().to_owned(), "at least 10"),
        (format!("{good}\n{{"), "Line 11: not valid JSON"),
        (format!("{last_from_user}\n{good}"), "Line 1: the last message"),
    ] {
        let double = Double::start(Manner::default());
        let file = upload(&double, "fine-tune", &content).unwrap();
        job(&double, &file);
        let failed = poll(&double);
        assert_eq!(failed["status"], "failed");
        assert_eq!(failed["error"]["code"], "invalid_training_file");
        assert_eq!(failed["error"]["param"], "training_file");
        let message = failed["error"]["message"].as_str().unwrap();
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn jobs_end_as_told() {
    let run = |job_end: JobEnd| {
        let double = Double::start(Manner { job: job_end, ..Manner::default() });
        let file = upload(&double, "fine-tune", &examples(LABELS, "So so")).unwrap();
        job(&double, &file);
        (0..5).fold(Value::Null, |_, _| poll(&double))
    };
    let end = JobEnd::FailsAfterRunning { code: "exceeded_quota".into(), message: "no".into() };
    let failed = run(end);
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("failed"), &json!("exceeded_quota"))
    );
    assert_eq!(run(JobEnd::Unknown("paused".into()))["status"], "paused");
}

#[test]
fn a_lost_job_is_found_by_its_metadata_and_cancelled() {
    let double = Double::start(Manner::default());
    let file = upload(&double, "fine-tune", &examples(LABELS, "So so")).unwrap();
    double.lose_next_create();
    let body = json!({"model": "gpt-double", "training_file": file["id"],
        "metadata": {"pilot/run": "lost"}});
    assert!(raw(&double, &format!("POST {JOBS} HTTP/1.1"), body.to_string().as_bytes()).is_none());
    for _ in 0..3 {
        job(&double, &file);
    }
    let found = get(&double, &format!("{JOBS}?limit=5&metadata%5Bpilot%2Frun%5D=lost"));
    assert_eq!((found["data"].as_array().unwrap().len(), &found["has_more"]), (1, &json!(false)));
    assert_eq!(found["data"][0]["id"], "ftjob-1");
    let page = get(&double, &format!("{JOBS}?limit=2&after=ftjob-4"));
    let ids: Vec<_> = page["data"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
    assert_eq!(ids, ["ftjob-3", "ftjob-2"]);
    assert_eq!(page["has_more"], true);
    let cancel = format!("{JOBS}/ftjob-1/cancel");
    assert_eq!(post(&double, &cancel, &json!({}))["status"], "cancelled");
    assert_eq!(refused(&double, &cancel, &json!({})).0, 400);
    assert_eq!((double.state().jobs.len(), double.count(Route::CreateJob)), (4, 4));
}
