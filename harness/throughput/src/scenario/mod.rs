//! The ways to ask: everything at once, one after the other, and as it comes in.

mod offline;
mod server;
mod single;

pub(crate) use offline::offline;
pub(crate) use server::{Arriving, Served, server};
pub(crate) use single::single;

use pilotbench_engine::fault::Result;

/// When a scenario ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) seconds: f64,
    pub(crate) count: usize,
    /// Every request once at most: of a backend that answers repeated ones from what it kept.
    pub(crate) once: bool,
}

impl Limits {
    /// Whether enough was asked for long enough.
    fn are_met(&self, seconds: f64, count: usize) -> bool {
        seconds >= self.seconds && count >= self.count
    }
}

/// What came of a scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timed {
    pub(crate) answers: usize,
    pub(crate) seconds: f64,
    /// Seconds, where requests are made one by one.
    pub(crate) latencies: Vec<f64>,
}

impl Timed {
    pub(crate) fn rate(&self) -> f64 {
        self.answers as f64 / self.seconds.max(1e-9)
    }

    /// The rules that it breaks.
    pub(crate) fn shortcomings(&self, limits: &Limits) -> Vec<String> {
        let mut found = Vec::new();
        if self.seconds < limits.seconds {
            found.push(format!("lasted less than {} s", limits.seconds));
        }
        if self.answers < limits.count {
            found.push(format!("fewer than {} answers", limits.count));
        }
        found
    }
}

/// Does the same on so many threads; the first fault of any.
fn at_once<T: Send>(callers: usize, work: impl Fn() -> Result<T> + Sync) -> Result<Vec<T>> {
    let work = &work;
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..callers.max(1)).map(|_| scope.spawn(work)).collect();
        let join = |one: std::thread::ScopedJoinHandle<'_, Result<T>>| {
            one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        all.into_iter().map(join).collect()
    })
}
