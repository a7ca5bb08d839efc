//! Files of strangers are taken apart in a process that is shut in: what a decoder does with bytes
//! that were made to break it, it does there.
//!
//! The host sends the bytes of one file over a socket and gets a table as an Arrow stream, or words
//! that say why there is none. A reader that dies, or takes too long, fails the file that it had and
//! no other: the next one gets a new process.

use super::{
    process::ending,
    sandbox::{Limits, Sandbox},
    shared::untrusted,
};
use crate::fault::{Fault, Result};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::StreamWriter;
use rustix::{io::fcntl_dupfd_cloexec, stdio::stdin};
use serde::{Deserialize, Serialize};
use std::{
    io::{ErrorKind, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream, unix::process::ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Bytes of a table that comes back.
const TABLE_BYTES_MAX: u64 = 256 << 20;
/// Bytes of words that come back.
const WORDS_BYTES_MAX: u64 = 4096;
/// Bytes of a dead reader's last words that are looked at.
const LAST_WORDS_MAX: u64 = 64 << 10;

/// How readers are started, and what they may use.
#[derive(Debug, Clone)]
pub struct ReaderSettings {
    /// The executable whose first argument `read-answers` makes it one.
    pub executable: PathBuf,
    /// Whether they are shut in.
    pub sandbox: Sandbox,
    /// Bytes of address space of each; no limit: `None`.
    pub memory: Option<u64>,
    /// Longest time for one file.
    pub patience: Duration,
}

/// The first message: what the reader may use.
#[derive(Serialize, Deserialize)]
struct Start {
    sandbox: Sandbox,
    memory: Option<u64>,
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table = 1,
    Words = 2,
}

/// Reads files of strangers, several at a time.
pub struct Reader {
    settings: ReaderSettings,
    idle: Mutex<Vec<Process>>,
}

impl Reader {
    /// A reader; processes start when they are needed.
    pub fn new(settings: ReaderSettings) -> Self {
        Self { settings, idle: Mutex::default() }
    }

    /// The table in the bytes of a file, of at most so many rows.
    ///
    /// # Errors
    /// When there is none; the fault says what became of the process where it died.
    pub fn table(&self, bytes: &[u8], rows_max: usize) -> Result<RecordBatch> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop();
        let mut process = match known {
            Some(process) => process,
            None => Process::start(&self.settings)?,
        };
        match process.ask(bytes, rows_max, self.settings.patience) {
            Ok((Kind::Table, table)) => {
                idle().push(process);
                untrusted(Buffer::from(table)).map_err(|e| Fault::store("", e))
            }
            Ok((Kind::Words, words)) => {
                idle().push(process);
                Err(Fault::store("", String::from_utf8_lossy(&words)))
            }
            Err(e) => Err(Fault::store("", process.end(&e, &self.settings))),
        }
    }
}

/// One process, and the socket to it.
struct Process {
    child: Child,
    socket: UnixStream,
}

impl Process {
    fn start(settings: &ReaderSettings) -> Result<Self> {
        let fault = |e: std::io::Error| Fault::plugin("reader", format!("cannot start: {e}"));
        let (socket, theirs) = UnixStream::pair().map_err(fault)?;
        let mut command = Command::new(&settings.executable);
        command.arg("read-answers").env_clear().stdout(Stdio::null()).stderr(Stdio::piped());
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        let child = command.spawn().map_err(fault)?;
        // It holds their end of the socket: with it open here, a death would go unnoticed.
        drop(command);
        let mut process = Self { child, socket };
        let start = Start { sandbox: settings.sandbox, memory: settings.memory };
        let start = serde_json::to_vec(&start).map_err(|e| Fault::plugin("reader", e))?;
        match process.ask(&start, 0, settings.patience) {
            Ok((Kind::Table, _)) => Ok(process),
            Ok((Kind::Words, words)) => {
                Err(Fault::plugin("reader", String::from_utf8_lossy(&words)))
            }
            Err(e) => Err(Fault::plugin("reader", process.end(&e, settings))),
        }
    }

    /// Sends bytes with a number and waits for what comes back.
    fn ask(
        &mut self,
        bytes: &[u8],
        number: usize,
        patience: Duration,
    ) -> std::io::Result<(Kind, Vec<u8>)> {
        let mut timed = Timed { socket: &self.socket, deadline: Instant::now() + patience };
        timed.write_all(&(bytes.len() as u64).to_le_bytes())?;
        timed.write_all(&(number as u64).to_le_bytes())?;
        timed.write_all(bytes)?;
        let mut head = [0; 9];
        timed.read_exact(&mut head)?;
        let (kind, most) = match head[0] {
            1 => (Kind::Table, TABLE_BYTES_MAX),
            _ => (Kind::Words, WORDS_BYTES_MAX),
        };
        let length = head[1..].iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        if length > most {
            return Err(std::io::Error::other(format!("it announces {length} bytes")));
        }
        let mut reply = Vec::new();
        timed.take(length).read_to_end(&mut reply)?;
        match reply.len() as u64 == length {
            true => Ok((kind, reply)),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Ends the process; says how it ended and its last words.
    fn end(mut self, why: &std::io::Error, settings: &ReaderSettings) -> String {
        if matches!(why.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) {
            return format!("reading it took longer than {:?}", settings.patience);
        }
        if why.kind() == ErrorKind::Other {
            return format!("the process that read it talks nonsense: {why}");
        }
        // Its socket is closed; it may need a moment to end.
        std::thread::sleep(Duration::from_millis(5));
        let _ = self.child.kill();
        let status = self.child.wait().ok();
        let mut words = Vec::new();
        if let Some(errors) = self.child.stderr.take() {
            let _ = errors.take(LAST_WORDS_MAX).read_to_end(&mut words);
        }
        let words = String::from_utf8_lossy(&words);
        told(status, &words, settings)
    }
}

/// How a reader ended, for people.
fn told(status: Option<ExitStatus>, words: &str, settings: &ReaderSettings) -> String {
    let is_memory = words.contains("memory allocation of");
    if is_memory || words.contains("capacity overflow") {
        let mib =
            settings.memory.map_or("".to_owned(), |memory| format!("{} MiB of ", memory >> 20));
        return format!("reading it takes more than the {mib}memory that a reader has");
    }
    let last = words.lines().filter(|line| !line.trim().is_empty()).nth(1);
    let last = last.map_or(String::new(), |line| format!(": {}", line.trim()));
    match status.and_then(|status| status.code()) {
        Some(101) => format!("the decoder panicked on it{last}"),
        _ if status.is_some_and(|status| status.signal().is_some()) => {
            format!("the process that read it {}", ending(status, words))
        }
        _ => "the process that read it ended".to_owned(),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A socket with one deadline for everything that goes over it.
struct Timed<'a> {
    socket: &'a UnixStream,
    deadline: Instant,
}

impl Timed<'_> {
    fn left(&self) -> std::io::Result<Option<Duration>> {
        match self.deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(Some(left)),
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(into)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Is a reader, until the host is gone. `decode` gets the bytes of a file and the most rows.
///
/// # Errors
/// When nobody is there to read for: a reader is started by the host alone.
pub fn serve_reader(
    decode: impl Fn(Vec<u8>, usize) -> std::result::Result<RecordBatch, String>,
) -> Result<()> {
    let fault = |e: &dyn std::fmt::Display| {
        Fault::usage("read-answers", format!("readers are started by other commands ({e})"))
    };
    let socket = fcntl_dupfd_cloexec(stdin(), 3).map_err(|e| fault(&e))?;
    rustix::net::sockopt::socket_type(&socket).map_err(|e| fault(&e))?;
    let mut socket = UnixStream::from(socket);
    let (start, _) = received(&mut socket).map_err(|e| fault(&e))?;
    let start: Start = serde_json::from_slice(&start).map_err(|e| fault(&e))?;
    let limits = Limits::of_reader(start.sandbox, start.memory);
    let begun = match limits.apply(None) {
        Ok(_) => sent(&mut socket, Kind::Table, &[]),
        Err(fault) => {
            return sent(&mut socket, Kind::Words, fault.to_string().as_bytes()).or(Ok(()));
        }
    };
    begun.map_err(|e| fault(&e))?;
    // An end of the socket is the end of the work.
    while let Ok((bytes, rows_max)) = received(&mut socket) {
        let reply = decode(bytes, rows_max).and_then(|table| streamed(&table));
        let gone = match reply {
            Ok(table) => sent(&mut socket, Kind::Table, &table),
            Err(words) => {
                let words: String = words.chars().take(WORDS_BYTES_MAX as usize / 4).collect();
                sent(&mut socket, Kind::Words, words.as_bytes())
            }
        };
        if gone.is_err() {
            break;
        }
    }
    Ok(())
}

fn received(socket: &mut UnixStream) -> std::io::Result<(Vec<u8>, usize)> {
    let mut numbers = [[0; 8]; 2];
    for number in &mut numbers {
        socket.read_exact(number)?;
    }
    let [length, number] = numbers.map(u64::from_le_bytes);
    let mut bytes = Vec::new();
    socket.take(length).read_to_end(&mut bytes)?;
    Ok((bytes, number as usize))
}

fn sent(socket: &mut UnixStream, kind: Kind, bytes: &[u8]) -> std::io::Result<()> {
    socket.write_all(&[kind as u8])?;
    socket.write_all(&(bytes.len() as u64).to_le_bytes())?;
    socket.write_all(bytes)
}

fn streamed(table: &RecordBatch) -> std::result::Result<Vec<u8>, String> {
    let size = table.get_array_memory_size() as u64;
    if size > TABLE_BYTES_MAX / 2 {
        return Err(format!("its table takes {} MiB of memory", size >> 20));
    }
    let mut bytes = Vec::new();
    let mut stream =
        StreamWriter::try_new(&mut bytes, table.schema_ref()).map_err(|e| e.to_string())?;
    stream.write(table).and_then(|()| stream.finish()).map_err(|e| e.to_string())?;
    drop(stream);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A program that stands in for a reader.
    fn fault_of(script: &str, patience: Duration) -> String {
        let folder = tempfile::tempdir().unwrap();
        let executable = folder.path().join("reader");
        std::fs::write(&executable, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&executable, PermissionsExt::from_mode(0o755)).unwrap();
        let sandbox = Sandbox::BestEffort;
        let settings = ReaderSettings { executable, sandbox, memory: Some(1 << 30), patience };
        Reader::new(settings).table(b"bytes", 10).unwrap_err().message
    }

    #[test]
    fn a_reader_that_hangs_dies_or_lies_is_a_fault() {
        let hanging = fault_of("exec /bin/sleep 600", Duration::from_millis(300));
        assert!(hanging.contains("longer than 300ms"), "{hanging}");
        for (script, words) in [
            ("kill -SEGV $$", "signal 11"),
            ("echo memory allocation of 9 bytes failed >&2; kill -ABRT $$", "1024 MiB"),
            ("exit 3", "ended"),
            // A table of an absurd size is announced.
            (r"printf '\001\377\377\377\377\377\377\377\177' >&0; exec /bin/sleep 600", "nonsense"),
        ] {
            let told = fault_of(script, Duration::from_secs(60));
            assert!(told.contains(words), "{script}: {told}");
        }
    }
}
