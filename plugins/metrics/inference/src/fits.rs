//! Fits of one table at the first weight indices.

use crate::table::Table;
use metric_common::Random;
use pilotbench_plugin_sdk::Weights;
use pilotbench_regression::{Estimates, NoEstimate};

/// A fit at one weight index, or why there is none.
pub(crate) type Fit = Result<Estimates, NoEstimate>;

/// Fits at the weight indices below `indices` of the people who are `kept`.
pub(crate) fn fit_all(table: &Table, kept: &[bool], weights: &Weights, indices: usize) -> Vec<Fit> {
    let fitter = match table.fitter() {
        Ok(fitter) => fitter,
        Err(reason) => return vec![Err(reason); indices],
    };
    let mut scratch = fitter.scratch();
    let mut cases = vec![0.0; table.len()];
    let mut fits: Vec<Fit> = Vec::with_capacity(indices);
    for index in 0..indices {
        for ((case, row), kept) in cases.iter_mut().zip(&table.rows).zip(kept) {
            *case = if *kept { f64::from(weights.row(*row)[index]) } else { 0.0 };
        }
        let start = fits.first().and_then(|first| first.as_ref().ok());
        let fit = fitter.fit(&cases, start, &mut scratch);
        fits.push(fit);
    }
    fits
}

/// A fit of everybody, each once.
pub(crate) fn fit_once(table: &Table) -> Fit {
    let fitter = table.fitter()?;
    fitter.fit(&vec![1.0; table.len()], None, &mut fitter.scratch())
}

/// A random part of this many people, as a mask.
pub(crate) fn part(people: usize, count: usize, random: &mut Random) -> Vec<bool> {
    let mut kept = vec![true; people];
    if count < people {
        let mut order: Vec<usize> = (0..people).collect();
        random.draw(&mut order, count);
        order[count..].iter().for_each(|row| kept[*row] = false);
    }
    kept
}

/// Why the humans have no estimates.
pub(crate) fn of_human(why: NoEstimate) -> &'static str {
    match why {
        NoEstimate::Nobody => "no human has an outcome and all predictors",
        NoEstimate::ConstantOutcome => "the human outcome is constant",
        NoEstimate::TooFewPeople => "no more humans than coefficients",
        NoEstimate::ExactFit => "predictors fit the human outcome exactly",
        NoEstimate::NotConverged => "the regression of the humans does not converge",
        NoEstimate::Unfit => "the human outcome does not suit the regression",
    }
}

/// Why the simulated people have no estimates.
pub(crate) fn of_simulated(why: NoEstimate) -> &'static str {
    match why {
        NoEstimate::Nobody => "nobody simulated has an outcome and all predictors",
        NoEstimate::ConstantOutcome => "the simulated outcome is constant",
        NoEstimate::TooFewPeople => "no more simulated people than coefficients",
        NoEstimate::ExactFit => "predictors fit the simulated outcome exactly",
        NoEstimate::NotConverged => "the regression of the simulated people does not converge",
        NoEstimate::Unfit => "the simulated outcome does not suit the regression",
    }
}
