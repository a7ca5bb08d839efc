//! All questions in one request, answered as one JSON object. Every question of a person makes the
//! same request, so that it is asked once and found again.

use super::{
    Answered, Asking, Question, Trouble, Verdict, Way, refusal,
    requests::Ask,
    spoken::{level, schema, words},
};
use crate::client::Call;
use backend_language::{Message, Problem};
use pilotbench_plugin_sdk::Item;
use serde_json::Value;
use std::sync::Arc;

/// Most tokens of an answer beside its words: its key and marks.
const AROUND: usize = 24;

impl Asking<'_> {
    /// The call of a person's questionnaire.
    pub(super) fn questionnaire_call(&self, question: &Question) -> Result<Call, Trouble> {
        let chat = self.sheet(&question.chat)?;
        let options = self.items.iter().map(|item| {
            let labels = item.levels.iter().map(|level| level.label.as_str());
            labels.collect()
        });
        let schema = schema(self.keys().into_iter().zip(options));
        let most_tokens = self.items.len() * (self.settings.max_tokens + AROUND);
        let schema = (self.way == Way::Schema).then_some(&schema);
        self.call(&chat, Ask::Sample { most_tokens, schema }, question.sheet)
    }

    pub(super) async fn by_questionnaire(&self, question: &Question) -> Result<Answered, Trouble> {
        let reply = self.client.ask(&self.questionnaire_call(question)?).await?;
        let verdict = match refusal(&reply) {
            _ if self.client.conditions().estimate => Verdict::Text(String::new()),
            Some(words) => Verdict::Refusal(words),
            None => {
                let text = words(&reply)?;
                let object = object(&text);
                let answer = object.as_ref().and_then(|o| o.get(&self.keys()[question.item]));
                level(answer, &self.labels(question), &text)
            }
        };
        // The first question pays for all.
        Ok(Answered { verdict, replies: vec![Arc::clone(&reply)], is_charged: question.item == 0 })
    }

    /// Keys of the questions. Objects come in the order of their keys, and questions are to be answered
    /// in the order in which they are asked.
    fn keys(&self) -> Vec<String> {
        let width = self.items.len().to_string().len();
        let key = |(i, item): (usize, &Item)| format!("q{:0width$}_{}", i + 1, item.id);
        self.items.iter().enumerate().map(key).collect()
    }

    /// The person's chat with all questions on one sheet, without earlier answers.
    fn sheet(&self, chat: &[Message]) -> Result<Vec<Message>, Problem> {
        let at = chat.iter().position(|message| message.role == "user");
        let at = at.ok_or_else(|| Problem::input("messages: no question"))?;
        let first = self.items.first().map(|item| item.text.trim()).unwrap_or_default();
        // What the arm says stands before the first question.
        let arm = chat[at].content.split_once(first).map_or("", |(before, _)| before);
        let mut text = format!(
            "{arm}Answer all of these questions. Write one JSON object and nothing else, with these keys and, for each, one of the answers listed, word for word."
        );
        for (key, item) in self.keys().iter().zip(self.items) {
            text.push_str(&format!("\n\n{key}: {}\nAnswer with one of:", item.text.trim()));
            for level in &item.levels {
                text.push_str(&format!("\n- {}", level.label));
            }
        }
        let mut sheet = chat[..at].to_vec();
        sheet.push(Message { role: "user".into(), content: text });
        Ok(sheet)
    }
}

/// The JSON object in a text, whatever stands around it.
fn object(text: &str) -> Option<Value> {
    let (start, end) = (text.find('{')?, text.rfind('}')?);
    let value: Value = serde_json::from_str(text.get(start..=end)?).ok()?;
    value.is_object().then_some(value)
}
