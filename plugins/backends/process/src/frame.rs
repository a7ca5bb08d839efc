//! Frames: a JSON header on one line, then as many bytes as its `body` says.

use serde_json::Value;
use std::io::{self, BufRead, Read, Write};

/// Longest header that a program may write.
pub(crate) const HEADER_MAX: usize = 64 << 10;
/// Longest body that a program may write.
pub(crate) const BODY_MAX: u64 = 1 << 30;

/// What came out of a program.
#[derive(Debug)]
pub(crate) enum Event {
    /// A whole frame.
    Frame(Value, Vec<u8>),
    /// The output ended between two frames.
    End,
    /// The output ended within a frame; says where.
    Cut(String),
    /// Something that is no frame; says what.
    Garbage(String),
}

/// Reads the next frame.
pub(crate) fn read(from: &mut impl BufRead) -> Event {
    match read_or_end(from) {
        Ok(event) => event,
        // A pipe fails when the other side is gone.
        Err(_) => Event::End,
    }
}

fn read_or_end(from: &mut impl BufRead) -> io::Result<Event> {
    let mut line = Vec::new();
    from.by_ref().take(HEADER_MAX as u64 + 1).read_until(b'\n', &mut line)?;
    let header = match line.pop() {
        None => return Ok(Event::End),
        Some(b'\n') => line,
        Some(_) if line.len() >= HEADER_MAX => {
            let start = shown(&line);
            let what = format!("a line of more than {HEADER_MAX} bytes, which begins `{start}`");
            return Ok(Event::Garbage(what));
        }
        Some(last) => {
            line.push(last);
            return Ok(Event::Cut(format!("after `{}` without an end of line", shown(&line))));
        }
    };
    let garbage = || Ok(Event::Garbage(format!("`{}`", shown(&header))));
    let Ok(parsed) = serde_json::from_slice::<Value>(&header) else { return garbage() };
    if !parsed.is_object() {
        return garbage();
    }
    let length = match parsed.get("body") {
        None => 0,
        Some(length) => match length.as_u64().filter(|length| *length <= BODY_MAX) {
            Some(length) => length,
            None => {
                let what = format!("a body of {length} bytes; from 0 to {BODY_MAX} are allowed");
                return Ok(Event::Garbage(what));
            }
        },
    };
    let mut body = Vec::new();
    // Grows with what arrives: a length alone reserves nothing.
    from.by_ref().take(length).read_to_end(&mut body)?;
    match body.len() as u64 == length {
        true => Ok(Event::Frame(parsed, body)),
        false => Ok(Event::Cut(format!("after {} of {length} bytes of a body", body.len()))),
    }
}

fn shown(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(400)];
    crate::words::clean(&String::from_utf8_lossy(start), 80)
}

/// The bytes of a frame. The header must not hold `body` yet.
pub(crate) fn bytes(header: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(header.len() + body.len() + 32);
    let open = header.strip_suffix('}').unwrap_or(header);
    frame.extend_from_slice(open.as_bytes());
    // Writing into a Vec cannot fail.
    let _ = writeln!(frame, ",\"body\":{}}}", body.len());
    frame.extend_from_slice(body);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(mut bytes: &[u8]) -> Event {
        read(&mut bytes)
    }

    #[test]
    fn what_is_written_is_read() {
        let mut written = bytes("{\"type\":\"answers\"}", b"1\n2");
        written.extend(bytes("{\"type\":\"bye\"}", b""));
        let mut rest = &written[..];
        match read(&mut rest) {
            Event::Frame(header, body) => {
                assert_eq!((header["type"].as_str(), &body[..]), (Some("answers"), &b"1\n2"[..]));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(read(&mut rest), Event::Frame(_, body) if body.is_empty()));
        assert!(matches!(read(&mut rest), Event::End));
    }

    #[test]
    fn cut_frames_say_where() {
        assert!(matches!(first(b"{\"type\""), Event::Cut(at) if at.contains("end of line")));
        assert!(matches!(first(b"{\"body\":4}\nab"), Event::Cut(at) if at.contains("2 of 4")));
    }

    #[test]
    fn garbage_is_shown_and_bounded() {
        for (bytes, shown) in [
            (&b"Loading\x1b[31m model\n"[..], "`Loading\\u{1b}[31m model`"),
            (b"[1]\n", "`[1]`"),
            (b"\n", "``"),
            (b"{\"body\":-1}\n", "a body of -1 bytes"),
            (b"{\"body\":1e99}\n", "a body of 1e+99 bytes"),
            (b"{\"body\":1152921504606846976}\n", "a body of 1152921504606846976 bytes"),
            (b"\xff\xfe{}\n", "`"),
        ] {
            match first(bytes) {
                Event::Garbage(what) => assert!(what.contains(shown), "{what}"),
                other => panic!("{other:?}"),
            }
        }
        let long = vec![b'x'; 10 << 20];
        assert!(matches!(first(&long), Event::Garbage(what) if what.len() < 300));
        let exact = [&b"{"[..], &vec![b' '; HEADER_MAX - 2], b"}\n"].concat();
        assert!(matches!(first(&exact), Event::Frame(..)));
    }
}
