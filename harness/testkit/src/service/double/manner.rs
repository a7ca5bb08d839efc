//! How a double behaves.

use std::time::Duration;

/// How a double of a service behaves; the default is one that can do everything and has no key.
#[derive(Debug, Clone)]
pub struct Manner {
    /// The key that requests must bear.
    pub key: Option<String>,
    /// Quotes a wrong key in full in the message of its error, not masked in the middle.
    pub quotes_key: bool,
    /// Models that the service lists.
    pub models: Vec<String>,
    /// Refuses models that it does not list. Fine-tuned models must always exist.
    pub only_listed: bool,
    /// The model that replies name; without, the one that was asked.
    pub resolved: Option<String>,
    /// The fingerprint of the first replies.
    pub fingerprint: Option<String>,
    /// Waits so long before each reply.
    pub delay: Duration,
    /// What becomes of requests for log probabilities.
    pub logprobs: Logprobs,
    /// Most alternatives per token; more are an error.
    pub most_top: usize,
    /// What becomes of requests for JSON after a schema.
    pub schemas: Schemas,
    /// Continues a last message from the assistant.
    pub prefill: bool,
    /// Gives the prompt back with completions that ask for it.
    pub echo: bool,
    /// Share of the conversations that are refused.
    pub refuse_share: f64,
    /// Codes of errors are their status as a number, and errors have no `param`.
    pub integer_codes: bool,
    /// Fewest examples of a training file.
    pub least_examples: usize,
    /// How fine-tuning jobs end.
    pub job: JobEnd,
    /// How batches end.
    pub batch: BatchEnd,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            key: None,
            quotes_key: false,
            models: vec!["gpt-double".into()],
            only_listed: false,
            resolved: None,
            fingerprint: Some("fp_double".into()),
            delay: Duration::ZERO,
            logprobs: Logprobs::Given,
            most_top: 20,
            schemas: Schemas::Enforced,
            prefill: false,
            echo: true,
            refuse_share: 0.0,
            integer_codes: false,
            least_examples: 10,
            job: JobEnd::Succeeds,
            batch: BatchEnd::Completes,
        }
    }
}

/// What becomes of requests for log probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logprobs {
    /// The reply has them.
    Given,
    /// The reply says null.
    Null,
    /// An error.
    Refused,
}

/// What becomes of requests for JSON after a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schemas {
    /// The reply conforms.
    Enforced,
    /// The reply is plain text.
    Ignored,
    /// An error.
    Refused,
}

/// How fine-tuning jobs end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// With a model.
    Succeeds,
    /// With an error after a while.
    FailsAfterRunning {
        /// Code of the error.
        code: String,
        /// Its message.
        message: String,
    },
    /// Never: this is the status for ever.
    Unknown(String),
}

/// How batches end.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchEnd {
    /// With all answers.
    Completes,
    /// Too late, with this share of the answers and no word about the others.
    ExpiresWith(f64),
    /// With one answer twice.
    Duplicates,
    /// With one answer missing, in the first batch only.
    Drops,
    /// Before it begins, because of this line (from 1).
    FailsValidation(usize),
    /// With about this share of the lines failed, others in each batch.
    FailsSome(f64),
}
