//! In which order the rows of a board stand.

use super::board::{BoardCell, BoardMethod};
use crate::plugin::Better;

/// The methods that were run, best by the headline at the largest size first; those without a value
/// last.
pub(super) fn order(
    experiment: &str,
    methods: &[BoardMethod],
    cells: &[BoardCell],
    headline: &str,
    better: Better,
) -> Vec<String> {
    let badness = |method: &BoardMethod| {
        let of_method = cells
            .iter()
            .filter(|c| c.facts.experiment == experiment && c.facts.method == method.name);
        let largest = of_method.max_by_key(|c| c.facts.size)?;
        Some(better.badness(largest.scores.get(headline)?.mean?))
    };
    let was_run = |method: &&BoardMethod| {
        cells.iter().any(|c| c.facts.experiment == experiment && c.facts.method == method.name)
    };
    let mut listed: Vec<&BoardMethod> = methods.iter().filter(was_run).collect();
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
