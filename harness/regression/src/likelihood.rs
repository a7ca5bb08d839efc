//! What the solver needs to know of a family.

use nalgebra::{DMatrix, DVector};

/// A family of logits, for a fixed number of levels and columns.
///
/// The loss of one observation depends on the parameters `θ` through a few numbers that are linear
/// in `θ`, its *predictors* `η = Zᵀθ`. The solver works on `θ`, and leaving one observation out
/// works on `η`; a family connects them. `r` is the gradient of the loss in `η` and `w` its Hessian,
/// `width × width`, row by row.
pub(crate) trait Likelihood {
    /// Number of parameters.
    fn parameters(&self) -> usize;

    /// Number of predictors of an observation.
    fn width(&self) -> usize;

    /// The fit without slopes: levels as likely as these weights say.
    fn start(&self, level_weights: &[f64]) -> DVector<f64>;

    /// `η = Zᵀθ`.
    fn predictors(&self, x: &[f64], level: usize, theta: &[f64], eta: &mut [f64]);

    /// `−ln p(level)`; infinite where `η` belongs to no model.
    fn loss(&self, level: usize, eta: &[f64]) -> f64;

    /// Gradient and Hessian of the loss in `η`.
    fn derivatives(&self, level: usize, eta: &[f64], r: &mut [f64], w: &mut [f64]);

    /// Adds `Z r` to the gradient and `Z w Zᵀ` to the lower triangle of the Hessian.
    fn scatter(&self, x: &[f64], level: usize, r: &[f64], w: &[f64], sums: &mut Sums);

    /// `Zᵀ M Z` for a symmetric `M`, `width × width`.
    fn project(&self, x: &[f64], level: usize, m: &DMatrix<f64>, out: &mut [f64]);

    /// `½ ‖slopes‖²` at `θ`.
    fn size(&self, theta: &[f64]) -> f64;

    /// Adds the derivatives of `penalty · size` to the gradient and the Hessian.
    fn penalise(&self, theta: &[f64], penalty: f64, sums: &mut Sums);
}

/// Gradient and Hessian in the making.
pub(crate) struct Sums {
    pub(crate) gradient: DVector<f64>,
    /// Only the lower triangle is meant.
    pub(crate) hessian: DMatrix<f64>,
}

impl Sums {
    pub(crate) fn new(parameters: usize) -> Self {
        Self {
            gradient: DVector::zeros(parameters),
            hessian: DMatrix::zeros(parameters, parameters),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.gradient.fill(0.0);
        self.hessian.fill(0.0);
    }

    /// Adds `weight · x` to the gradient from `first` on.
    pub(crate) fn add_gradient(&mut self, first: usize, weight: f64, x: &[f64]) {
        axpy(&mut self.gradient.as_mut_slice()[first..first + x.len()], weight, x);
    }

    /// Adds `weight · x` below row `first` in one column of the Hessian.
    pub(crate) fn add_column(&mut self, first: usize, column: usize, weight: f64, x: &[f64]) {
        let start = column * self.hessian.nrows() + first;
        axpy(&mut self.hessian.as_mut_slice()[start..start + x.len()], weight, x);
    }

    /// Adds `weight · x xᵀ` to the lower triangle of a diagonal block of the Hessian.
    pub(crate) fn add_square(&mut self, first: usize, weight: f64, x: &[f64]) {
        for (i, value) in x.iter().enumerate() {
            self.add_column(first + i, first + i, weight * value, &x[i..]);
        }
    }
}

fn axpy(into: &mut [f64], weight: f64, x: &[f64]) {
    for (sum, value) in into.iter_mut().zip(x) {
        *sum += weight * value;
    }
}

/// Four sums side by side, for one alone waits on every addition.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 4];
    for (a, b) in a.zip(b) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// `xᵀ B x` for the square block `B` of `m` that starts at this row and column.
pub(crate) fn quadratic(m: &DMatrix<f64>, row: usize, column: usize, x: &[f64]) -> f64 {
    let stride = m.nrows();
    let values = m.as_slice();
    let column_at = |c: usize| {
        let start = (column + c) * stride + row;
        &values[start..start + x.len()]
    };
    x.iter().enumerate().map(|(c, value)| value * dot(column_at(c), x)).sum()
}

/// `1 / (1 + e⁻ᵛ)`.
pub(crate) fn logistic(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// `ln(1 + eᵛ)` without overflow.
pub(crate) fn softplus(v: f64) -> f64 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}
