//! The headers of frames.

use pilotbench_plugin_sdk::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the protocol.
pub(crate) const PROTOCOL: u32 = 1;

/// From the host to a program.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum ToProgram<'a> {
    Hello { protocol: u32, host: &'a str },
    Adapt { call: u64, handle: u64, seed: String, experiment: &'a Value },
    Respond { call: u64, handle: u64 },
    Release { handle: u64 },
    Cancel { call: u64 },
    Bye {},
}

impl ToProgram<'_> {
    /// The frame with this body.
    pub(crate) fn frame(&self, body: &[u8]) -> Vec<u8> {
        let header = serde_json::to_string(self).unwrap_or_default();
        crate::frame::bytes(&header, body)
    }
}

/// From a program to the host.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum FromProgram {
    Hello {
        protocol: u32,
        name: String,
        #[serde(default)]
        version: String,
    },
    Done {
        call: u64,
    },
    Answers {
        call: u64,
    },
    Progress {
        share: f64,
        #[serde(default)]
        what: String,
    },
    Warn {
        message: String,
    },
    Error {
        #[serde(default)]
        call: Option<u64>,
        code: String,
        message: String,
        #[serde(default)]
        retry_after_ms: u64,
    },
}

/// The error that a program reports.
pub(crate) fn reported(code: &str, message: &str, retry_after_ms: u64) -> Error {
    let message = crate::words::clean(message, 1000);
    match code {
        "settings" => Error::config("command", message),
        "unsupported" => Error::Unsupported(message),
        "bad-input" => Error::BadInput(message),
        "empty-pilot" => Error::EmptyPilot,
        "cancelled" => Error::Cancelled,
        "computation" => Error::Computation(message),
        "external" => Error::External { message, retry_after_ms },
        other => Error::Computation(format!("{}: {message}", crate::words::clean(other, 40))),
    }
}
