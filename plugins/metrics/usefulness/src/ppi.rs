//! Prediction-powered estimates of a mean.
//!
//! `n` people are labelled (a human value `Y` and a simulated one `f`), `N` are not (`f` only). For
//! any `λ`
//!
//! ```text
//! θ = λ mean(f_U) + mean(Y − λ f_L)
//! ```
//!
//! estimates the mean of `Y` without bias: what the simulation gets wrong on average is measured on
//! the labelled people and taken off. `λ = 0` is the classical mean, `λ = 1` prediction-powered
//! inference (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, *Science* 382), and `λ*` below
//! has the smallest variance (PPI++: Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453,
//! section 6).
//!
//! **Variance.** For people drawn from a large population, of whom the labelled and the unlabelled
//! are independent draws:
//!
//! ```text
//! var = λ² var(f_U) / N + var(Y − λ f_L) / n
//! ```
//!
//! **Variance about the held-out mean.** Here the labelled people are a simple random draw without
//! replacement from the `M = n + N` held-out ones, and the mean of those `M` is what an interval
//! should cover. Unlabelled are all the others, so `N mean(f_U) = M mean(f) − n mean(f_L)`, and
//!
//! ```text
//! θ = mean over L of (Y − λ (1 + n/N) f) + λ (M/N) mean(f)
//! ```
//!
//! The last summand is a constant, the first the mean of a simple random draw. Hence θ has the
//! expectation `mean(Y) − λ (1 + n/N) mean(f) + λ (M/N) mean(f) = mean(Y)`, and the variance of such
//! a mean with the correction for finite populations (Cochran 1977, theorem 2.2):
//!
//! ```text
//! var = (1 − n/M) / n · S²(Y − λ (1 + n/N) f)
//! ```
//!
//! estimated without bias by the variance among the labelled. Both variances are smallest at
//! `λ* = cov(Y, f) / ((1 + n/N) var(f))`.

use crate::values::{Moments, Pair};

/// The people who are not labelled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unlabelled {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// An estimate of the mean of the human values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    /// For a large population.
    pub(crate) variance: f64,
    /// About the mean of the held-out people.
    pub(crate) finite: f64,
}

impl Estimate {
    /// With one `λ` per labelled person. Where they differ, the estimate uses their mean for the
    /// unlabelled people, and the variances take them as given; the simulated values must then have
    /// mean 0, or the differences would count as spread.
    pub(crate) fn new(
        labelled: &[Pair],
        lambda: impl Fn(usize) -> f64 + Clone,
        unlabelled: &Unlabelled,
    ) -> Self {
        let n = labelled.len() as f64;
        let share = n / unlabelled.count;
        let less = |factor: f64| {
            let lambda = lambda.clone();
            let pairs = labelled.iter().enumerate();
            Moments::new(
                pairs.map(move |(i, pair)| pair.human - lambda(i) * factor * pair.simulated),
            )
        };
        let rectified = less(1.0);
        let mean = (0..labelled.len()).map(&lambda).sum::<f64>() / n;
        let drawn = 1.0 - n / (n + unlabelled.count);
        Self {
            value: mean * unlabelled.mean + rectified.mean,
            variance: mean * mean * unlabelled.variance / unlabelled.count + rectified.variance / n,
            finite: drawn / n * less(1.0 + share).variance,
        }
    }
}

/// `λ*`, not clipped, from the pairs of some labelled people. `simulated` is the variance of the
/// simulated values of all people, for which no label is needed; `share` is `n/N`. 0 where nothing
/// varies: every `λ` is then the same estimate.
pub(crate) fn best_lambda<'p>(
    pairs: impl Iterator<Item = &'p Pair> + Clone,
    simulated: f64,
    share: f64,
) -> f64 {
    let n = pairs.clone().count() as f64;
    if n < 2.0 || simulated <= 0.0 {
        return 0.0;
    }
    let (y, f) = pairs.clone().fold((0.0, 0.0), |(y, f), p| (y + p.human, f + p.simulated));
    let (y, f) = (y / n, f / n);
    let products: f64 = pairs.map(|pair| (pair.human - y) * (pair.simulated - f)).sum();
    products / (n - 1.0) / ((1.0 + share) * simulated)
}

#[cfg(test)]
mod tests {
    use super::*;

    const Y: [f64; 8] = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0];
    const F: [f64; 8] = [0.8, 0.3, 0.7, 0.6, 0.4, 0.9, 0.2, 0.6];
    const U: [f64; 16] =
        [0.7, 0.5, 0.6, 0.8, 0.4, 0.3, 0.9, 0.6, 0.5, 0.7, 0.2, 0.8, 0.6, 0.4, 0.6, 0.5];

    fn toy() -> (Vec<Pair>, Unlabelled) {
        let pairs = Y.iter().zip(F).map(|(human, simulated)| Pair { human: *human, simulated });
        let Moments { mean, variance } = Moments::new(U.into_iter());
        (pairs.collect(), Unlabelled { count: 16.0, mean, variance })
    }

    #[test]
    fn catalogue_values() {
        let (labelled, unlabelled) = toy();
        let classical = Estimate::new(&labelled, |_| 0.0, &unlabelled);
        let powered = Estimate::new(&labelled, |_| 1.0, &unlabelled);
        let close = |value: f64, printed: f64, room: f64| {
            assert!((value - printed).abs() < room, "{value} is not {printed}");
        };
        close(classical.value, 0.625, 1e-12);
        close(classical.variance, 0.033482, 5e-7);
        close(powered.value, 0.63125, 1e-12);
        close(powered.variance, 0.015061, 5e-7);
        close(classical.variance / powered.variance, 2.223, 5e-4);
        close(8.0 * classical.variance / powered.variance, 17.784, 5e-4);
        let all = Moments::new(F.into_iter().chain(U));
        close(best_lambda(labelled.iter(), all.variance, 0.5), 1.809, 5e-4);
    }

    /// All draws of 3 from 7: the mean of the estimates is the full mean, their variance is what the
    /// formula says of everybody, and the estimated variance is right on average.
    #[test]
    fn exact_over_all_draws() {
        let y = [1.0, 4.0, 2.0, 5.0, 3.0, 5.0, 1.0];
        let f = [1.5, 3.0, 2.5, 4.0, 4.5, 3.5, 2.0];
        let pairs: Vec<Pair> =
            y.iter().zip(f).map(|(human, simulated)| Pair { human: *human, simulated }).collect();
        let lambda = 0.7;
        let mut estimates = Vec::new();
        for set in 0..1u32 << 7 {
            if set.count_ones() != 3 {
                continue;
            }
            let is_in = |i: &usize| set & (1 << i) != 0;
            let labelled: Vec<Pair> = (0..7).filter(is_in).map(|i| pairs[i]).collect();
            let rest = (0..7).filter(|i| !is_in(i)).map(|i| f[i]).collect::<Vec<_>>();
            let Moments { mean, variance } = Moments::new(rest.into_iter());
            let unlabelled = Unlabelled { count: 4.0, mean, variance };
            estimates.push(Estimate::new(&labelled, |_| lambda, &unlabelled));
        }
        assert_eq!(estimates.len(), 35);
        let mean = |values: &dyn Fn(&Estimate) -> f64| {
            estimates.iter().map(values).sum::<f64>() / estimates.len() as f64
        };
        let full = Moments::new(y.into_iter()).mean;
        assert!((mean(&|e| e.value) - full).abs() < 1e-12);
        let variance = mean(&|e| (e.value - full).powi(2));
        assert!((mean(&|e| e.finite) - variance).abs() < 1e-12);
    }

    #[test]
    fn a_constant_changes_nothing() {
        let (labelled, unlabelled) = toy();
        let moved: Vec<Pair> =
            labelled.iter().map(|p| Pair { simulated: p.simulated + 10.0, ..*p }).collect();
        let elsewhere = Unlabelled { mean: unlabelled.mean + 10.0, ..unlabelled };
        let (a, b) = (
            Estimate::new(&labelled, |_| 0.6, &unlabelled),
            Estimate::new(&moved, |_| 0.6, &elsewhere),
        );
        for (a, b) in [(a.value, b.value), (a.variance, b.variance), (a.finite, b.finite)] {
            assert!((a - b).abs() < 1e-12);
        }
    }
}
