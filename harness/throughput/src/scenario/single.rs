//! Single-stream: one request at a time, the next when the last is answered.

use super::{Limits, Timed};
use crate::{asking::Asking, requests::Asked};
use pilotbench_engine::fault::Result;
use std::time::Instant;

/// Asks until the limits are met, round and round where they are not.
///
/// # Errors
/// What the backend reports, or that the work was stopped.
pub(crate) fn single(asking: &Asking, requests: &[Asked], limits: &Limits) -> Result<Timed> {
    let began = Instant::now();
    let mut timed = Timed::default();
    let again = if limits.once { 1 } else { usize::MAX };
    for request in std::iter::repeat_n(requests, again).flatten() {
        if limits.are_met(timed.seconds, timed.answers) {
            break;
        }
        asking.check()?;
        let asked = Instant::now();
        let answered = asking.ask(request)?;
        timed.latencies.push(answered.duration_since(asked).as_secs_f64());
        timed.seconds = answered.duration_since(began).as_secs_f64();
        timed.answers += 1;
    }
    Ok(timed)
}
