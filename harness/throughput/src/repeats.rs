//! Whether a backend answers what it was asked before much faster than what it was not: a cache.

use crate::{asking::Asking, requests::Part};
use pilotbench_engine::{
    fault::Result,
    score::{deviation, quantile, student_half},
};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Most pairs of a fresh and a repeated request in a run.
const PAIRS_MAX: usize = 40;
/// A repeated request that is answered faster than a fresh one by more than this, with its interval,
/// comes from a cache.
const LIMIT: f64 = 1.5;

/// How much faster repeated requests are answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeats {
    /// Time of a fresh request over that of a repeated one: geometric mean over runs.
    pub factor: f64,
    /// Its 95 % interval (Student's, of the logarithms).
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// With all of the interval above this, there is a cache.
    pub limit: f64,
    /// Pairs of requests in each run.
    pub pairs: usize,
}

/// What a run found: the factor, and of how many pairs.
pub(crate) type Found = (f64, usize);

/// Asks, by turns, what was never asked in this session and what was asked before: the same item of
/// another person, so that both are of a size.
pub(crate) fn probe(asking: &Asking, part: &Part) -> Result<Found> {
    let interviews = part.interviews();
    let Some((first, others)) = interviews.split_first() else { return Ok((1.0, 0)) };
    for request in first {
        asking.ask(request)?;
    }
    let pairs = others.iter().flat_map(|person| person.iter().zip(first)).take(PAIRS_MAX);
    let (mut fresh, mut repeated) = (Vec::new(), Vec::new());
    for (new, old) in pairs {
        for (request, times) in [(new, &mut fresh), (old, &mut repeated)] {
            let began = Instant::now();
            asking.ask(request)?;
            times.push(began.elapsed().as_secs_f64());
        }
    }
    let factor = median(&mut fresh) / median(&mut repeated).max(1e-9);
    Ok((factor.max(1e-9), fresh.len()))
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    quantile(times, 0.5).unwrap_or(1.0)
}

impl Repeats {
    /// What runs found together; `None` for fewer than two.
    pub(crate) fn of(runs: &[Found]) -> Option<Self> {
        let n = runs.len() as f64;
        let logs: Vec<f64> = runs.iter().map(|(factor, _)| factor.ln()).collect();
        let mean = logs.iter().sum::<f64>() / n;
        let sd = deviation(&logs)?;
        let half = student_half(sd / n.sqrt(), n - 1.0, 0.95);
        let pairs = runs.iter().map(|(_, pairs)| *pairs).min().unwrap_or(0);
        let [low, factor, high] = [mean - half, mean, mean + half].map(f64::exp);
        Some(Self { factor, low, high, limit: LIMIT, pairs })
    }

    /// Whether there is a cache.
    pub fn found(&self) -> bool {
        self.low > self.limit
    }
}

/// Whether one look is enough to ask everything only once from then on.
pub(crate) fn is_suspect((factor, _): Found) -> bool {
    factor > 2.0 * LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy: `tests/reference.py`.
    #[test]
    fn the_factor_has_an_interval() {
        let repeats = Repeats::of(&[(8.0, 40), (10.0, 40), (9.0, 38), (12.0, 40)]).unwrap();
        assert!((repeats.factor - 9.641_141_027_335_82).abs() < 1e-9, "{repeats:?}");
        assert!((repeats.low - 7.332_278_649_474_041).abs() < 1e-6, "{repeats:?}");
        assert!((repeats.high - 12.677_041_442_723_347).abs() < 1e-6, "{repeats:?}");
        assert!(repeats.found() && repeats.pairs == 38);
        assert!(!Repeats::of(&[(1.1, 9), (0.9, 9), (4.0, 9)]).unwrap().found());
        assert_eq!(Repeats::of(&[(9.0, 9)]), None);
    }
}
