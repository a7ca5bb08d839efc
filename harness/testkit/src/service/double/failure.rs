//! Errors as the service words them.

use super::Manner;
use serde_json::{Value, json};

/// Why a request has no answer.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: u16,
    message: String,
    param: Option<String>,
    code: Option<String>,
}

impl Failure {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), param: None, code: None }
    }

    /// A request that is wrong in one of its parameters.
    pub(super) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::new(400, message) }
    }

    /// There is no such thing.
    pub(super) fn missing(kind: &str, id: &str) -> Self {
        let message = format!("No such {kind} object: {id}");
        Self { param: Some("id".into()), ..Self::new(404, message) }
    }

    pub(super) fn code(mut self, code: &str) -> Self {
        self.code = Some(code.into());
        self
    }

    pub(super) fn body(&self, manner: &Manner) -> Value {
        let kind = if self.status < 500 { "invalid_request_error" } else { "server_error" };
        let mut error = json!({"message": self.message, "type": kind});
        if manner.integer_codes {
            error["code"] = json!(self.status);
        } else {
            error["param"] = json!(self.param);
            error["code"] = json!(self.code);
        }
        json!({"error": error})
    }
}
