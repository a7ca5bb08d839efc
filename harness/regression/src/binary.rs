//! Binary logit: `p(1 | x) = 1 / (1 + e^−(a + b·x))`. Parameters: `a`, then `b`.

use crate::likelihood::{Likelihood, Sums, dot, logistic, quadratic, softplus};
use nalgebra::{DMatrix, DVector};

pub(crate) struct Binary {
    pub(crate) columns: usize,
}

/// Fills the probabilities of both levels.
pub(crate) fn probabilities(theta: &[f64], x: &[f64], out: &mut [f64]) {
    let eta = theta[0] + dot(&theta[1..], x);
    out[0] = logistic(-eta);
    out[1] = logistic(eta);
}

impl Likelihood for Binary {
    fn parameters(&self) -> usize {
        1 + self.columns
    }

    fn width(&self) -> usize {
        1
    }

    fn start(&self, level_weights: &[f64]) -> DVector<f64> {
        let mut theta = DVector::zeros(self.parameters());
        theta[0] = (level_weights[1] / level_weights[0]).ln();
        theta
    }

    fn predictors(&self, x: &[f64], _: usize, theta: &[f64], eta: &mut [f64]) {
        eta[0] = theta[0] + dot(&theta[1..], x);
    }

    fn loss(&self, level: usize, eta: &[f64]) -> f64 {
        softplus(if level == 1 { -eta[0] } else { eta[0] })
    }

    fn derivatives(&self, level: usize, eta: &[f64], r: &mut [f64], w: &mut [f64]) {
        let (p, q) = (logistic(eta[0]), logistic(-eta[0]));
        r[0] = if level == 1 { -q } else { p };
        w[0] = p * q;
    }

    fn scatter(&self, x: &[f64], _: usize, r: &[f64], w: &[f64], sums: &mut Sums) {
        sums.gradient[0] += r[0];
        sums.add_gradient(1, r[0], x);
        sums.hessian[(0, 0)] += w[0];
        sums.add_column(1, 0, w[0], x);
        sums.add_square(1, w[0], x);
    }

    fn project(&self, x: &[f64], _: usize, m: &DMatrix<f64>, out: &mut [f64]) {
        let first = &m.as_slice()[..m.nrows()];
        out[0] = first[0] + 2.0 * dot(&first[1..], x) + quadratic(m, 1, 1, x);
    }

    fn size(&self, theta: &[f64]) -> f64 {
        0.5 * dot(&theta[1..], &theta[1..])
    }

    fn penalise(&self, theta: &[f64], penalty: f64, sums: &mut Sums) {
        sums.add_gradient(1, penalty, &theta[1..]);
        for i in 1..theta.len() {
            sums.hessian[(i, i)] += penalty;
        }
    }
}
