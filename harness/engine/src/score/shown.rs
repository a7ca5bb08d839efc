//! Which scores a leaderboard shows.

use crate::{
    fault::{Fault, Result},
    plan::Plan,
    plugin::{Better, ScoreInfo},
};
use serde::{Deserialize, Serialize};

/// Scores shown unless the run file names others, in this order.
const USUAL: [&str; 13] = [
    "js_distance",
    "w1_normalised",
    "entropy_ratio",
    "variance_ratio",
    "unique_ratio",
    "offset_declared_gap",
    "correlation_gap",
    "c2st_excess",
    "sign_f1",
    "ppi_tuned_ess_gain",
    "accuracy",
    "log_loss",
    "valid_rate",
];

/// The scores that a leaderboard shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The one that orders and ranks the rows.
    pub headline: String,
    /// All of them, as columns.
    pub columns: Vec<String>,
}

impl Shown {
    /// Those that the run file names, else the usual ones that the metrics give.
    ///
    /// # Errors
    /// When the run file names a score that no metric gives.
    pub fn new(plan: &Plan, scores: &[ScoreInfo]) -> Result<Self> {
        let known = |name: &str| scores.iter().any(|info| info.name == name);
        let asked = plan.leaderboard.columns.iter().chain(&plan.leaderboard.headline);
        if let Some(unknown) = asked.into_iter().find(|name| !known(name)) {
            let names: Vec<_> = scores.iter().map(|info| info.name.as_str()).collect();
            let message = format!("no metric gives the score `{unknown}`");
            let fault = Fault::usage("[leaderboard]", message);
            return Err(fault.names(unknown, &names));
        }
        let mut columns = plan.leaderboard.columns.clone();
        if columns.is_empty() {
            columns = USUAL.iter().filter(|n| known(n)).map(|n| (*n).to_owned()).collect();
        }
        // A metric from outside is worth a column: the first scores of each that judge.
        if plan.leaderboard.columns.is_empty() && columns.len() < 2 {
            let judging = scores.iter().filter(|info| info.better != Better::Describes);
            columns = judging.take(USUAL.len()).map(|info| info.name.clone()).collect();
        }
        let headline = plan.leaderboard.headline.clone();
        let headline = headline.unwrap_or_else(|| columns[0].clone());
        Ok(Self { headline, columns })
    }

    /// Whether a score is shown.
    pub fn has(&self, score: &str) -> bool {
        self.headline == score || self.columns.iter().any(|column| column == score)
    }
}
