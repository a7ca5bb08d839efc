//! Approximate leave-one-out: one exact Newton step from the full fit towards the fit without an
//! observation (Pregibon 1981; Rad & Maleki 2020).
//!
//! With the Hessian `H` of the penalised loss at the full fit, and an observation whose loss has
//! gradient `r` and Hessian `W` in its predictors `η = Zᵀθ`, the step without that observation is
//! `(H − Z W Zᵀ)⁻¹ Z r`. Its effect on the observation's own predictors needs only the small matrix
//! `A = Zᵀ H⁻¹ Z`:
//!
//! ```text
//! η₋ᵢ = η + A (I − W A)⁻¹ r
//! ```

use crate::{Data, likelihood::Likelihood};
use nalgebra::DMatrix;

/// Loss of each observation (not weighted) at the predictors it has without itself. A probability
/// below `floor` counts as `floor`.
pub(crate) fn losses(
    family: &dyn Likelihood,
    data: &Data,
    theta: &[f64],
    inverse: &DMatrix<f64>,
    floor: f64,
) -> Vec<f64> {
    let width = family.width();
    let square = width * width;
    let mut scratch = vec![0.0; 2 * width + 3 * square];
    let (eta, rest) = scratch.split_at_mut(width);
    let (r, rest) = rest.split_at_mut(width);
    let (w, rest) = rest.split_at_mut(square);
    let (a, m) = rest.split_at_mut(square);
    let worst = -floor.ln();
    (0..data.len())
        .map(|row| {
            let (x, level, weight) = (data.row(row), data.outcome(row), data.weight(row));
            family.predictors(x, level, theta, eta);
            family.derivatives(level, eta, r, w);
            r.iter_mut().chain(w.iter_mut()).for_each(|value| *value *= weight);
            family.project(x, level, inverse, a);
            // m = I − W A
            for i in 0..width {
                for j in 0..width {
                    let product: f64 =
                        (0..width).map(|k| w[i * width + k] * a[k * width + j]).sum();
                    m[i * width + j] = f64::from(u8::from(i == j)) - product;
                }
            }
            // Singular: nothing but this observation holds a parameter, so without it its level
            // has no probability.
            if !solve(m, r) {
                return worst;
            }
            for i in 0..width {
                eta[i] += (0..width).map(|k| a[i * width + k] * r[k]).sum::<f64>();
            }
            family.loss(level, eta).min(worst)
        })
        .collect()
}

/// Solves `m s = r` by elimination with row exchanges; `r` becomes `s`. False when `m` is singular.
fn solve(m: &mut [f64], r: &mut [f64]) -> bool {
    let n = r.len();
    for column in 0..n {
        let size = |row: usize| m[row * n + column].abs();
        let pivot =
            (column..n).fold(column, |best, row| if size(row) > size(best) { row } else { best });
        if size(pivot) < 1e-12 {
            return false;
        }
        if pivot != column {
            (0..n).for_each(|j| m.swap(pivot * n + j, column * n + j));
            r.swap(pivot, column);
        }
        for row in column + 1..n {
            let factor = m[row * n + column] / m[column * n + column];
            for j in column..n {
                m[row * n + j] -= factor * m[column * n + j];
            }
            r[row] -= factor * r[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|j| m[row * n + j] * r[j]).sum();
        r[row] = (r[row] - known) / m[row * n + row];
    }
    true
}
