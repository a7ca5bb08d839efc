//! Chat completions.

use super::choices::Choices;
use super::failure::Failure;
use super::law::Law;
use super::message::{text, tokens};
use super::scene::Scene;
use super::token::Token;
use super::{Logprobs, Manner, Schemas, plain, schema};
use serde_json::{Value, json};

/// Answers a request; the reply is not yet a stream.
pub(super) fn answer(body: &Value, manner: &Manner, scene: &Scene) -> Result<Value, Failure> {
    check(body, manner)?;
    let all = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return Err(Failure::invalid("messages", "Missing required parameter: 'messages'."));
    }
    let (messages, begun) = split(all, manner);
    let choices = Choices::read(&last_user(messages));
    let law = Law::new(body, json!(messages).to_string(), choices.key(), scene.learned());
    let refused = law.refuses(manner.refuse_share);
    let spoken = if refused { Vec::new() } else { speak(body, manner, &law, &choices, &begun) };
    let (spoken, finish) = cut(spoken, body);
    let content: String = spoken.iter().map(Token::adds).collect();
    let said = if refused {
        json!({"role": "assistant", "content": null, "refusal": "I can't help with that."})
    } else {
        json!({"role": "assistant", "content": content, "refusal": null})
    };
    let choice = json!({"index": 0, "message": said, "finish_reason": finish,
        "logprobs": logprobs(body, manner, &spoken)});
    let asked = all.iter().map(|message| text(message).len()).sum();
    Ok(scene.reply("chat.completion", choice, usage(asked, content.len())))
}

/// What the service does not take.
fn check(body: &Value, manner: &Manner) -> Result<(), Failure> {
    let (asked, top) = (body["logprobs"] == true, body["top_logprobs"].as_u64());
    if asked && manner.logprobs == Logprobs::Refused {
        return Err(refused_logprobs());
    }
    if top.is_some_and(|top| top as usize > manner.most_top) {
        let most = manner.most_top;
        let why = format!("Invalid value for 'top_logprobs': must be at most {most}.");
        return Err(Failure::invalid("top_logprobs", why).code("integer_above_max_value"));
    }
    if top.is_some() && !asked {
        let why = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(Failure::invalid("top_logprobs", why));
    }
    if let Some(format) = format(body) {
        match manner.schemas {
            Schemas::Enforced => schema::check(format)?,
            Schemas::Ignored => {}
            Schemas::Refused => {
                let why = "response_format of type 'json_schema' is not supported";
                return Err(Failure::invalid("response_format", why));
            }
        }
    }
    Ok(())
}

/// The error of a service without log probabilities.
pub(super) fn refused_logprobs() -> Failure {
    Failure::invalid("logprobs", "logprobs is not supported").code("unsupported_parameter")
}

fn format(body: &Value) -> Option<&Value> {
    let format = &body["response_format"];
    (format["type"] == "json_schema").then_some(&format["json_schema"])
}

/// The messages, and the beginning of the answer that the last one may be.
fn split<'a>(all: &'a [Value], manner: &Manner) -> (&'a [Value], String) {
    match all.split_last() {
        Some((last, others)) if manner.prefill && last["role"] == "assistant" => {
            (others, text(last))
        }
        _ => (all, String::new()),
    }
}

fn last_user(messages: &[Value]) -> String {
    messages.iter().rfind(|message| message["role"] == "user").map(text).unwrap_or_default()
}

fn speak(body: &Value, manner: &Manner, law: &Law, choices: &Choices, begun: &str) -> Vec<Token> {
    match format(body) {
        Some(format) if manner.schemas == Schemas::Enforced => {
            schema::answer(law, &format["schema"])
        }
        _ => plain::answer(law, choices, begun, ""),
    }
}

/// The words that the request has room for, and why they end.
pub(super) fn cut(mut spoken: Vec<Token>, body: &Value) -> (Vec<Token>, &'static str) {
    let most = body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64());
    let most = most.map_or(usize::MAX, |most| most as usize);
    let finish = if spoken.len() > most { "length" } else { "stop" };
    spoken.truncate(most);
    (spoken, finish)
}

fn logprobs(body: &Value, manner: &Manner, spoken: &[Token]) -> Value {
    if body["logprobs"] != true || manner.logprobs != Logprobs::Given {
        return Value::Null;
    }
    let most = body["top_logprobs"].as_u64().unwrap_or(0) as usize;
    json!({"content": entries(spoken, most), "refusal": null})
}

/// Entries of words, each with its likeliest alternatives.
pub(super) fn entries(spoken: &[Token], most: usize) -> Vec<Value> {
    spoken.iter().map(|token| token.entry(most)).collect()
}

/// The usage of so many bytes asked and said.
pub(super) fn usage(asked: usize, said: usize) -> Value {
    let (asked, said) = (tokens(asked), tokens(said));
    json!({"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": 0}})
}
