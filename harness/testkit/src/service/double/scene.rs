//! What a reply says beside the answer.

use super::learned::Learned;
use serde_json::{Value, json};
use std::sync::Arc;

/// What stands around one answer.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) number: usize,
    pub(super) created: u64,
    pub(super) model: String,
    pub(super) fingerprint: Option<String>,
    pub(super) learned: Option<Arc<Learned>>,
}

impl Scene {
    pub(super) fn learned(&self) -> Option<&Learned> {
        self.learned.as_deref()
    }

    /// A reply with one choice.
    pub(super) fn reply(&self, object: &str, choice: Value, usage: Value) -> Value {
        let prefix = if object == "chat.completion" { "chatcmpl" } else { "cmpl" };
        json!({
            "id": format!("{prefix}-{}", self.number),
            "object": object,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
            "choices": [choice],
            "usage": usage,
        })
    }
}
