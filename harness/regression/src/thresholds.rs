//! An ordinal logit of the people with a weight, in the columns that are independent among them.

use crate::{
    Data, Estimator, Family, Fit, NoEstimate, Outcome, blocks::Blocks, fit, maximum::Work,
};
use nalgebra::{DMatrix, DVector};

/// Penalty where the predictors separate the levels, on columns of variance 1.
const RIDGE: f64 = 1.0;

/// Thresholds between the levels that occur, then slopes of all columns, those left out 0.
pub(crate) struct Fitted {
    pub(crate) estimator: Estimator,
    pub(crate) steps: usize,
    pub(crate) thresholds: usize,
    pub(crate) theta: Vec<f64>,
    covariance: DMatrix<f64>,
}

impl Fitted {
    /// Puts the parameters of a fit in some columns at their places among all of them.
    fn new(
        estimator: Estimator,
        fit: &Fit,
        covariance: &DMatrix<f64>,
        kept: &[Kept],
        columns: usize,
    ) -> Self {
        let thresholds = fit.model.intercepts().len();
        let place = |i: usize| match i.checked_sub(thresholds) {
            None => (i, 1.0),
            Some(i) => (thresholds + kept[i].column, kept[i].scale),
        };
        let size = thresholds + columns;
        let (mut theta, mut wide) = (vec![0.0; size], DMatrix::zeros(size, size));
        for (i, value) in fit.model.theta.iter().enumerate() {
            let (row, scale) = place(i);
            theta[row] = value * scale;
            for j in 0..fit.model.theta.len() {
                let (column, other) = place(j);
                wide[(row, column)] = covariance[(i, j)] * scale * other;
            }
        }
        Self { estimator, steps: fit.steps, thresholds, theta, covariance: wide }
    }

    /// Standard error of a linear combination of the parameters.
    pub(crate) fn error(&self, combination: &[f64]) -> f64 {
        let combination = DVector::from_column_slice(combination);
        combination.dot(&(&self.covariance * &combination)).sqrt()
    }
}

/// A column that has a slope, and one over its standard deviation among those with a weight: a ridge
/// must not depend on who else is in the table.
struct Kept {
    column: usize,
    scale: f64,
}

/// Fits; `work.factor` keeps the independent columns.
pub(crate) fn maximise(
    blocks: &Blocks,
    levels: &[usize],
    work: &mut Work,
) -> Result<Fitted, NoEstimate> {
    choose(blocks, work);
    let weights = &work.weights.as_flattened()[..blocks.rows()];
    let present = || (0..blocks.rows()).filter(|row| weights[*row] > 0.0);
    let mut occurring: Vec<usize> = present().map(|row| levels[row]).collect();
    occurring.sort_unstable();
    occurring.dedup();
    if occurring.len() < 2 {
        return Err(NoEstimate::ConstantOutcome);
    }
    let columns = blocks.columns() - 1;
    let kept: Vec<Kept> = (0..columns)
        .filter(|column| work.factor.is_kept(1 + column))
        .map(|column| Kept { column, scale: scale(&work.gram, 1 + column) })
        .collect();
    let design: Vec<f64> = present()
        .flat_map(|row| kept.iter().map(move |k| blocks.value(row, 1 + k.column) * k.scale))
        .collect();
    let outcomes: Vec<usize> =
        present().map(|row| occurring.partition_point(|level| *level < levels[row])).collect();
    let weights: Vec<f64> = present().map(|row| weights[row]).collect();
    let data = Data::new(&design, kept.len(), &outcomes, occurring.len())
        .and_then(|data| data.weighted(&weights))
        .map_err(|_| NoEstimate::Unfit)?;
    let attempt = |penalty| fit(Family::Ordinal, &data, penalty).map_err(|_| NoEstimate::Unfit);
    let mut estimator = Estimator::MaximumLikelihood;
    let mut fit = attempt(0.0)?;
    if fit.outcome != Outcome::Converged {
        (estimator, fit) = (Estimator::Ridge, attempt(RIDGE)?);
    }
    let covariance = fit.covariance(&data).ok_or(NoEstimate::NotConverged)?;
    Ok(Fitted::new(estimator, &fit, &covariance, &kept, columns))
}

fn scale(gram: &[f64], column: usize) -> f64 {
    let start = column * (column + 1) / 2;
    let (n, sum, squares) = (gram[0], gram[start], gram[start + column]);
    1.0 / ((squares - sum * sum / n) / n).sqrt()
}

/// Independent columns by the weights alone.
fn choose(blocks: &Blocks, work: &mut Work) {
    work.gram.fill(0.0);
    for (block, weights) in work.weights.iter().enumerate() {
        blocks.add_gram(block, weights, &mut work.gram);
    }
    work.factor.choose(&work.gram);
}
