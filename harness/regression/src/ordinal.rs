//! Proportional-odds logit (McCullagh 1980): `P(Y ≤ k | x) = F(a_k − b·x)` with the logistic `F`
//! and increasing thresholds. Parameters: the thresholds, then `b`.
//!
//! The predictors are the upper and the lower bound of the level, `u = a_k − b·x` and
//! `l = a_{k−1} − b·x`, and
//! `p = F(u) − F(l) = F(u) · (1 − F(l)) · (1 − e^−(u−l))`,
//! which loses no digits in the tails. The loss is convex in the thresholds themselves where they
//! increase; elsewhere it is infinite, so that a step that leaves the model is cut back.

use crate::likelihood::{Likelihood, Sums, dot, logistic, quadratic, softplus};
use nalgebra::{DMatrix, DVector};

pub(crate) struct Ordinal {
    pub(crate) levels: usize,
    pub(crate) columns: usize,
}

/// Fills the probabilities of the levels.
pub(crate) fn probabilities(thresholds: &[f64], slopes: &[f64], x: &[f64], out: &mut [f64]) {
    let shift = dot(slopes, x);
    let mut below: Option<f64> = None;
    for (level, p) in out.iter_mut().enumerate() {
        let above = thresholds.get(level).map(|a| a - shift);
        *p = above.map_or(1.0, logistic) * below.map_or(1.0, |l| logistic(-l));
        if let (Some(u), Some(l)) = (above, below) {
            *p *= -(l - u).exp_m1();
        }
        below = above;
    }
}

impl Ordinal {
    fn top(&self) -> usize {
        self.levels - 1
    }

    /// `b·x` belongs to both bounds; a bound beyond the first or last level does not exist, and
    /// stands as 0 with derivatives 0.
    fn bounds(&self, level: usize) -> (bool, bool) {
        (level < self.top(), level > 0)
    }
}

impl Likelihood for Ordinal {
    fn parameters(&self) -> usize {
        self.top() + self.columns
    }

    fn width(&self) -> usize {
        2
    }

    fn start(&self, level_weights: &[f64]) -> DVector<f64> {
        let total: f64 = level_weights.iter().sum();
        let mut theta = DVector::zeros(self.parameters());
        let mut below = 0.0;
        for level in 0..self.top() {
            below += level_weights[level];
            theta[level] = (below / (total - below)).ln();
        }
        theta
    }

    fn predictors(&self, x: &[f64], level: usize, theta: &[f64], eta: &mut [f64]) {
        let shift = dot(&theta[self.top()..], x);
        let (upper, lower) = self.bounds(level);
        eta[0] = if upper { theta[level] - shift } else { 0.0 };
        eta[1] = if lower { theta[level - 1] - shift } else { 0.0 };
    }

    fn loss(&self, level: usize, eta: &[f64]) -> f64 {
        let (upper, lower) = self.bounds(level);
        let mut loss = 0.0;
        if upper {
            loss += softplus(-eta[0]);
        }
        if lower {
            loss += softplus(eta[1]);
        }
        if upper && lower {
            let inside = -(eta[1] - eta[0]).exp_m1();
            loss -= if inside > 0.0 { inside.ln() } else { f64::NEG_INFINITY };
        }
        loss
    }

    fn derivatives(&self, level: usize, eta: &[f64], r: &mut [f64], w: &mut [f64]) {
        let (upper, lower) = self.bounds(level);
        r.fill(0.0);
        w.fill(0.0);
        if upper {
            let (p, q) = (logistic(eta[0]), logistic(-eta[0]));
            r[0] = -q;
            w[0] = p * q;
        }
        if lower {
            let (p, q) = (logistic(eta[1]), logistic(-eta[1]));
            r[1] = p;
            w[3] = p * q;
        }
        if upper && lower {
            let g = 1.0 / (eta[0] - eta[1]).exp_m1();
            let h = g * (1.0 + g);
            r[0] -= g;
            r[1] += g;
            w[0] += h;
            w[3] += h;
            w[1] = -h;
            w[2] = -h;
        }
    }

    fn scatter(&self, x: &[f64], level: usize, r: &[f64], w: &[f64], sums: &mut Sums) {
        let top = self.top();
        let (upper, lower) = self.bounds(level);
        if upper {
            sums.gradient[level] += r[0];
            sums.hessian[(level, level)] += w[0];
            sums.add_column(top, level, -(w[0] + w[1]), x);
        }
        if lower {
            sums.gradient[level - 1] += r[1];
            sums.hessian[(level - 1, level - 1)] += w[3];
            sums.add_column(top, level - 1, -(w[3] + w[2]), x);
        }
        if upper && lower {
            sums.hessian[(level, level - 1)] += w[1];
        }
        sums.add_gradient(top, -(r[0] + r[1]), x);
        sums.add_square(top, w[0] + w[1] + w[2] + w[3], x);
    }

    fn project(&self, x: &[f64], level: usize, m: &DMatrix<f64>, out: &mut [f64]) {
        let top = self.top();
        let stride = m.nrows();
        let square = quadratic(m, top, top, x);
        let cross = |a: usize| dot(&m.as_slice()[a * stride + top..(a + 1) * stride], x);
        let (upper, lower) = self.bounds(level);
        out.fill(0.0);
        if upper {
            out[0] = m[(level, level)] - 2.0 * cross(level) + square;
        }
        if lower {
            out[3] = m[(level - 1, level - 1)] - 2.0 * cross(level - 1) + square;
        }
        if upper && lower {
            out[1] = m[(level, level - 1)] - cross(level) - cross(level - 1) + square;
            out[2] = out[1];
        }
    }

    fn size(&self, theta: &[f64]) -> f64 {
        let slopes = &theta[self.top()..];
        0.5 * dot(slopes, slopes)
    }

    fn penalise(&self, theta: &[f64], penalty: f64, sums: &mut Sums) {
        let top = self.top();
        sums.add_gradient(top, penalty, &theta[top..]);
        for i in top..theta.len() {
            sums.hessian[(i, i)] += penalty;
        }
    }
}
