//! An ordered item as a standard normal variable cut into levels.

use pilotbench_plugin_sdk::Item;
use statrs::function::erf::{erfc, erfc_inv};
use std::f64::consts::{PI, SQRT_2};

/// Terms of the series in powers of the correlation: .95 to this power is .04, and what it multiplies
/// has long become small.
const TERMS: usize = 64;

/// P(Z ≤ x) of a standard normal Z.
pub(super) fn below(x: f64) -> f64 {
    0.5 * erfc(-x / SQRT_2)
}

/// The x with P(Z ≤ x) = p.
pub(super) fn quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}

/// The levels of an item on a standard normal variable.
#[derive(Debug)]
pub(super) struct Margin {
    /// By level: its place by rising value.
    pub(super) rank: Vec<usize>,
    /// Between neighbours of that order, rising.
    pub(super) cuts: Vec<f64>,
    /// Coefficients of the average rank, as a function of the variable, in normalised Hermite
    /// polynomials from degree 1, for a rank of variance 1.
    hermite: Vec<f64>,
}

impl Margin {
    /// `None` for an item without order, or with one level.
    pub(super) fn new(item: &Item, shares: &[f64]) -> Option<Self> {
        if !item.is_ordered() || shares.len() < 2 {
            return None;
        }
        let values = item.values();
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        let mut rank = vec![0; order.len()];
        order.iter().enumerate().for_each(|(place, level)| rank[*level] = place);
        let shares: Vec<f64> = order.iter().map(|level| shares[*level]).collect();
        let mut cumulated = 0.0;
        let cuts = shares[..shares.len() - 1].iter().map(|share| {
            cumulated += share;
            quantile(cumulated.min(1.0))
        });
        let cuts: Vec<f64> = cuts.collect();
        let hermite = hermite(&shares, &cuts);
        Some(Self { rank, cuts, hermite })
    }

    /// The interval of a level.
    pub(super) fn interval(&self, level: usize) -> (f64, f64) {
        let rank = self.rank[level];
        let low = rank.checked_sub(1).map_or(f64::NEG_INFINITY, |below| self.cuts[below]);
        (low, self.cuts.get(rank).copied().unwrap_or(f64::INFINITY))
    }

    /// Spearman correlation of two items whose variables have this correlation.
    ///
    /// For functions g and h of two standard normal variables, the covariance is the sum over
    /// degrees of g_m h_m ρ^m (Mehler 1866).
    fn spearman(&self, other: &Self, correlation: f64) -> f64 {
        let terms = self.hermite.iter().zip(&other.hermite).rev();
        terms.fold(0.0, |sum, (g, h)| (sum + g * h) * correlation)
    }

    /// The correlation of the variables at which the items have this Spearman correlation, at most
    /// `largest` in size. Spearman's rises with it (Slepian 1962), so halving finds it.
    pub(super) fn correlation(&self, other: &Self, spearman: f64, largest: f64) -> f64 {
        let (mut low, mut high) = (-largest, largest);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if self.spearman(other, middle) < spearman {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }
}

/// Coefficients of the average rank. The integral of He_m φ over an interval is the difference of
/// −He_{m−1} φ at its ends; summed by parts, only the steps of the rank at the cuts are left.
fn hermite(shares: &[f64], cuts: &[f64]) -> Vec<f64> {
    let mut below = 0.0;
    let ranks = shares.iter().map(|share| {
        below += share;
        below - 0.5 * share - 0.5
    });
    let ranks: Vec<f64> = ranks.collect();
    let variance: f64 = shares.iter().zip(&ranks).map(|(share, rank)| share * rank * rank).sum();
    let mut coefficients = vec![0.0; TERMS];
    for (cut, step) in cuts.iter().zip(ranks.windows(2)) {
        // A level without mass has a cut at infinity, where the density is 0.
        if !cut.is_finite() {
            continue;
        }
        let density = (-0.5 * cut * cut).exp() / (2.0 * PI).sqrt();
        let (mut last, mut now) = (0.0, 1.0);
        for (m, coefficient) in (1..).zip(&mut coefficients) {
            let m = f64::from(m);
            *coefficient += (step[1] - step[0]) * density * now / (m * variance).sqrt();
            (last, now) = (now, (cut * now - (m - 1.0).sqrt() * last) / m.sqrt());
        }
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use pilotbench_plugin_sdk::testing::ordinal_experiment;

    fn margin(shares: &[f64]) -> Margin {
        Margin::new(&ordinal_experiment(&[shares.len()]).items[0], shares).unwrap()
    }

    #[test]
    fn quantiles_and_shares_are_inverse() {
        for p in [1e-12, 0.003, 0.3, 0.5, 0.9, 0.999_999] {
            assert!((below(quantile(p)) / p - 1.0).abs() < 1e-9);
        }
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
    }

    #[test]
    fn many_levels_are_the_continuous_case() {
        let fine = margin(&[1.0 / 400.0; 400]);
        for r in [-0.8, -0.3, 0.1, 0.5] {
            let sine = 2.0 * (PI * r / 6.0).sin();
            assert!((fine.correlation(&fine, r, 0.95) - sine).abs() < 1e-3);
        }
    }

    #[test]
    fn two_even_halves_follow_the_arcsine() {
        // Sheppard 1899: the correlation of two signs is 2/π asin ρ.
        let half = margin(&[0.5, 0.5]);
        for correlation in [-0.7, 0.2, 0.6] {
            let due = 2.0 / PI * f64::asin(correlation);
            assert!((half.spearman(&half, correlation) - due).abs() < 1e-6);
            assert!((half.correlation(&half, due, 0.95) - correlation).abs() < 1e-6);
        }
    }

    #[test]
    fn what_cannot_be_reached_is_the_largest() {
        let (rare, even) = (margin(&[0.95, 0.05]), margin(&[0.5, 0.5]));
        assert!((rare.correlation(&even, 0.9, 0.95) - 0.95).abs() < 1e-9);
    }

    #[test]
    fn intervals_follow_values_not_places() {
        let mut item = ordinal_experiment(&[3]).items[0].clone();
        item.levels.reverse();
        let margin = Margin::new(&item, &[0.2, 0.3, 0.5]).unwrap();
        assert_eq!(margin.interval(2).0, f64::NEG_INFINITY);
        assert_eq!(margin.interval(0).1, f64::INFINITY);
        assert!((margin.interval(2).1 - quantile(0.5)).abs() < 1e-12);
        assert!((margin.interval(0).0 - quantile(0.8)).abs() < 1e-12);
    }
}
