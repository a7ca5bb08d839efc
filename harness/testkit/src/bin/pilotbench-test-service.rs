//! A service that gives every request the same answer, at once or after a time, as a process of its
//! own: two plugins cannot be linked into one program, so a bench of a backend cannot have it inside.
//!
//! ```text
//! pilotbench-test-service [--delay-ms N]
//! ```
//!
//! Its first line says where it is; it ends with its input.
#![allow(clippy::print_stdout, reason = "it is a program")]

use pilotbench_testkit::service::{Scripted, Step, json};
use serde_json::{Value, json};
use std::{error::Error, io, time::Duration};

/// Tokens whose log-probabilities a reply lists: as many as clients may ask for.
const TOP: u8 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let steps = steps(delay(&words)?);
    let service = Scripted::unrecorded(move |_, _| steps.clone());
    println!("{}", service.url());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// How long an answer takes.
fn delay(words: &[&str]) -> Result<Duration, Box<dyn Error>> {
    match words {
        [] => Ok(Duration::ZERO),
        ["--delay-ms", ms] => Ok(Duration::from_millis(ms.parse()?)),
        _ => Err("the arguments are: [--delay-ms N]".into()),
    }
}

/// What is done with every request.
fn steps(delay: Duration) -> Vec<Step> {
    let pause = (!delay.is_zero()).then_some(Step::Pause(delay));
    pause.into_iter().chain(json(200, &completion())).collect()
}

/// A chat completion of one token, with log-probabilities of letters.
fn completion() -> Value {
    let top: Vec<Value> = (0..TOP).map(token).collect();
    let mut first = token(0);
    first["top_logprobs"] = json!(top);
    json!({
        "id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": "m",
        "system_fingerprint": "fp_0",
        "choices": [{
            "index": 0, "finish_reason": "length",
            "message": {"role": "assistant", "content": "A", "refusal": null},
            "logprobs": {"content": [first], "refusal": null},
        }],
        "usage": {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101},
    })
}

/// A letter, half as likely as the one before it.
fn token(index: u8) -> Value {
    let (letter, logprob) = (b'A' + index, -f64::from(index + 1) * std::f64::consts::LN_2);
    json!({"token": char::from(letter).to_string(), "bytes": [letter], "logprob": logprob})
}
