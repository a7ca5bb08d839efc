//! When a value of a history is worth a look.

use crate::contrast;
use serde::Serialize;

/// What counts as an alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rules {
    /// Scores that are followed; empty: the headline of each entry.
    pub scores: Vec<String>,
    /// Most earlier values that a boundary is made of.
    pub window: usize,
    /// Fewest.
    pub least: usize,
    /// One less the rate at which the check of one entry raises any alert where nothing changed.
    pub confidence: f64,
    /// A difference of a score that is no matter.
    pub margin: f64,
    /// A boundary that lets more than this difference of a score pass is noisy.
    pub noisy: f64,
    /// A share of speed that is no matter; `None`: speed is not followed.
    pub speed_margin: Option<f64>,
}

/// A speed that may change by this factor inside its boundary is noisy.
const NOISY_FACTOR: f64 = 2.0;

impl Default for Rules {
    fn default() -> Self {
        Self {
            scores: Vec::new(),
            window: 30,
            least: 5,
            confidence: contrast::Rules::CONFIDENCE,
            margin: contrast::Rules::MARGIN,
            noisy: 0.05,
            speed_margin: Some(contrast::Rules::SPEED_MARGIN),
        }
    }
}

impl Rules {
    /// Margin and noise of a score, or of the logarithm of a speed.
    pub(super) fn limits(&self, is_speed: bool) -> (f64, f64) {
        match self.speed_margin.filter(|_| is_speed) {
            Some(margin) => (margin.ln_1p(), NOISY_FACTOR.ln()),
            None => (self.margin, self.noisy),
        }
    }
}
