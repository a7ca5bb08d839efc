//! Multinomial logit: `p(k | x) ∝ e^(a_k + b_k·x)`, with `a_0 = b_0 = 0`. Parameters: `a_1, b_1`,
//! then `a_2, b_2`, and so on.
//!
//! The penalty is that of the symmetric model with a slope vector per level and nothing fixed at
//! zero: its minimum over the common shift is `Σ_k ‖b_k − b̄‖²`, the mean taken over all levels. In
//! the differences to level 0 that is `Σ_kl c_k·c_l (δ_kl − 1/K)`.

use crate::likelihood::{Likelihood, Sums, dot, quadratic};
use nalgebra::{DMatrix, DVector};

pub(crate) struct Multinomial {
    pub(crate) levels: usize,
    pub(crate) columns: usize,
}

/// Fills the probabilities of the levels.
pub(crate) fn probabilities(theta: &[f64], x: &[f64], out: &mut [f64]) {
    let blocks = theta.chunks_exact(1 + x.len());
    out[0] = 0.0;
    for (p, block) in out[1..].iter_mut().zip(blocks) {
        *p = block[0] + dot(&block[1..], x);
    }
    let largest = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    for p in &mut *out {
        *p = (*p - largest).exp();
        total += *p;
    }
    for p in &mut *out {
        *p /= total;
    }
}

impl Multinomial {
    fn block(&self) -> usize {
        1 + self.columns
    }

    /// `ln Σ_k e^η_k`, level 0 included.
    fn log_total(eta: &[f64]) -> f64 {
        let largest = eta.iter().copied().fold(0.0, f64::max);
        let total: f64 = eta.iter().map(|v| (v - largest).exp()).sum();
        largest + (total + (-largest).exp()).ln()
    }

    /// Weight of the pair of slope vectors in the penalty.
    fn coupling(&self, k: usize, l: usize) -> f64 {
        f64::from(u8::from(k == l)) - 1.0 / self.levels as f64
    }

    fn slopes<'t>(&self, theta: &'t [f64], k: usize) -> &'t [f64] {
        &theta[k * self.block() + 1..(k + 1) * self.block()]
    }
}

impl Likelihood for Multinomial {
    fn parameters(&self) -> usize {
        self.width() * self.block()
    }

    fn width(&self) -> usize {
        self.levels - 1
    }

    fn start(&self, level_weights: &[f64]) -> DVector<f64> {
        let mut theta = DVector::zeros(self.parameters());
        for k in 0..self.width() {
            theta[k * self.block()] = (level_weights[k + 1] / level_weights[0]).ln();
        }
        theta
    }

    fn predictors(&self, x: &[f64], _: usize, theta: &[f64], eta: &mut [f64]) {
        for (eta, block) in eta.iter_mut().zip(theta.chunks_exact(self.block())) {
            *eta = block[0] + dot(&block[1..], x);
        }
    }

    fn loss(&self, level: usize, eta: &[f64]) -> f64 {
        let own = if level == 0 { 0.0 } else { eta[level - 1] };
        Self::log_total(eta) - own
    }

    fn derivatives(&self, level: usize, eta: &[f64], r: &mut [f64], w: &mut [f64]) {
        let width = self.width();
        let log_total = Self::log_total(eta);
        for (r, eta) in r.iter_mut().zip(eta) {
            *r = (eta - log_total).exp();
        }
        for k in 0..width {
            for l in 0..width {
                w[k * width + l] = -r[k] * r[l];
            }
            w[k * width + k] += r[k];
        }
        if level > 0 {
            r[level - 1] -= 1.0;
        }
    }

    fn scatter(&self, x: &[f64], _: usize, r: &[f64], w: &[f64], sums: &mut Sums) {
        let (width, block) = (self.width(), self.block());
        for k in 0..width {
            sums.gradient[k * block] += r[k];
            sums.add_gradient(k * block + 1, r[k], x);
            for l in 0..k {
                let weight = w[k * width + l];
                sums.hessian[(k * block, l * block)] += weight;
                sums.add_column(k * block + 1, l * block, weight, x);
                for (i, value) in x.iter().enumerate() {
                    let column = l * block + 1 + i;
                    sums.hessian[(k * block, column)] += weight * value;
                    sums.add_column(k * block + 1, column, weight * value, x);
                }
            }
            let weight = w[k * width + k];
            sums.hessian[(k * block, k * block)] += weight;
            sums.add_column(k * block + 1, k * block, weight, x);
            sums.add_square(k * block + 1, weight, x);
        }
    }

    fn project(&self, x: &[f64], _: usize, m: &DMatrix<f64>, out: &mut [f64]) {
        let (width, block, stride) = (self.width(), self.block(), m.nrows());
        // `from + 1..` of a column holds the slopes of the block that starts at `from`.
        let cross = |from: usize, column: usize| {
            let start = column * stride + from + 1;
            dot(&m.as_slice()[start..start + x.len()], x)
        };
        for k in 0..width {
            for l in 0..=k {
                let (a, b) = (k * block, l * block);
                // M is symmetric, so both crossings can be read down a column.
                out[k * width + l] =
                    m[(a, b)] + cross(a, b) + cross(b, a) + quadratic(m, a + 1, b + 1, x);
                out[l * width + k] = out[k * width + l];
            }
        }
    }

    fn size(&self, theta: &[f64]) -> f64 {
        let pairs = (0..self.width()).flat_map(|k| (0..self.width()).map(move |l| (k, l)));
        pairs
            .map(|(k, l)| {
                let product = dot(self.slopes(theta, k), self.slopes(theta, l));
                0.5 * self.coupling(k, l) * product
            })
            .sum()
    }

    fn penalise(&self, theta: &[f64], penalty: f64, sums: &mut Sums) {
        let block = self.block();
        for k in 0..self.width() {
            for l in 0..self.width() {
                let weight = penalty * self.coupling(k, l);
                sums.add_gradient(k * block + 1, weight, self.slopes(theta, l));
                for i in 1..block {
                    sums.hessian[(k * block + i, l * block + i)] += weight;
                }
            }
        }
    }
}
