//! A method that has learned from its pilot: what a replicate is before its interviews. Whoever
//! measures a method teaches it in the same way as a run.

use super::{
    learned::Learned,
    replicate::Participants,
    reveal::{adapt_params, revealed},
};
use crate::{
    adapter::{Choice, Revelation},
    experiment::Experiment,
    fault::Result,
    interview::Interview,
    plan::{PlannedMethod, Replicate},
    plugin::BackendSession,
    record::Adapted,
};
use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

/// A method that is ready to be asked.
pub struct Taught<'a> {
    /// The interview with everybody who is asked.
    pub interview: Interview<'a>,
    /// What the backend learned goes by this.
    pub handle: u64,
    /// What the host learned.
    pub facts: Option<Adapted>,
    /// How long learning took.
    pub took: Duration,
}

/// Teaches a method, has `work` ask it, and forgets what it learned. What the host learns, it learns
/// by asking `asked`, which stands before the backend.
///
/// # Errors
/// What the backend reports, or `work`.
pub fn taught<T>(
    experiment: &Experiment,
    (method, replicate): (&PlannedMethod, &Replicate),
    Participants { revelation, pilot }: &Participants,
    (backend, asked): (&dyn BackendSession, &dyn BackendSession),
    stop: &AtomicBool,
    work: impl FnOnce(Taught) -> Result<T>,
) -> Result<T> {
    let design = &experiment.design;
    let choice = Choice::of(&method.adapter)?;
    let seed = crate::random::key(&["backend", &replicate.id]);
    let params = adapt_params(design, seed, &choice);
    let started = Instant::now();
    // Where the host learns, the backend sees nobody.
    let nobody = Revelation::nobody();
    let seen = if choice.is_backends() { revelation } else { &nobody };
    let seen = revealed(experiment, seen, method.facts.needs_messages);
    let handle = backend.adapt(seen, &params, stop)?;
    let people = experiment.people.take(&revelation.asked);
    let interview = Interview {
        with_messages: method.facts.needs_messages,
        at_once: method.facts.people_per_call,
        ..Interview::new(design, &people, replicate.seed)
    };
    let ask = || {
        let learned = Learned::from(&choice, experiment, pilot, &interview, (asked, handle), stop)?;
        let took = started.elapsed();
        let interview = learned.told_to(&interview);
        work(Taught { interview, handle, facts: learned.facts.clone(), took })
    };
    let done = ask();
    let released = backend.release(handle);
    let done = done?;
    released?;
    Ok(done)
}
