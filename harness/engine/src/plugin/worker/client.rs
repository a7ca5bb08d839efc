//! One living worker, and the calls that are made to it.

use super::{
    channel::{Channel, Silence},
    message::{Described, Event, Request, Start, shortened},
    process::{Process, ending},
    settings::WorkerSettings,
    shared::{Lengths, Received, Shared, Slate},
};
use crate::{
    fault::{Fault, FaultKind},
    plugin::{call::Watch, file::PluginFile},
};
use arrow_array::RecordBatch;
use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a waiting caller looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);
/// How long a plugin that was told to stop may take.
const GRACE: Duration = Duration::from_secs(2);

/// A worker that is running.
pub(in crate::plugin) struct Worker {
    name: String,
    process: Process,
    patience: Duration,
    /// Over it come the first call and new lanes; its end tells the worker to end.
    control: Mutex<Channel>,
    lanes: Mutex<Lanes>,
    lane_is_free: Condvar,
    in_flight: AtomicUsize,
    death: OnceLock<Death>,
    /// What keeps the plugin from the rest of the machine.
    pub(in crate::plugin) isolation: String,
    /// What the plugin says of itself.
    pub(in crate::plugin) described: Described,
}

/// A way to the worker for one caller at a time.
struct Lane {
    channel: Channel,
    /// What goes there.
    call: Slate,
    /// What comes back.
    answer: Slate,
}

/// The lanes that nobody uses, and how many more may be made. So many calls are made at once as
/// the plugin may have threads.
struct Lanes {
    free: Vec<Lane>,
    more: usize,
}

/// What goes along with a request.
pub(super) enum Load<'a> {
    Nothing,
    /// Written before, for several calls.
    Shared(&'a Shared),
    /// The same beside a reference.
    Beside(&'a Shared, &'a Shared),
    /// A text and a table for this call alone; the request is made from their lengths.
    Table(&'a str, &'a RecordBatch),
}

/// How a worker ended.
#[derive(Debug, Clone)]
struct Death {
    words: String,
    output: String,
}

/// What a worker answered.
pub(super) enum Answer {
    Handle(u64),
    Parts(Received),
    Nothing,
}

/// Why a call has no answer.
pub(super) enum Failed {
    /// The plugin says so, or the host stopped it.
    Said(Fault),
    /// The worker ended.
    Died {
        fault: Fault,
        /// Whether this was the only call in flight, and so the one to blame.
        alone: bool,
    },
}

impl Failed {
    /// The fault, whoever is to blame.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Said(fault) | Self::Died { fault, .. } => fault,
        }
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Said(fault)
    }
}

/// What came of waiting on a lane.
enum Heard {
    Event(Event, Vec<OwnedFd>),
    Failed(Fault),
    Lost(String),
    /// Killed by us, who had told it to stop.
    Killed(Reason),
}

/// Why a call was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Stopped,
    Silent,
}

impl Worker {
    /// Starts a worker for a plugin; opens what `start` says.
    pub(super) fn start(
        settings: &WorkerSettings,
        file: &PluginFile,
        start: &Start,
        name: &str,
        folder: tempfile::TempDir,
        watch: &dyn Watch,
    ) -> std::result::Result<Self, Failed> {
        let (control, theirs) = Channel::pair().map_err(|e| Fault::plugin("worker", e))?;
        control.set_patience(LOOK).map_err(|e| Fault::plugin("worker", e))?;
        let process = Process::start(settings, (&file.needs, start.chosen()), theirs, folder)?;
        let mut worker = Self {
            name: name.to_owned(),
            process,
            patience: settings.patience,
            control: Mutex::new(control),
            lanes: Mutex::new(Lanes { free: Vec::new(), more: settings.threads.max(1) }),
            lane_is_free: Condvar::new(),
            in_flight: AtomicUsize::new(0),
            death: OnceLock::new(),
            isolation: String::new(),
            described: Described::default(),
        };
        let text = serde_json::to_string(start).map_err(|e| Fault::plugin("worker", e))?;
        let shared = Shared::write(&text, &[])?;
        let request = Request::Start { lengths: shared.lengths().to_vec() };
        file.check_unchanged()?;
        let with = [file.opened.file().as_fd(), shared.memory()];
        let ready = worker.exchange(&worker.control(), "open", &request, &with, watch)?;
        let (Event::Ready { isolation, lengths }, [memory]) = (ready.0, ready.1.as_slice()) else {
            return Err(worker.garbled("open").into());
        };
        let described = Received::read(memory, lengths)?.text()?;
        worker.described = serde_json::from_str(&described)
            .map_err(|e| Fault::plugin(&worker.name, format!("its description is wrong: {e}")))?;
        worker.isolation = isolation;
        Ok(worker)
    }

    /// Memory of the process.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        crate::plugin::resident_bytes(self.process.pid())
    }

    /// Makes a call and waits for its answer. `request` is given the lengths of what goes along.
    pub(super) fn call(
        &self,
        call: &str,
        request: impl FnOnce(Lengths) -> Request,
        load: &Load,
        watch: &dyn Watch,
    ) -> std::result::Result<Answer, Failed> {
        let lane = self.lane(call)?;
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let answer = self.call_on(&lane, call, request, load, watch);
        if !matches!(answer, Err(Failed::Died { .. })) {
            // A call that a death ended stays counted: so the others that it ended know of it.
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            self.lanes().free.push(lane);
            self.lane_is_free.notify_one();
        }
        answer
    }

    fn call_on(
        &self,
        lane: &Lane,
        call: &str,
        request: impl FnOnce(Lengths) -> Request,
        load: &Load,
        watch: &dyn Watch,
    ) -> std::result::Result<Answer, Failed> {
        let (lengths, with) = match load {
            Load::Nothing => (Lengths::new(), vec![]),
            Load::Shared(shared) => (shared.lengths().to_vec(), vec![shared.memory()]),
            Load::Beside(reference, shared) => {
                (shared.lengths().to_vec(), vec![reference.memory(), shared.memory()])
            }
            Load::Table(text, table) => (lane.call.write(text, &[table])?, vec![]),
        };
        let request = request(lengths);
        match self.exchange(&lane.channel, call, &request, &with, watch)?.0 {
            Event::Learned { handle } => Ok(Answer::Handle(handle)),
            Event::Done => Ok(Answer::Nothing),
            Event::Reply { lengths } => {
                Ok(Answer::Parts(Received::read(lane.answer.memory(), lengths)?))
            }
            _ => Err(self.garbled(call).into()),
        }
    }

    /// Sends a request and hears the worker out.
    fn exchange(
        &self,
        lane: &Channel,
        call: &str,
        request: &Request,
        with: &[BorrowedFd],
        watch: &dyn Watch,
    ) -> std::result::Result<(Event, Vec<OwnedFd>), Failed> {
        if lane.send(request, with).is_err() {
            return Err(self.died(call, None));
        }
        match self.listen(lane, call, watch) {
            Heard::Failed(fault) => Err(Failed::Said(fault)),
            Heard::Event(event, with) => Ok((event, with)),
            Heard::Lost(words) => Err(self.died(call, (!words.is_empty()).then_some(words))),
            Heard::Killed(Reason::Silent) => {
                let words = format!(
                    "gave no sign of life for {} s and did not stop when told to; killed",
                    self.patience.as_secs_f64()
                );
                Err(self.died(call, Some(words)))
            }
            Heard::Killed(Reason::Stopped) => {
                let _ = self.died(call, Some("was stopped".to_owned()));
                let place = format!("{}.{call}", self.name);
                Err(Failed::Said(Fault::new(FaultKind::Interrupted, place, "was stopped")))
            }
        }
    }

    fn listen(&self, lane: &Channel, call: &str, watch: &dyn Watch) -> Heard {
        let mut alive = Instant::now();
        let mut told: Option<(Instant, Reason)> = None;
        loop {
            match lane.receive() {
                Ok((Event::Progress { share, what }, _)) => {
                    alive = Instant::now();
                    watch.progress(share, &what);
                }
                Ok((Event::Log { level, text }, _)) => watch.log(level, &text),
                Ok((Event::Failed(failure), _)) => {
                    return Heard::Failed(self.stopped_for(call, failure.fault(), told));
                }
                Ok((event, with)) => return Heard::Event(event, with),
                Err(Silence::Closed) => return Heard::Lost(String::new()),
                Err(Silence::Garbage(what)) => {
                    return Heard::Lost(format!("sent what is no message ({})", shortened(&what)));
                }
                Err(Silence::Nothing) => {}
            }
            let reason = match told {
                Some((since, reason)) if since.elapsed() > GRACE => {
                    self.process.kill();
                    return Heard::Killed(reason);
                }
                Some(_) => continue,
                None if watch.is_stopped() => Reason::Stopped,
                None if alive.elapsed() > self.patience => Reason::Silent,
                None => continue,
            };
            told = Some((Instant::now(), reason));
            // A worker that is gone is noticed when listening.
            let _ = lane.send(&Request::Cancel, &[]);
        }
    }

    /// A plugin that stopped because it had been silent has failed; one that stopped because the
    /// host was told to has not.
    fn stopped_for(&self, call: &str, fault: Fault, told: Option<(Instant, Reason)>) -> Fault {
        if fault.kind != FaultKind::Interrupted || !matches!(told, Some((_, Reason::Silent))) {
            return fault;
        }
        let message = format!(
            "gave no sign of life for {} s; it stopped when told to",
            self.patience.as_secs_f64()
        );
        Fault::plugin(format!("{}.{call}", self.name), message)
            .hint("a plugin that works long reports progress; --patience allows more")
    }

    /// A free lane, or a new one where there may be more.
    fn lane(&self, call: &str) -> std::result::Result<Lane, Failed> {
        let mut lanes = self.lanes();
        while lanes.free.is_empty() && lanes.more == 0 {
            let waited = self.lane_is_free.wait_timeout(lanes, LOOK);
            lanes = waited.unwrap_or_else(PoisonError::into_inner).0;
            if self.is_dead() {
                return Err(self.unasked(call));
            }
        }
        if let Some(lane) = lanes.free.pop() {
            return Ok(lane);
        }
        lanes.more -= 1;
        drop(lanes);
        let fault = |e: rustix::io::Errno| Fault::plugin("worker", format!("no more sockets: {e}"));
        let (channel, theirs) = Channel::pair().map_err(fault)?;
        channel.set_patience(LOOK).map_err(fault)?;
        let lane = Lane { channel, call: Slate::new()?, answer: Slate::new()? };
        let with = [theirs.as_fd(), lane.call.memory(), lane.answer.memory()];
        match self.control().send(&Request::Lane, &with) {
            Ok(()) => Ok(lane),
            Err(_) => Err(self.unasked(call)),
        }
    }

    /// The worker died before this call was made: others are to blame.
    fn unasked(&self, call: &str) -> Failed {
        match self.died(call, None) {
            Failed::Died { fault, .. } => Failed::Died { fault, alone: false },
            said => said,
        }
    }

    /// What became of a worker that is gone. The first to notice takes its status.
    fn died(&self, call: &str, words: Option<String>) -> Failed {
        let alone = self.in_flight.load(Ordering::SeqCst) <= 1;
        let death = self.death.get_or_init(|| {
            let status = self.process.reap(if words.is_some() { Duration::ZERO } else { GRACE });
            let output = self.process.output();
            Death { words: words.unwrap_or_else(|| ending(status, &output)), output }
        });
        // Rust's advice after a message is not the message.
        let says = |line: &&str| !line.is_empty() && !line.starts_with("note: ");
        let last = death.output.lines().map(str::trim).rfind(says);
        let last =
            last.map_or(String::new(), |line| format!("; its last words: {}", shortened(line)));
        let place = format!("{}.{call}", self.name);
        let message = format!("the worker {}{last}", death.words);
        let fault = Fault::new(FaultKind::Died, place, message);
        Failed::Died { fault: fault.output(&death.output), alone }
    }

    /// Whether it has ended, as far as anybody noticed.
    pub(super) fn is_dead(&self) -> bool {
        self.death.get().is_some()
    }

    /// The answer is not one to what was asked.
    pub(super) fn garbled(&self, call: &str) -> Fault {
        Fault::plugin(format!("{}.{call}", self.name), "the worker's answer is of the wrong kind")
    }

    fn control(&self) -> MutexGuard<'_, Channel> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // With its sockets closed the worker closes the plugin and ends.
        self.lanes().free.clear();
        if let Ok((unconnected, _)) = Channel::pair() {
            *self.control() = unconnected;
        }
        if !self.is_dead() {
            self.process.reap(GRACE);
        }
    }
}
