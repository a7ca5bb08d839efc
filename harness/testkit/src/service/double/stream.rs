//! A chat completion as a stream.

use serde_json::{Value, json};

/// The events of a reply, in the order in which they come.
pub(super) fn events(reply: &Value, body: &Value) -> Vec<String> {
    let choice = &reply["choices"][0];
    let counted = body["stream_options"]["include_usage"] == true;
    let mut frame = reply.clone();
    frame["object"] = json!("chat.completion.chunk");
    frame["usage"] = Value::Null;
    if let (false, Some(frame)) = (counted, frame.as_object_mut()) {
        frame.remove("usage");
    }
    let mut pieces = vec![piece(json!({"role": "assistant", "content": null}), Value::Null)];
    if let Some(refusal) = choice["message"]["refusal"].as_str() {
        pieces.push(piece(json!({"refusal": refusal}), Value::Null));
    } else {
        pieces.extend(halves(choice));
    }
    let mut last = piece(json!({}), Value::Null);
    last["finish_reason"] = choice["finish_reason"].clone();
    pieces.push(last);
    let mut events: Vec<_> =
        pieces.into_iter().map(|piece| with(&frame, "choices", json!([piece]))).collect();
    if counted {
        frame["choices"] = json!([]);
        events.push(with(&frame, "usage", reply["usage"].clone()));
    }
    events.push("[DONE]".into());
    events
}

fn piece(delta: Value, logprobs: Value) -> Value {
    json!({"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": null})
}

fn with(frame: &Value, key: &str, value: Value) -> String {
    let mut chunk = frame.clone();
    chunk[key] = value;
    chunk.to_string()
}

/// The content in two pieces, each with its log probabilities.
fn halves(choice: &Value) -> [Value; 2] {
    let content = choice["message"]["content"].as_str().unwrap_or_default();
    let Some(entries) = choice["logprobs"]["content"].as_array() else {
        let (first, second) = content.split_at(middle(content));
        return [first, second].map(|content| piece(json!({"content": content}), Value::Null));
    };
    let (first, second) = entries.split_at(entries.len().div_ceil(2));
    let length = first.iter().map(|entry| entry["token"].as_str().map_or(0, str::len)).sum();
    let (start, end) = content.split_at_checked(length).unwrap_or((content, ""));
    [(start, first), (end, second)].map(|(content, entries)| {
        piece(json!({"content": content}), json!({"content": entries, "refusal": null}))
    })
}

fn middle(text: &str) -> usize {
    let half = text.chars().count().div_ceil(2);
    text.char_indices().nth(half).map_or(text.len(), |(at, _)| at)
}
