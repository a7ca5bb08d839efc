//! One living worker, and the calls that are made to it.

use super::{
    channel::{Channel, Silence},
    message::{Described, Event, Request, Start, shortened},
    process::{Process, ending},
    settings::WorkerSettings,
    shared::{Received, Shared},
};
use crate::{
    fault::{Fault, FaultKind},
    plugin::{call::Watch, file::PluginFile},
};
use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
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
    lanes: Mutex<Vec<Channel>>,
    in_flight: AtomicUsize,
    death: OnceLock<Death>,
    /// What keeps the plugin from the rest of the machine.
    pub(in crate::plugin) isolation: String,
    /// What the plugin says of itself.
    pub(in crate::plugin) described: Described,
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

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Said(fault)
    }
}

/// What came of waiting on a lane.
enum Heard {
    Event(Event, Vec<OwnedFd>),
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
        let process = Process::start(settings, &file.needs, theirs, folder)?;
        let mut worker = Self {
            name: name.to_owned(),
            process,
            patience: settings.patience,
            control: Mutex::new(control),
            lanes: Mutex::default(),
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
        let described = Received::map(memory, lengths)?.text()?;
        worker.described = serde_json::from_str(&described)
            .map_err(|e| Fault::plugin(&worker.name, format!("its description is wrong: {e}")))?;
        worker.isolation = isolation;
        Ok(worker)
    }

    /// Memory of the process.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        crate::plugin::resident_bytes(self.process.pid())
    }

    /// Makes a call and waits for its answer.
    pub(super) fn call(
        &self,
        call: &str,
        request: &Request,
        shared: Option<&Shared>,
        watch: &dyn Watch,
    ) -> std::result::Result<Answer, Failed> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let lane = self.lane(call)?;
        let with: Vec<BorrowedFd> = shared.map(Shared::memory).into_iter().collect();
        let answer = self.exchange(&lane, call, request, &with, watch);
        if !matches!(answer, Err(Failed::Died { .. })) {
            // A call that a death ended stays counted: so the others that it ended know of it.
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            self.lanes().push(lane);
        }
        match answer? {
            (Event::Learned { handle }, _) => Ok(Answer::Handle(handle)),
            (Event::Done, _) => Ok(Answer::Nothing),
            (Event::Reply { lengths }, memory) => match memory.as_slice() {
                [memory] => Ok(Answer::Parts(Received::map(memory, lengths)?)),
                _ => Err(self.garbled(call).into()),
            },
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
            Heard::Event(Event::Failed(failure), _) => Err(Failed::Said(failure.fault())),
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
                Ok((Event::Failed(failure), with)) => {
                    return Heard::Event(self.stopped_for(call, failure.fault(), told), with);
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
    fn stopped_for(&self, call: &str, fault: Fault, told: Option<(Instant, Reason)>) -> Event {
        let fault = match (fault.kind, told) {
            (FaultKind::Interrupted, Some((_, Reason::Silent))) => Fault::plugin(
                format!("{}.{call}", self.name),
                format!(
                    "gave no sign of life for {} s; it stopped when told to",
                    self.patience.as_secs_f64()
                ),
            )
            .hint("a plugin that works long reports progress; --patience allows more"),
            _ => fault,
        };
        Event::Failed((&fault).into())
    }

    /// A free lane, or a new one.
    fn lane(&self, call: &str) -> std::result::Result<Channel, Failed> {
        if let Some(lane) = self.lanes().pop() {
            return Ok(lane);
        }
        let fault = |e: rustix::io::Errno| Fault::plugin("worker", format!("no more sockets: {e}"));
        let (lane, theirs) = Channel::pair().map_err(fault)?;
        lane.set_patience(LOOK).map_err(fault)?;
        match self.control().send(&Request::Lane, &[theirs.as_fd()]) {
            Ok(()) => Ok(lane),
            Err(_) => Err(self.died(call, None)),
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
        let last = death.output.lines().map(str::trim).rfind(|line| !line.is_empty());
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

    fn garbled(&self, call: &str) -> Fault {
        Fault::plugin(format!("{}.{call}", self.name), "the worker's answer is of the wrong kind")
    }

    fn control(&self) -> MutexGuard<'_, Channel> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // With its sockets closed the worker closes the plugin and ends.
        self.lanes().clear();
        if let Ok((unconnected, _)) = Channel::pair() {
            *self.control() = unconnected;
        }
        if !self.is_dead() {
            self.process.reap(GRACE);
        }
    }
}
