//! Offline: all requests are there at once, in the engine's own batches, taken by all callers.

use super::{Limits, Timed, at_once};
use crate::{asking::Asking, requests::Asked};
use pilotbench_engine::fault::Result;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

/// Asks until the limits are met, round and round where they are not.
///
/// # Errors
/// What the backend reports, or that the work was stopped.
pub(crate) fn offline(
    asking: &Asking,
    batches: &[Asked],
    limits: &Limits,
    callers: usize,
) -> Result<Timed> {
    let (next, answers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let began = Instant::now();
    let ends = at_once(callers, || {
        let mut end = 0.0_f64;
        loop {
            asking.check()?;
            let elapsed = began.elapsed().as_secs_f64();
            if limits.are_met(elapsed, answers.load(Ordering::Relaxed)) {
                return Ok(end);
            }
            let at = next.fetch_add(1, Ordering::Relaxed);
            if batches.is_empty() || (limits.once && at >= batches.len()) {
                return Ok(end);
            }
            let batch = &batches[at % batches.len()];
            end = asking.ask(batch)?.duration_since(began).as_secs_f64();
            answers.fetch_add(batch.rows.len(), Ordering::Relaxed);
        }
    })?;
    let seconds = ends.into_iter().fold(0.0, f64::max);
    Ok(Timed { answers: answers.into_inner(), seconds, latencies: Vec::new() })
}
