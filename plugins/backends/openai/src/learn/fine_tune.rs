//! A model trained by the service on the pilot's interviews.

use super::{
    jobs::{Kind, Work},
    notes::{Note, Notes},
};
use crate::{
    asking::{Model, Way, letters::lettered},
    client::{Client, Failure},
    service::Price,
};
use backend_language::{Message, parse_messages, place::hex};
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

/// Most times that a service goes through a file by its own choice.
const EPOCHS_MAX: u32 = 25;

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
    /// Name of the note about it.
    pub(crate) name: String,
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
    let training = Training { client, base, settings, notes, name };
    if client.conditions().estimate {
        let nano = if note.result.is_some() { Some(0) } else { training.estimate(&file)? };
        let receipt = Receipt { usd: nano.map(dollars), ..Receipt::default() };
        let (model, files) = (base.clone(), Vec::new());
        return Ok(FineTuned { model, files, name: training.name, receipt });
    }
    // Services name what they train after what it is trained from.
    let of_trained = |name: &str| price(name).or_else(|| price(&format!("ft:{}:", base.name)));
    if base.price.is_some() && price(&format!("ft:{}:", base.name)).is_none() {
        let name = &base.name;
        let why = format!(
            "no price of a model trained from `{name}` is known; `ft:{name}*` in prices.toml says it"
        );
        return Err(Failure::Lasting(why));
    }
    if note.result.is_none() {
        training.run(&mut note, hyperparameters, file).await?;
    }
    let trained = note.result.clone().unwrap_or_default();
    let model = Model {
        price: of_trained(&trained),
        name: trained.clone(),
        resolved: trained,
        is_resolved: false,
    };
    let receipt = Receipt { usd: note.nano_usd.map(dollars), ..Receipt::default() };
    let files = note.file.into_iter().chain(note.results).collect();
    Ok(FineTuned { model, files, name: training.name, receipt })
}

/// A training to be done.
struct Training<'a> {
    client: &'a Client,
    base: &'a Model,
    settings: &'a FineTuneSettings,
    notes: Notes,
    name: String,
}

impl Training<'_> {
    /// What so many tokens cost; `None` where no price at all is known.
    ///
    /// # Errors
    /// When the model costs something and what training costs is not known.
    fn cost(&self, tokens: f64) -> std::result::Result<Option<i64>, Failure> {
        let Some(price) = self.base.price else { return Ok(None) };
        let unknown = || {
            let name = &self.base.name;
            Failure::Lasting(format!(
                "no price of training `{name}` is known; `training` in prices.toml says it"
            ))
        };
        let usd = price.training.ok_or_else(unknown)?;
        Ok(Some((tokens * usd * 1e3).ceil() as i64))
    }

    fn epochs(&self, by_service: u32) -> f64 {
        f64::from(self.settings.epochs.unwrap_or(by_service))
    }

    fn estimate(&self, file: &[u8]) -> std::result::Result<Option<i64>, Failure> {
        let lines = file.iter().filter(|byte| **byte == b'\n').count();
        self.cost(file.len() as f64 / BYTES_PER_TOKEN * self.epochs(usual_epochs(lines)))
    }

    /// Reserves what it may cost at the most; what was begun before was reserved then.
    async fn reserve(&self, note: &mut Note, file: &[u8]) -> std::result::Result<(), Failure> {
        // No token is shorter than a byte.
        let most = self.cost(self.epochs(EPOCHS_MAX) * file.len() as f64)?;
        if let (Some(nano), None) = (most.filter(|nano| *nano > 0), note.reserved)
            && let Some(held) = self.client.reserve(nano).await?
        {
            note.reserved = Some(held.leave());
            self.notes.write(&self.name, note);
        }
        Ok(())
    }

    /// Has it done, and notes what came of it.
    async fn run(
        &self,
        note: &mut Note,
        hyperparameters: Value,
        file: Vec<u8>,
    ) -> std::result::Result<(), Failure> {
        if self.client.conditions().replay {
            let why = "no trained model is noted, and with --replay none is made";
            return Err(Failure::NotKept(why.into()));
        }
        self.reserve(note, &file).await?;
        let job = self.work(hyperparameters, file).done(note).await?;
        let model = job["fine_tuned_model"].as_str().filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| Failure::Broken("the job ended without a model".into()))?;
        if let Some(tokens) = job["trained_tokens"].as_u64() {
            note.nano_usd = self.cost(tokens as f64)?;
        }
        if let Some(nano) = note.nano_usd {
            self.client.settle_later(&mut note.reserved, nano);
        }
        let results = job["result_files"].as_array().into_iter().flatten();
        note.results = results.filter_map(|file| Some(file.as_str()?.to_owned())).collect();
        note.result = Some(model.to_owned());
        self.notes.write(&self.name, note);
        Ok(())
    }

    fn work(&self, hyperparameters: Value, file: Vec<u8>) -> Work<'_> {
        let method =
            json!({"type": "supervised", "supervised": {"hyperparameters": hyperparameters}});
        Work {
            client: self.client,
            notes: &self.notes,
            kind: Kind {
                path: "/fine_tuning/jobs",
                purpose: "fine-tune",
                failed: &["failed", "cancelled"],
                done: &["succeeded"],
            },
            body: json!({
                "model": self.base.name,
                "suffix": format!("pb-{}", &self.name[..12]),
                "seed": seed(&self.name),
                "method": method,
            }),
            name: self.name.clone(),
            file: file.into(),
            file_field: "training_file",
            deadline: Duration::from_secs_f64(self.settings.deadline_hours * 3600.0),
        }
    }
}

/// Removes model and files at the service, and what is noted of them.
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
    Notes::new(client.conditions().folder.as_deref()).forget(&trained.name);
    Ok(())
}

/// Everything that a trained model is made from, as a name.
fn name_of(client: &Client, base: &Model, hyperparameters: &Value, file: &[u8]) -> String {
    let file = Sha256::digest(file);
    let whole = json!([client.service.base_url, base.resolved, hyperparameters, file.as_slice()]);
    hex(&Sha256::digest(whole.to_string())[..16])
}

fn seed(name: &str) -> u32 {
    u32::from_str_radix(&name[..8], 16).unwrap_or_default() & 0x7fff_ffff
}

/// Times that a file of so many lines is gone through by a service's own choice: three, more where
/// the lines are few.
fn usual_epochs(lines: usize) -> u32 {
    let for_few = (100 / lines.max(1)) as u32;
    for_few.clamp(3, EPOCHS_MAX)
}

fn dollars(nano: i64) -> f64 {
    nano as f64 / 1e9
}
