//! What the service remembers.

use super::failure::Failure;
use super::learned::Learned;
use super::scene::Scene;
use super::{Manner, Route};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A moment to begin with; the clock of the service moves with each question about a state.
const START: u64 = 1_700_000_000;

/// What a double remembers, as its objects are told.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Files that are not deleted, the oldest first.
    pub files: Vec<File>,
    /// Fine-tuning jobs, the oldest first.
    pub jobs: Vec<Value>,
    /// Batches, the oldest first.
    pub batches: Vec<Value>,
    /// What fine-tuned models have learned, by their names.
    pub(super) tuned: BTreeMap<String, Arc<Learned>>,
    /// What jobs are learning, by their names, and how many tokens that is.
    pub(super) learning: BTreeMap<String, (Arc<Learned>, usize)>,
    pub(super) counts: BTreeMap<Route, usize>,
    pub(super) fingerprint: Option<String>,
    pub(super) lose: Lose,
    /// Whether a batch has dropped an answer already.
    pub(super) dropped: bool,
    ticks: u64,
    made: BTreeMap<&'static str, usize>,
}

/// A file of the service.
#[derive(Debug, Clone)]
pub struct File {
    /// The file object.
    pub object: Value,
    /// What the file holds.
    pub content: Arc<Vec<u8>>,
}

/// Creations of which the next reply gets lost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lose {
    pub(super) job: bool,
    pub(super) batch: bool,
    pub(super) file: bool,
}

impl State {
    /// Names of the fine-tuned models.
    pub fn tuned_models(&self) -> Vec<String> {
        self.tuned.keys().cloned().collect()
    }

    /// The time of the service.
    pub(super) fn now(&self) -> u64 {
        START + self.ticks
    }

    pub(super) fn tick(&mut self) {
        self.ticks += 1;
    }

    /// The next number of a kind of object, from 1.
    pub(super) fn next(&mut self, kind: &'static str) -> usize {
        let made = self.made.entry(kind).or_default();
        *made += 1;
        *made
    }

    pub(super) fn file(&self, id: &str) -> Option<&File> {
        self.files.iter().find(|file| file.object["id"] == id)
    }

    /// What stands around an answer of a model.
    pub(super) fn scene(&mut self, body: &Value, manner: &Manner) -> Result<Scene, Failure> {
        let Some(model) = body["model"].as_str() else {
            return Err(Failure::invalid("model", "you must provide a model parameter"));
        };
        let learned = self.tuned.get(model).cloned();
        let listed = manner.models.iter().any(|known| known == model);
        let strange = manner.only_listed || model.starts_with("ft:");
        if learned.is_none() && !listed && strange {
            return Err(no_model(model));
        }
        Ok(Scene {
            number: self.next("completion"),
            created: self.now(),
            model: manner.resolved.clone().unwrap_or_else(|| model.into()),
            fingerprint: self.fingerprint.clone(),
            learned,
        })
    }
}

/// The error of a model that is not there.
pub(super) fn no_model(model: &str) -> Failure {
    let why = format!("The model `{model}` does not exist or you do not have access to it.");
    Failure::new(404, why).code("model_not_found")
}

/// The place of an object of a list.
pub(super) fn place(list: &[Value], kind: &str, id: &str) -> Result<usize, Failure> {
    list.iter().position(|object| object["id"] == id).ok_or_else(|| Failure::missing(kind, id))
}
