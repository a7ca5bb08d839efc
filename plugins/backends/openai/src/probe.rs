//! What a service can do, found out by asking: small requests before a run, whose findings are
//! recorded with every result.

use crate::{
    asking::{Style, Way, Written, echoed, going_on, held_to, schema},
    client::{Call, Client, Failure, Part, write_file},
    service::{Prefill, Price},
    settings::{Settings, Wanted},
    wire::{Listed, Said},
};
use backend_language::{Message, place::hex};
use pilotbench_plugin_sdk::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// What a service can do with a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capabilities {
    /// How answers are had.
    pub way: Way,
    /// Most log-probabilities of a place.
    pub top: usize,
    /// The model as the service resolves it, where it says so.
    pub resolved: Option<String>,
}

/// A question.
const QUESTION: &str = "Is the sky blue?\nAnswer with one of:\n- Yes\n- No";
/// Log-probabilities of one token may differ by this much between two requests.
const NEAR: f64 = 0.1;
/// Log-probabilities of a place that services give which do not give as many as are wanted.
const FEWER: [usize; 2] = [20, 5];

impl Capabilities {
    /// Those of the service: asked for; with `--replay` and `--estimate` those that were found
    /// before.
    ///
    /// # Errors
    /// When the service cannot do what the settings want, or cannot be asked.
    pub(crate) async fn of(
        client: &Client,
        settings: &Settings,
        style: &Style,
        price: Option<Price>,
    ) -> Result<Self> {
        let file = file(client, settings);
        if client.conditions().is_silent() {
            let read = |path: &PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
            return match file.as_ref().and_then(read) {
                Some(found) => Ok(found),
                None if client.conditions().estimate => Ok(Self::assumed(client, settings, style)),
                None => Err(Error::config(
                    "model",
                    "nothing is kept of this model under these settings, and with --replay nothing is asked",
                )),
            };
        }
        let probe = Probe { client, settings, price };
        let found = probe.find(style).await.map_err(|failure| probe.refused(failure))??;
        if let Some(path) = file {
            // Only --replay needs it, and says so.
            let _ = write_file(&path, &serde_json::to_vec(&found).unwrap_or_default());
        }
        Ok(found)
    }

    /// What is likely, where nothing was asked yet.
    fn assumed(client: &Client, settings: &Settings, style: &Style) -> Self {
        let way = match (settings.answers, style) {
            (Wanted::Letters, _) => Way::Letters,
            (Wanted::Tree, _) => Way::Tree,
            (Wanted::Echo, _) => Way::Echo,
            (Wanted::Schema, _) => Way::Schema,
            (Wanted::Text, _) => Way::Text,
            (Wanted::Auto, _) if settings.questionnaire => Way::Schema,
            (Wanted::Auto, Style::Chat(Prefill::None)) => Way::Letters,
            (Wanted::Auto, _) => Way::Tree,
        };
        Self { way, top: client.service.top_logprobs, resolved: None }
    }
}

/// Where the findings are kept.
fn file(client: &Client, settings: &Settings) -> Option<PathBuf> {
    let whole = json!([
        client.service.base_url,
        settings.model,
        format!("{:?} {:?} {}", settings.endpoint, settings.answers, settings.questionnaire),
        settings.body,
    ]);
    let name = hex(&Sha256::digest(whole.to_string()));
    Some(client.conditions().folder.as_ref()?.join("probes").join(format!("{name}.json")))
}

struct Probe<'a> {
    client: &'a Client,
    settings: &'a Settings,
    price: Option<Price>,
}

impl Probe<'_> {
    async fn find(&self, style: &Style) -> std::result::Result<Result<Capabilities>, Failure> {
        match style {
            Style::Chat(prefill) => self.of_chat(*prefill).await,
            Style::Text(written) => self.of_completions(written).await,
        }
    }

    async fn of_chat(
        &self,
        prefill: Prefill,
    ) -> std::result::Result<Result<Capabilities>, Failure> {
        let wanted = self.settings.answers;
        let samples =
            matches!(wanted, Wanted::Schema | Wanted::Text) || self.settings.questionnaire;
        let mut resolved = None;
        if !samples {
            let (top, said) = self.chat_logs().await?;
            resolved = said.model;
            if let Some(top) = top {
                let continues = prefill != Prefill::None && self.continues(prefill, top).await?;
                let way = match wanted {
                    Wanted::Auto | Wanted::Tree if continues => Some(Way::Tree),
                    Wanted::Auto | Wanted::Letters => Some(Way::Letters),
                    _ => None,
                };
                return Ok(match way {
                    Some(way) => Ok(Capabilities { way, top, resolved }),
                    None => Err(unable(
                        "tree",
                        "the service does not go on with an answer that was begun (`prefill` in services.toml says how)",
                    )),
                });
            }
            if wanted != Wanted::Auto {
                let why = "the service gives no log-probabilities";
                return Ok(Err(unable(
                    if wanted == Wanted::Tree { "tree" } else { "letters" },
                    why,
                )));
            }
        }
        let mut way = Way::Text;
        if wanted != Wanted::Text {
            match self.schema().await? {
                Ok(said) => {
                    resolved = said.model;
                    way = Way::Schema;
                }
                Err(why) if wanted == Wanted::Schema => return Ok(Err(unable("schema", &why))),
                Err(_) => {}
            }
        }
        if resolved.is_none() {
            let messages = json!([{"role": "user", "content": "Say yes."}]);
            resolved = self.chat(messages, 8, Map::new()).await?.model;
        }
        Ok(Ok(Capabilities { way, top: 0, resolved }))
    }

    async fn of_completions(
        &self,
        written: &Written,
    ) -> std::result::Result<Result<Capabilities>, Failure> {
        let wanted = self.settings.answers;
        let question = Message { role: "user".into(), content: QUESTION.into() };
        let prompt = written.prompt(&[question]).map_err(|p| Failure::Lasting(p.to_string()))?;
        let (top, said) = self.logs("/completions", "logprobs", json!({"prompt": prompt})).await?;
        let resolved = said.model.clone();
        let has_logs = top.is_some();
        let way = match wanted {
            Wanted::Text => Ok(Way::Text),
            Wanted::Echo | Wanted::Auto if has_logs && self.echoes(&prompt, &said).await? => {
                Ok(Way::Echo)
            }
            Wanted::Echo => Err(unable(
                "echo",
                "the service does not echo prompts with their log-probabilities",
            )),
            Wanted::Letters if has_logs => Ok(Way::Letters),
            Wanted::Tree | Wanted::Auto if has_logs => Ok(Way::Tree),
            Wanted::Auto => Ok(Way::Text),
            _ => Err(unable("letters", "the service gives no log-probabilities")),
        };
        Ok(way.map(|way| Capabilities { way, top: top.unwrap_or(0), resolved }))
    }

    /// How many log-probabilities a place has in a chat, where it has any.
    async fn chat_logs(&self) -> std::result::Result<(Option<usize>, Said), Failure> {
        let text = "Is the sky blue?\nAnswer with the letter of one of:\nA. Yes\nB. No";
        let messages = json!([{"role": "user", "content": text}]);
        let fields = json!({"messages": messages, "logprobs": true});
        self.logs("/chat/completions", "top_logprobs", fields).await
    }

    /// Asks for as many log-probabilities as may be had; how many those are, and the reply.
    async fn logs(
        &self,
        path: &'static str,
        field: &str,
        fields: Value,
    ) -> std::result::Result<(Option<usize>, Said), Failure> {
        let most = self.client.service.top_logprobs;
        for top in std::iter::once(most).chain(FEWER.into_iter().filter(|few| *few < most)) {
            let mut fields = fields.clone();
            fields[field] = json!(top);
            match self.ask(path, fields, 1).await {
                Ok(said) => {
                    let has = said.places.first().is_some_and(|place| place.top.len() > 1);
                    return Ok((has.then_some(top), said));
                }
                Err(Failure::Lasting(_)) => {}
                Err(other) => return Err(other),
            }
        }
        let mut without = fields;
        without.as_object_mut().into_iter().for_each(|fields| drop(fields.remove("logprobs")));
        Ok((None, self.ask(path, without, 1).await?))
    }

    /// Whether the service goes on with an answer that was begun: in the middle of a word.
    async fn continues(&self, prefill: Prefill, top: usize) -> std::result::Result<bool, Failure> {
        let messages = json!([
            {"role": "user", "content": "Which is the capital of France?\nAnswer with one of:\n- Paris\n- Rome"},
            {"role": "assistant", "content": "Par"},
        ]);
        let mut fields = Map::new();
        fields.insert("logprobs".into(), json!(true));
        fields.insert("top_logprobs".into(), json!(top));
        fields.extend(going_on(prefill));
        let said = match self.chat(messages, 1, fields).await {
            Err(Failure::Lasting(_)) => return Ok(false),
            said => said?,
        };
        let place = said.places.first();
        let best = place.and_then(|place| place.top.iter().max_by(|a, b| a.1.total_cmp(&b.1)));
        Ok(best.is_some_and(|(token, _)| token.starts_with("is")))
    }

    /// Whether the service holds an answer to a schema; why not.
    async fn schema(&self) -> std::result::Result<std::result::Result<Said, String>, Failure> {
        let fields = held_to(&schema([("answer".to_owned(), vec!["zebra"])]));
        let messages = json!([{"role": "user", "content": "Which animal has stripes?"}]);
        let said = match self.chat(messages, 32, fields).await {
            Err(Failure::Lasting(why)) => return Ok(Err(why)),
            said => said?,
        };
        let answer: Option<Value> = said.text.as_deref().and_then(|t| serde_json::from_str(t).ok());
        Ok(match answer.is_some_and(|answer| answer["answer"] == "zebra") {
            true => Ok(said),
            false => Err("the service does not hold answers to a schema".into()),
        })
    }

    /// Whether prompts come back with the log-probabilities of their tokens: the likeliest next token,
    /// put behind the prompt, has to come back with the one that it was listed with.
    async fn echoes(&self, prompt: &str, said: &Said) -> std::result::Result<bool, Failure> {
        let listed = said.places.first().map_or(&[][..], |place| &place.top);
        let is_word = |(token, _): &&Listed| token.chars().any(char::is_alphabetic);
        let best = listed.iter().filter(is_word).max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((token, log)) = best else { return Ok(false) };
        let fields = json!({"prompt": format!("{prompt}{token}"), "echo": true, "logprobs": 1});
        let said = match self.ask("/completions", fields, 1).await {
            Err(Failure::Lasting(_)) => return Ok(false),
            said => said?,
        };
        Ok(match echoed(token, &said.places) {
            Ok(places) => {
                places.len() == 1 && places[0].log.is_some_and(|l| (l - log).abs() < NEAR)
            }
            Err(_) => false,
        })
    }

    async fn chat(
        &self,
        messages: Value,
        most_tokens: usize,
        mut fields: Map<String, Value>,
    ) -> std::result::Result<Said, Failure> {
        fields.insert("messages".into(), messages);
        self.ask("/chat/completions", Value::Object(fields), most_tokens).await
    }

    async fn ask(
        &self,
        path: &'static str,
        fields: Value,
        most_tokens: usize,
    ) -> std::result::Result<Said, Failure> {
        let mut body = self.settings.body.clone();
        body.insert("model".into(), json!(self.settings.model));
        let field = match path {
            "/completions" => "max_tokens",
            _ => self.client.service.max_tokens.name(),
        };
        body.insert(field.into(), json!(most_tokens));
        body.extend(fields.as_object().cloned().unwrap_or_default());
        let call = Call {
            path,
            body: Value::Object(body),
            model: self.settings.model.clone(),
            is_resolved: false,
            replicate: 0,
            most_tokens: most_tokens as u64,
            needs: Part::Anything,
            price: self.price,
        };
        Ok(self.client.fetch(&call).await?.said)
    }

    /// A failure before a run: the user has to act.
    fn refused(&self, failure: Failure) -> Error {
        let service = &self.client.service;
        match failure {
            Failure::Denied(why) => {
                let key = match service.key_env.as_str() {
                    "" => "no key was given; `key_env` names a variable with one".to_owned(),
                    name => format!("the key in `{name}` is refused"),
                };
                Error::config("key_env", format!("{key}: {why}"))
            }
            Failure::NotFound(why) => {
                let message = format!(
                    "`{}` is not to be had at {}: {why}",
                    self.settings.model, service.base_url
                );
                Error::config("model", message)
            }
            Failure::GivenUp(why) => {
                Error::config("service", format!("{}: {why}", service.base_url))
            }
            Failure::Lasting(why) | Failure::Broken(why) => {
                Error::config("model", format!("{} cannot be asked: {why}", service.base_url))
            }
            other => other.into(),
        }
    }
}

fn unable(way: &str, why: &str) -> Error {
    Error::config("answers", format!("`{way}`: {why}"))
}
