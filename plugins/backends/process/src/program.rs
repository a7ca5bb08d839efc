//! A running program: started, asked, and ended with everything it started.

use crate::{
    config::Settings,
    frame::{self, Event},
    message::{FromProgram, PROTOCOL, ToProgram, reported},
    tail::Tail,
    words::clean,
};
use pilotbench_plugin_sdk::{Control, Error, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::{
    collections::BTreeSet,
    io::{BufReader, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// Who greets.
const HOST: &str = concat!("pilotbench ", env!("CARGO_PKG_VERSION"));
/// How often a call looks at the clock and asks whether it was cancelled.
const POLL: Duration = Duration::from_millis(20);
/// How long a program may take to end a cancelled call, or itself.
const GRACE: Duration = Duration::from_secs(1);
/// How long a program that closed its output may take to end.
const LAST_GASP: Duration = Duration::from_millis(500);
/// Frames read ahead; a program that floods waits.
const FRAMES_AHEAD: usize = 16;

/// Why a call failed.
pub(crate) enum Failed {
    /// The program said so and can go on.
    Reported(Error),
    /// The program is of no use any more.
    Broken(Error),
}

/// A running program. Dropping it kills and reaps it.
pub(crate) struct Program {
    child: Child,
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<Event>,
    tail: Arc<Tail>,
    shown: String,
    /// Handles whose pilots it has learned from.
    known: BTreeSet<u64>,
    reaped: bool,
}

/// A frame that ends a call, or why there is none.
type Ended = std::result::Result<(FromProgram, Vec<u8>), Failed>;

impl Program {
    /// Starts a program and exchanges greetings.
    pub(crate) fn start(settings: &Settings, control: &Control) -> Result<Self> {
        let mut command = Command::new(&settings.program);
        command.args(&settings.arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that what it starts can be ended with it.
        command.process_group(0);
        let mut child = command.spawn().map_err(|e| {
            let program = clean(&settings.program, 120);
            Error::config("command", format!("`{program}` cannot be started: {e}"))
        })?;
        let tail = Arc::new(Tail::default());
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (input, written) = channel();
        let (read, output) = sync_channel(FRAMES_AHEAD);
        // From here on a failure drops, and so ends, the program.
        let mut program = Self {
            child,
            input: Some(input),
            output,
            tail: Arc::clone(&tail),
            shown: settings.shown(),
            known: BTreeSet::new(),
            reaped: false,
        };
        if let (Some(stdin), Some(stdout), Some(stderr)) = pipes {
            in_background("writer", move || write_all(stdin, &written))?;
            in_background("reader", move || read_all(stdout, &read))?;
            in_background("stderr", move || tail.follow(stderr, std::io::stderr()))?;
        }
        program.greet(settings.start_timeout, control)?;
        Ok(program)
    }

    fn greet(&mut self, timeout: Duration, control: &Control) -> Result<()> {
        self.send(&ToProgram::Hello { protocol: PROTOCOL, host: HOST }, &[]);
        let greeting = self.wait("its start", 0, timeout, control);
        let (FromProgram::Hello { protocol, name, version }, _) =
            greeting.map_err(Failed::error)?
        else {
            return Err(self.broken("greeted with something else than `hello`"));
        };
        if protocol != PROTOCOL {
            let (name, version) = (clean(&name, 60), clean(&version, 60));
            let message = format!("{name} {version} speaks protocol {protocol}, not {PROTOCOL}");
            return Err(Error::Unsupported(message));
        }
        Ok(())
    }

    /// Whether it has learned from the pilot of this handle.
    pub(crate) fn knows(&self, handle: u64) -> bool {
        self.known.contains(&handle)
    }

    /// Handles it has learned from.
    pub(crate) fn known(&self) -> impl Iterator<Item = u64> + '_ {
        self.known.iter().copied()
    }

    /// Whether it is still there. It is not reaped: as long as its number is its own, what it
    /// started can be killed by it.
    pub(crate) fn runs(&self) -> bool {
        let Some(pid) = self.pid().filter(|_| !self.reaped) else { return false };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(pid), options), Ok(None))
    }

    /// Lets it learn from a pilot.
    pub(crate) fn adapt(
        &mut self,
        message: &ToProgram,
        body: &[u8],
        timeout: Duration,
        control: &Control,
    ) -> std::result::Result<(), Failed> {
        let ToProgram::Adapt { call, handle, .. } = *message else { return Ok(()) };
        self.send(message, body);
        match self.wait("adapt", call, timeout, control)? {
            (FromProgram::Done { .. }, _) => {
                self.known.insert(handle);
                Ok(())
            }
            _ => Err(Failed::Broken(self.broken("ended adapt with `answers` instead of `done`"))),
        }
    }

    /// Lets it answer; the bytes of the table of answers.
    pub(crate) fn respond(
        &mut self,
        (call, handle): (u64, u64),
        body: &[u8],
        timeout: Duration,
        control: &Control,
    ) -> std::result::Result<Vec<u8>, Failed> {
        self.send(&ToProgram::Respond { call, handle }, body);
        match self.wait("respond", call, timeout, control)? {
            (FromProgram::Answers { .. }, body) => Ok(body),
            _ => Err(Failed::Broken(self.broken("ended respond with `done` instead of `answers`"))),
        }
    }

    /// Lets it forget a handle. Nothing comes back.
    pub(crate) fn release(&mut self, handle: u64) {
        if self.known.remove(&handle) {
            self.send(&ToProgram::Release { handle }, &[]);
        }
    }

    /// Says goodbye and closes its input.
    pub(crate) fn say_bye(&mut self) {
        self.send(&ToProgram::Bye {}, &[]);
        self.input = None;
    }

    /// Waits until it has ended, at most until then.
    pub(crate) fn wait_for_end(&self, until: Instant) {
        while self.runs() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Queues a frame: the writer must not wait for a program that waits for us to read.
    fn send(&self, message: &ToProgram, body: &[u8]) {
        if let Some(input) = &self.input {
            // A writer that is gone shows as the end of the output.
            let _ = input.send(message.frame(body));
        }
    }

    /// Waits for the frame that ends a call.
    fn wait(&mut self, what: &str, call: u64, timeout: Duration, control: &Control) -> Ended {
        let deadline = Instant::now() + timeout;
        let mut cancelled_at = None;
        loop {
            let event = self.output.recv_timeout(POLL);
            if cancelled_at.is_none() && control.check().is_err() {
                self.send(&ToProgram::Cancel { call }, &[]);
                cancelled_at = Some(Instant::now());
            }
            if let Some(ended) = self.ended_by(event, what, call, control) {
                return match (ended, cancelled_at) {
                    (Err(Failed::Broken(_)), Some(_)) => Err(Failed::Broken(Error::Cancelled)),
                    (_, Some(_)) => Err(Failed::Reported(Error::Cancelled)),
                    (ended, None) => ended,
                };
            }
            if cancelled_at.is_some_and(|at| at.elapsed() > GRACE) {
                return Err(Failed::Broken(Error::Cancelled));
            }
            if cancelled_at.is_none() && Instant::now() > deadline {
                let message = format!("took longer than {} s in {what}", timeout.as_secs_f64());
                self.end();
                return Err(Failed::Broken(self.broken(&message)));
            }
        }
    }

    /// What an event means for the call in progress; `None` when the call goes on.
    fn ended_by(
        &mut self,
        event: std::result::Result<Event, RecvTimeoutError>,
        what: &str,
        call: u64,
        control: &Control,
    ) -> Option<Ended> {
        let (header, body) = match event {
            Err(RecvTimeoutError::Timeout) => return None,
            Ok(Event::Frame(header, body)) => (header, body),
            other => return Some(Err(Failed::Broken(self.lost(other, what)))),
        };
        let shown = clean(&header.to_string(), 80);
        let message = match serde_json::from_value::<FromProgram>(header) {
            Ok(message) => message,
            Err(error) => {
                let message = format!("wrote the header `{shown}` in {what}: {error}");
                return Some(Err(Failed::Broken(self.broken(&message))));
            }
        };
        match message {
            FromProgram::Progress { share, what } => {
                // Whether the call was cancelled is looked at in one place, the loop above.
                let _ = control.progress(share.clamp(0.0, 1.0), &clean(&what, 200));
                None
            }
            FromProgram::Warn { message } => {
                control.warn(&clean(&message, 500));
                None
            }
            FromProgram::Error { call: of, code, message, retry_after_ms }
                if of.is_none_or(|of| of == call) =>
            {
                Some(Err(Failed::Reported(reported(&code, &message, retry_after_ms))))
            }
            FromProgram::Done { call: of } | FromProgram::Answers { call: of } if of == call => {
                Some(Ok((message, body)))
            }
            FromProgram::Hello { .. } if call == 0 => Some(Ok((message, body))),
            _ => {
                let message = format!("wrote `{shown}` in {what}, which is call {call}");
                Some(Err(Failed::Broken(self.broken(&message))))
            }
        }
    }

    /// The error of an output that ended or is no frame.
    fn lost(&mut self, event: std::result::Result<Event, RecvTimeoutError>, what: &str) -> Error {
        match event {
            Ok(Event::Garbage(found)) => self.broken(&format!(
                "wrote {found} to its standard output in {what}, where only frames may go \
                 (print to standard error instead)"
            )),
            Ok(Event::Cut(place)) => {
                self.death(what, &format!(", in the middle of a frame, {place}"))
            }
            _ => self.death(what, ""),
        }
    }

    /// An error that names the program and what it said last.
    fn broken(&self, what: &str) -> Error {
        let message = format!("program `{}` {what}{}", self.shown, self.tail.last_words());
        Error::External { message, retry_after_ms: 0 }
    }

    /// What became of a program whose output ended.
    fn death(&mut self, what: &str, place: &str) -> Error {
        self.wait_for_end(Instant::now() + LAST_GASP);
        let ran = self.runs();
        let status = self.end();
        let how = match status.filter(|_| !ran) {
            Some(status) => ended(status),
            None => "closed its standard output".to_owned(),
        };
        self.broken(&format!("{how} in {what}{place}"))
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Kills it with everything it started, and reaps it. Only the first time: the number of a
    /// reaped process may belong to another.
    fn end(&mut self) -> Option<ExitStatus> {
        if self.reaped {
            return None;
        }
        self.reaped = true;
        if let Some(group) = self.pid() {
            // An empty group is an error that does not matter.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

impl Failed {
    pub(crate) fn error(self) -> Error {
        match self {
            Self::Reported(error) | Self::Broken(error) => error,
        }
    }
}

/// How a program ended, in words.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Most time for programs that were told to end.
pub(crate) fn end_of_grace() -> Instant {
    Instant::now() + GRACE
}

fn in_background(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name(format!("process {name}")).spawn(work);
    thread.map(drop).map_err(|e| Error::External {
        message: format!("no thread for the program's pipes: {e}"),
        retry_after_ms: 0,
    })
}

/// Writes queued frames until the queue or the pipe is closed.
fn write_all(mut stdin: ChildStdin, frames: &Receiver<Vec<u8>>) {
    while let Ok(frame) = frames.recv() {
        if stdin.write_all(&frame).is_err() {
            return;
        }
    }
}

/// Reads frames until the output ends, breaks, or nobody wants them.
fn read_all(stdout: ChildStdout, events: &SyncSender<Event>) {
    let mut stdout = BufReader::with_capacity(64 << 10, stdout);
    loop {
        let event = frame::read(&mut stdout);
        let goes_on = matches!(event, Event::Frame(..));
        if events.send(event).is_err() || !goes_on {
            return;
        }
    }
}
