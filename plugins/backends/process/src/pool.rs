//! The copies of a program, and which of them is free.

use crate::{
    config::Settings,
    message::ToProgram,
    program::{Failed, Program, end_of_grace},
    table,
};
use pilotbench_plugin_sdk::{Control, Error, Pilot, Result, arrow_array::RecordBatch};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How often a call that waits for a free copy asks whether it was cancelled.
const POLL: Duration = Duration::from_millis(20);

/// The copies of a program.
pub(crate) struct Pool {
    settings: Settings,
    state: Mutex<State>,
    freed: Condvar,
    /// Numbers of calls and handles; 0 is the greeting.
    next: AtomicU64,
}

#[derive(Default)]
struct State {
    idle: Vec<Program>,
    /// Copies that run, idle or not.
    running: usize,
    /// Handles that were not released.
    alive: BTreeSet<u64>,
}

/// What is needed to learn from a pilot again, after a program had to be replaced or by another
/// copy.
pub(crate) struct Learned {
    pool: Arc<Pool>,
    handle: u64,
    pilot: RecordBatch,
    seed: u64,
    experiment: Value,
}

impl Pool {
    /// Starts the first copy: a command that does not work should be known before the work begins.
    pub(crate) fn open(settings: Settings) -> Result<Arc<Self>> {
        let first = Program::start(&settings, &Control::none())?;
        let state = State { idle: vec![first], running: 1, alive: BTreeSet::new() };
        let (state, freed, next) = (Mutex::new(state), Condvar::new(), AtomicU64::new(1));
        Ok(Arc::new(Self { settings, state, freed, next }))
    }

    /// Lets one copy learn from a pilot.
    pub(crate) fn adapt(self: &Arc<Self>, pilot: &Pilot, control: &Control) -> Result<Learned> {
        let mut params: Value = serde_json::from_str(&pilot.params())
            .map_err(|e| Error::BadInput(format!("parameters of adapt: {e}")))?;
        let learned = Learned {
            pool: Arc::clone(self),
            handle: self.number(),
            pilot: pilot.batch().clone(),
            seed: pilot.seed,
            experiment: params["experiment"].take(),
        };
        self.state().alive.insert(learned.handle);
        let mut lease = self.lease(learned.handle, control)?;
        lease.run(|program| learned.teach(program, control))?;
        Ok(learned)
    }

    /// Lets a copy answer; the bytes of the table of answers.
    pub(crate) fn respond(
        &self,
        learned: &Learned,
        requests: &RecordBatch,
        control: &Control,
    ) -> Result<Vec<u8>> {
        let body = table::encode(requests)?;
        let mut lease = self.lease(learned.handle, control)?;
        lease.run(|program| {
            if !program.knows(learned.handle) {
                learned.teach(program, control)?;
            }
            let call = (self.number(), learned.handle);
            program.respond(call, &body, self.settings.timeout, control)
        })
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Poisoning is ignored: the state is never left half-changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy for one call: one that knows the handle, else an idle one, else a new one, else the
    /// next that becomes free.
    fn lease(&self, handle: u64, control: &Control) -> Result<Lease<'_>> {
        let mut state = self.state();
        loop {
            let knows = state.idle.iter().position(|program| program.knows(handle));
            let index = knows.or(state.idle.len().checked_sub(1));
            if let Some(program) = index.map(|index| state.idle.swap_remove(index)) {
                if program.runs() {
                    return Ok(Lease { pool: self, program: Some(program) });
                }
                // It died while nobody asked it anything: no call failed, the next copy goes on.
                state.running -= 1;
                continue;
            }
            if state.running < self.settings.processes {
                state.running += 1;
                drop(state);
                // Should the start fail, dropping the lease gives the place back.
                let mut lease = Lease { pool: self, program: None };
                lease.program = Some(Program::start(&self.settings, control)?);
                return Ok(lease);
            }
            control.check()?;
            let waited = self.freed.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn release(&self, handle: u64) {
        let mut state = self.state();
        state.alive.remove(&handle);
        state.idle.iter_mut().for_each(|program| program.release(handle));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.idle.iter_mut().for_each(Program::say_bye);
        let until = end_of_grace();
        state.idle.iter().for_each(|program| program.wait_for_end(until));
    }
}

/// A copy in use. Dropped, it goes back to the idle ones, or ends when it was found broken or the
/// call panicked.
struct Lease<'a> {
    pool: &'a Pool,
    program: Option<Program>,
}

impl Lease<'_> {
    /// Runs one call.
    fn run<T>(
        &mut self,
        call: impl FnOnce(&mut Program) -> std::result::Result<T, Failed>,
    ) -> Result<T> {
        // Taken out, so that an unwinding call drops, and so ends, the program.
        let Some(mut program) = self.program.take() else {
            return Err(Error::Computation("a call without a program".into()));
        };
        let outcome = call(&mut program);
        if !matches!(outcome, Err(Failed::Broken(_))) {
            self.program = Some(program);
        }
        outcome.map_err(Failed::error)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        match self.program.take() {
            None => state.running -= 1,
            Some(mut program) => {
                let dead: Vec<u64> = program.known().filter(|h| !state.alive.contains(h)).collect();
                dead.into_iter().for_each(|handle| program.release(handle));
                state.idle.push(program);
            }
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}

impl Learned {
    /// Lets a program learn from the pilot.
    fn teach(&self, program: &mut Program, control: &Control) -> std::result::Result<(), Failed> {
        let body = table::encode(&self.pilot).map_err(Failed::Reported)?;
        let (call, seed) = (self.pool.number(), self.seed.to_string());
        let experiment = &self.experiment;
        let message = ToProgram::Adapt { call, handle: self.handle, seed, experiment };
        program.adapt(&message, &body, self.pool.settings.timeout, control)
    }
}

impl Drop for Learned {
    fn drop(&mut self) {
        self.pool.release(self.handle);
    }
}
