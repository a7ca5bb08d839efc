//! Requests as they are written.

use super::{Asking, Trouble};
use crate::{
    client::{Call, Part},
    service::{Prefill, Price},
    settings::Settings,
};
use backend_language::{Lead, Message, Problem, Template};
use serde_json::{Map, Value, json};

/// Who is asked.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// Name in requests.
    pub name: String,
    /// Name as the service resolves it.
    pub resolved: String,
    /// Whether replies have to name it so.
    pub is_resolved: bool,
    /// What it costs; `None` where nobody knows.
    pub price: Option<Price>,
}

/// How requests are written.
pub(crate) enum Style {
    /// For `/chat/completions`.
    Chat(Prefill),
    /// For `/completions`.
    Text(Box<Written>),
}

/// How prompts are written.
pub(crate) struct Written {
    template: Template,
    lead: Lead,
}

impl Written {
    /// By a template.
    ///
    /// # Errors
    /// When it writes no answers.
    pub(crate) fn by(template: Template) -> Result<Self, Problem> {
        let lead = template.lead()?;
        Ok(Self { template, lead })
    }

    /// The prompt of a chat, opened for its answer but for the spaces before it.
    pub(crate) fn prompt(&self, chat: &[Message]) -> Result<String, Problem> {
        Ok(self.template.render(chat, true)? + &self.lead.opening)
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'a> {
    /// Log-probabilities of the next token, after these words of the answer.
    Next(&'a str),
    /// Log-probabilities of these words as the answer.
    Echo(&'a str),
    /// An answer of so many tokens, as this schema has it where there is one.
    Sample {
        /// Most tokens.
        most_tokens: usize,
        /// JSON schema.
        schema: Option<&'a Value>,
    },
}

/// Most tokens that a request for log-probabilities writes.
const ONE: usize = 1;

impl Asking<'_> {
    /// A call.
    ///
    /// # Errors
    /// When a template refuses the messages.
    pub(super) fn call(&self, chat: &[Message], ask: Ask, replicate: u64) -> Result<Call, Trouble> {
        let (path, fields) = match self.style {
            Style::Chat(prefill) => ("/chat/completions", self.chat(chat, ask, *prefill)?),
            Style::Text(written) => ("/completions", text(self.top, &written.prompt(chat)?, ask)),
        };
        let most = match ask {
            Ask::Sample { most_tokens, .. } => most_tokens,
            Ask::Next(_) | Ask::Echo(_) => ONE,
        };
        let mut body = self.settings.body.clone();
        body.insert("model".into(), json!(self.model.name));
        body.extend(fields);
        match self.style {
            Style::Chat(_) => {
                body.insert(self.client.service.max_tokens.name().into(), json!(most))
            }
            Style::Text(_) => body.insert("max_tokens".into(), json!(most)),
        };
        if let Ask::Sample { .. } = ask {
            sampled(&mut body, self.settings, replicate);
        } else {
            // Log-probabilities as they are; some services change them otherwise.
            body.entry("temperature").or_insert(json!(1.0));
        }
        Ok(Call {
            path,
            body: Value::Object(body),
            model: self.model.resolved.clone(),
            is_resolved: self.model.is_resolved,
            replicate: if self.way.is_likelihood() { 0 } else { replicate },
            most_tokens: most as u64,
            needs: match ask {
                Ask::Sample { .. } => Part::Text,
                Ask::Next(_) | Ask::Echo(_) => Part::Likelihoods,
            },
            price: self.model.price,
        })
    }

    fn chat(
        &self,
        chat: &[Message],
        ask: Ask,
        prefill: Prefill,
    ) -> Result<Map<String, Value>, Trouble> {
        let mut fields = Map::new();
        let mut messages = json!(chat);
        match ask {
            Ask::Next(begun) => {
                fields.insert("logprobs".into(), json!(true));
                fields.insert("top_logprobs".into(), json!(self.top));
                if !begun.is_empty() {
                    let begun = json!({"role": "assistant", "content": begun});
                    messages.as_array_mut().into_iter().for_each(|list| list.push(begun.clone()));
                    fields.extend(going_on(prefill));
                }
            }
            Ask::Echo(_) => return Err(Problem::words("chats are not echoed").into()),
            Ask::Sample { schema: Some(schema), .. } => fields.extend(held_to(schema)),
            Ask::Sample { schema: None, .. } => {}
        }
        fields.insert("messages".into(), messages);
        Ok(fields)
    }

    /// Spaces before an answer, which are part of its first token.
    pub(super) fn gap(&self) -> &str {
        match self.style {
            Style::Chat(_) => "",
            Style::Text(written) => &written.lead.gap,
        }
    }
}

/// Fields that tell a service to go on with a last message of the assistant.
pub(crate) fn going_on(prefill: Prefill) -> Map<String, Value> {
    let mut fields = Map::new();
    if prefill == Prefill::ContinueFinalMessage {
        fields.insert("continue_final_message".into(), json!(true));
        fields.insert("add_generation_prompt".into(), json!(false));
    }
    fields
}

/// Fields that hold an answer to a schema.
pub(crate) fn held_to(schema: &Value) -> Map<String, Value> {
    let named = json!({"name": "answer", "strict": true, "schema": schema});
    let format = json!({"type": "json_schema", "json_schema": named});
    Map::from_iter([("response_format".to_owned(), format)])
}

/// Fields of a request to `/completions`.
fn text(top: usize, open: &str, ask: Ask) -> Map<String, Value> {
    let (words, logs, echo) = match ask {
        Ask::Next(begun) => (begun, Some(top), false),
        Ask::Echo(words) => (words, Some(1), true),
        Ask::Sample { .. } => ("", None, false),
    };
    let mut fields = Map::new();
    fields.insert("prompt".into(), json!(format!("{open}{words}")));
    fields.extend(logs.map(|logs| ("logprobs".to_owned(), json!(logs))));
    if echo {
        fields.insert("echo".into(), json!(true));
    }
    fields
}

/// What is the same for all sampled answers.
fn sampled(body: &mut Map<String, Value>, settings: &Settings, replicate: u64) {
    body.insert("temperature".into(), json!(settings.temperature));
    // Services take seeds of 31 bits.
    body.insert("seed".into(), json!(replicate & 0x7fff_ffff));
    if settings.stream {
        body.insert("stream".into(), json!(true));
        body.insert("stream_options".into(), json!({"include_usage": true}));
    }
}
