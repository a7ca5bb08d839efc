//! An interview in messages.

use crate::Problem;
use serde::{Deserialize, Serialize};

/// One turn of an interview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// Reads the messages of a request: a JSON array of objects with `role` and `content`.
///
/// # Errors
/// When the text is not that.
pub fn parse_messages(json: &str) -> Result<Vec<Message>, Problem> {
    serde_json::from_str(json).map_err(|e| {
        Problem::input(format!("messages: {e}; an array of objects with role and content is meant"))
    })
}
