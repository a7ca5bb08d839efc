//! A model trained by the service on the pilot's interviews.

use super::{
    jobs::{Kind, Work},
    notes::Notes,
};
use crate::{
    asking::{Model, Way, letters::lettered},
    client::{Client, Failure},
    service::Price,
};
use backend_language::{Message, parse_messages};
use pilotbench_plugin_sdk::{Error, Pilot, Receipt, Result};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The answer of a person who gave none, as interviews have it.
const NO_ANSWER: &str = "(no answer)";
/// Bytes of text for each token, for an estimate.
const BYTES_PER_TOKEN: f64 = 4.0;

/// Settings of the adapter.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FineTuneSettings {
    /// Times that the pilot is gone through; the service's choice unless given.
    pub epochs: Option<u32>,
    /// Interviews of a step; the service's choice unless given.
    pub batch_size: Option<u32>,
    /// What the service's learning rate is multiplied by; its choice unless given.
    pub learning_rate_multiplier: Option<f64>,
    /// Longest time until the model is there.
    pub deadline_hours: f64,
    /// Whether model and file are removed at the service when the replicate is done.
    pub delete: bool,
}

impl Default for FineTuneSettings {
    fn default() -> Self {
        Self {
            epochs: None,
            batch_size: None,
            learning_rate_multiplier: None,
            deadline_hours: 24.0,
            delete: false,
        }
    }
}

impl FineTuneSettings {
    /// # Errors
    /// [`Error::Config`] that says what would be right.
    pub(crate) fn checked(self) -> Result<Self> {
        let wrong = |message: &str| Err(Error::config("adapter", message));
        if self.epochs.is_some_and(|epochs| !(1..=50).contains(&epochs)) {
            return wrong("`epochs` must be from 1 to 50");
        }
        if self.batch_size.is_some_and(|size| !(1..=256).contains(&size)) {
            return wrong("`batch_size` must be from 1 to 256");
        }
        if self.learning_rate_multiplier.is_some_and(|by| !(0.0001..=10.0).contains(&by)) {
            return wrong("`learning_rate_multiplier` must be from 0.0001 to 10");
        }
        if !(1e-4..=720.0).contains(&self.deadline_hours) {
            return wrong("`deadline_hours` must be from 0.0001 to 720");
        }
        Ok(self)
    }

    fn hyperparameters(&self) -> Value {
        let or_auto = |value: Option<Value>| value.unwrap_or_else(|| json!("auto"));
        json!({
            "n_epochs": or_auto(self.epochs.map(|n| json!(n))),
            "batch_size": or_auto(self.batch_size.map(|n| json!(n))),
            "learning_rate_multiplier": or_auto(self.learning_rate_multiplier.map(|x| json!(x))),
        })
    }
}

/// A model that was trained.
#[derive(Debug, Clone)]
pub(crate) struct FineTuned {
    /// Who is asked.
    pub model: Model,
    /// Its files at the service.
    pub(crate) files: Vec<String>,
    /// What training took.
    pub receipt: Receipt,
}

/// The pilot's interviews as lines to train on: in the words that the model will be asked in. Answers
/// that nobody gave are not learned; a person without any is left out.
///
/// # Errors
/// When the host passed no interviews.
pub(crate) fn training_file(pilot: &Pilot, way: Way) -> Result<Vec<u8>> {
    let mut lines = String::new();
    for row in 0..pilot.people.len() {
        let text = pilot.messages(row);
        let text = text.ok_or_else(|| Error::bad_input("a pilot without messages"))?;
        let chat = parse_messages(text)?;
        let chat = if way == Way::Letters { lettered(&chat)? } else { chat };
        if let Some(line) = line(&chat) {
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
    }
    Ok(lines.into_bytes())
}

/// A line of an interview; up to the last answer that was given.
fn line(chat: &[Message]) -> Option<Value> {
    let is_given = |message: &Message| message.role == "assistant" && message.content != NO_ANSWER;
    let end = chat.iter().rposition(is_given)? + 1;
    let message = |message: &Message| {
        let mut written = json!({"role": message.role, "content": message.content});
        if message.role == "assistant" && message.content == NO_ANSWER {
            written["weight"] = json!(0);
        }
        written
    };
    Some(json!({"messages": chat[..end].iter().map(message).collect::<Vec<_>>()}))
}

/// Has a model trained; one that was trained on the same before is taken.
///
/// # Errors
/// When the service refuses, the job fails, or money or time is up.
pub(crate) async fn train(
    client: &Client,
    base: &Model,
    settings: &FineTuneSettings,
    file: Vec<u8>,
    price: impl Fn(&str) -> Option<Price>,
) -> std::result::Result<FineTuned, Failure> {
    let hyperparameters = settings.hyperparameters();
    let name = name_of(client, base, &hyperparameters, &file);
    let notes = Notes::new(client.conditions().folder.as_deref());
    let mut note = notes.read(&name);
    let per_token = base.price.and_then(|price| price.training);
    let epochs = |by_service: u32| f64::from(settings.epochs.unwrap_or(by_service));
    // No token is shorter than a byte.
    let most = epochs(EPOCHS_MAX) * file.len() as f64;
    let cost = |tokens: f64| per_token.map(|usd| (tokens * usd * 1e3).ceil() as i64);
    if client.conditions().estimate {
        let lines = file.iter().filter(|byte| **byte == b'\n').count();
        let tokens = file.len() as f64 / BYTES_PER_TOKEN * epochs(usual_epochs(lines));
        let nano = if note.result.is_some() { Some(0) } else { cost(tokens) };
        let receipt = Receipt { usd: nano.map(dollars), ..Receipt::default() };
        return Ok(FineTuned { model: base.clone(), files: Vec::new(), receipt });
    }
    if note.result.is_none() {
        if client.conditions().replay {
            let why = "no trained model is noted, and with --replay none is made";
            return Err(Failure::NotKept(why.into()));
        }
        // A job that was made before was reserved for then.
        if let (Some(nano), None) = (cost(most).filter(|nano| *nano > 0), note.reserved) {
            if let Some(held) = client.reserve(nano).await? {
                note.reserved = Some(held.leave());
                notes.write(&name, &note);
            }
        }
        let work = Work {
            client,
            notes: &notes,
            kind: Kind {
                path: "/fine_tuning/jobs",
                purpose: "fine-tune",
                failed: &["failed", "cancelled"],
                done: &["succeeded"],
            },
            body: json!({
                "model": base.name,
                "suffix": format!("pb-{}", &name[..12]),
                "seed": seed(&name),
                "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            }),
            name: name.clone(),
            file: file.into(),
            file_field: "training_file",
            deadline: Duration::from_secs_f64(settings.deadline_hours * 3600.0),
        };
        let job = match work.done(&mut note).await {
            Ok(job) => job,
            Err(failure) => {
                // What failed for good is not charged; what goes on is, one day.
                if let Failure::Lasting(_) = failure {
                    client.settle_later(&mut note.reserved, 0);
                    notes.write(&name, &note);
                }
                return Err(failure);
            }
        };
        let model = job["fine_tuned_model"].as_str().filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| Failure::Broken("the job ended without a model".into()))?;
        note.nano_usd = job["trained_tokens"].as_u64().and_then(|tokens| cost(tokens as f64));
        if let Some(nano) = note.nano_usd {
            client.settle_later(&mut note.reserved, nano);
        }
        let results = job["result_files"].as_array().into_iter().flatten();
        note.results = results.filter_map(|file| Some(file.as_str()?.to_owned())).collect();
        note.result = Some(model.to_owned());
        notes.write(&name, &note);
    }
    let trained = note.result.clone().unwrap_or_default();
    let model = Model {
        price: price(&trained).or(base.price),
        name: trained.clone(),
        resolved: trained,
        is_resolved: false,
    };
    let receipt = Receipt { usd: note.nano_usd.map(dollars), ..Receipt::default() };
    Ok(FineTuned { model, files: note.file.into_iter().chain(note.results).collect(), receipt })
}

/// Removes model and files at the service.
///
/// # Errors
/// When the service refuses.
pub(crate) async fn remove(
    client: &Client,
    trained: &FineTuned,
) -> std::result::Result<(), Failure> {
    let mut paths = vec![format!("/models/{}", trained.model.name)];
    paths.extend(trained.files.iter().map(|file| format!("/files/{file}")));
    for path in paths {
        match client.look(Method::DELETE, &path, crate::client::REPLY_MAX).await {
            Ok(_) | Err(Failure::NotFound(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Everything that a trained model is made from, as a name.
fn name_of(client: &Client, base: &Model, hyperparameters: &Value, file: &[u8]) -> String {
    let file = Sha256::digest(file);
    let whole = json!([client.service.base_url, base.resolved, hyperparameters, file.as_slice()]);
    let digest = Sha256::digest(whole.to_string());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn seed(name: &str) -> u32 {
    u32::from_str_radix(&name[..8], 16).unwrap_or_default() & 0x7fff_ffff
}

/// Most times that a service goes through a file by its own choice.
const EPOCHS_MAX: u32 = 25;

/// Times that a file of so many lines is gone through by a service's own choice: three, more where
/// the lines are few.
fn usual_epochs(lines: usize) -> u32 {
    let for_few = (100 / lines.max(1)) as u32;
    for_few.clamp(3, EPOCHS_MAX)
}

fn dollars(nano: i64) -> f64 {
    nano as f64 / 1e9
}
