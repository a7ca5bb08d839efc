//! One table, fitted again and again with other case weights.

use crate::{
    Data, Estimates, Estimator, NoEstimate,
    blocks::{Blocks, Lane, ROWS, lanes},
    estimates::Coefficient,
    firth,
    maximum::{self, End, Work},
    squares, thresholds,
};

/// The kinds of regression that give standard errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Ordinary least squares of the value of the level, errors by HC1.
    LeastSquares,
    /// Logit of two levels; where the predictors separate them, Firth's.
    Binary,
    /// Proportional-odds logit; where the predictors separate the levels, with a ridge penalty of 1
    /// on columns of variance 1.
    Ordinal,
}

/// A regression on one table, ready to be fitted with any case weights: those of the table itself,
/// of a bootstrap resample, or 0 and 1 for a part of the people.
///
/// Columns are centred and scaled inside, so that results do not depend on their units. A column
/// that is constant among the people with a weight, or depends linearly on the columns before it
/// (R² above 1 − 10⁻¹⁰), has no coefficient; the others are as if it were not there. Nor is there a
/// coefficient of least squares whose robust error is 0, because all who speak of it have no
/// residual.
///
/// ```
/// use pilotbench_regression::{Data, Fitter, Kind};
///
/// let design = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]; // one column, row by row
/// let data = Data::new(&design, 1, &[0, 0, 1, 0, 1, 1], 2)?;
/// let fitter = Fitter::new(Kind::Binary, &data, &[0.0, 1.0])?;
/// let mut scratch = fitter.scratch();
/// let all = fitter.fit(&[1.0; 6], None, &mut scratch)?;
/// let resample = fitter.fit(&[2.0, 1.0, 1.0, 1.0, 1.0, 0.0], Some(&all), &mut scratch)?;
/// assert!(all.slopes[0].is_some_and(|slope| slope.value > 0.0 && slope.error > 0.0));
/// # assert_ne!(all, resample);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fitter {
    kind: Kind,
    blocks: Blocks,
    centres: Vec<f64>,
    scales: Vec<f64>,
    levels: Vec<usize>,
    /// What each row has for an outcome: ±1, or the value less its mean.
    outcomes: Vec<Lane>,
    centre: f64,
}

/// Share of the variance under equal residuals below which the robust one is 0.
const NO_ERROR: f64 = 1e-18;

/// Memory for one fit after another; one per thread.
#[derive(Debug, Clone)]
pub struct Scratch {
    work: Work,
    curvature: firth::Curvature,
}

impl Fitter {
    /// Prepares a table. `values` are those of the levels, for least squares; weights of the data
    /// are not read.
    ///
    /// # Errors
    /// [`NoEstimate::Unfit`] when a binary logit has another number of levels than two, or least
    /// squares another number of values than levels or one that is not finite.
    pub fn new(kind: Kind, data: &Data, values: &[f64]) -> Result<Self, NoEstimate> {
        let fits = match kind {
            Kind::Binary => data.levels() == 2,
            Kind::Ordinal => true,
            Kind::LeastSquares => {
                values.len() == data.levels() && values.iter().all(|value| value.is_finite())
            }
        };
        if !fits {
            return Err(NoEstimate::Unfit);
        }
        let rows = data.len();
        let column = |column: usize| (0..rows).map(move |row| data.row(row)[column]);
        let (centres, scales): (Vec<f64>, Vec<f64>) =
            (0..data.columns()).map(|c| centre_and_scale(column(c), rows)).unzip();
        let blocks = Blocks::new(rows, data.columns(), |row, column| {
            (data.row(row)[column] - centres[column]) * scales[column]
        });
        let mut fitter = Self {
            kind,
            outcomes: vec![[0.0; ROWS]; blocks.count()],
            levels: (0..rows).map(|row| data.outcome(row)).collect(),
            blocks,
            centres,
            scales,
            centre: 0.0,
        };
        let levels = fitter.levels.iter();
        match kind {
            Kind::LeastSquares => {
                fitter.centre =
                    levels.clone().map(|l| values[*l]).sum::<f64>() / rows.max(1) as f64;
                lanes(levels.map(|level| values[*level] - fitter.centre), &mut fitter.outcomes);
            }
            _ => lanes(levels.map(|level| sign(*level)), &mut fitter.outcomes),
        }
        Ok(fitter)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.blocks.rows()
    }

    /// Whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory for [`Fitter::fit`].
    pub fn scratch(&self) -> Scratch {
        Scratch { work: Work::new(&self.blocks), curvature: firth::Curvature::new(&self.blocks) }
    }

    /// Fits with these case weights, by row, whole or not: weight 2 counts as two equal people, and
    /// who has weight 0 is not there. A binary logit starts from earlier estimates on this table
    /// where there are some; it ends in the same place.
    ///
    /// # Errors
    /// [`NoEstimate`], among others when the outcome is constant among those with a weight.
    pub fn fit(
        &self,
        weights: &[f64],
        start: Option<&Estimates>,
        scratch: &mut Scratch,
    ) -> Result<Estimates, NoEstimate> {
        let usable = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        let foreign = scratch.work.theta.len() != self.blocks.columns()
            || scratch.work.weights.len() != self.blocks.count();
        if weights.len() != self.len() || !weights.iter().all(usable) || foreign {
            return Err(NoEstimate::Unfit);
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(NoEstimate::Nobody);
        }
        let work = &mut scratch.work;
        lanes(weights.iter().copied(), &mut work.weights);
        match self.kind {
            Kind::LeastSquares => self.least_squares(work),
            Kind::Binary => self.binary(start, scratch),
            Kind::Ordinal => self.ordinal(work),
        }
    }

    fn least_squares(&self, work: &mut Work) -> Result<Estimates, NoEstimate> {
        let rows = || 0..self.len();
        let weights = work.weights.as_flattened();
        let outcomes = self.outcomes.as_flattened();
        let mut present = rows().filter(|row| weights[*row] > 0.0).map(|row| outcomes[row]);
        let first = present.next().ok_or(NoEstimate::Nobody)?;
        if present.all(|outcome| outcome == first) {
            return Err(NoEstimate::ConstantOutcome);
        }
        let residual = squares::minimise(&self.blocks, &self.outcomes, work)?;
        let middle = &work.gram;
        let mut combination = vec![0.0; work.theta.len()];
        let estimates = self.in_units(&work.theta, 1, 1.0, |weights| {
            combination.copy_from_slice(weights);
            work.factor.forward(&mut combination);
            let usual: f64 = residual * combination.iter().map(|value| value * value).sum::<f64>();
            work.factor.backward(&mut combination);
            let variance = quadratic(middle, &combination);
            // Where only people without a residual speak of it, what is left is rounding.
            if variance > NO_ERROR * usual { variance.sqrt() } else { 0.0 }
        });
        let mut estimates = self.assemble(Estimator::LeastSquares, 1, estimates, work);
        estimates.intercepts[0].value += self.centre;
        Ok(estimates)
    }

    fn binary(
        &self,
        start: Option<&Estimates>,
        scratch: &mut Scratch,
    ) -> Result<Estimates, NoEstimate> {
        let Scratch { work, curvature } = scratch;
        let signs = work.signs.as_flattened_mut().iter_mut();
        let weights = work.weights.as_flattened().iter().zip(self.outcomes.as_flattened());
        for (sign, (weight, outcome)) in signs.zip(weights) {
            *sign = if *weight > 0.0 { *outcome } else { 0.0 };
        }
        if work.totals().contains(&0.0) {
            return Err(NoEstimate::ConstantOutcome);
        }
        let start = start.filter(|start| start.theta.len() == work.theta.len());
        let start_of = |estimator| start.filter(|s| s.estimator == estimator).map(|s| &*s.theta);
        match start_of(Estimator::MaximumLikelihood) {
            Some(theta) => work.start_at(&self.blocks, theta),
            None => work.start_cold(),
        }
        let (estimator, steps) = match maximum::maximise(&self.blocks, work) {
            End::Converged(steps) => (Estimator::MaximumLikelihood, steps),
            End::Separated | End::Lost => {
                let start = start_of(Estimator::Firth);
                let steps = firth::maximise(&self.blocks, start, work, curvature);
                (Estimator::Firth, steps.ok_or(NoEstimate::NotConverged)?)
            }
        };
        let mut combination = vec![0.0; work.theta.len()];
        let estimates = self.in_units(&work.theta, 1, 1.0, |weights| {
            combination.copy_from_slice(weights);
            work.factor.forward(&mut combination);
            combination.iter().map(|value| value * value).sum::<f64>().sqrt()
        });
        let estimates = self.assemble(estimator, 1, estimates, work);
        Ok(Estimates { steps, ..estimates })
    }

    fn ordinal(&self, work: &mut Work) -> Result<Estimates, NoEstimate> {
        let fitted = thresholds::maximise(&self.blocks, &self.levels, work)?;
        let error = |weights: &[f64]| fitted.error(weights);
        let estimates = self.in_units(&fitted.theta, fitted.thresholds, -1.0, error);
        let estimates = self.assemble(fitted.estimator, fitted.thresholds, estimates, work);
        Ok(Estimates { steps: fitted.steps, theta: Vec::new(), ..estimates })
    }

    /// Parameters and their errors in the units of the columns. `sign` is that of the slopes in the
    /// predictor; `error` gives the standard error of a linear combination of the fit's parameters.
    fn in_units(
        &self,
        theta: &[f64],
        intercepts: usize,
        sign: f64,
        mut error: impl FnMut(&[f64]) -> f64,
    ) -> Vec<Coefficient> {
        let mut weights = vec![0.0; theta.len()];
        let mut coefficients = Vec::with_capacity(theta.len());
        for parameter in 0..theta.len() {
            weights.fill(0.0);
            match parameter.checked_sub(intercepts) {
                Some(column) => weights[parameter] = self.scales[column],
                None => {
                    weights[parameter] = 1.0;
                    let columns = self.centres.iter().zip(&self.scales);
                    for (weight, (centre, scale)) in weights[intercepts..].iter_mut().zip(columns) {
                        *weight = -sign * centre * scale;
                    }
                }
            }
            let value = weights.iter().zip(theta).map(|(weight, value)| weight * value).sum();
            coefficients.push(Coefficient { value, error: error(&weights) });
        }
        coefficients
    }

    fn assemble(
        &self,
        estimator: Estimator,
        intercepts: usize,
        mut coefficients: Vec<Coefficient>,
        work: &Work,
    ) -> Estimates {
        let slopes = coefficients.split_off(intercepts).into_iter().enumerate();
        let slopes = slopes.map(|(column, slope)| {
            Some(slope).filter(|slope| work.factor.is_kept(1 + column) && slope.error > 0.0)
        });
        Estimates {
            estimator,
            intercepts: coefficients,
            slopes: slopes.collect(),
            steps: 1,
            theta: work.theta.clone(),
        }
    }
}

fn sign(level: usize) -> f64 {
    if level == 0 { -1.0 } else { 1.0 }
}

/// Mean, and one over the standard deviation; 0 for a column that varies by no more than rounding.
fn centre_and_scale(column: impl Iterator<Item = f64> + Clone, rows: usize) -> (f64, f64) {
    let n = rows.max(1) as f64;
    let centre = column.clone().sum::<f64>() / n;
    let squares: f64 = column.clone().map(|x| (x - centre) * (x - centre)).sum();
    let size: f64 = column.map(|x| x * x).sum();
    let scale = if squares > 1e-20 * size { (n / squares).sqrt() } else { 0.0 };
    (centre, scale)
}

/// `bᵀ M b` of a packed symmetric matrix.
fn quadratic(packed: &[f64], b: &[f64]) -> f64 {
    let mut entries = packed.iter();
    let mut sum = 0.0;
    for i in 0..b.len() {
        for (j, entry) in entries.by_ref().take(i + 1).enumerate() {
            sum += if i == j { entry * b[i] * b[i] } else { 2.0 * entry * b[i] * b[j] };
        }
    }
    sum
}
