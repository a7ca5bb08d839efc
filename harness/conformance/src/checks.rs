//! How checks are listed, run and kept apart.

use crate::{
    report::{Checked, FORMAT, Kind, Outcome, Report},
    subject::Failure,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

/// A check as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Identifier.
    pub id: &'static str,
    /// The question that it answers.
    pub question: &'static str,
}

/// How much is asked of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Requests in the largest call to a backend.
    pub rows: usize,
    /// Small calls while memory is watched.
    pub calls: usize,
    /// People in the largest comparison by a metric.
    pub people: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 10_000, calls: 1_000, people: 1_000 }
    }
}

impl Options {
    /// For backends whose answers take long or cost money.
    pub fn quick() -> Self {
        Self { rows: 200, calls: 50, people: 200 }
    }
}

/// Why a check did not pass.
pub(crate) enum Stop {
    Failed(String),
    Skipped(String),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.to_string())
    }
}

/// What a check says.
pub(crate) type Verdict = Result<(), Stop>;

/// Fails a check.
pub(crate) fn failed<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(reason.into()))
}

/// Skips a check.
pub(crate) fn skipped<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Skipped(reason.into()))
}

/// A failure, with the place where it came up.
pub(crate) fn during(place: &str) -> impl Fn(Failure) -> Stop + '_ {
    move |failure| Stop::Failed(format!("{place}: {failure}"))
}

/// A check over a workbench `B`.
pub(crate) struct Entry<B> {
    pub(crate) id: &'static str,
    pub(crate) question: &'static str,
    /// What an author does about a failure.
    pub(crate) hint: &'static str,
    /// Checks that must have passed for this one to mean anything.
    pub(crate) needs: &'static [&'static str],
    pub(crate) run: fn(&B) -> Verdict,
}

/// What is reported of.
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) settings: Value,
}

/// Runs checks in order; `step` hears of each before it starts.
pub(crate) fn run<B>(
    target: Target,
    bench: &B,
    entries: &[Entry<B>],
    step: &dyn Fn(&Check),
) -> Report {
    let mut passed: BTreeMap<&str, bool> = BTreeMap::new();
    let mut checks = Vec::with_capacity(entries.len());
    for entry in entries {
        step(&Check { id: entry.id, question: entry.question });
        let started = Instant::now();
        let missing = entry.needs.iter().find(|id| !passed.get(*id).copied().unwrap_or(false));
        let outcome = match missing {
            Some(id) => Outcome::Skipped { reason: format!("{id} did not pass") },
            None => outcome(entry, bench),
        };
        passed.insert(entry.id, outcome == Outcome::Passed);
        checks.push(Checked {
            id: entry.id.to_owned(),
            question: entry.question.to_owned(),
            outcome,
            milliseconds: started.elapsed().as_secs_f64() * 1e3,
        });
    }
    let conforms = !checks.iter().any(|check| matches!(check.outcome, Outcome::Failed { .. }));
    let Target { kind, name, settings } = target;
    Report { format: FORMAT, plugin: None, kind, name, settings, conforms, checks }
}

fn outcome<B>(entry: &Entry<B>, bench: &B) -> Outcome {
    // A panic of ours (an odd reply that we did not think of) is the plugin's failure, and the rest
    // is still checked.
    let verdict = catch_unwind(AssertUnwindSafe(|| (entry.run)(bench)));
    match verdict {
        Ok(Ok(())) => Outcome::Passed,
        Ok(Err(Stop::Skipped(reason))) => Outcome::Skipped { reason },
        Ok(Err(Stop::Failed(reason))) => Outcome::Failed { reason, hint: entry.hint.to_owned() },
        Err(_) => Outcome::Failed {
            reason: "the check itself panicked over what the plugin gave".into(),
            hint: entry.hint.to_owned(),
        },
    }
}

/// The checks of a list, as they are listed.
pub(crate) fn listed<B>(entries: &[Entry<B>]) -> Vec<Check> {
    entries.iter().map(|entry| Check { id: entry.id, question: entry.question }).collect()
}
