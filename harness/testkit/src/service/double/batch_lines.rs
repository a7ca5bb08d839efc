//! Input files of batches.

use serde_json::Value;
use std::collections::BTreeSet;

/// One request of a batch.
pub(super) struct Line {
    pub(super) custom_id: String,
    pub(super) body: Value,
    pub(super) is_chat: bool,
}

/// The requests of a file; the number of a line (from 1) that is none, and why.
pub(super) fn lines(content: &[u8], endpoint: &str) -> Result<Vec<Line>, (usize, &'static str)> {
    let text = std::str::from_utf8(content).map_err(|_| (1, "The file is not UTF-8."))?;
    let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, line) in text.lines().enumerate() {
        let line = parse(line, endpoint).map_err(|why| (place + 1, why))?;
        if !seen.insert(line.custom_id.clone()) {
            return Err((place + 1, "The custom_id for this request is a duplicate."));
        }
        lines.push(line);
    }
    if lines.is_empty() { Err((1, "The batch input file is empty.")) } else { Ok(lines) }
}

fn parse(line: &str, endpoint: &str) -> Result<Line, &'static str> {
    let line: Value =
        serde_json::from_str(line).map_err(|_| "This line is not parseable as valid JSON.")?;
    let custom_id = line["custom_id"].as_str().ok_or("Missing required parameter: 'custom_id'.")?;
    if line["method"] != "POST" {
        return Err("The method must be 'POST'.");
    }
    if line["url"] != endpoint {
        return Err("The URL provided for this request does not match the batch endpoint.");
    }
    if !line["body"].is_object() {
        return Err("Missing required parameter: 'body'.");
    }
    let is_chat = endpoint.contains("/chat/");
    Ok(Line { custom_id: custom_id.into(), body: line["body"].clone(), is_chat })
}
