//! Maximum likelihood of a binary logit, made for refitting one table many times: a warm start, no
//! allocation, and sums in whole vectors.

use crate::{
    blocks::{Blocks, Lane, ROWS},
    exponential::exp_minus,
    triangle::Factor,
};

/// Newton steps; overlapping data take 4 to 8, and what is separated shows earlier than this.
const MAX_STEPS: usize = 60;
/// A step that moves every predictor by less than this share was the last.
const CONVERGED: f64 = 1e-8;
/// Largest change of a predictor in one step. The Hessian changes by at most `eᵗ` over a change of
/// `t`, and up to here a Newton step therefore always lowers the loss (Bach 2010, proposition 2):
/// the method converges from everywhere, and the loss need not be computed.
const LONGEST: f64 = 1.5;
/// At a minimum the last steps move the predictors by next to nothing, on the way to infinity by
/// about 1.
const STILL_MOVING: f64 = 1e-3;
/// Movement against the outcome, as a share of the largest, that counts as none.
const BACKWARD: f64 = 1e-7;

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At the minimum, after this many steps.
    Converged(usize),
    /// There is a direction in which every outcome becomes more likely, or none less: no minimum
    /// exists (Albert and Anderson 1984).
    Separated,
    /// None of these.
    Lost,
}

/// Memory of one fit after another.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// Case weights.
    pub(crate) weights: Vec<Lane>,
    /// Outcomes as +1 and −1, 0 where the weight is 0.
    pub(crate) signs: Vec<Lane>,
    /// Linear predictors.
    pub(crate) eta: Vec<Lane>,
    /// What the step changes them by.
    change: Vec<Lane>,
    /// Parameters, the intercept first.
    pub(crate) theta: Vec<f64>,
    pub(crate) step: Vec<f64>,
    pub(crate) gram: Vec<f64>,
    pub(crate) factor: Factor,
}

impl Work {
    pub(crate) fn new(blocks: &Blocks) -> Self {
        let (count, columns) = (blocks.count(), blocks.columns());
        let lanes = || vec![[0.0; ROWS]; count];
        Self {
            weights: lanes(),
            signs: lanes(),
            eta: lanes(),
            change: lanes(),
            theta: vec![0.0; columns],
            step: vec![0.0; columns],
            gram: vec![0.0; Factor::packed(columns)],
            factor: Factor::new(columns),
        }
    }

    /// Total weight of the outcomes 0 and 1.
    pub(crate) fn totals(&self) -> [f64; 2] {
        let mut totals = [0.0; 2];
        let weights = self.weights.as_flattened().iter().zip(self.signs.as_flattened());
        weights.for_each(|(weight, sign)| totals[usize::from(*sign > 0.0)] += weight);
        totals
    }

    /// Starts from these parameters.
    pub(crate) fn start_at(&mut self, blocks: &Blocks, theta: &[f64]) {
        self.theta.copy_from_slice(theta);
        for (block, eta) in self.eta.iter_mut().enumerate() {
            blocks.predict(block, theta, eta);
        }
    }

    /// Starts from the share of the outcomes, without slopes.
    pub(crate) fn start_cold(&mut self) {
        let [zeros, ones] = self.totals();
        self.theta.fill(0.0);
        self.theta[0] = (ones / zeros).ln();
        self.eta.as_flattened_mut().fill(self.theta[0]);
    }

    /// Gradient of the log-likelihood, into `step`, and information at the current parameters.
    fn derivatives(&mut self, blocks: &Blocks) {
        self.step.fill(0.0);
        self.gram.fill(0.0);
        let (mut r, mut v) = ([0.0; ROWS], [0.0; ROWS]);
        for block in 0..blocks.count() {
            let (weights, signs) = (&self.weights[block], &self.signs[block]);
            for row in 0..ROWS {
                let margin = signs[row] * self.eta[block][row];
                let (unlikely, product) = outcome(margin);
                r[row] = weights[row] * signs[row] * unlikely;
                v[row] = weights[row] * product;
            }
            blocks.add_scores(block, &r, &mut self.step);
            blocks.add_gram(block, &v, &mut self.gram);
        }
    }

    /// Works out how the step changes the predictors; returns the smallest and the largest movement
    /// of a predictor towards its outcome.
    pub(crate) fn movement(&mut self, blocks: &Blocks) -> (f64, f64) {
        let (mut least, mut most) = ([0f64; ROWS], [0f64; ROWS]);
        for (block, signs) in self.signs.iter().enumerate() {
            let change = &mut self.change[block];
            blocks.predict(block, &self.step, change);
            for row in 0..ROWS {
                let towards = signs[row] * change[row];
                least[row] = if towards < least[row] { towards } else { least[row] };
                most[row] = if towards > most[row] { towards } else { most[row] };
            }
        }
        (least.into_iter().fold(0.0, f64::min), most.into_iter().fold(0.0, f64::max))
    }

    /// Makes a share of the step, which becomes the step.
    pub(crate) fn advance(&mut self, length: f64) {
        for (value, step) in self.theta.iter_mut().zip(&mut self.step) {
            *step *= length;
            *value += *step;
        }
        let predictors = self.eta.as_flattened_mut().iter_mut();
        for (eta, change) in predictors.zip(self.change.as_flattened_mut()) {
            *change *= length;
            *eta += *change;
        }
    }

    /// Whether a parameter of a column left out is not 0.
    pub(crate) fn is_out_of_place(&self) -> bool {
        self.theta.iter().enumerate().any(|(i, value)| *value != 0.0 && !self.factor.is_kept(i))
    }
}

/// For a predictor towards the outcome: probability of the other outcome, and the product of both.
#[inline(always)]
pub(crate) fn outcome(margin: f64) -> (f64, f64) {
    let small = exp_minus(margin);
    let larger = 1.0 / (1.0 + small);
    let smaller = small * larger;
    (if margin >= 0.0 { smaller } else { larger }, smaller * larger)
}

/// Maximises the likelihood from where `work` stands; both outcomes must have weight. At the end
/// `work.factor` is that of the information at the maximum.
pub(crate) fn maximise(blocks: &Blocks, work: &mut Work) -> End {
    let mut before = f64::INFINITY;
    for steps in 1..=MAX_STEPS {
        work.derivatives(blocks);
        if steps == 1 {
            work.factor.choose(&work.gram);
            if work.is_out_of_place() {
                work.start_cold();
                work.derivatives(blocks);
                work.factor.choose(&work.gram);
            }
        } else if !work.factor.refactor(&work.gram) {
            return End::Separated;
        }
        work.factor.solve(&mut work.step);
        // A comparison with NaN is false, so that a step gone wrong looks like none.
        if !work.step.iter().all(|value| value.is_finite()) {
            return End::Lost;
        }
        let (least, most) = work.movement(blocks);
        let largest = most.max(-least);
        if largest > STILL_MOVING && least >= -BACKWARD * largest {
            return End::Separated;
        }
        work.advance((LONGEST / largest).min(1.0));
        // Rounding may keep the last steps of an ill-conditioned table from becoming smaller.
        let stands = largest < 1e-6 && largest >= 0.5 * before;
        if largest <= CONVERGED || stands {
            return End::Converged(steps);
        }
        before = largest;
    }
    if before > STILL_MOVING { End::Separated } else { End::Lost }
}
