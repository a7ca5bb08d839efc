//! Firth's logit (Firth 1993, section 3; Heinze and Schemper 2002): maximises
//! `ln L(θ) + ½ ln det I(θ)`, which has a finite maximum however the predictors separate the
//! outcomes. Its score is
//!
//! ```text
//! Σᵢ wᵢ (yᵢ − πᵢ + hᵢ (½ − πᵢ)) xᵢ,   hᵢ = πᵢ (1 − πᵢ) xᵢᵀ I⁻¹ xᵢ,   I = Σᵢ wᵢ πᵢ (1 − πᵢ) xᵢ xᵢᵀ
//! ```
//!
//! and standard errors come from `I⁻¹` at the maximum. For fixed `h` that is the score of a logit in
//! which each person counts `1 + hᵢ` times, and steps are Newton's of that one: with `I` alone they
//! swing from side to side where few people have a parameter for themselves.

use crate::{
    blocks::{Blocks, Lane, ROWS},
    likelihood::softplus,
    maximum::{Work, outcome},
    triangle::Factor,
};

const MAX_STEPS: usize = 300;
/// A step that moves every predictor by less than this was the last.
const CONVERGED: f64 = 1e-10;
/// Largest change of a predictor in one step.
const LONGEST: f64 = 3.0;
/// Steps shorter than this are accelerated.
const NEAR: f64 = 1.0;

/// Memory beyond that of maximum likelihood.
#[derive(Debug, Clone)]
pub(crate) struct Augmented {
    bent: Vec<Lane>,
    factor: Factor,
    memory: Memory,
}

impl Augmented {
    pub(crate) fn new(blocks: &Blocks) -> Self {
        let columns = blocks.columns();
        Self {
            bent: vec![[0.0; ROWS]; columns],
            factor: Factor::new(columns),
            memory: Memory::default(),
        }
    }
}

/// Maximises from the parameters without slopes; at the end `work.factor` is that of the information
/// at the maximum. Returns the number of steps; `None` when the iterations come to no end.
pub(crate) fn maximise(
    blocks: &Blocks,
    work: &mut Work,
    augmented: &mut Augmented,
) -> Option<usize> {
    work.start_cold();
    information(blocks, work);
    work.factor.choose(&work.gram);
    let mut now = information(blocks, work)?;
    let mut before = f64::INFINITY;
    augmented.memory.clear();
    for steps in 1..=MAX_STEPS {
        score(blocks, work, augmented);
        augmented.factor.choose(&work.gram);
        augmented.factor.solve(&mut work.step);
        if !work.step.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut largest = largest_change(blocks, work);
        // Rounding may keep the last steps of an ill-conditioned table from becoming smaller.
        if largest <= CONVERGED || (largest < 1e-7 && largest >= before) {
            work.advance(1.0);
            return information(blocks, work).map(|_| steps);
        }
        before = largest;
        if largest < NEAR {
            augmented.memory.accelerate(&work.theta, &mut work.step);
            largest = largest_change(blocks, work);
        }
        work.advance((LONGEST / largest).min(1.0));
        let (there, halvings) = climb(blocks, work, now)?;
        if halvings > 0 {
            augmented.memory.clear();
        }
        now = there;
    }
    None
}

/// Goes half the way back as long as the penalised log-likelihood is less than before the step, by
/// more than its rounding; the value where that ends, and how often it went back.
fn climb(blocks: &Blocks, work: &mut Work, before: f64) -> Option<(f64, usize)> {
    for halvings in 0..30 {
        let there = information(blocks, work);
        if let Some(value) = there.filter(|value| *value >= before - 1e-12 * (1.0 + before.abs())) {
            return Some((value, halvings));
        }
        work.advance(if halvings == 0 { -0.5 } else { 0.5 });
    }
    None
}

/// Factors the information at the current parameters; the penalised log-likelihood there.
fn information(blocks: &Blocks, work: &mut Work) -> Option<f64> {
    work.gram.fill(0.0);
    let mut likelihood = 0.0;
    let mut v = [0.0; ROWS];
    for block in 0..blocks.count() {
        let (weights, signs, eta) = (&work.weights[block], &work.signs[block], &work.eta[block]);
        for row in 0..ROWS {
            v[row] = weights[row] * outcome(eta[row]).1;
            if weights[row] > 0.0 {
                likelihood -= weights[row] * softplus(-signs[row] * eta[row]);
            }
        }
        blocks.add_gram(block, &v, &mut work.gram);
    }
    work.factor.refactor(&work.gram).then(|| likelihood + 0.5 * work.factor.ln_determinant())
}

/// The modified score, into `work.step`, and the augmented information, into `work.gram`.
fn score(blocks: &Blocks, work: &mut Work, augmented: &mut Augmented) {
    work.step.fill(0.0);
    work.gram.fill(0.0);
    let (mut r, mut v, mut leverage) = ([0.0; ROWS], [0.0; ROWS], [0.0; ROWS]);
    for block in 0..blocks.count() {
        blocks.leverages(block, &work.factor, &mut augmented.bent, &mut leverage);
        let (weights, signs, eta) = (&work.weights[block], &work.signs[block], &work.eta[block]);
        for row in 0..ROWS {
            let (unlikely, product) = outcome(signs[row] * eta[row]);
            let h = product * leverage[row];
            r[row] = weights[row] * signs[row] * (unlikely + h * (unlikely - 0.5));
            v[row] = weights[row] * (1.0 + h) * product;
        }
        blocks.add_scores(block, &r, &mut work.step);
        blocks.add_gram(block, &v, &mut work.gram);
    }
}

/// The largest change of a predictor that the step makes.
fn largest_change(blocks: &Blocks, work: &mut Work) -> f64 {
    let (least, most) = work.movement(blocks);
    most.max(-least)
}

/// Steps of before. The steps alone converge linearly, and slowly for people who are far apart.
#[derive(Debug, Clone, Default)]
struct Memory {
    last: Option<(Vec<f64>, Vec<f64>)>,
    /// Differences of parameters and of steps, the newest last.
    differences: Vec<(Vec<f64>, Vec<f64>)>,
}

/// Differences remembered.
const REMEMBERED: usize = 5;

impl Memory {
    fn clear(&mut self) {
        self.last = None;
        self.differences.clear();
    }

    /// Anderson's acceleration (1965; Walker and Ni 2011, problem 2.4): the combination of the
    /// steps of before that leaves least of this step is taken along.
    fn accelerate(&mut self, theta: &[f64], step: &mut [f64]) {
        let less = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>();
        if let Some((last_theta, last_step)) = &self.last {
            self.differences.push((less(theta, last_theta), less(step, last_step)));
            if self.differences.len() > REMEMBERED {
                self.differences.remove(0);
            }
        }
        self.last = Some((theta.to_vec(), step.to_vec()));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let steps = || self.differences.iter().map(|(_, step)| step);
        let gram: Vec<f64> = steps()
            .enumerate()
            .flat_map(|(i, a)| steps().take(i + 1).map(move |b| product(a, b)))
            .collect();
        let mut shares: Vec<f64> = steps().map(|difference| product(difference, step)).collect();
        let mut factor = Factor::new(shares.len());
        factor.choose(&gram);
        factor.solve(&mut shares);
        for ((by_theta, by_step), share) in self.differences.iter().zip(shares) {
            for ((value, a), b) in step.iter_mut().zip(by_theta).zip(by_step) {
                *value -= share * (a + b);
            }
        }
    }
}
