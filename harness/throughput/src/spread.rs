//! A number with its spread over runs.

use pilotbench_engine::score::student_half;
use serde::{Deserialize, Serialize};

/// Coverage of the intervals.
const CONFIDENCE: f64 = 0.95;

/// A measured number, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// It was measured.
    Measured(Spread),
    /// It was not.
    Undefined {
        /// Why not.
        undefined: String,
    },
}

/// What was measured in each run, and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Mean over runs.
    pub mean: f64,
    /// Half of Student's 95 % interval of the mean (Student 1908), the runs taken as independent.
    pub half_width: f64,
    /// Standard deviation over runs, with n − 1.
    pub sd: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Each run, in order.
    pub runs: Vec<f64>,
}

impl Number {
    /// The spread of what runs gave; undefined for fewer than two, and where one is no number.
    pub fn of(runs: Vec<f64>) -> Self {
        match Spread::of(runs) {
            Ok(spread) => Self::Measured(spread),
            Err(reason) => Self::undefined(reason),
        }
    }

    /// Nothing was measured, for a reason.
    pub fn undefined(reason: impl Into<String>) -> Self {
        Self::Undefined { undefined: reason.into() }
    }

    /// The spread of what runs gave, where each gave something; else the first reason why not.
    pub fn of_all(runs: impl IntoIterator<Item = Result<f64, String>>) -> Self {
        match runs.into_iter().collect() {
            Ok(runs) => Self::of(runs),
            Err(reason) => Self::undefined(reason),
        }
    }

    /// The spread, where there is one.
    pub fn measured(&self) -> Option<&Spread> {
        match self {
            Self::Measured(spread) => Some(spread),
            Self::Undefined { .. } => None,
        }
    }
}

impl Spread {
    fn of(runs: Vec<f64>) -> Result<Self, String> {
        if runs.len() < 2 {
            return Err("fewer than two runs: no spread".to_owned());
        }
        if !runs.iter().all(|value| value.is_finite()) {
            return Err("a run gave no finite number".to_owned());
        }
        let n = runs.len() as f64;
        // The sum of equal values by their number is not always that value.
        let mean = match runs.windows(2).all(|pair| pair[0] == pair[1]) {
            true => runs[0],
            false => runs.iter().sum::<f64>() / n,
        };
        let squares: f64 = runs.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (squares / (n - 1.0)).sqrt();
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Ok(Self {
            mean,
            half_width: student_half(sd / n.sqrt(), n - 1.0, CONFIDENCE),
            sd,
            min: runs.iter().copied().fold(min, f64::min),
            max: runs.iter().copied().fold(max, f64::max),
            runs,
        })
    }

    /// Whether all numbers are finite and it says what its runs say: files may be made by hand.
    pub(crate) fn is_sound(&self) -> bool {
        let Ok(again) = Self::of(self.runs.clone()) else { return false };
        let pairs = [
            (self.mean, again.mean),
            (self.half_width, again.half_width),
            (self.sd, again.sd),
            (self.min, again.min),
            (self.max, again.max),
        ];
        pairs.iter().all(|(said, found)| (said - found).abs() <= 1e-6 * found.abs().max(1e-12))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy 1.17: `tests/reference.py`.
    #[test]
    fn the_interval_is_students() {
        let number = Number::of(vec![10.0, 12.5, 9.0, 11.25, 10.75]);
        let spread = number.measured().unwrap();
        assert_eq!((spread.mean, spread.min, spread.max), (10.7, 9.0, 12.5));
        assert!((spread.sd - 1.315_769_736_694_076_8).abs() < 1e-12, "{}", spread.sd);
        assert!(
            (spread.half_width - 1.633_743_911_979_081_3).abs() < 1e-9,
            "{}",
            spread.half_width
        );
        assert!(spread.is_sound());
        assert!(!Spread { mean: 10.8, ..spread.clone() }.is_sound());
    }

    #[test]
    fn equal_runs_have_no_width() {
        let number = Number::of(vec![0.1; 3]);
        assert_eq!(number.measured().map(|s| (s.mean, s.half_width)), Some((0.1, 0.0)));
    }

    #[test]
    fn one_run_has_no_spread() {
        assert_eq!(Number::of(vec![1.0]).measured(), None);
        let infinite = Number::of(vec![1.0, f64::INFINITY]);
        assert_eq!(infinite, Number::undefined("a run gave no finite number"));
        let broken = Number::of_all([Ok(1.0), Err("no counter".to_owned())]);
        assert_eq!(broken, Number::undefined("no counter"));
    }
}
