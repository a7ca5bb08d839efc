//! A whole reply of `/chat/completions` or `/completions`.

use super::{Place, Said};
use crate::{client::Failure, service::Key};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Log-probabilities may be this much above 0, for the roundings of a service.
const ABOVE: f64 = 1e-4;
/// Log-probabilities below it are as good as this.
const LEAST: f64 = -1e4;

#[derive(Deserialize)]
pub(super) struct Whole {
    pub(super) model: Option<String>,
    pub(super) system_fingerprint: Option<String>,
    choices: Option<Vec<Choice>>,
    pub(super) usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    text: Option<String>,
    finish_reason: Option<String>,
    logprobs: Option<Logs>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    prompt_tokens_details: Option<Details>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

/// Both shapes: places one by one, or columns.
#[derive(Deserialize)]
struct Logs {
    content: Option<Vec<Position>>,
    tokens: Option<Vec<String>>,
    token_logprobs: Option<Vec<Option<f64>>>,
    top_logprobs: Option<Vec<Option<BTreeMap<String, f64>>>>,
}

#[derive(Deserialize)]
struct Position {
    token: String,
    logprob: Option<f64>,
    prob: Option<f64>,
    #[serde(alias = "top_probs")]
    top_logprobs: Option<Vec<Top>>,
}

#[derive(Deserialize)]
struct Top {
    token: String,
    logprob: Option<f64>,
    prob: Option<f64>,
}

/// Reads a reply.
///
/// # Errors
/// [`Failure::Broken`] when anything that counts is missing or no number; what an error inside means.
pub(crate) fn reply(body: &[u8], key: &Key) -> Result<Said, Failure> {
    let whole: Whole = parse(body)?;
    if let Some(error) = whole.error.filter(|error| !error.is_null()) {
        return Err(crate::client::of_error(&error, key));
    }
    let mut choices = whole.choices.ok_or_else(|| broken("has no choices"))?;
    if choices.len() != 1 {
        return Err(broken(format!("has {} choices instead of one", choices.len())));
    }
    let choice = choices.remove(0);
    let (text, refusal) = match choice.message {
        Some(message) => (message.content, message.refusal),
        None => (choice.text, None),
    };
    let usage = whole.usage.ok_or_else(|| broken("has no usage"))?;
    let mut said = Said {
        text,
        refusal: refusal.filter(|words| !words.is_empty()),
        finish: choice.finish_reason.unwrap_or_default(),
        places: choice.logprobs.map(places).transpose()?.unwrap_or_default(),
        model: whole.model.map(named),
        fingerprint: whole.system_fingerprint,
        ..Said::default()
    };
    usage.fill(&mut said);
    Ok(said)
}

/// A model's name. Some servers give the path of its file, which is nobody's business.
pub(super) fn named(model: String) -> String {
    match model.starts_with('/') {
        true => model.rsplit('/').next().unwrap_or_default().to_owned(),
        false => model,
    }
}

/// JSON of a known shape. A key that stands twice, `NaN` and other text are no such.
pub(super) fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|e| {
        let what =
            if body.is_empty() { "is empty".to_owned() } else { format!("is no reply: {e}") };
        broken(what)
    })
}

pub(super) fn broken(what: impl std::fmt::Display) -> Failure {
    Failure::Broken(format!("the reply {what}"))
}

impl Usage {
    pub(super) fn fill(self, said: &mut Said) {
        said.prompt_tokens = self.prompt_tokens;
        said.completion_tokens = self.completion_tokens;
        let cached = self.prompt_tokens_details.and_then(|details| details.cached_tokens);
        said.cached_tokens = cached.unwrap_or(0).min(self.prompt_tokens);
    }
}

fn places(logs: Logs) -> Result<Vec<Place>, Failure> {
    match (logs.content, logs.tokens) {
        (Some(content), _) => content.into_iter().map(place).collect(),
        (None, Some(tokens)) => columns(tokens, (logs.token_logprobs, logs.top_logprobs)),
        (None, None) => Ok(Vec::new()),
    }
}

fn place(position: Position) -> Result<Place, Failure> {
    let top = position.top_logprobs.unwrap_or_default().into_iter();
    let top = top.map(|top| Ok((top.token.into(), likely(top.logprob, top.prob)?)));
    let log = Some(likely(position.logprob, position.prob)?);
    Ok(Place { token: position.token, log, top: top.collect::<Result<_, _>>()? })
}

type Tops = Vec<Option<BTreeMap<String, f64>>>;
type Columns = (Option<Vec<Option<f64>>>, Option<Tops>);

fn columns(tokens: Vec<String>, (logs, tops): Columns) -> Result<Vec<Place>, Failure> {
    let count = tokens.len();
    let logs = logs.ok_or_else(|| broken("has tokens without log-probabilities"))?;
    let tops = tops.unwrap_or_else(|| vec![None; count]);
    if logs.len() != count || tops.len() != count {
        return Err(broken("has columns of log-probabilities of unequal length"));
    }
    let mut places = Vec::with_capacity(count);
    for ((token, log), top) in tokens.into_iter().zip(logs).zip(tops) {
        let top = top.unwrap_or_default().into_iter();
        places.push(Place {
            token,
            log: log.map(checked).transpose()?,
            top: top
                .map(|(token, log)| Ok((token.into(), checked(log)?)))
                .collect::<Result<_, Failure>>()?,
        });
    }
    Ok(places)
}

/// A log-probability, out of a probability where a service gives that.
fn likely(log: Option<f64>, p: Option<f64>) -> Result<f64, Failure> {
    match (log, p) {
        (Some(log), _) => checked(log),
        (None, Some(p)) if (0.0..=1.0 + ABOVE).contains(&p) => checked(p.ln().clamp(LEAST, 0.0)),
        (None, Some(p)) => Err(broken(format!("has a probability of {p}"))),
        (None, None) => Err(broken("has a token without its log-probability")),
    }
}

fn checked(log: f64) -> Result<f64, Failure> {
    match log.is_finite() && log <= ABOVE {
        true => Ok(log.clamp(LEAST, 0.0)),
        false => Err(broken(format!("has a log-probability of {log}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Said, Failure> {
        reply(text.as_bytes(), &Key::default())
    }

    fn with_choice(choice: &str) -> Result<Said, Failure> {
        let usage = r#"{"prompt_tokens": 5, "completion_tokens": 1}"#;
        read(&format!(r#"{{"model": "m", "choices": [{choice}], "usage": {usage}}}"#))
    }

    #[test]
    fn both_shapes_of_log_probabilities_are_read() {
        let chat = with_choice(
            r#"{"message": {"content": "A"}, "finish_reason": "length", "logprobs": {"content": [
                {"token": "A", "id": 5, "logprob": -0.1, "bytes": [65], "top_logprobs":
                 [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.5}]}]}}"#,
        );
        let said = chat.unwrap();
        assert_eq!(said.places[0].top[1], ("B".into(), -2.5));
        assert_eq!((said.prompt_tokens, said.by().as_deref()), (5, Some("m")));
        let sampled = with_choice(
            r#"{"message": {"content": "A"}, "logprobs": {"content": [
                {"token": "A", "prob": 0.5, "top_probs": [{"token": "A", "prob": 0.5}]}]}}"#,
        );
        assert!((sampled.unwrap().places[0].log.unwrap() - 0.5f64.ln()).abs() < 1e-12);
        let columns = with_choice(
            r#"{"text": "a b", "logprobs": {"tokens": ["a", " b"], "token_logprobs": [null, -1.5],
                "top_logprobs": [null, {" b": -1.5}], "text_offset": [0, 1]}}"#,
        );
        let places = columns.unwrap().places;
        assert_eq!((places[0].log, places[1].log), (None, Some(-1.5)));
    }

    #[test]
    fn what_is_missing_or_no_number_is_no_answer() {
        let top = |log: &str| {
            let top = format!(r#"[{{"token": "A", "logprob": {log}}}]"#);
            with_choice(&format!(
                r#"{{"message": {{"content": "A"}}, "logprobs": {{"content": [
                    {{"token": "A", "logprob": -1, "top_logprobs": {top}}}]}}}}"#
            ))
        };
        assert!(top("-1").is_ok());
        let broken = |read: Result<Said, Failure>| matches!(read, Err(Failure::Broken(_)));
        for wrong in ["NaN", "0.5", "null", "\"x\"", "1e999"] {
            assert!(broken(top(wrong)), "{wrong}");
        }
        assert!(broken(read(
            r#"{"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 0}}"#
        )));
        assert!(broken(read(r#"{"choices": [{"text": "a"}]}"#)));
        assert!(broken(read(r#"{"usage": {"prompt_tokens": 1, "completion_tokens": 0}}"#)));
        assert!(broken(read("<html>")) && broken(read("")));
        let twice = r#"{"message": {"content": "A", "content": "B"}}"#;
        assert!(broken(with_choice(twice)));
        let error = r#"{"error": {"code": "insufficient_quota", "message": "m"}}"#;
        assert!(matches!(read(error), Err(Failure::Quota(_))));
    }
}
