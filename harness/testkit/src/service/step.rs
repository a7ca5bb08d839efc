//! What a server does with a request, one step after the other.

use serde_json::Value;
use std::io::Write;
use std::time::Duration;

/// Length of the blocks of [`endless`].
const BLOCK: usize = 64 << 10;

/// One thing that a server does on a connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Writes bytes, in one piece.
    Bytes(Vec<u8>),
    /// Writes bytes as often as told.
    Repeat(Vec<u8>, usize),
    /// Waits.
    Pause(Duration),
    /// Ends the connection with a reset (where the system has no such option: with an orderly end).
    Reset,
    /// Ends the connection in an orderly way.
    Close,
    /// Says nothing more until the client leaves or the server ends.
    KeepOpen,
}

/// A whole reply with the right length.
pub fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    let mut bytes = Vec::with_capacity(256 + body.len());
    start(&mut bytes, status, headers);
    push(&mut bytes, format_args!("content-length: {}\r\n\r\n", body.len()));
    bytes.extend_from_slice(body);
    vec![Step::Bytes(bytes)]
}

/// A whole reply with a JSON body.
pub fn json(status: u16, value: &Value) -> Vec<Step> {
    reply(status, &[("content-type", "application/json")], value.to_string())
}

/// A reply in chunks, each written on its own: the head is the first step, the end the last one.
pub fn chunked(status: u16, content_type: &str, chunks: Vec<Vec<u8>>) -> Vec<Step> {
    let mut head = Vec::new();
    start(&mut head, status, &[("content-type", content_type), ("transfer-encoding", "chunked")]);
    head.extend_from_slice(b"\r\n");
    let chunks = chunks.into_iter().filter(|chunk| !chunk.is_empty()).map(framed);
    std::iter::once(head).chain(chunks).chain([b"0\r\n\r\n".to_vec()]).map(Step::Bytes).collect()
}

/// A reply whose head announces another length than its body has; then the connection ends.
pub fn wrong_length(status: u16, body: impl AsRef<[u8]>, content_length: usize) -> Vec<Step> {
    let mut bytes = Vec::new();
    start(&mut bytes, status, &[("content-type", "application/json")]);
    push(&mut bytes, format_args!("content-length: {content_length}\r\n\r\n"));
    bytes.extend_from_slice(body.as_ref());
    vec![Step::Bytes(bytes), Step::Close]
}

/// A reply of at least so many bytes whose head announces no length; then the connection ends.
pub fn endless(status: u16, total_bytes: u64) -> Vec<Step> {
    let mut head = Vec::new();
    start(&mut head, status, &[("content-type", "application/json"), ("connection", "close")]);
    head.extend_from_slice(b"\r\n");
    let blocks = usize::try_from(total_bytes.div_ceil(BLOCK as u64)).unwrap_or(usize::MAX);
    vec![Step::Bytes(head), Step::Repeat(vec![b'a'; BLOCK], blocks), Step::Close]
}

/// A stream of server-sent events, each a chunk of its own.
pub fn sse(events: &[&str]) -> Vec<Step> {
    let chunks = events.iter().map(|event| format!("data: {event}\n\n").into_bytes()).collect();
    chunked(200, "text/event-stream", chunks)
}

fn framed(chunk: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(chunk.len() + 16);
    push(&mut bytes, format_args!("{:x}\r\n", chunk.len()));
    bytes.extend_from_slice(&chunk);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// The first line of a reply and headers, without the empty line after them.
fn start(bytes: &mut Vec<u8>, status: u16, headers: &[(&str, &str)]) {
    push(bytes, format_args!("HTTP/1.1 {status} {}\r\n", reason(status)));
    for (name, value) in headers {
        push(bytes, format_args!("{name}: {value}\r\n"));
    }
}

fn push(bytes: &mut Vec<u8>, text: std::fmt::Arguments) {
    bytes.write_fmt(text).expect("a vector takes all bytes");
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
