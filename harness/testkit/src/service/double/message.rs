//! Texts of messages, and how long they are.

use serde_json::Value;

/// The text of a message, whose content may be in parts.
pub(super) fn text(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// So many tokens are so many bytes.
pub(super) fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4)
}
