//! The rules of a measurement.

use pilotbench_engine::fault::{Fault, Result};
use serde::{Deserialize, Serialize};

/// Most requests of one run of one scenario: their latencies are kept.
const REQUESTS_MAX: f64 = 1e7;

/// How long and how often is measured. All of it stands in the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Runs; each opens the backend anew.
    pub runs: usize,
    /// Seconds of warm-up before each scenario of a run.
    pub warm_up_s: f64,
    /// Fewest seconds of a scenario in a run.
    pub min_duration_s: f64,
    /// Fewest answers of a scenario in a run.
    pub min_count: usize,
    /// Requests per second that come in at random; half of what comes one at a time unless given.
    pub rate: Option<f64>,
    /// Seeds of the pilots for which learning is timed: 1, 2, … n.
    pub adapt_seeds: usize,
    /// Threads of plugins.
    pub threads: usize,
    /// Calls that are made at once.
    pub callers: usize,
}

impl Settings {
    /// Whether numbers can come of it, each with its spread.
    ///
    /// # Errors
    /// Names the flag that is wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = |flag: &str, message: &str| Err(Fault::usage(flag, message));
        if self.runs < 2 {
            let fault =
                Fault::usage("--runs", "one run has no spread, and no number is shown without");
            return Err(fault.hint("at least 2; the default is 5"));
        }
        if self.runs > 1000 {
            return wrong("--runs", "at most 1000");
        }
        if !(2..=100).contains(&self.adapt_seeds) {
            return wrong("--adapt-seeds", "from 2 to 100: fewer have no spread");
        }
        if !(0.0..=3600.0).contains(&self.warm_up_s) {
            return wrong("--warm-up", "seconds, from 0 to 3600");
        }
        if !(self.min_duration_s > 0.0 && self.min_duration_s <= 86_400.0) {
            return wrong("--min-duration", "seconds, more than 0 and at most 86400");
        }
        if self.min_count == 0 || self.min_count as f64 > REQUESTS_MAX {
            return wrong("--min-count", "answers, from 1 to 10000000");
        }
        match self.rate {
            Some(rate) if !(rate > 0.0 && rate * self.min_duration_s <= REQUESTS_MAX) => {
                wrong("--rate", "requests per second, more than 0 and at most 10000000 in a run")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) fn small() -> Settings {
    Settings {
        runs: 2,
        warm_up_s: 0.0,
        min_duration_s: 0.01,
        min_count: 10,
        rate: None,
        adapt_seeds: 2,
        threads: 1,
        callers: 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_no_number_is_refused() {
        assert_eq!(small().check(), Ok(()));
        let wrong = [
            (Settings { runs: 1, ..small() }, "--runs"),
            (Settings { adapt_seeds: 1, ..small() }, "--adapt-seeds"),
            (Settings { warm_up_s: f64::NAN, ..small() }, "--warm-up"),
            (Settings { min_duration_s: 0.0, ..small() }, "--min-duration"),
            (Settings { min_count: 0, ..small() }, "--min-count"),
            (Settings { rate: Some(f64::INFINITY), ..small() }, "--rate"),
            (Settings { rate: Some(-1.0), ..small() }, "--rate"),
        ];
        for (settings, flag) in wrong {
            assert_eq!(settings.check().unwrap_err().place, flag);
        }
    }
}
