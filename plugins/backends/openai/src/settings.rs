use backend_language::Manner;
use pilotbench_plugin_sdk::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How a service is asked. Where it is and what it allows stands in [`crate::service`].
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Name of a service. Required, or `base_url`.
    pub service: String,
    /// Where requests go, up to and without `/chat/completions`; instead of the service's own.
    pub base_url: String,
    /// Variable that holds the key; instead of the service's own.
    pub key_env: String,
    /// Model, as the service names it. Required.
    pub model: String,
    /// Which endpoint is asked.
    pub endpoint: Endpoint,
    /// How answers are had.
    pub answers: Wanted,
    /// All questions in one request, answered as JSON, instead of one after the other.
    pub questionnaire: bool,
    /// In how many orders of the options a question is asked where probabilities are had.
    pub orders: usize,
    /// Of sampled answers, the service's; of probabilities, what their logarithms are divided by.
    pub temperature: f64,
    /// Most tokens of a sampled answer to one question.
    pub max_tokens: usize,
    /// Sampled answers come as a stream; one that does not end as it should is no answer.
    pub stream: bool,
    /// Requests go through the batch endpoint: cheaper, and done within a day.
    pub batch: bool,
    /// File with the chat template that `completions` prompts are written with; a plain one unless
    /// given.
    pub template: String,
    /// Goes on although no price is known.
    pub allow_unpriced: bool,
    /// Further fields of every request.
    pub body: Map<String, Value>,
}

/// Which endpoint is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// `/chat/completions`.
    #[default]
    Chat,
    /// `/completions`.
    Completions,
}

/// How answers are to be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// As well as the service can: by probabilities, else by a schema, else as text.
    #[default]
    Auto,
    /// Options get letters; the probability of each letter as the next token.
    Letters,
    /// The labels' own words, token by token where they part.
    Tree,
    /// Every label after the prompt, with the log-probabilities of its tokens echoed.
    Echo,
    /// A sampled answer that a JSON schema holds to the labels.
    Schema,
    /// A sampled answer in words, which the host reads.
    Text,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service: String::new(),
            base_url: String::new(),
            key_env: String::new(),
            model: String::new(),
            endpoint: Endpoint::default(),
            answers: Wanted::default(),
            questionnaire: false,
            orders: 1,
            temperature: 1.0,
            max_tokens: 32,
            stream: false,
            batch: false,
            template: String::new(),
            allow_unpriced: false,
            body: Map::new(),
        }
    }
}

/// Fields of a request that are ours to set.
const OURS: [&str; 12] = [
    "echo",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "model",
    "n",
    "prompt",
    "response_format",
    "seed",
    "stream",
    "top_logprobs",
];

impl Settings {
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub fn check(&self) -> Result<()> {
        let wrong = |key: &str, message: &str| Err(Error::config(key, message));
        if self.model.trim().is_empty() {
            return wrong("model", "is missing: the model's name as the service has it");
        }
        if self.service.is_empty() && self.base_url.is_empty() {
            return wrong("service", "is missing: a service by name, or `base_url`");
        }
        self.manner().check()?;
        if !(1..=4096).contains(&self.max_tokens) {
            return wrong("max_tokens", "must be from 1 to 4096");
        }
        if let Some(ours) = OURS.iter().find(|name| self.body.contains_key(**name)) {
            return wrong("body", &format!("`{ours}` is set by the backend itself"));
        }
        let samples = matches!(self.answers, Wanted::Schema | Wanted::Text) || self.questionnaire;
        if self.questionnaire
            && !matches!(self.answers, Wanted::Auto | Wanted::Schema | Wanted::Text)
        {
            return wrong("answers", "a questionnaire is answered by `schema` or as `text`");
        }
        if samples && self.orders != 1 {
            return wrong("orders", "must be 1: sampled answers cannot be averaged");
        }
        if self.endpoint == Endpoint::Completions {
            if matches!(self.answers, Wanted::Schema) || self.questionnaire {
                return wrong("endpoint", "schemas and questionnaires need `chat`");
            }
        } else if self.answers == Wanted::Echo || !self.template.is_empty() {
            return wrong("endpoint", "`echo` and `template` need `completions`");
        }
        if self.batch && self.answers == Wanted::Tree {
            return wrong("batch", "`tree` asks one thing after the other; use `letters`");
        }
        if self.batch && self.stream {
            return wrong("stream", "a batch is no stream");
        }
        Ok(())
    }

    /// How questions are put.
    pub fn manner(&self) -> Manner {
        Manner { orders: self.orders, temperature: self.temperature }
    }
}
