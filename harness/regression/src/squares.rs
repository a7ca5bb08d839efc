//! Least squares with the covariance HC1 of White (1980), scaled by `n / (n − k)` as MacKinnon and
//! White (1985): `A⁻¹ (Σᵢ wᵢ eᵢ² xᵢ xᵢᵀ) A⁻¹ · n / (n − k)` with `A = Σᵢ wᵢ xᵢ xᵢᵀ`. Case weights are
//! frequencies: weight 2 counts as two equal people, `n` is the sum of weights.

use crate::{
    NoEstimate,
    blocks::{Blocks, Lane, ROWS},
    maximum::Work,
};

/// Share of the spread of the outcome that residuals must leave; what is below is rounding.
const RESIDUAL: f64 = 1e-18;

/// Fits outcomes that are centred; `work.gram` becomes the middle of the covariance, with its factor
/// `n / (n − k)`, and `work.factor` that of `A`. Returns the variance of the residuals.
pub(crate) fn minimise(
    blocks: &Blocks,
    outcomes: &[Lane],
    work: &mut Work,
) -> Result<f64, NoEstimate> {
    work.step.fill(0.0);
    work.gram.fill(0.0);
    let (mut r, mut n) = ([0.0; ROWS], 0.0);
    for (block, weights) in work.weights.iter().enumerate() {
        for row in 0..ROWS {
            r[row] = weights[row] * outcomes[block][row];
        }
        n += weights.iter().sum::<f64>();
        blocks.add_scores(block, &r, &mut work.step);
        blocks.add_gram(block, weights, &mut work.gram);
    }
    work.factor.choose(&work.gram);
    let mean = work.step[0] / n;
    work.factor.solve(&mut work.step);
    work.theta.copy_from_slice(&work.step);

    work.gram.fill(0.0);
    let (mut left, mut spread) = (0.0, 0.0);
    let mut fitted = [0.0; ROWS];
    for (block, weights) in work.weights.iter().enumerate() {
        blocks.predict(block, &work.theta, &mut fitted);
        for row in 0..ROWS {
            let (outcome, weight) = (outcomes[block][row], weights[row]);
            let residual = outcome - fitted[row];
            r[row] = weight * residual * residual;
            left += r[row];
            spread += weight * (outcome - mean) * (outcome - mean);
        }
        blocks.add_gram(block, &r, &mut work.gram);
    }
    let parameters = work.factor.rank() as f64;
    if n <= parameters {
        return Err(NoEstimate::TooFewPeople);
    }
    if left <= RESIDUAL * spread {
        return Err(NoEstimate::ExactFit);
    }
    work.gram.iter_mut().for_each(|value| *value *= n / (n - parameters));
    Ok(left / (n - parameters))
}
