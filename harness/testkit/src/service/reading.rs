//! Reads requests from a connection, leniently and with caps.

use super::Request;
use std::io::{self, BufRead, ErrorKind, Read};
use std::time::Instant;

/// Longest line of a head.
const LINE: u64 = 64 << 10;
/// Most headers of a request.
const HEADERS: usize = 256;
/// Longest body.
const BODY: usize = 256 << 20;

/// The head of the next request, its body still unread; nothing when the client has left.
pub(super) fn head(from: &mut impl BufRead, connection: usize) -> io::Result<Option<Request>> {
    let mut first = line(from)?;
    if first.as_deref() == Some("") {
        first = line(from)?; // a stray empty line between two requests
    }
    let Some(first) = first else { return Ok(None) };
    let at = Instant::now();
    let mut words = first.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(broken("no request line"));
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    let headers = headers(from)?;
    Ok(Some(Request { method, path, headers, body: Vec::new(), connection, at }))
}

/// The body that a head announces.
pub(super) fn body(from: &mut impl BufRead, head: &Request) -> io::Result<Vec<u8>> {
    let coding = head.header("transfer-encoding").unwrap_or_default();
    if coding.to_ascii_lowercase().contains("chunked") {
        return chunks(from);
    }
    let Some(length) = head.header("content-length") else { return Ok(Vec::new()) };
    let length = length.parse::<usize>().map_err(|_| broken("no length"))?;
    let mut body = Vec::with_capacity(length.min(64 << 10));
    exactly(from, length, &mut body)?;
    Ok(body)
}

fn headers(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::with_capacity(8);
    while headers.len() <= HEADERS {
        let line = line(from)?.ok_or(ErrorKind::UnexpectedEof)?;
        if line.is_empty() {
            return Ok(headers);
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    Err(broken("too many headers"))
}

fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = line(from)?.ok_or(ErrorKind::UnexpectedEof)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| broken("no size of a chunk"))?;
        if size == 0 {
            headers(from)?; // trailers
            return Ok(body);
        }
        exactly(from, size, &mut body)?;
        self::line(from)?;
    }
}

fn exactly(from: &mut impl BufRead, more: usize, into: &mut Vec<u8>) -> io::Result<()> {
    if more > BODY.saturating_sub(into.len()) {
        return Err(broken("the body is too long"));
    }
    let got = from.take(more as u64).read_to_end(into)?;
    if got < more { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// A line without its end; nothing at the end of the stream.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::with_capacity(64);
    if from.take(LINE).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(broken("a line without end"));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    let text = String::from_utf8(bytes);
    Ok(Some(text.unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())))
}

fn broken(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}
