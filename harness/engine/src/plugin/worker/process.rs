//! A worker as a process: its start, what it prints, and how it ends.

use super::{settings::WorkerSettings, variables};
use crate::{
    fault::{Fault, Result},
    plugin::needs::Needs,
};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::Value;
use std::{
    collections::VecDeque,
    ffi::OsString,
    io::Read,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Bytes of a worker's output that are kept.
const KEPT: usize = 64 << 10;

/// A child process with a folder of its own, its output collected.
pub(super) struct Process {
    child: Mutex<Child>,
    pid: u32,
    output: Arc<Output>,
    reader: Mutex<Option<JoinHandle<()>>>,
    reaped: AtomicBool,
    _folder: TempDir,
}

impl Process {
    /// Starts a worker for a plugin with these needs and settings, whose standard input is this
    /// socket.
    pub(super) fn start(
        settings: &WorkerSettings,
        (needs, chosen): (&Needs, &Value),
        socket: OwnedFd,
        folder: TempDir,
    ) -> Result<Self> {
        let fault =
            |e: &dyn std::fmt::Display| Fault::plugin("worker", format!("cannot start: {e}"));
        let (output, theirs) = std::io::pipe().map_err(|e| fault(&e))?;
        let mut command = Command::new(&settings.executable);
        command.arg("worker").env_clear().envs(environment(settings, (needs, chosen), &folder)?);
        command.stdin(Stdio::from(socket)).stderr(theirs);
        command.stdout(Stdio::null());
        let child = spawn(command).map_err(|e| fault(&e))?;
        let pid = child.id();
        let collected = Arc::new(Output::default());
        let into = Arc::clone(&collected);
        let reader = std::thread::Builder::new()
            .name("worker output".into())
            .spawn(move || into.collect(output))
            .map_err(|e| fault(&e))?;
        let (child, reader) = (Mutex::new(child), Mutex::new(Some(reader)));
        let reaped = AtomicBool::new(false);
        Ok(Self { child, pid, output: collected, reader, reaped, _folder: folder })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it at once, and what it started: a worker is a session of its own, and programs that a
    /// plugin started are in it.
    pub(super) fn kill(&self) {
        for process in session(self.pid).into_iter().chain(Pid::from_raw(self.pid as i32)) {
            // Gone already is as good.
            let _ = kill_process(process, Signal::KILL);
        }
    }

    /// Waits for its end; `None` when it does not come in time, and the process is killed.
    pub(super) fn reap(&self, patience: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        while !self.has_ended() {
            if started.elapsed() > patience {
                self.end();
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.end()
    }

    /// Whether it has ended, without taking its status: as long as that waits, the number of its
    /// group is nobody else's.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let Some(pid) = Pid::from_raw(self.pid as i32) else { return true };
        !matches!(waitid(WaitId::Pid(pid), options), Ok(None))
    }

    fn end(&self) -> Option<ExitStatus> {
        if self.reaped.swap(true, Ordering::Relaxed) {
            return None;
        }
        self.kill();
        let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait().ok();
        self.finish_output();
        status
    }

    /// Its last words.
    pub(super) fn output(&self) -> String {
        self.output.text()
    }

    /// Lets the reader come to the end of the pipe. A program that the worker left behind may hold
    /// it open: nobody waits for that.
    fn finish_output(&self) {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(reader) = reader else { return };
        let started = Instant::now();
        while !reader.is_finished() && started.elapsed() < Duration::from_millis(200) {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The processes of a session. As long as its leader waits to be reaped, the number is nobody
/// else's.
fn session(leader: u32) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_session = entries.filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which may hold anything: state, parent, group, session.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(3);
        (fields.next()?.parse() == Ok(leader)).then_some(pid)
    });
    of_session.filter_map(Pid::from_raw).collect()
}

/// What a worker finds in its environment: what the plugin says it needs, and little else.
fn environment(
    settings: &WorkerSettings,
    (needs, chosen): (&Needs, &Value),
    folder: &TempDir,
) -> Result<Vec<(String, OsString)>> {
    let valued = |name| Some((str::to_owned(name), variables::value(&settings.variables, name)?));
    let needed = variables::needed(needs, chosen)?;
    let mut variables: Vec<_> = needed.into_iter().filter_map(valued).collect();
    // A plugin's own pools: without this each takes all cores.
    let threads = settings.threads.to_string();
    for name in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"] {
        variables.push((name.to_owned(), threads.clone().into()));
    }
    variables.push(("TMPDIR".to_owned(), folder.path().into()));
    // A worker makes and frees the same tables over and over: memory is kept instead of being given
    // back to the kernel after each call.
    for name in ["MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"] {
        variables.push((name.to_owned(), (32 << 20).to_string().into()));
    }
    Ok(variables)
}

/// Starts a child from a thread that lives as long as the host: a worker asks to be killed with its
/// parent, and for the kernel the parent is the thread.
fn spawn(command: Command) -> std::io::Result<Child> {
    type Order = (Command, Sender<std::io::Result<Child>>);
    static STARTER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, received) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in received {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let gone = || std::io::Error::other("the starter is gone");
    let (reply, child) = channel();
    let orders = starter.lock().unwrap_or_else(PoisonError::into_inner);
    orders.send((command, reply)).map_err(|_| gone())?;
    drop(orders);
    child.recv().map_err(|_| gone())?
}

/// The end of what a worker printed.
#[derive(Default)]
struct Output(Mutex<Tail>);

#[derive(Default)]
struct Tail {
    bytes: VecDeque<u8>,
    dropped: u64,
}

impl Output {
    fn collect(&self, mut from: impl Read) {
        let mut block = [0; 4096];
        loop {
            match from.read(&mut block) {
                Ok(0) => return,
                Ok(count) => self.push(&block[..count]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn push(&self, bytes: &[u8]) {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tail.bytes.extend(bytes);
        let excess = tail.bytes.len().saturating_sub(KEPT);
        tail.bytes.drain(..excess);
        tail.dropped += excess as u64;
    }

    fn text(&self) -> String {
        let tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, second) = tail.bytes.as_slices();
        let text = String::from_utf8_lossy(&[first, second].concat()).into_owned();
        match tail.dropped {
            0 => text,
            dropped => format!("({dropped} bytes before this are left out)\n{text}"),
        }
    }
}

/// How a process ended, for people.
pub(super) fn ending(status: Option<ExitStatus>, output: &str) -> String {
    let said = |words: &str| output.contains(words);
    let Some(status) = status else {
        return "closed its connection and lived on; killed".to_owned();
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => {
            let name = match signal {
                4 => "SIGILL, illegal instruction",
                6 if said("has overflowed its stack") => "SIGABRT, stack overflow",
                6 if said("memory allocation of") => "SIGABRT, out of memory",
                6 => "SIGABRT, abort",
                7 => "SIGBUS, bad memory access",
                8 => "SIGFPE, arithmetic",
                9 => "SIGKILL, killed from outside or out of memory",
                11 => "SIGSEGV, bad memory access",
                15 => "SIGTERM, ended from outside",
                31 => "SIGSYS, a forbidden system call",
                _ => "signal",
            };
            format!("died of signal {signal} ({name})")
        }
        (None, code) => {
            format!("exited with status {} in the middle of a call", code.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_long_output_is_kept() {
        let output = Output::default();
        output.collect(&b"words\n"[..]);
        assert_eq!(output.text(), "words\n");
        let long = vec![b'x'; 3 * KEPT];
        output.collect(&long[..]);
        let text = output.text();
        assert!(text.starts_with("(131078 bytes before this are left out)"), "{}", &text[..60]);
        assert!(text.len() < KEPT + 100);
    }
}
