//! An answer that came in pieces. It is one only when it says why it ends and then ends as streams
//! end: everything else is discarded whole.

use super::{Said, reply};
use crate::{client::Failure, service::Key};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Piece {
    model: Option<String>,
    system_fingerprint: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<reply::Usage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    text: Option<String>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
}

/// Reads a stream of server-sent events that has come to its end.
///
/// # Errors
/// [`Failure::Broken`] when a piece is no piece, the answer has no end, or the stream has none.
pub(crate) fn stream(body: &[u8], key: &Key) -> Result<Said, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| reply::broken("is a stream of no text"))?;
    let mut said = Said::default();
    let (mut text_so_far, mut refusal, mut usage) = (String::new(), String::new(), None);
    let mut has_ended = false;
    for data in events(text) {
        if data == "[DONE]" {
            has_ended = true;
            break;
        }
        let piece: Piece = reply::parse(data.as_bytes())?;
        if let Some(error) = piece.error.filter(|error| !error.is_null()) {
            return Err(crate::client::of_error(&error, key));
        }
        said.model = piece.model.map(reply::named).or(said.model);
        said.fingerprint = piece.system_fingerprint.or(said.fingerprint);
        usage = piece.usage.or(usage);
        let Some(choice) = piece.choices.unwrap_or_default().pop() else { continue };
        text_so_far.extend(choice.text);
        if let Some(delta) = choice.delta {
            text_so_far.extend(delta.content);
            refusal.extend(delta.refusal);
        }
        said.finish = choice.finish_reason.unwrap_or(said.finish);
    }
    if !has_ended || said.finish.is_empty() {
        return Err(reply::broken("is a stream without its end"));
    }
    usage.ok_or_else(|| reply::broken("has no usage"))?.fill(&mut said);
    said.refusal = Some(refusal).filter(|words| !words.is_empty());
    said.text = said.refusal.is_none().then_some(text_so_far);
    Ok(said)
}

/// The data of each event. Several data lines of one event are joined by line ends.
fn events(text: &str) -> impl Iterator<Item = String> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut events: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in lines {
        let data = line.strip_prefix("data:").map(|data| data.strip_prefix(' ').unwrap_or(data));
        match (data, is_open) {
            (Some(data), true) => {
                if let Some(last) = events.last_mut() {
                    last.push('\n');
                    last.push_str(data);
                }
            }
            (Some(data), false) => {
                events.push(data.to_owned());
                is_open = true;
            }
            (None, _) if line.is_empty() => is_open = false,
            (None, _) => {}
        }
    }
    events.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"data: {"model": "m", "choices": [{"delta": {"role": "assistant", "content": null}}]}

: a comment
data: {"choices": [{"delta": {"content": "Ye"}}]}

data: {"choices": [{"delta": {"content": "s"}, "finish_reason": "stop"}]}

data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}

data: [DONE]

"#;

    fn read(text: &str) -> Result<Said, Failure> {
        stream(text.as_bytes(), &Key::default())
    }

    #[test]
    fn pieces_make_an_answer() {
        let said = read(GOOD).unwrap();
        assert_eq!((said.text.as_deref(), said.completion_tokens), (Some("Yes"), 2));
        assert_eq!(read(&GOOD.replace('\n', "\r\n")).unwrap(), said);
    }

    #[test]
    fn any_beginning_of_a_stream_is_no_answer() {
        let end = GOOD.find("[DONE]").unwrap() + "[DONE]".len();
        for length in 0..end {
            let cut = read(&GOOD[..length]);
            assert!(matches!(cut, Err(Failure::Broken(_))), "{length}: {cut:?}");
        }
        assert!(read(&GOOD.replace("\"stop\"", "null")).is_err());
        let error = GOOD.replace(r#"{"delta": {"content": "Ye"}}], "#, "").replace(
            r#"{"choices": [{"delta": {"content": "Ye"}}]}"#,
            r#"{"error": {"message": "overloaded"}}"#,
        );
        assert!(matches!(read(&error), Err(Failure::Broken(_))));
    }
}
