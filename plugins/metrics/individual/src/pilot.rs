//! The losses of who answers with the pilot's shares for everybody.

use crate::losses::{brier, log_loss, order, rps};
use pilotbench_plugin_sdk::{Evaluation, Item};

/// Losses of the smoothed shares of the pilot at one item, by the level that was taken.
pub(crate) struct Marginal {
    pub(crate) log_loss: Vec<f64>,
    pub(crate) brier: Vec<f64>,
    pub(crate) rps: Vec<f64>,
}

impl Marginal {
    pub(crate) fn new(input: &Evaluation, item: usize) -> Self {
        let spec = &input.experiment.items[item];
        let mut counts = vec![0u32; spec.levels.len()];
        for row in 0..input.pilot.len() {
            if let Some(level) = input.pilot.answer(row, item) {
                counts[level] += 1;
            }
        }
        Self::of(spec, &shares(&counts))
    }

    fn of(item: &Item, shares: &[f64]) -> Self {
        let by_level = |loss: &dyn Fn(usize) -> f64| (0..shares.len()).map(loss).collect();
        let order = order(item);
        Self {
            log_loss: by_level(&|taken| log_loss(shares, taken)),
            brier: by_level(&|taken| brier(shares, taken)),
            rps: order.map_or_else(Vec::new, |order| by_level(&|taken| rps(shares, taken, &order))),
        }
    }
}

/// Shares with `1/K` of a person added to each level: uniform for an empty pilot.
fn shares(counts: &[u32]) -> Vec<f64> {
    let n: u32 = counts.iter().sum();
    let extra = 1.0 / counts.len() as f64;
    counts.iter().map(|count| (f64::from(*count) + extra) / (f64::from(n) + 1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn smoothing() {
        assert_eq!(shares(&[0, 0]), [0.5, 0.5]);
        assert_eq!(shares(&[2, 1, 0, 0]), [0.5625, 0.3125, 0.0625, 0.0625]);
    }
}
