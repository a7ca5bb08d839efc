//! Plugins in workers as the rest of the engine sees them: calls that survive a death.
//!
//! A worker that dies fails the call that killed it and no other. When several were in flight,
//! nobody knows which one it was: each is made again alone, on a fresh worker, and the guilty one
//! dies a second time. So what fails is a function of the call, whatever the threads.

use super::{
    client::{Answer, Failed, Load, Worker},
    message::{Open, Request, Start},
    settings::WorkerSettings,
    shared::{Lengths, Shared},
};
use crate::{
    fault::{Fault, Result},
    plugin::{
        call::{BackendSession, MetricSession, Tables, Watch},
        file::PluginFile,
    },
};
use arrow_array::RecordBatch;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Deaths in a row, without a call answered between, after which a plugin is given up.
const MOST_DEATHS: u32 = 10;
/// Wait before the second start; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_millis(20);
/// Longest wait before a start.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A plugin with its configuration, and the worker that serves it now.
pub(in crate::plugin) struct Link {
    settings: WorkerSettings,
    file: PluginFile,
    open: Option<Open>,
    name: String,
    state: Mutex<State>,
    /// Held for reading by ordinary calls, for writing by one that is made alone.
    turn: RwLock<()>,
}

#[derive(Default)]
struct State {
    worker: Option<Arc<Worker>>,
    /// How many workers there have been.
    generation: u64,
    /// Since the last answered call.
    deaths: u32,
    last_death: Option<Fault>,
}

impl Link {
    /// A link to a plugin; the worker starts with the first call.
    pub(in crate::plugin) fn new(
        settings: &WorkerSettings,
        file: &PluginFile,
        open: Option<Open>,
    ) -> Self {
        let name = match &open {
            Some(Open::Backend(name, _) | Open::Metric(name, _)) => name.clone(),
            None => file.probe.name.clone(),
        };
        let (settings, file) = (settings.clone(), file.clone());
        Self { settings, file, open, name, state: Mutex::default(), turn: RwLock::new(()) }
    }

    /// The worker, started when there is none.
    pub(in crate::plugin) fn worker(&self) -> Result<Arc<Worker>> {
        let nobody = AtomicBool::new(false);
        self.living(&nobody).map(|(worker, _)| worker).map_err(Failed::fault)
    }

    /// The worker that is there, if one is, and which it is.
    fn current(&self) -> Option<(Arc<Worker>, u64)> {
        let state = self.state();
        let worker = state.worker.as_ref().filter(|worker| !worker.is_dead())?;
        Some((Arc::clone(worker), state.generation))
    }

    /// Makes a call; when a death that may have been another's ends it, makes it again alone.
    fn call<T>(
        &self,
        watch: &dyn Watch,
        call: impl Fn(&Worker, u64) -> std::result::Result<T, Failed>,
    ) -> Result<T> {
        let shared = self.turn.read().unwrap_or_else(PoisonError::into_inner);
        let first = self.attempt(watch, &call);
        drop(shared);
        match first {
            Ok(value) => Ok(value),
            Err(Failed::Said(fault) | Failed::Died { fault, alone: true }) => Err(fault),
            Err(Failed::Died { alone: false, .. }) => {
                let _alone = self.turn.write().unwrap_or_else(PoisonError::into_inner);
                self.attempt(watch, &call).map_err(Failed::fault)
            }
        }
    }

    fn attempt<T>(
        &self,
        watch: &dyn Watch,
        call: &impl Fn(&Worker, u64) -> std::result::Result<T, Failed>,
    ) -> std::result::Result<T, Failed> {
        let (worker, generation) = self.living(watch)?;
        let outcome = call(&worker, generation);
        if let Err(Failed::Died { fault, .. }) = &outcome {
            self.bury(generation, fault);
        }
        outcome
    }

    /// Forgets a dead worker, once.
    fn bury(&self, generation: u64, fault: &Fault) {
        let mut state = self.state();
        if state.generation == generation && state.worker.take().is_some() {
            state.deaths += 1;
            state.last_death = Some(fault.clone());
        }
    }

    /// A call was answered: what died before is forgotten.
    fn thrives(&self) {
        self.state().deaths = 0;
    }

    fn living(&self, watch: &dyn Watch) -> std::result::Result<(Arc<Worker>, u64), Failed> {
        let mut state = self.state();
        if let Some(worker) = state.worker.as_ref().filter(|worker| !worker.is_dead()) {
            return Ok((Arc::clone(worker), state.generation));
        }
        if let Some(last) = state.last_death.as_ref().filter(|_| state.deaths >= MOST_DEATHS) {
            let message = format!("given up after {MOST_DEATHS} deaths in a row; {}", last.message);
            return Err(Failed::Said(Fault { message, ..last.clone() }));
        }
        if state.deaths > 0 {
            let wait = FIRST_WAIT.saturating_mul(1 << (state.deaths - 1).min(10));
            std::thread::sleep(wait.min(LONGEST_WAIT));
        }
        // Killed on the way, it is the next generation all the same.
        state.generation += 1;
        match self.start(watch) {
            Ok(worker) => {
                let worker = Arc::new(worker);
                state.worker = Some(Arc::clone(&worker));
                Ok((worker, state.generation))
            }
            Err(failed) => {
                if let Failed::Died { fault, .. } = &failed {
                    state.deaths += 1;
                    state.last_death = Some(fault.clone());
                }
                Err(failed)
            }
        }
    }

    fn start(&self, watch: &dyn Watch) -> std::result::Result<Worker, Failed> {
        let folder = tempfile::Builder::new().prefix("pilotbench-worker-").tempdir();
        let folder =
            folder.map_err(|e| Fault::plugin("worker", format!("no folder for it: {e}")))?;
        let none = Value::Null;
        let chosen = match &self.open {
            Some(Open::Backend(_, settings) | Open::Metric(_, settings)) => settings,
            None => &none,
        };
        let mut limits = self.settings.limits(&self.file.needs, chosen, folder.path());
        if self.file.looks_beside_itself {
            limits.read.extend(self.file.path.parent().map(std::path::Path::to_owned));
        }
        let start = Start {
            path: self.file.path.display().to_string(),
            looks_beside_itself: self.file.looks_beside_itself,
            plugin: self.file.probe.name.clone(),
            open: self.open.clone(),
            limits,
        };
        Worker::start(&self.settings, &self.file, &start, &self.name, folder, watch)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.state().worker.as_ref()?.resident_bytes()
    }

    /// Makes a call that is answered by a table.
    fn table(
        &self,
        worker: &Worker,
        call: &str,
        request: impl FnOnce(Lengths) -> Request,
        load: &Load,
        watch: &dyn Watch,
    ) -> std::result::Result<RecordBatch, Failed> {
        match worker.call(call, request, load, watch)? {
            Answer::Parts(mut parts) => {
                parts.text().and_then(|_| parts.table()).map_err(|fault| self.placed(call, fault))
            }
            _ => Err(worker.garbled(call).into()),
        }
    }

    /// A fault of reading what came, with the call it is of.
    fn placed(&self, call: &str, fault: Fault) -> Failed {
        let place = format!("{}.{call}: {}", self.name, fault.place);
        Failed::Said(Fault { place, ..fault })
    }
}

/// A backend in a worker.
pub(in crate::plugin) struct WorkerBackend {
    link: Arc<Link>,
    learned: Mutex<HashMap<u64, Arc<Learned>>>,
    next: AtomicU64,
}

/// What a handle of the host stands for: a pilot, and where it was learned last. A fresh worker
/// learns it again.
struct Learned {
    pilot: Shared,
    at: Mutex<Option<(u64, u64)>>,
}

impl WorkerBackend {
    /// The backend of a link.
    pub(in crate::plugin) fn new(link: Arc<Link>) -> Self {
        Self { link, learned: Mutex::default(), next: AtomicU64::new(1) }
    }

    fn learned(&self) -> MutexGuard<'_, HashMap<u64, Arc<Learned>>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker's handle for a pilot; learned now when this worker does not know it.
    fn handle(
        &self,
        worker: &Worker,
        generation: u64,
        learned: &Learned,
        watch: &dyn Watch,
    ) -> std::result::Result<u64, Failed> {
        let mut at = learned.at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, handle)) = *at
            && known == generation
        {
            return Ok(handle);
        }
        let request = |lengths| Request::Adapt { lengths };
        match worker.call("adapt", request, &Load::Shared(&learned.pilot), watch)? {
            Answer::Handle(handle) => {
                *at = Some((generation, handle));
                Ok(handle)
            }
            _ => Err(worker.garbled("adapt").into()),
        }
    }
}

impl BackendSession for WorkerBackend {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Result<u64> {
        let learned = Learned { pilot: Shared::write(params, &[&pilot])?, at: Mutex::default() };
        self.link.call(watch, |worker, generation| {
            self.handle(worker, generation, &learned, watch).map(|_| ())
        })?;
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        self.learned().insert(handle, Arc::new(learned));
        Ok(handle)
    }

    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        watch: &dyn Watch,
    ) -> Result<RecordBatch> {
        let learned = self.learned().get(&handle).cloned();
        let learned = learned.ok_or_else(|| unknown(&self.link.name, "respond", handle))?;
        let reply = self.link.call(watch, |worker, generation| {
            let handle = self.handle(worker, generation, &learned, watch)?;
            let request = |lengths| Request::Respond { handle, lengths };
            let load = Load::Table(params, &requests);
            self.link.table(worker, "respond", request, &load, watch)
        })?;
        self.link.thrives();
        Ok(reply)
    }

    fn release(&self, handle: u64) -> Result<()> {
        let learned = self.learned().remove(&handle);
        let learned = learned.ok_or_else(|| unknown(&self.link.name, "release", handle))?;
        let at = *learned.at.lock().unwrap_or_else(PoisonError::into_inner);
        // Not while another call is made alone: it would be blamed for what happens here.
        let _turn = self.link.turn.read().unwrap_or_else(PoisonError::into_inner);
        // What a dead worker knew needs no releasing.
        let (Some((known, handle)), Some((worker, generation))) = (at, self.link.current()) else {
            return Ok(());
        };
        if known != generation {
            return Ok(());
        }
        let nobody = AtomicBool::new(false);
        let request = |_| Request::Release { handle };
        match worker.call("release", request, &Load::Nothing, &nobody) {
            Ok(_) => Ok(()),
            Err(Failed::Said(fault)) => Err(fault),
            // The answers are there, and what was to be forgotten is gone: nothing has failed. But
            // it is said, for the plugin is not sound.
            Err(Failed::Died { fault, .. }) => {
                self.link.bury(generation, &fault);
                nobody.log(2, &format!("{}: {}", fault.place, fault.message));
                Ok(())
            }
        }
    }

    fn usage(&self) -> Result<String> {
        let nobody = AtomicBool::new(false);
        self.link.call(&nobody, |worker, _| {
            match worker.call("usage", |_| Request::Usage, &Load::Nothing, &nobody)? {
                Answer::Parts(mut parts) => {
                    parts.text().map_err(|fault| self.link.placed("usage", fault))
                }
                _ => Err(worker.garbled("usage").into()),
            }
        })
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.link.resident_bytes()
    }
}

fn unknown(name: &str, call: &str, handle: u64) -> Fault {
    Fault::plugin(format!("{name}.{call}"), format!("unknown handle: handle {handle} is unknown"))
}

/// A metric in a worker.
pub(in crate::plugin) struct WorkerMetric {
    link: Arc<Link>,
}

impl WorkerMetric {
    /// The metric of a link.
    pub(in crate::plugin) fn new(link: Arc<Link>) -> Self {
        Self { link }
    }
}

impl MetricSession for WorkerMetric {
    fn evaluate(&self, tables: &Tables, watch: &dyn Watch) -> Result<RecordBatch> {
        let (reference, shared) = (tables.reference.shared()?, tables.shared()?);
        let reply = self.link.call(watch, |worker, _| {
            let request = |lengths| Request::Evaluate {
                reference: tables.reference.number,
                reference_lengths: reference.lengths().to_vec(),
                lengths,
            };
            let load = Load::Beside(reference, shared);
            self.link.table(worker, "evaluate", request, &load, watch)
        })?;
        self.link.thrives();
        Ok(reply)
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.link.resident_bytes()
    }
}
