//! Where the next value of a series has to lie.

use crate::score::{deviation, student_half};
use serde::Serialize;

/// The prediction interval of one further value of a normal law of which `n` values are known
/// (Whitmore 1986): mean ± t(n − 1) · s · √(1 + 1/n). Of values that are all the same it has no
/// width: methods that always answer alike have such series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Boundary {
    /// Mean of the values.
    pub mean: f64,
    /// Lower line.
    pub low: f64,
    /// Upper line.
    pub high: f64,
}

impl Boundary {
    /// From the values before; `None` for fewer than two.
    pub(super) fn of(values: &[f64], confidence: f64) -> Option<Self> {
        let n = values.len() as f64;
        let half = half(values, confidence, (1.0 + 1.0 / n).sqrt())?;
        let mean = mean(values);
        Some(Self { mean, low: mean - half, high: mean + half })
    }

    /// The same of what these lines are logarithms of.
    pub(super) fn exp(&self) -> Self {
        Self { mean: self.mean.exp(), low: self.low.exp(), high: self.high.exp() }
    }

    /// Whether a value lies on a line or between them.
    pub(super) fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }
}

/// Student's interval of the mean of the law that values are of; `None` for fewer than two.
pub(super) fn interval(values: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let half = half(values, confidence, (values.len() as f64).sqrt().recip())?;
    let mean = mean(values);
    Some((mean - half, mean + half))
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Student's quantile times the standard deviation times a factor.
fn half(values: &[f64], confidence: f64, factor: f64) -> Option<f64> {
    let deviation = deviation(values)?;
    // The sum of equal values by their number is not always that value.
    if values.windows(2).all(|pair| pair[0] == pair[1]) {
        return Some(0.0);
    }
    Some(student_half(deviation * factor, values.len() as f64 - 1.0, confidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Case {
        values: Vec<f64>,
        confidence: f64,
        prediction: [f64; 2],
        mean: [f64; 2],
    }

    #[test]
    fn scipy_agrees() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../fixtures/history.json")).unwrap();
        assert!(cases.len() > 5);
        for case in cases {
            let ours = Boundary::of(&case.values, case.confidence).unwrap();
            let (low, high) = interval(&case.values, case.confidence).unwrap();
            let pairs = [ours.low, ours.high, low, high].into_iter();
            for (ours, scipy) in pairs.zip([case.prediction, case.mean].concat()) {
                assert!((ours - scipy).abs() < 1e-8, "{ours} is not {scipy}");
            }
        }
    }

    #[test]
    fn equal_values_have_a_boundary_without_width() {
        let boundary = Boundary::of(&[0.1; 7], 0.999).unwrap();
        assert_eq!(boundary.low.to_bits(), boundary.high.to_bits());
        assert!(Boundary::of(&[0.1], 0.95).is_none() && Boundary::of(&[], 0.95).is_none());
    }
}
