//! Which scores a board shows, and in which order its rows stand.

use super::board::{BoardCell, BoardMethod};
use crate::{
    fault::{Fault, Result},
    plan::Plan,
    plugin::{Better, ScoreInfo},
};

/// Scores shown unless the run file names others, in this order.
const USUAL: [&str; 10] = [
    "js_distance",
    "w1_normalised",
    "entropy_ratio",
    "variance_ratio",
    "unique_ratio",
    "offset_declared_gap",
    "correlation_gap",
    "accuracy",
    "log_loss",
    "valid_rate",
];
/// Which way a score is good, as an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direction(Better);

impl Direction {
    /// The direction of a score.
    pub(super) fn of(info: &ScoreInfo) -> Self {
        Self(info.better)
    }

    /// A number that is smaller for a better value.
    pub(super) fn badness(self, value: f64) -> f64 {
        match self.0 {
            Better::Lower | Better::Describes => value,
            Better::Higher => -value,
            Better::At(best) => (value - best).abs(),
        }
    }
}

/// The score that orders rows, and the scores shown.
pub(super) fn columns(plan: &Plan, scores: &[ScoreInfo]) -> Result<(String, Vec<String>)> {
    let known = |name: &str| scores.iter().any(|info| info.name == name);
    let asked = plan.leaderboard.columns.iter().chain(&plan.leaderboard.headline);
    if let Some(unknown) = asked.into_iter().find(|name| !known(name)) {
        let names: Vec<_> = scores.iter().map(|info| info.name.as_str()).collect();
        let fault = Fault::usage("[leaderboard]", format!("no metric gives the score `{unknown}`"));
        return Err(fault.hint(format!("there are: {}", names.join(", "))));
    }
    let mut columns = plan.leaderboard.columns.clone();
    if columns.is_empty() {
        columns = USUAL.iter().filter(|n| known(n)).map(|n| (*n).to_owned()).collect();
    }
    // A metric from outside is worth a column: the first score of each that judges.
    if plan.leaderboard.columns.is_empty() && columns.len() < 2 {
        let judging = scores.iter().filter(|info| info.better != Better::Describes);
        columns = judging.take(USUAL.len()).map(|info| info.name.clone()).collect();
    }
    let headline = plan.leaderboard.headline.clone().unwrap_or_else(|| columns[0].clone());
    Ok((headline, columns))
}

pub(super) fn order(
    experiment: &str,
    methods: &[BoardMethod],
    cells: &[BoardCell],
    headline: &str,
    direction: Direction,
) -> Vec<String> {
    let badness = |method: &BoardMethod| {
        let of_method = cells
            .iter()
            .filter(|c| c.facts.experiment == experiment && c.facts.method == method.name);
        let largest = of_method.max_by_key(|c| c.facts.size)?;
        Some(direction.badness(largest.scores.get(headline)?.mean?))
    };
    let mut listed: Vec<&BoardMethod> = methods.iter().collect();
    listed.sort_by(|a, b| by_badness(badness(a), badness(b)));
    listed.into_iter().map(|method| method.name.clone()).collect()
}

/// Smaller badness first, no value last; equal ones keep their order.
pub(super) fn by_badness(a: Option<f64>, b: Option<f64>) -> std::cmp::Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}
