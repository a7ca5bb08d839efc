//! Stage 12: one run against another, cell by cell: what changed, what did not, and what cannot be
//! told apart.
//!
//! Cells are compared where data and protocol are the same. Where they have the same seeds, the draws
//! of both runs are of the same people and seeds, and the difference is a paired one; with other
//! seeds the seeds' own spread says how sure it is. All tests of a contrast are adjusted together
//! (Holm), so that a contrast of two runs of the same methods says that something changed at no more
//! than the stated rate.
//!
//! Invariants: nothing is guessed: what has no partner, other data or too few seeds is said to be
//! incomparable, with its reason; a difference that is not clear is `noisy` unless its interval lies
//! inside the margin.

mod change;
mod matching;
mod speed;

pub use change::{Change, Outcome, Pairing};
pub use matching::Incomparable;
pub use speed::{CellSpeed, Rate, SpeedChange, speeds};

use crate::{plan::Plan, score::Scores};
use serde::Serialize;

/// One run.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// Its scores.
    pub scores: &'a Scores,
    /// How fast its methods were.
    pub speeds: &'a [CellSpeed],
}

/// What counts as a change.
#[derive(Debug, Clone, Serialize)]
pub struct Rules {
    /// Scores that are compared; empty: the headline of the new run.
    pub scores: Vec<String>,
    /// One less the rate at which two runs of the same methods are said to differ in any score.
    pub confidence: f64,
    /// A difference of a score that is no matter.
    pub margin: f64,
    /// A share of speed that is no matter; `None`: speed is not compared.
    pub speed_margin: Option<f64>,
}

impl Rules {
    /// A difference of a score that is usually no matter.
    pub const MARGIN: f64 = 0.01;
    /// How sure one usually is.
    pub const CONFIDENCE: f64 = 0.95;
    /// A share of speed that is usually no matter.
    pub const SPEED_MARGIN: f64 = 0.25;

    /// The usual rules for these scores; speed is left out.
    pub fn of_scores(scores: Vec<String>) -> Self {
        let (confidence, margin) = (Self::CONFIDENCE, Self::MARGIN);
        Self { scores, confidence, margin, speed_margin: None }
    }
}

/// Everything that two runs say of each other.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Contrast {
    /// Scores, cell by cell.
    pub changes: Vec<Change>,
    /// Speed, cell by cell.
    pub speeds: Vec<SpeedChange>,
    /// What could not be compared.
    pub incomparable: Vec<Incomparable>,
}

impl Contrast {
    /// Of a new run against a base.
    pub fn of(base: &Side, new: &Side, rules: &Rules) -> Self {
        let matched = matching::matched(base, new);
        let mut contrast = Self { incomparable: matched.incomparable, ..Self::default() };
        for (base_cell, new_cell) in &matched.cells {
            for score in names(rules, new.scores) {
                match Change::of(score, (base, base_cell), (new, new_cell), rules) {
                    Ok(change) => contrast.changes.push(change),
                    Err(reason) => {
                        let scored = format!("{score}: {reason}");
                        contrast.incomparable.push(Incomparable::cell(&new_cell.facts, scored));
                    }
                }
            }
        }
        change::judge(&mut contrast.changes, rules);
        if let Some(margin) = rules.speed_margin {
            let (speeds, others) = speed::compared(base.speeds, new.speeds, &matched.cells);
            contrast.speeds = speeds;
            contrast.incomparable.extend(others);
            speed::judge(&mut contrast.speeds, margin, rules.confidence);
        }
        contrast
    }

    /// Scores that became worse, and methods that became slower.
    pub fn regressions(&self) -> usize {
        let worse = self.changes.iter().filter(|change| change.outcome == Outcome::Worse).count();
        worse + self.speeds.iter().filter(|speed| speed.outcome == Outcome::Worse).count()
    }

    /// Everything that became better or worse.
    pub fn all_changes(&self) -> usize {
        let is_change = |outcome: &Outcome| matches!(outcome, Outcome::Worse | Outcome::Better);
        let scores = self.changes.iter().filter(|change| is_change(&change.outcome)).count();
        scores + self.speeds.iter().filter(|speed| is_change(&speed.outcome)).count()
    }
}

/// Scores that are compared.
fn names<'a>(rules: &'a Rules, scores: &'a Scores) -> Vec<&'a str> {
    match rules.scores.is_empty() {
        true => vec![&scores.shown.headline],
        false => rules.scores.iter().map(String::as_str).collect(),
    }
}
