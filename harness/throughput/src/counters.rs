//! What a backend counts of its own work. A backend that counts nothing says zeros.

use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::BackendSession,
};
use serde::Deserialize;

/// Counters since a backend was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Counters {
    prompt_tokens: u64,
    completion_tokens: u64,
    /// Answers that were there from an equal request. Whoever counts them declares the reuse.
    pub(crate) reused: Option<u64>,
    multiply_adds: Option<u64>,
}

/// What was counted while something was timed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    pub(crate) prompt_tokens: std::result::Result<f64, String>,
    pub(crate) completion_tokens: std::result::Result<f64, String>,
    pub(crate) multiply_adds: std::result::Result<f64, String>,
    pub(crate) reused: Option<u64>,
}

impl Counters {
    /// What a session says now.
    pub(crate) fn of(backend: &dyn BackendSession) -> Result<Self> {
        let text = backend.usage()?;
        serde_json::from_str(&text)
            .map_err(|e| Fault::plugin("usage", format!("its counters of use are wrong: {e}")))
    }

    /// What was counted since.
    pub(crate) fn since(&self, before: &Self) -> Counted {
        let more = |now: u64, then: u64| now.saturating_sub(then);
        let counts_tokens = self.prompt_tokens > 0 || self.completion_tokens > 0;
        let tokens = |now, then| match counts_tokens {
            true => Ok(more(now, then) as f64),
            false => Err("the backend counts no tokens".to_owned()),
        };
        let work = self.multiply_adds.zip(before.multiply_adds);
        let work = work.map(|(now, then)| more(now, then) as f64);
        Counted {
            prompt_tokens: tokens(self.prompt_tokens, before.prompt_tokens),
            completion_tokens: tokens(self.completion_tokens, before.completion_tokens),
            multiply_adds: work.ok_or_else(|| "the backend counts no multiply-adds".to_owned()),
            reused: self.reused.zip(before.reused).map(|(now, then)| more(now, then)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_no_counts() {
        let read = |text: &str| serde_json::from_str::<Counters>(text).unwrap();
        let nothing = read(r#"{"requests": 9, "prompt_tokens": 0, "completion_tokens": 0}"#);
        let counted = nothing.since(&nothing);
        assert!(counted.prompt_tokens.is_err() && counted.multiply_adds.is_err());
        assert_eq!(counted.reused, None);
        let then = read(r#"{"prompt_tokens": 5, "reused": 1, "multiply_adds": 100}"#);
        let now = read(r#"{"prompt_tokens": 8, "reused": 1, "multiply_adds": 160}"#);
        let counted = now.since(&then);
        assert_eq!((counted.prompt_tokens, counted.completion_tokens), (Ok(3.0), Ok(0.0)));
        assert_eq!((counted.reused, counted.multiply_adds), (Some(0), Ok(60.0)));
    }
}
