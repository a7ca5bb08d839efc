//! Vector scaling of log-probabilities, fitted on the pilot.
//!
//! For an item with `K` levels, `ln p'ₖ = a·ln pₖ + bₖ − ln Σⱼ exp(a·ln pⱼ + bⱼ)` with `a ≥ 0` (Guo et
//! al. 2017, arXiv 1706.04599, section 4.2, with one slope for all levels). The fit minimises
//! `−Σ ln p'(answer) + n·λ/2·((a − 1)² + ‖b‖²)` over the `n` pilot participants who answered; λ has
//! the smallest loss in cross-validation over people, the largest of equal ones, and nothing is
//! changed where no λ does better than that.

use crate::random::SplitMix64;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Most parts of a cross-validation.
const FOLDS: usize = 5;
const STEPS_MAX: usize = 100;

/// What a backend said of an answer that a pilot participant gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Log-probabilities of the levels.
    pub log_probabilities: Vec<f64>,
    /// The level that was given.
    pub level: usize,
}

/// How log-probabilities of one item are changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Answers that it was fitted to.
    pub answers: usize,
    /// Penalty chosen; `None` where the log-probabilities stay as they are.
    pub penalty: Option<f64>,
    /// `a`.
    pub slope: f64,
    /// `b`.
    pub shifts: Vec<f64>,
    /// Mean loss in nats of leaving the log-probabilities as they are, and of the penalty chosen, in
    /// cross-validation.
    pub losses: Option<[f64; 2]>,
}

impl Calibration {
    /// One that changes nothing.
    fn none(levels: usize, answers: usize) -> Self {
        Self { answers, penalty: None, slope: 1.0, shifts: vec![0.0; levels], losses: None }
    }

    /// Fits an item. `seed` says how people are put into parts; penalties fall.
    pub fn fit(told: &[Told], levels: usize, penalties: &[f64], seed: u64) -> Self {
        // What the backend thinks impossible and people did cannot be scaled into being possible.
        let usable = |told: &&Told| told.log_probabilities[told.level].is_finite();
        let told: Vec<&Told> = told.iter().filter(usable).collect();
        let plain = Self::none(levels, told.len());
        if told.len() < 2 {
            return plain;
        }
        let folds = folds(told.len(), seed);
        let part = |keep: &dyn Fn(usize) -> bool| -> Vec<&Told> {
            told.iter()
                .zip(&folds)
                .filter(|(_, fold)| keep(**fold))
                .map(|(told, _)| *told)
                .collect()
        };
        let split = |aside: usize| (part(&|fold| fold != aside), part(&|fold| fold == aside));
        let splits: Vec<_> = (0..FOLDS.min(told.len())).map(split).collect();
        let n = told.len() as f64;
        let as_is = plain.loss(&told) / n;
        let mut best: Option<(f64, f64)> = None;
        for penalty in penalties {
            let losses = splits.iter().map(|(rest, aside)| {
                solve(rest, levels, *penalty).map_or(f64::INFINITY, |fit| fit.loss(aside))
            });
            let loss = losses.sum::<f64>() / n;
            if loss < best.map_or(as_is, |(_, least)| least) {
                best = Some((*penalty, loss));
            }
        }
        let fit = best.and_then(|(penalty, loss)| {
            let fit = solve(&told, levels, penalty)?;
            Some(Self { losses: Some([as_is, loss]), ..fit })
        });
        fit.unwrap_or(plain)
    }

    /// Changes log-probabilities; what is impossible stays so.
    pub fn apply(&self, log_probabilities: &mut [f64]) {
        if self.penalty.is_none() {
            return;
        }
        for (log, shift) in log_probabilities.iter_mut().zip(&self.shifts) {
            *log = if *log == f64::NEG_INFINITY { *log } else { self.slope * *log + shift };
        }
        let most = log_probabilities.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = log_probabilities.iter().map(|log| (log - most).exp()).sum();
        log_probabilities.iter_mut().for_each(|log| *log -= most + sum.ln());
    }

    fn loss(&self, told: &[&Told]) -> f64 {
        let of = |told: &&Told| {
            let mut logs = told.log_probabilities.clone();
            self.apply(&mut logs);
            -logs[told.level]
        };
        told.iter().map(of).sum()
    }
}

/// The part of each person: a shuffle of equal parts.
fn folds(people: usize, seed: u64) -> Vec<usize> {
    let mut folds: Vec<usize> = (0..people).map(|person| person % FOLDS.min(people)).collect();
    SplitMix64::new(seed).shuffle(&mut folds);
    folds
}

/// Newton's method with halved steps; `None` where it does not converge.
fn solve(told: &[&Told], levels: usize, penalty: f64) -> Option<Calibration> {
    let problem = Problem { told, levels, weight: penalty * told.len() as f64 };
    let free = problem.newton(false)?;
    let theta = if free[0] < 0.0 { problem.newton(true)? } else { free };
    let (slope, shifts) = (theta[0], theta.rows(1, levels).iter().copied().collect());
    let answers = told.len();
    Some(Calibration { answers, penalty: Some(penalty), slope, shifts, losses: None })
}

struct Problem<'a> {
    told: &'a [&'a Told],
    levels: usize,
    weight: f64,
}

impl Problem<'_> {
    /// The minimum over slope and shifts, or over the shifts alone at slope 0.
    fn newton(&self, flat: bool) -> Option<DVector<f64>> {
        let mut theta = DVector::zeros(self.levels + 1);
        theta[0] = if flat { 0.0 } else { 1.0 };
        let mut value = self.value(&theta);
        for _ in 0..STEPS_MAX {
            let (mut gradient, mut hessian) = self.slopes(&theta);
            if flat {
                gradient[0] = 0.0;
                hessian.row_mut(0).fill(0.0);
                hessian.column_mut(0).fill(0.0);
                hessian[(0, 0)] = 1.0;
            }
            let step = hessian.cholesky()?.solve(&gradient);
            let mut share = 1.0;
            let (next, reached) = loop {
                let next = &theta - &step * share;
                let reached = self.value(&next);
                if reached <= value || share < 1e-10 {
                    break (next, reached);
                }
                share /= 2.0;
            };
            theta = next;
            value = reached;
            if step.amax() * share < 1e-10 {
                return Some(theta);
            }
        }
        None
    }

    fn value(&self, theta: &DVector<f64>) -> f64 {
        let loss: f64 = self.told.iter().map(|told| -self.logs(theta, told)[told.level].0).sum();
        let far = (theta[0] - 1.0).powi(2) + theta.rows(1, self.levels).norm_squared();
        loss + self.weight / 2.0 * far
    }

    /// New and old log-probabilities of the levels that are possible; zero stands for the others'
    /// old ones, whose probability is zero.
    fn logs(&self, theta: &DVector<f64>, told: &Told) -> Vec<(f64, f64)> {
        let scaled: Vec<(f64, f64)> = told
            .log_probabilities
            .iter()
            .enumerate()
            .map(|(level, log)| match log.is_finite() {
                true => (theta[0] * log + theta[level + 1], *log),
                false => (f64::NEG_INFINITY, 0.0),
            })
            .collect();
        let most = scaled.iter().fold(f64::NEG_INFINITY, |most, (log, _)| most.max(*log));
        let sum: f64 = scaled.iter().map(|(log, _)| (log - most).exp()).sum();
        let shift = most + sum.ln();
        scaled.into_iter().map(|(log, old)| (log - shift, old)).collect()
    }

    fn slopes(&self, theta: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let size = self.levels + 1;
        let mut gradient = DVector::zeros(size);
        let mut hessian = DMatrix::identity(size, size) * self.weight;
        gradient[0] = self.weight * (theta[0] - 1.0);
        for level in 1..size {
            gradient[level] = self.weight * theta[level];
        }
        let mut mean = DVector::zeros(size);
        for told in self.told {
            // Of level k the derivative of its scaled log-probability is (ln pₖ, eₖ).
            let logs = self.logs(theta, told);
            mean.fill(0.0);
            for (level, (log, old)) in logs.iter().enumerate() {
                let p = log.exp();
                mean[0] += p * old;
                mean[level + 1] += p;
                hessian[(0, 0)] += p * old * old;
                hessian[(0, level + 1)] += p * old;
                hessian[(level + 1, 0)] += p * old;
                hessian[(level + 1, level + 1)] += p;
            }
            hessian -= &mean * mean.transpose();
            gradient += &mean;
            gradient[0] -= logs[told.level].1;
            gradient[told.level + 1] -= 1.0;
        }
        (gradient, hessian)
    }
}

#[cfg(test)]
mod tests;
