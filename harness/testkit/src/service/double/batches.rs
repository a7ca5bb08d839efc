//! Batches of requests.

use super::batch_lines::{Line, lines};
use super::failure::Failure;
use super::hash::{hash, unit};
use super::page::page;
use super::query::Query;
use super::state::{State, place};
use super::{BatchEnd, Manner, chat, completions, files};
use serde_json::{Value, json};

/// What messages call the objects.
const KIND: &str = "Batch";

/// Makes a batch.
pub(super) fn create(state: &mut State, body: &Value) -> Result<Value, Failure> {
    let file = body["input_file_id"].as_str().unwrap_or_default();
    let found = state.file(file);
    if !found.is_some_and(|file| file.object["purpose"] == "batch") {
        let why = format!("Invalid 'input_file_id': no file for batches has the name '{file}'.");
        return Err(Failure::invalid("input_file_id", why));
    }
    let endpoint = body["endpoint"].as_str().unwrap_or_default();
    if !["/v1/chat/completions", "/v1/completions"].contains(&endpoint) {
        return Err(Failure::invalid("endpoint", format!("Invalid value: '{endpoint}'.")));
    }
    if body["completion_window"] != "24h" {
        return Err(Failure::invalid("completion_window", "Invalid value. Supported: '24h'."));
    }
    let mut batch = json!({
        "id": format!("batch_{}", state.next("batch")),
        "object": "batch",
        "endpoint": endpoint,
        "errors": null,
        "input_file_id": file,
        "completion_window": "24h",
        "status": "validating",
        "created_at": state.now(),
        "expires_at": state.now() + 86_400,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": body["metadata"],
    });
    for later in ["output_file_id", "error_file_id", "in_progress_at", "finalizing_at"] {
        batch[later] = Value::Null;
    }
    for end in ["completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at"] {
        batch[end] = Value::Null;
    }
    state.batches.push(batch.clone());
    Ok(batch)
}

/// A page of the batches, the newest first.
pub(super) fn list(state: &State, query: &Query) -> Value {
    page(state.batches.iter().rev(), query)
}

/// A batch, after its state moved one step.
pub(super) fn poll(state: &mut State, manner: &Manner, id: &str) -> Result<Value, Failure> {
    let place = place(&state.batches, KIND, id)?;
    state.tick();
    let mut batch = state.batches[place].clone();
    step(state, manner, &mut batch);
    state.batches[place] = batch.clone();
    Ok(batch)
}

/// Begins to end a batch that has not ended.
pub(super) fn cancel(state: &mut State, id: &str) -> Result<Value, Failure> {
    let place = place(&state.batches, KIND, id)?;
    let now = state.now();
    let batch = &mut state.batches[place];
    let status = batch["status"].as_str().unwrap_or_default();
    if !["validating", "in_progress", "finalizing"].contains(&status) {
        let why = format!("Cannot cancel a batch with status '{status}'.");
        return Err(Failure::new(409, why));
    }
    turn(batch, "cancelling", now);
    Ok(batch.clone())
}

/// Gives a batch a status and notes when.
fn turn(batch: &mut Value, status: &str, now: u64) {
    batch["status"] = json!(status);
    batch[format!("{status}_at")] = json!(now);
}

fn step(state: &mut State, manner: &Manner, batch: &mut Value) {
    let now = state.now();
    match (batch["status"].as_str(), &manner.batch) {
        (Some("validating"), end) => match validated(state, batch, end) {
            Ok(count) => {
                batch["request_counts"]["total"] = json!(count);
                turn(batch, "in_progress", now);
            }
            Err(errors) => {
                batch["errors"] = errors;
                turn(batch, "failed", now);
            }
        },
        (Some("in_progress"), BatchEnd::ExpiresWith(share)) => {
            answer(state, manner, batch, *share);
            turn(batch, "expired", now);
        }
        (Some("in_progress"), _) => turn(batch, "finalizing", now),
        (Some("finalizing"), _) => {
            answer(state, manner, batch, 1.0);
            turn(batch, "completed", now);
        }
        (Some("cancelling"), _) => turn(batch, "cancelled", now),
        _ => {}
    }
}

fn input(state: &State, batch: &Value) -> Result<Vec<Line>, Value> {
    let endpoint = batch["endpoint"].as_str().unwrap_or_default();
    let id = batch["input_file_id"].as_str().unwrap_or_default();
    let file = state.file(id).ok_or_else(|| errors("file_not_found", "The file is gone", None))?;
    lines(&file.content, endpoint).map_err(|(line, why)| errors("invalid_request", why, Some(line)))
}

/// How many requests a batch has; the errors of one that cannot begin.
fn validated(state: &State, batch: &Value, end: &BatchEnd) -> Result<usize, Value> {
    let lines = input(state, batch)?;
    match end {
        BatchEnd::FailsValidation(line) => Err(errors(
            "invalid_json_line",
            "This line is not parseable as valid JSON.",
            Some(*line),
        )),
        _ => Ok(lines.len()),
    }
}

fn errors(code: &str, message: &str, line: Option<usize>) -> Value {
    let error = json!({"code": code, "message": message, "param": null, "line": line});
    json!({"object": "list", "data": [error]})
}

/// Answers a share of the requests and files the answers, shuffled.
fn answer(state: &mut State, manner: &Manner, batch: &mut Value, share: f64) {
    let mut lines = input(state, batch).unwrap_or_default();
    lines.truncate((lines.len() as f64 * share).round() as usize);
    lines.sort_by_key(|line| hash(&[&line.custom_id]));
    let id = batch["id"].to_string();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for line in &lines {
        let (status, body) = respond(state, manner, line, &id);
        let number = state.next("batch request");
        let written = json!({"id": format!("batch_req_{number}"), "custom_id": line.custom_id,
            "response": {"status_code": status, "request_id": format!("req_{number}"),
                "body": body}, "error": null});
        if status == 200 { done.push(written) } else { failed.push(written) }
    }
    batch["request_counts"]["completed"] = json!(done.len());
    batch["request_counts"]["failed"] = json!(failed.len());
    spoil(state, manner, &mut done);
    batch["output_file_id"] = file(state, &done, "output");
    batch["error_file_id"] = file(state, &failed, "error");
}

fn respond(state: &mut State, manner: &Manner, line: &Line, batch: &str) -> (u16, Value) {
    if let BatchEnd::FailsSome(share) = manner.batch
        && unit(&["fail", batch, &line.custom_id]) < share
    {
        return (500, Failure::new(500, "The server had an error").body(manner));
    }
    let answer = state.scene(&line.body, manner).and_then(|scene| {
        if line.is_chat {
            chat::answer(&line.body, manner, &scene)
        } else {
            completions::answer(&line.body, manner, &scene)
        }
    });
    answer.map_or_else(|error| (error.status, error.body(manner)), |body| (200, body))
}

/// Doubles or drops an answer.
fn spoil(state: &mut State, manner: &Manner, done: &mut Vec<Value>) {
    match manner.batch {
        BatchEnd::Duplicates => done.extend(done.first().cloned()),
        BatchEnd::Drops if !state.dropped => state.dropped = done.pop().is_some(),
        _ => {}
    }
}

/// Files lines; null without lines.
fn file(state: &mut State, lines: &[Value], name: &str) -> Value {
    if lines.is_empty() {
        return Value::Null;
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let name = format!("batch_{name}.jsonl");
    files::keep(state, &name, "batch_output", text.into_bytes())["id"].clone()
}
