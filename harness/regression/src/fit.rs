//! Fitting: one penalty, or a path of them.

use crate::{
    Data, Family, Invalid, Logit, Outcome, leave_one_out,
    likelihood::{Likelihood, Sums},
    newton::{self, Solved},
};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// A fitted model and how it came about.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The model.
    pub model: Logit,
    /// Whether the model is to be used.
    pub outcome: Outcome,
    /// Newton steps taken.
    pub steps: usize,
    /// The penalty it was fitted with.
    pub penalty: f64,
    /// Weighted log-likelihood of the data, without the penalty.
    pub log_likelihood: f64,
    /// That of the model without slopes, which reproduces the shares of the levels.
    pub null_log_likelihood: f64,
    factor: Option<Cholesky<f64, Dyn>>,
}

/// Fits a model with this penalty; 0 is maximum likelihood.
///
/// # Errors
/// [`Invalid`] when the data make no model of this family, among others when a level is absent.
pub fn fit(family: Family, data: &Data, penalty: f64) -> Result<Fit, Invalid> {
    let (likelihood, start) = prepare(family, data, penalty)?;
    let solved = newton::solve(&*likelihood, data, penalty, start);
    Ok(finish(family, &*likelihood, data, penalty, solved))
}

/// Fits along a list of penalties, each starting from the one before (so order them from the
/// largest to the smallest), with the approximate leave-one-out log loss of each.
///
/// # Errors
/// As [`fit`].
pub fn fit_path(
    family: Family,
    data: &Data,
    penalties: &[f64],
    floor: f64,
) -> Result<Path, Invalid> {
    let mut path = Path { fits: Vec::new(), losses: Vec::new() };
    for penalty in penalties {
        path.extend(family, data, *penalty, floor)?;
    }
    Ok(path)
}

/// The fit with the penalty of the smallest approximate leave-one-out log loss, the first of equal
/// ones; `None` when none converges.
///
/// Penalties are to be ordered from the largest to the smallest. The search ends when the loss has
/// risen twice in a row: what follows is ever more overfitted, and the slowest to fit.
///
/// # Errors
/// As [`fit`].
pub fn choose_penalty(
    family: Family,
    data: &Data,
    penalties: &[f64],
    floor: f64,
) -> Result<Option<Fit>, Invalid> {
    let mut path = Path { fits: Vec::new(), losses: Vec::new() };
    for penalty in penalties {
        path.extend(family, data, *penalty, floor)?;
        if let [.., Some(before), Some(one), Some(two)] = path.losses[..]
            && before < one
            && one < two
        {
            break;
        }
    }
    Ok(path.best())
}

/// Fits along a list of penalties.
#[derive(Debug, Clone)]
pub struct Path {
    /// One fit per penalty, in the order asked.
    pub fits: Vec<Fit>,
    /// Approximate leave-one-out log loss of each; `None` where the fit did not converge.
    pub losses: Vec<Option<f64>>,
}

impl Path {
    fn extend(
        &mut self,
        family: Family,
        data: &Data,
        penalty: f64,
        floor: f64,
    ) -> Result<(), Invalid> {
        let (likelihood, cold) = prepare(family, data, penalty)?;
        let start = match self.fits.last() {
            Some(last) if last.outcome == Outcome::Converged => {
                DVector::from_column_slice(&last.model.theta)
            }
            _ => cold,
        };
        let solved = newton::solve(&*likelihood, data, penalty, start);
        let fit = finish(family, &*likelihood, data, penalty, solved);
        self.losses.push(fit.leave_one_out_loss(data, floor));
        self.fits.push(fit);
        Ok(())
    }

    /// The converged fit with the smallest loss, the first of several; `None` when there is none.
    pub fn best(self) -> Option<Fit> {
        let mut best: Option<(f64, Fit)> = None;
        for (fit, loss) in self.fits.into_iter().zip(self.losses) {
            if let Some(loss) = loss
                && best.as_ref().is_none_or(|(least, _)| loss < *least)
            {
                best = Some((loss, fit));
            }
        }
        best.map(|(_, fit)| fit)
    }
}

impl Fit {
    /// McFadden's pseudo R², `1 − ln L / ln L₀`.
    pub fn pseudo_r2(&self) -> f64 {
        1.0 - self.log_likelihood / self.null_log_likelihood
    }

    /// Standard errors of the parameters, intercepts or thresholds first, then slopes (of a
    /// multinomial logit equation by equation): roots of the diagonal of the inverse of the observed
    /// information, penalty included, at this fit and on the data that it was fitted to. `None`
    /// unless the fit converged.
    pub fn standard_errors(&self, data: &Data) -> Option<Vec<f64>> {
        Some(self.covariance(data)?.diagonal().iter().map(|variance| variance.sqrt()).collect())
    }

    pub(crate) fn covariance(&self, data: &Data) -> Option<DMatrix<f64>> {
        if self.outcome != Outcome::Converged {
            return None;
        }
        let model = &self.model;
        let likelihood = model.family.likelihood(model.levels, model.columns).ok()?;
        let mut sums = Sums::new(model.theta.len());
        newton::derivatives(&*likelihood, data, self.penalty, &model.theta, &mut sums);
        Some(Cholesky::new(sums.hessian)?.inverse())
    }

    /// Approximate log loss of each observation under the fit without it (one Newton step from this
    /// fit), on the data that this was fitted to. `floor` is the smallest probability that counts:
    /// without it, the only observation at its level would make every sum infinite. `None` unless
    /// the fit converged.
    pub fn leave_one_out(&self, data: &Data, floor: f64) -> Option<Vec<f64>> {
        if self.outcome != Outcome::Converged {
            return None;
        }
        let model = &self.model;
        let likelihood = model.family.likelihood(model.levels, model.columns).ok()?;
        let inverse = self.factor.as_ref()?.inverse();
        Some(leave_one_out::losses(&*likelihood, data, &model.theta, &inverse, floor))
    }

    /// The weighted sum of [`Fit::leave_one_out`].
    pub fn leave_one_out_loss(&self, data: &Data, floor: f64) -> Option<f64> {
        let losses = self.leave_one_out(data, floor)?;
        Some(losses.iter().enumerate().map(|(row, loss)| data.weight(row) * loss).sum())
    }
}

fn prepare(
    family: Family,
    data: &Data,
    penalty: f64,
) -> Result<(Box<dyn Likelihood>, DVector<f64>), Invalid> {
    if !(penalty.is_finite() && penalty >= 0.0) {
        return Err(Invalid::Penalty);
    }
    let likelihood = family.likelihood(data.levels(), data.columns())?;
    let level_weights = data.level_weights();
    if let Some(level) = level_weights.iter().position(|weight| *weight <= 0.0) {
        return Err(Invalid::LevelAbsent(level));
    }
    let start = likelihood.start(&level_weights);
    Ok((likelihood, start))
}

fn finish(
    family: Family,
    likelihood: &dyn Likelihood,
    data: &Data,
    penalty: f64,
    solved: Solved,
) -> Fit {
    let level_weights = data.level_weights();
    let total: f64 = level_weights.iter().sum();
    let theta = solved.theta.as_slice().to_vec();
    Fit {
        outcome: solved.outcome,
        steps: solved.steps,
        penalty,
        log_likelihood: -newton::value(likelihood, data, 0.0, &theta),
        null_log_likelihood: level_weights.iter().map(|w| w * (w / total).ln()).sum(),
        factor: solved.factor,
        model: Logit { family, levels: data.levels(), columns: data.columns(), theta },
    }
}
