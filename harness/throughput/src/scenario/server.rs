//! Server: requests come in at random, whether or not earlier ones are answered. A latency counts from
//! when its request came in, not from when somebody was free to make it.

use super::{Timed, at_once};
use crate::{asking::Asking, requests::Asked};
use pilotbench_engine::{fault::Result, score::quantile};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A wait of less than this share of the whole time is none.
const SHORT: f64 = 0.02;
/// Longest sleep before it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// When requests come in, and who makes them.
pub(crate) struct Arriving<'a> {
    /// Seconds from the beginning, rising.
    pub(crate) times: &'a [f64],
    pub(crate) callers: usize,
    /// Every request once at most.
    pub(crate) once: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served {
    pub(crate) timed: Timed,
    /// Whether the queue did not grow.
    pub(crate) kept_up: bool,
}

/// Makes the requests as they come in.
///
/// # Errors
/// What the backend reports, or that the work was stopped.
pub(crate) fn server(asking: &Asking, requests: &[Asked], arriving: &Arriving) -> Result<Served> {
    let count = match arriving.once {
        true => arriving.times.len().min(requests.len()),
        false => arriving.times.len(),
    };
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let each = at_once(arriving.callers, || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count || requests.is_empty() {
                return Ok(made);
            }
            let came_in = arriving.times[at];
            until(asking, began, came_in)?;
            let begun = began.elapsed().as_secs_f64();
            let answered = asking.ask(&requests[at % requests.len()])?;
            made.push(Made { came_in, begun, answered: (answered - began).as_secs_f64() });
        }
    })?;
    let mut made: Vec<Made> = each.into_iter().flatten().collect();
    made.sort_by(|a, b| a.came_in.total_cmp(&b.came_in));
    let timed = Timed {
        answers: made.len(),
        seconds: made.iter().map(|made| made.answered).fold(0.0, f64::max),
        latencies: made.iter().map(|made| made.answered - made.came_in).collect(),
    };
    Ok(Served { timed, kept_up: kept_up(&made) })
}

/// A request that was made, in seconds from the beginning.
struct Made {
    came_in: f64,
    begun: f64,
    answered: f64,
}

/// Waits for a moment.
fn until(asking: &Asking, began: Instant, moment: f64) -> Result<()> {
    loop {
        asking.check()?;
        let left = moment - began.elapsed().as_secs_f64();
        if left <= 0.0 {
            return Ok(());
        }
        thread::sleep(Duration::from_secs_f64(left).min(LOOK));
    }
}

/// Whether requests waited no longer in the end than before. A queue that grows does so steadily: the
/// last quarter of requests waits more than twice as long as the second. Medians, so that one stall of
/// the machine is no queue; nor are waits that are shorter than answering takes, or than a small
/// share of the whole time.
fn kept_up(made: &[Made]) -> bool {
    let quarter = made.len() / 4;
    let median = |part: &[Made], of: &dyn Fn(&Made) -> f64| {
        let mut all: Vec<f64> = part.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        quantile(&all, 0.5).unwrap_or(0.0)
    };
    let wait = |made: &Made| made.begun - made.came_in;
    let early = median(&made[quarter..2 * quarter], &wait);
    let late = median(&made[made.len() - quarter..], &wait);
    let work = median(made, &|made: &Made| made.answered - made.begun);
    let whole = made.iter().map(|made| made.answered).fold(0.0, f64::max);
    late <= (2.0 * early).max(work).max(SHORT * whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue with one caller: requests at these times, each of which takes so long.
    fn queue(times: &[f64], work: f64) -> Vec<Made> {
        let mut free = 0.0_f64;
        let one = |came_in: &f64| {
            let begun = free.max(*came_in);
            free = begun + work;
            Made { came_in: *came_in, begun, answered: free }
        };
        times.iter().map(one).collect()
    }

    #[test]
    fn a_queue_that_grows_is_found() {
        let times = crate::arrivals::arrivals(1, 100.0, 10.0, 1000);
        assert!(kept_up(&queue(&times, 0.005)), "half of what it can");
        assert!(!kept_up(&queue(&times, 0.011)), "a tenth more than it can");
        assert!(!kept_up(&queue(&times, 0.02)), "twice what it can");
        assert!(kept_up(&[]));
        // Nothing moves for a while near the end, and what waited is answered.
        let mut stalled = queue(&times, 0.001);
        let late = stalled.len() - 100;
        stalled[late..late + 50].iter_mut().for_each(|made| made.begun += 0.5);
        assert!(kept_up(&stalled));
    }
}
