//! What a fine-tuned model has seen.

use super::choices::Choices;
use super::message::text;
use serde_json::Value;
use std::collections::BTreeMap;

/// How often each question was answered with each label.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Learned(BTreeMap<(String, String), BTreeMap<String, usize>>);

impl Learned {
    /// Takes in the answers of a conversation that directly follow a user's message.
    pub(super) fn take(&mut self, messages: &[Value]) {
        for pair in messages.windows(2) {
            if pair[0]["role"] == "user" && pair[1]["role"] == "assistant" {
                self.pair(&text(&pair[0]), text(&pair[1]).trim());
            }
        }
    }

    fn pair(&mut self, question: &str, answer: &str) {
        let choices = Choices::read(question);
        if let Ok(Value::Object(answers)) = serde_json::from_str(answer) {
            for (property, value) in &answers {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.count(&choices, property, &value);
            }
        } else {
            self.count(&choices, "", answer);
        }
    }

    fn count(&mut self, choices: &Choices, property: &str, answer: &str) {
        let labels = self.0.entry((choices.key(), property.into())).or_default();
        *labels.entry(choices.meant(answer).into()).or_default() += 1;
    }

    /// How often each label answered a question, or a property of its JSON.
    pub(super) fn of(&self, key: &str, property: &str) -> Option<&BTreeMap<String, usize>> {
        self.0.get(&(key.into(), property.into()))
    }
}
