//! Training files.

use super::learned::Learned;
use super::message::{text, tokens};
use serde_json::Value;

/// What a training file teaches, and how many tokens it has; or why it cannot be learned from.
pub(super) fn read(content: &[u8], least: usize) -> Result<(Learned, usize), String> {
    let text = std::str::from_utf8(content).map_err(|_| "The file is not UTF-8".to_owned())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (mut learned, mut bytes, mut count) = (Learned::default(), 0, 0);
    for (place, line) in lines {
        let messages = example(line).map_err(|why| format!("Line {}: {why}", place + 1))?;
        learned.take(&messages);
        bytes += messages.iter().map(|message| self::text(message).len()).sum::<usize>();
        count += 1;
    }
    if count < least {
        return Err(format!(
            "Training file has {count} example(s), but must have at least {least} examples"
        ));
    }
    Ok((learned, tokens(bytes)))
}

fn example(line: &str) -> Result<Vec<Value>, &'static str> {
    let line: Value = serde_json::from_str(line).map_err(|_| "not valid JSON")?;
    let messages = line["messages"].as_array().ok_or("missing key `messages`")?;
    let known = |message: &Value| {
        ["system", "developer", "user", "assistant"].iter().any(|role| message["role"] == *role)
    };
    if !messages.iter().all(known) {
        return Err("a message has no known role");
    }
    let last = messages.last().ok_or("no messages")?;
    if last["role"] != "assistant" {
        return Err("the last message must be from the assistant");
    }
    Ok(messages.clone())
}
