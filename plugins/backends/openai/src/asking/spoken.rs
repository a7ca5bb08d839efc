//! One sampled answer: held to the options by a schema, or in free words.

use super::{Answered, Asking, Question, Trouble, Verdict, Way, refusal, requests::Ask};
use crate::client::{Call, Failure, Kept};
use serde_json::{Value, json};
use std::sync::Arc;

/// Most tokens of an answer beside those of its words.
const AROUND: usize = 24;

impl Asking<'_> {
    /// The call of a sampled answer.
    pub(super) fn spoken_call(&self, question: &Question) -> Result<Call, Trouble> {
        let schema = schema([("answer".to_owned(), self.labels(question))]);
        let ask = match self.way {
            Way::Schema => Ask::Sample {
                most_tokens: self.settings.max_tokens + AROUND,
                schema: Some(&schema),
            },
            _ => Ask::Sample { most_tokens: self.settings.max_tokens, schema: None },
        };
        self.call(&question.chat, ask, question.replicate)
    }

    pub(super) async fn spoken(&self, question: &Question) -> Result<Answered, Trouble> {
        let reply = self.client.ask(&self.spoken_call(question)?).await?;
        let verdict = match (refusal(&reply), self.way) {
            _ if self.client.conditions().estimate => Verdict::Text(String::new()),
            (Some(words), _) => Verdict::Refusal(words),
            (None, Way::Schema) => {
                let text = words(&reply)?;
                let answer = serde_json::from_str::<Value>(&text).ok();
                let answer = answer.as_ref().and_then(|object| object.get("answer"));
                level(answer, &self.labels(question), &text)
            }
            (None, _) => Verdict::Text(words(&reply)?),
        };
        Ok(Answered { verdict, replies: vec![Arc::clone(&reply)], is_charged: true })
    }
}

/// The words of a reply that is no refusal.
pub(super) fn words(reply: &Kept) -> Result<String, Failure> {
    let text = reply.said.text.as_deref().map(|text| text.trim().to_owned());
    text.ok_or_else(|| Failure::Broken("the reply has no content".into()))
}

/// A schema of an object with such properties, each one of its options.
pub(crate) fn schema<'a>(properties: impl IntoIterator<Item = (String, Vec<&'a str>)>) -> Value {
    let properties: serde_json::Map<String, Value> = properties
        .into_iter()
        .map(|(name, options)| (name, json!({"type": "string", "enum": options})))
        .collect();
    let names: Vec<&String> = properties.keys().collect();
    json!({
        "type": "object", "required": names, "additionalProperties": false,
        "properties": properties,
    })
}

/// The level that a JSON value names; whatever else it is, the host reads as words.
pub(super) fn level(answer: Option<&Value>, labels: &[&str], text: &str) -> Verdict {
    match answer {
        Some(Value::String(said)) => {
            let place = labels.iter().position(|label| label == said);
            place.map_or_else(|| Verdict::Text(said.clone()), Verdict::Choice)
        }
        Some(Value::Null) | None => Verdict::Text(text.to_owned()),
        Some(other) => Verdict::Text(other.to_string()),
    }
}
