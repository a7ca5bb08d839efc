//! Any program answers, in any language: the host's tables go to its standard input as Arrow, and
//! its answers come back over its standard output. The protocol is `docs/process-protocol.md`.
//!
//! A program that dies, hangs or writes something else than frames fails the call it was asked in,
//! by name and with its last words; it is killed with everything it started and reaped, and a new
//! copy is started for the next call. What it had learned is rebuilt from the pilot.

mod answers;
mod columns;
mod config;
mod frame;
mod message;
mod pool;
mod program;
mod table;
mod tail;
mod words;

pub use config::ProcessConfig;

use pilotbench_plugin_sdk::prelude::*;
use pool::{Learned, Pool};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A program that answers.
pub struct Process {
    pool: Arc<Pool>,
    answered: AtomicU64,
}

/// What was learned from one pilot: kept by the program, and here as far as it is needed to learn
/// it again.
pub struct Adapted(Learned);

impl Backend for Process {
    const NAME: &'static str = "process";
    type Config = ProcessConfig;
    type Adapted = Adapted;

    fn describe() -> BackendInfo {
        // Nobody knows what a program does, so nothing is promised.
        BackendInfo::new("a program in any language").nondeterministic()
    }

    fn open(config: ProcessConfig) -> Result<Self> {
        let pool = Pool::open(config::Settings::new(config)?)?;
        Ok(Self { pool, answered: AtomicU64::new(0) })
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Adapted> {
        self.pool.adapt(pilot, control).map(Adapted)
    }

    fn respond(
        &self,
        adapted: &Adapted,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let bytes = self.pool.respond(&adapted.0, requests.batch(), control)?;
        let table = table::decode(&bytes).map_err(answers::broken)?;
        answers::hand_on(&table, requests, answers)?;
        self.answered.fetch_add(requests.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn usage(&self) -> Usage {
        Usage { requests: self.answered.load(Ordering::Relaxed), ..Usage::default() }
    }
}

/// As [`Process`], for a program that reads: its requests carry the interview as chat messages.
pub struct ProcessChat(Process);

impl Backend for ProcessChat {
    const NAME: &'static str = "process-chat";
    type Config = ProcessConfig;
    type Adapted = Adapted;

    fn describe() -> BackendInfo {
        let info = BackendInfo::new("a program in any language, asked in words");
        info.needs_messages().nondeterministic()
    }

    fn open(config: ProcessConfig) -> Result<Self> {
        Process::open(config).map(Self)
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Adapted> {
        self.0.adapt(pilot, control)
    }

    fn respond(
        &self,
        adapted: &Adapted,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        self.0.respond(adapted, requests, answers, control)
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}

export_plugin! {
    name: "process",
    backends: [Process, ProcessChat],
    metrics: [],
    needs: ["programs", "env:PATH", "env:HOME", "env:LANG", "env:VIRTUAL_ENV", "env:PYTHONPATH"],
}
