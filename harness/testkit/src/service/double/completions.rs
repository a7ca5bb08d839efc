//! Classic completions of a prompt.

use super::chat::{cut, entries, refused_logprobs, usage};
use super::choices::{Choice, Choices};
use super::failure::Failure;
use super::law::Law;
use super::scene::Scene;
use super::token::{Token, Ways, words};
use super::{Logprobs, Manner, plain};
use serde_json::{Map, Value, json};

/// Answers a request.
pub(super) fn answer(body: &Value, manner: &Manner, scene: &Scene) -> Result<Value, Failure> {
    let Some(prompt) = body["prompt"].as_str() else {
        return Err(Failure::invalid("prompt", "Missing required parameter: 'prompt'."));
    };
    let top = body["logprobs"].as_u64().map(|top| top as usize);
    check(top, manner)?;
    let choices = Choices::read(prompt);
    let start = answer_start(prompt, &choices);
    let (stem, begun) = prompt.split_at(start);
    let law = Law::new(body, stem.into(), choices.key(), scene.learned());
    let lead = lead(stem, begun);
    let (spoken, finish) = cut(plain::answer(&law, &choices, begun, lead), &limited(body));
    let said: String = spoken.iter().map(Token::adds).collect();
    let echoes = manner.echo && body["echo"] == true;
    let text = if echoes { format!("{prompt}{said}") } else { said.clone() };
    let logprobs = match top.filter(|_| manner.logprobs == Logprobs::Given) {
        None => Value::Null,
        Some(top) if !manner.echo => json!({"content": entries(&spoken, top)}),
        Some(top) => {
            let mut tokens = Vec::new();
            if echoes {
                tokens = echoed(stem, begun, &plain::ways(&law, &choices, Choice::said, lead));
            }
            tokens.extend(spoken);
            classic(&tokens, top, echoes)
        }
    };
    let choice = json!({"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish});
    Ok(scene.reply("text_completion", choice, usage(prompt.len(), said.len())))
}

fn check(top: Option<usize>, manner: &Manner) -> Result<(), Failure> {
    if top.is_some() && manner.logprobs == Logprobs::Refused {
        return Err(refused_logprobs());
    }
    if top.is_some_and(|top| top > manner.most_top) {
        let why = format!("Invalid value for 'logprobs': must be at most {}.", manner.most_top);
        return Err(Failure::invalid("logprobs", why));
    }
    Ok(())
}

/// Prompts get sixteen tokens if nothing is said.
fn limited(body: &Value) -> Value {
    json!({"max_tokens": body["max_tokens"].as_u64().unwrap_or(16)})
}

/// Where the answer begins: after the last mark behind the options.
fn answer_start(prompt: &str, choices: &Choices) -> usize {
    let after = prompt[choices.end..].rfind([':', '\n', '>']).map_or(0, |at| at + 1);
    choices.end + after
}

/// A space where the prompt has one before the answer, or needs one.
fn lead(stem: &str, begun: &str) -> &'static str {
    let spaced = if begun.is_empty() { stem.ends_with(':') } else { begun.starts_with(' ') };
    if spaced { " " } else { "" }
}

/// The words of the prompt; those of the answer have the probabilities of an answer.
fn echoed(stem: &str, begun: &str, ways: &Ways) -> Vec<Token> {
    let (mut tokens, mut before) = (Vec::new(), String::new());
    for word in words(stem) {
        let logprob = Law::unasked(&before, word);
        tokens.push(Token { text: word.into(), logprob, top: vec![(word.into(), logprob)] });
        before.push_str(word);
    }
    before.clear();
    for word in words(begun) {
        tokens.push(ways.token(word, &before));
        before.push_str(word);
    }
    tokens
}

/// Log probabilities in columns; the first word of an echo has none.
fn classic(tokens: &[Token], top: usize, echoes: bool) -> Value {
    let (mut offsets, mut at) = (Vec::new(), 0);
    for token in tokens {
        offsets.push(at);
        at += token.adds().chars().count();
    }
    let first = |place: usize| echoes && place == 0;
    let each = || tokens.iter().enumerate();
    let texts: Vec<_> = tokens.iter().map(|token| token.text.as_str()).collect();
    let logprobs: Vec<_> =
        each().map(|(place, token)| (!first(place)).then_some(token.logprob)).collect();
    let tops: Vec<_> =
        each().map(|(place, token)| (!first(place)).then(|| alternatives(token, top))).collect();
    json!({"tokens": texts, "token_logprobs": logprobs, "top_logprobs": tops,
        "text_offset": offsets})
}

/// The likeliest words and the word itself.
fn alternatives(token: &Token, top: usize) -> Map<String, Value> {
    let itself = (token.text.clone(), token.logprob);
    let likeliest = token.top.iter().take(top).cloned();
    likeliest.chain([itself]).map(|(text, logprob)| (text, json!(logprob))).collect()
}
