//! What services say, read leniently where they differ and strictly where a number counts: nothing
//! that is missing becomes a default that an answer is made of.

mod reply;
mod stream;

pub(crate) use reply::reply;
pub(crate) use stream::stream;

use serde::{Deserialize, Serialize};

/// What a service said to a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// The answer's text; `None` where there is none.
    pub text: Option<String>,
    /// Words of a refusal.
    pub refusal: Option<String>,
    /// Why the answer ends.
    pub finish: String,
    /// Places with log-probabilities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Of these, kept by the service.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// The model as the service names it.
    pub model: Option<String>,
    /// What else of the service may change answers.
    pub fingerprint: Option<String>,
}

/// A token that might have stood at a place, with its log-probability. Thousands of answers are kept
/// in memory: nothing is larger than it has to be.
pub(crate) type Listed = (Box<str>, f64);

/// A token and those that might have stood in its place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The token.
    pub token: String,
    /// Its log-probability; `None` where nothing comes before it.
    pub log: Option<f64>,
    /// Tokens with their log-probabilities.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub top: Box<[Listed]>,
}

impl Said {
    /// Whether the model refused, or a filter did.
    pub(crate) fn is_refusal(&self) -> bool {
        self.refusal.is_some() || self.finish == "content_filter"
    }

    /// The model and what else may change answers, as one word.
    pub(crate) fn by(&self) -> Option<String> {
        let words: Vec<&str> =
            [&self.model, &self.fingerprint].into_iter().filter_map(|w| w.as_deref()).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}
