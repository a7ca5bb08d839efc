//! Newton's method with step halving for a convex loss.

use crate::{
    Data,
    likelihood::{Likelihood, Sums},
};
use nalgebra::{Cholesky, DVector, Dyn};

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At the minimum.
    Converged,
    /// Not at a minimum within the permitted steps; the parameters are the best seen.
    NotConverged,
    /// Without penalty the predictors tell levels apart perfectly, in part or in whole, so that no
    /// finite minimum exists; the parameters are somewhere on the way to infinity.
    Separated,
    /// Without penalty the columns (with the intercept) are linearly dependent, so that the minimum
    /// is not unique; the parameters are those without slopes.
    Singular,
}

/// A loop ends here; well-posed problems take fewer than 15 steps, separated ones about 30.
const MAX_STEPS: usize = 100;
/// Squared Newton decrement at which the step just taken was the last. Convergence is quadratic, so
/// what is left after that step is at the level of rounding.
const LAST_DECREMENT: f64 = 1e-12;
/// Where no minimum exists, Newton steps keep moving some predictor by about 1 however small the
/// gradient; at a minimum the last step moves them by next to nothing.
const STILL_MOVING: f64 = 1e-3;
/// Share of a diagonal entry that elimination must leave for its column to count as independent.
const INDEPENDENT: f64 = 1e-11;

pub(crate) struct Solved {
    pub(crate) theta: DVector<f64>,
    pub(crate) outcome: Outcome,
    pub(crate) steps: usize,
    /// Factor of the last Hessian, unless none was positive definite.
    pub(crate) factor: Option<Cholesky<f64, Dyn>>,
}

/// Penalised loss at `theta`.
pub(crate) fn value(family: &dyn Likelihood, data: &Data, penalty: f64, theta: &[f64]) -> f64 {
    let mut eta = vec![0.0; family.width()];
    let mut total = penalty * family.size(theta);
    for row in 0..data.len() {
        family.predictors(data.row(row), data.outcome(row), theta, &mut eta);
        total += data.weight(row) * family.loss(data.outcome(row), &eta);
    }
    total
}

/// Gradient and Hessian of the penalised loss at `theta`.
pub(crate) fn derivatives(
    family: &dyn Likelihood,
    data: &Data,
    penalty: f64,
    theta: &[f64],
    sums: &mut Sums,
) {
    let width = family.width();
    let mut scratch = vec![0.0; 2 * width + width * width];
    let (eta, rest) = scratch.split_at_mut(width);
    let (r, w) = rest.split_at_mut(width);
    sums.clear();
    for row in 0..data.len() {
        let (x, level, weight) = (data.row(row), data.outcome(row), data.weight(row));
        family.predictors(x, level, theta, eta);
        family.derivatives(level, eta, r, w);
        if data.is_weighted() {
            r.iter_mut().chain(w.iter_mut()).for_each(|value| *value *= weight);
        }
        family.scatter(x, level, r, w, sums);
    }
    family.penalise(theta, penalty, sums);
}

/// Minimises the penalised loss from `start`.
pub(crate) fn solve(
    family: &dyn Likelihood,
    data: &Data,
    penalty: f64,
    start: DVector<f64>,
) -> Solved {
    let mut sums = Sums::new(family.parameters());
    let mut theta = start;
    let mut now = value(family, data, penalty, theta.as_slice());
    let mut factor = None;
    for steps in 1..=MAX_STEPS {
        derivatives(family, data, penalty, theta.as_slice(), &mut sums);
        let Some(current) = positive_factor(&sums, steps == 1 && penalty == 0.0) else {
            let outcome = lost(penalty, steps);
            return Solved { theta, outcome, steps, factor };
        };
        let step = -current.solve(&sums.gradient);
        let decrement = -step.dot(&sums.gradient);
        factor = Some(current);
        let Some((next, length)) = descend(family, data, penalty, &theta, &step, now, decrement)
        else {
            let outcome = if decrement <= LAST_DECREMENT.sqrt() {
                ended(family, data, penalty, &step)
            } else {
                Outcome::NotConverged
            };
            return Solved { theta, outcome, steps, factor };
        };
        theta.axpy(length, &step, 1.0);
        now = next;
        if decrement <= LAST_DECREMENT {
            let outcome = ended(family, data, penalty, &step);
            return Solved { theta, outcome, steps, factor };
        }
    }
    Solved { theta, outcome: Outcome::NotConverged, steps: MAX_STEPS, factor }
}

/// Factors the Hessian. `strict` also refuses columns that depend on others up to rounding.
fn positive_factor(sums: &Sums, strict: bool) -> Option<Cholesky<f64, Dyn>> {
    let factor = Cholesky::new(sums.hessian.clone())?;
    let pivots = factor.l_dirty().diagonal();
    let independent = |i: usize| pivots[i] * pivots[i] > INDEPENDENT * sums.hessian[(i, i)];
    (!strict || (0..pivots.len()).all(independent)).then_some(factor)
}

/// What a singular Hessian means: at the start all observations weigh alike, so the columns are at
/// fault; later those that are predicted perfectly have lost their weight.
fn lost(penalty: f64, steps: usize) -> Outcome {
    match (penalty > 0.0, steps) {
        (true, _) => Outcome::NotConverged,
        (false, 1) => Outcome::Singular,
        (false, _) => Outcome::Separated,
    }
}

/// The first of the lengths 1, ½, ¼… that lowers the loss enough, with the loss there.
fn descend(
    family: &dyn Likelihood,
    data: &Data,
    penalty: f64,
    theta: &DVector<f64>,
    step: &DVector<f64>,
    now: f64,
    decrement: f64,
) -> Option<(f64, f64)> {
    // Near the minimum the promised decrease is below the rounding of the sum.
    let rounding = 1e-13 * (1.0 + now.abs());
    let mut length = 1.0;
    while length > 1e-9 {
        let there = theta + step * length;
        let next = value(family, data, penalty, there.as_slice());
        if next <= now - 1e-4 * length * decrement + rounding {
            return Some((next, length));
        }
        length *= 0.5;
    }
    None
}

/// Tells a minimum from a flight to infinity by what the last step did to the predictors.
fn ended(family: &dyn Likelihood, data: &Data, penalty: f64, step: &DVector<f64>) -> Outcome {
    if penalty > 0.0 {
        return Outcome::Converged;
    }
    let mut eta = vec![0.0; family.width()];
    let moving = (0..data.len()).filter(|row| data.weight(*row) > 0.0).any(|row| {
        family.predictors(data.row(row), data.outcome(row), step.as_slice(), &mut eta);
        eta.iter().any(|change| change.abs() > STILL_MOVING)
    });
    if moving { Outcome::Separated } else { Outcome::Converged }
}

#[cfg(test)]
mod tests {
    use super::{derivatives, value};
    use crate::{Data, Family, likelihood::Sums};

    /// Central differences of the loss, and of the gradient for the Hessian.
    #[test]
    fn derivatives_are_those_of_the_loss() {
        let design = [0.3, -1.2, 0.8, 0.5, -0.7, 1.9, 1.1, -0.2, 0.0, 0.4, -1.5, -0.6];
        let weights = [1.0, 2.0, 0.5, 1.0, 3.0, 1.0];
        for (family, levels, outcomes, theta) in [
            (Family::Binary, 2, [0, 1, 1, 0, 1, 0], vec![0.2, -0.7, 0.4]),
            (Family::Ordinal, 4, [0, 3, 2, 1, 2, 1], vec![-0.8, 0.1, 1.3, -0.7, 0.4]),
            (Family::Multinomial, 3, [0, 2, 1, 1, 2, 0], vec![0.2, -0.7, 0.4, -0.1, 0.9, 0.3]),
        ] {
            let data = Data::new(&design, 2, &outcomes, levels).unwrap();
            let data = data.weighted(&weights).unwrap();
            let family = family.likelihood(levels, 2).unwrap();
            let penalty = 0.7;
            let h = 1e-5;
            let shifted = |i: usize, by: f64| {
                let mut theta = theta.clone();
                theta[i] += by;
                theta
            };
            let sums_at = |theta: &[f64]| {
                let mut sums = Sums::new(theta.len());
                derivatives(&*family, &data, penalty, theta, &mut sums);
                sums
            };
            let sums = sums_at(&theta);
            for i in 0..theta.len() {
                let loss = |by| value(&*family, &data, penalty, &shifted(i, by));
                let slope = (loss(h) - loss(-h)) / (2.0 * h);
                assert!((sums.gradient[i] - slope).abs() < 1e-8);
                let (up, down) = (sums_at(&shifted(i, h)), sums_at(&shifted(i, -h)));
                for j in i..theta.len() {
                    let curve = (up.gradient[j] - down.gradient[j]) / (2.0 * h);
                    assert!((sums.hessian[(j, i)] - curve).abs() < 1e-7, "{i} {j}");
                }
            }
        }
    }

    /// A step that would cross two thresholds is cut back instead of ending in no model.
    #[test]
    fn crossed_thresholds_have_infinite_loss() {
        let data = Data::new(&[0.0, 1.0, 2.0], 1, &[0, 1, 2], 3).unwrap();
        let family = Family::Ordinal.likelihood(3, 1).unwrap();
        assert_eq!(value(&*family, &data, 0.0, &[1.0, 0.5, 0.0]), f64::INFINITY);
        assert_eq!(value(&*family, &data, 0.0, &[1.0, 1.0, 0.0]), f64::INFINITY);
    }
}
