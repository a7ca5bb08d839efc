//! Fine-tuning jobs.

use super::failure::Failure;
use super::page::page;
use super::query::Query;
use super::state::{State, place};
use super::{JobEnd, Manner, examples, files};
use serde_json::{Value, json};
use std::sync::Arc;

/// Times that a file is gone through if nothing is said.
const EPOCHS: u64 = 3;
/// What messages call the objects.
const KIND: &str = "FineTuningJob";

/// Makes a job.
pub(super) fn create(state: &mut State, body: &Value) -> Result<Value, Failure> {
    let Some(model) = body["model"].as_str() else {
        return Err(Failure::invalid("model", "Missing required parameter: 'model'."));
    };
    let file = body["training_file"].as_str().unwrap_or_default();
    let found = state.file(file);
    if !found.is_some_and(|file| file.object["purpose"] == "fine-tune") {
        let why = format!("invalid training_file: {file}");
        return Err(Failure::invalid("training_file", why).code("invalid_file"));
    }
    if body["suffix"].as_str().is_some_and(|suffix| suffix.len() > 64) {
        return Err(Failure::invalid("suffix", "suffix must be at most 64 characters long"));
    }
    let supervised = json!({"type": "supervised",
        "supervised": {"hyperparameters": {"n_epochs": "auto"}}});
    let method = if body["method"].is_object() { body["method"].clone() } else { supervised };
    let job = json!({
        "id": format!("ftjob-{}", state.next("job")),
        "object": "fine_tuning.job",
        "created_at": state.now(),
        "finished_at": null,
        "model": model,
        "fine_tuned_model": null,
        "organization_id": "org-double",
        "status": "validating_files",
        "training_file": file,
        "validation_file": body["validation_file"],
        "result_files": [],
        "trained_tokens": null,
        "error": {},
        "hyperparameters": method["supervised"]["hyperparameters"],
        "method": method,
        "seed": body["seed"].as_i64().unwrap_or(42),
        "suffix": body["suffix"],
        "metadata": if body["metadata"].is_object() { body["metadata"].clone() } else { json!({}) },
    });
    state.jobs.push(job.clone());
    Ok(job)
}

/// A page of the jobs, the newest first.
pub(super) fn list(state: &State, query: &Query) -> Value {
    page(state.jobs.iter().rev(), query)
}

/// A job, after its state moved one step.
pub(super) fn poll(state: &mut State, manner: &Manner, id: &str) -> Result<Value, Failure> {
    let place = place(&state.jobs, KIND, id)?;
    state.tick();
    let mut job = state.jobs[place].clone();
    step(state, manner, &mut job);
    state.jobs[place] = job.clone();
    Ok(job)
}

/// Ends a job that has not ended.
pub(super) fn cancel(state: &mut State, id: &str) -> Result<Value, Failure> {
    let place = place(&state.jobs, KIND, id)?;
    let now = state.now();
    let job = &mut state.jobs[place];
    if !job["finished_at"].is_null() {
        let why = format!("Job has already completed: {id}");
        return Err(Failure::new(400, why).code("invalid_state"));
    }
    job["status"] = json!("cancelled");
    job["finished_at"] = json!(now);
    Ok(job.clone())
}

/// What happened in a job, the newest first.
pub(super) fn events(state: &State, id: &str, query: &Query) -> Result<Value, Failure> {
    let job = &state.jobs[place(&state.jobs, KIND, id)?];
    let status = job["status"].as_str().unwrap_or_default();
    let texts = ["Created fine-tuning job".into(), format!("The job is {status}")];
    let event = |(number, text): (usize, String)| {
        json!({"object": "fine_tuning.job.event", "id": format!("ftevent-{id}-{number}"),
            "created_at": job["created_at"], "level": "info", "type": "message",
            "message": text, "data": {}})
    };
    let events: Vec<_> = texts.into_iter().enumerate().map(event).collect();
    Ok(page(events.iter().rev(), query))
}

/// The models on the way of a job that succeeded.
pub(super) fn checkpoints(state: &State, id: &str, query: &Query) -> Result<Value, Failure> {
    let job = &state.jobs[place(&state.jobs, KIND, id)?];
    let model = job["fine_tuned_model"].as_str();
    let all: Vec<_> = model
        .map(|model| {
            json!({"object": "fine_tuning.job.checkpoint", "id": format!("ftckpt-{id}"),
                "created_at": job["finished_at"], "fine_tuning_job_id": id,
                "fine_tuned_model_checkpoint": format!("{model}:ckpt-step-1"),
                "step_number": 1, "metrics": {"step": 1.0, "train_loss": 0.5}})
        })
        .into_iter()
        .collect();
    Ok(page(all.iter(), query))
}

fn step(state: &mut State, manner: &Manner, job: &mut Value) {
    match (job["status"].as_str(), &manner.job) {
        (Some("validating_files"), JobEnd::Unknown(word)) => job["status"] = json!(word),
        (Some("validating_files"), _) => validate(state, manner, job),
        (Some("queued"), _) => job["status"] = json!("running"),
        (Some("running"), JobEnd::FailsAfterRunning { code, message }) => {
            fail(state, job, json!({"code": code, "message": message, "param": null}));
        }
        (Some("running"), _) => succeed(state, job),
        _ => {}
    }
}

fn validate(state: &mut State, manner: &Manner, job: &mut Value) {
    let file = state.file(job["training_file"].as_str().unwrap_or_default());
    let read = match file {
        Some(file) => examples::read(&file.content, manner.least_examples),
        None => Err("The file is not there any more".into()),
    };
    match read {
        Ok((learned, tokens)) => {
            state.learning.insert(job["id"].to_string(), (Arc::new(learned), tokens));
            job["status"] = json!("queued");
            if job["hyperparameters"]["n_epochs"].as_u64().is_none() {
                job["hyperparameters"]["n_epochs"] = json!(EPOCHS);
            }
        }
        Err(why) => {
            let message = format!("The job failed due to an invalid training file. {why}");
            let code = "invalid_training_file";
            let error = json!({"code": code, "message": message, "param": "training_file"});
            fail(state, job, error);
        }
    }
}

fn fail(state: &State, job: &mut Value, error: Value) {
    job["status"] = json!("failed");
    job["error"] = error;
    job["finished_at"] = json!(state.now());
}

fn succeed(state: &mut State, job: &mut Value) {
    let (learned, tokens) = state.learning.remove(&job["id"].to_string()).unwrap_or_default();
    let text = |key: &str| job[key].as_str().unwrap_or_default();
    let (model, suffix) = (text("model"), text("suffix"));
    let id = text("id").trim_start_matches("ftjob-");
    let name = format!("ft:{model}:org:{suffix}:{id}");
    let result = files::keep(state, "step_metrics.csv", "fine-tune-results", b"step\n1\n".to_vec());
    state.tuned.insert(name.clone(), learned);
    let epochs = job["hyperparameters"]["n_epochs"].as_u64().unwrap_or(EPOCHS);
    job["status"] = json!("succeeded");
    job["fine_tuned_model"] = json!(name);
    job["trained_tokens"] = json!(tokens as u64 * epochs);
    job["result_files"] = json!([result["id"]]);
    job["finished_at"] = json!(state.now());
}
