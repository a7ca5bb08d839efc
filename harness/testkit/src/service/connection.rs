//! One connection of a server: requests in, steps out.

use super::reading;
use super::scripted::Shared;
use super::{Request, Step, reply};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What becomes of a connection after a list of steps.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Next,
    End,
}

/// Serves a connection until one side ends it.
pub(super) fn serve(stream: &TcpStream, number: usize, shared: &Shared) {
    // The client may leave at any time; that ends the connection and nothing else.
    let _ = stream.set_nodelay(true);
    let mut from = BufReader::with_capacity(16 << 10, stream);
    while let Ok(After::Next) = exchange(&mut from, stream, number, shared) {}
}

fn exchange(
    from: &mut BufReader<&TcpStream>,
    stream: &TcpStream,
    number: usize,
    shared: &Shared,
) -> io::Result<After> {
    let request = match receive(from, stream, number) {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(After::End),
        Err(error) => return refuse(stream, &error),
    };
    let _busy = Busy::new(&shared.busy, &shared.most);
    let last = request.is_last();
    let steps = shared.handle(request);
    for step in &steps {
        if play(step, from, stream, shared)? == After::End {
            return Ok(After::End);
        }
    }
    Ok(if last { After::End } else { After::Next })
}

fn receive(
    from: &mut BufReader<&TcpStream>,
    mut stream: &TcpStream,
    number: usize,
) -> io::Result<Option<Request>> {
    let Some(mut request) = reading::head(from, number)? else { return Ok(None) };
    if request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = reading::body(from, &request)?;
    Ok(Some(request))
}

/// Says what is wrong with a request that cannot be read.
fn refuse(stream: &TcpStream, error: &io::Error) -> io::Result<After> {
    if error.kind() == ErrorKind::InvalidData {
        for step in reply(400, &[("connection", "close")], error.to_string()) {
            if let Step::Bytes(bytes) = step {
                write(stream, &bytes)?;
            }
        }
    }
    Ok(After::End)
}

fn play(
    step: &Step,
    from: &mut BufReader<&TcpStream>,
    stream: &TcpStream,
    shared: &Shared,
) -> io::Result<After> {
    match step {
        Step::Bytes(bytes) => write(stream, bytes)?,
        Step::Repeat(bytes, count) => {
            for _ in 0..*count {
                write(stream, bytes)?;
            }
        }
        Step::Pause(time) => shared.stop.pause(*time),
        Step::Reset => {
            reset(stream)?;
            return Ok(After::End);
        }
        Step::Close => {
            stream.shutdown(Shutdown::Write)?;
            return Ok(After::End);
        }
        Step::KeepOpen => {
            stall(from)?;
            return Ok(After::End);
        }
    }
    Ok(After::Next)
}

fn write(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)
}

/// Listens without a word until the other side is gone.
fn stall(from: &mut impl Read) -> io::Result<()> {
    io::copy(from, &mut io::sink()).map(drop)
}

/// Makes the end of the connection a reset.
#[cfg(target_os = "linux")]
fn reset(stream: &TcpStream) -> io::Result<()> {
    let at_once = Some(std::time::Duration::ZERO);
    Ok(rustix::net::sockopt::set_socket_linger(stream, at_once)?)
}

#[cfg(not(target_os = "linux"))]
fn reset(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// Counts a request for as long as it is handled.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn new(now: &'a AtomicUsize, most: &AtomicUsize) -> Self {
        most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Self(now)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
