//! Firth's logit (Firth 1993, section 3; Heinze and Schemper 2002): maximises
//! `ln L(θ) + ½ ln det I(θ)`, which has a finite maximum however the predictors separate the
//! outcomes. Its score is
//!
//! ```text
//! Σᵢ wᵢ (yᵢ − πᵢ + hᵢ (½ − πᵢ)) xᵢ,   hᵢ = πᵢ (1 − πᵢ) xᵢᵀ I⁻¹ xᵢ,   I = Σᵢ wᵢ πᵢ (1 − πᵢ) xᵢ xᵢᵀ
//! ```
//!
//! and standard errors come from `I⁻¹` at the maximum. Steps are Newton's. With `zᵢ = L⁻¹ xᵢ`,
//! `I = L Lᵀ` and `uᵢ = wᵢ πᵢ (1 − πᵢ) (1 − 2πᵢ)` the negative Hessian is, in the coordinates of `z`,
//!
//! ```text
//! Σᵢ wᵢ (vᵢ − hᵢ (½ − 3vᵢ)) zᵢ zᵢᵀ + ½ Σ_bc T_·bc T_·bcᵀ,   vᵢ = πᵢ (1 − πᵢ),   T_abc = Σᵢ uᵢ z_ia z_ib z_ic
//! ```
//!
//! It need not be positive definite far from the maximum. There the steps are those of a logit in
//! which each person counts `1 + hᵢ` times, which has the same score for fixed `h`.

use crate::{
    blocks::{Blocks, Lane, ROWS, add_gram},
    likelihood::{dot, softplus},
    maximum::{Work, outcome},
    triangle::Factor,
};

const MAX_STEPS: usize = 300;
/// A step that moves every predictor by less than this was the last.
const CONVERGED: f64 = 1e-9;
/// Largest change of a predictor in one step.
const LONGEST: f64 = 3.0;

/// Memory beyond that of maximum likelihood.
#[derive(Debug, Clone)]
pub(crate) struct Curvature {
    z: Vec<Lane>,
    /// `T_abc` with `a ≥ b ≥ c`.
    thirds: Vec<f64>,
    hessian: Vec<f64>,
    factor: Factor,
}

impl Curvature {
    pub(crate) fn new(blocks: &Blocks) -> Self {
        let columns = blocks.columns();
        Self {
            z: vec![[0.0; ROWS]; columns],
            thirds: vec![0.0; columns * (columns + 1) * (columns + 2) / 6],
            hessian: vec![0.0; Factor::packed(columns)],
            factor: Factor::new(columns),
        }
    }
}

/// Maximises from the parameters `start`, or else from those without slopes; at the end
/// `work.factor` is that of the information at the maximum. Returns the number of steps; `None` when
/// the iterations come to no end.
pub(crate) fn maximise(
    blocks: &Blocks,
    start: Option<&[f64]>,
    work: &mut Work,
    curvature: &mut Curvature,
) -> Option<usize> {
    work.start_cold();
    information(blocks, work);
    work.factor.choose(&work.gram);
    if let Some(start) = start {
        work.start_at(blocks, start);
    }
    let mut now = information(blocks, work).filter(|_| !work.is_out_of_place());
    if now.is_none() {
        work.start_cold();
        now = information(blocks, work);
    }
    let (mut now, mut before) = (now?, f64::INFINITY);
    for steps in 1..=MAX_STEPS {
        step(blocks, work, curvature);
        if !work.step.iter().all(|value| value.is_finite()) {
            return None;
        }
        let (least, most) = work.movement(blocks);
        let largest = most.max(-least);
        work.advance((LONGEST / largest).min(1.0));
        // Rounding may keep the last steps of an ill-conditioned table from becoming smaller.
        if largest <= CONVERGED || (largest < 1e-6 && largest >= before) {
            return information(blocks, work).map(|_| steps);
        }
        now = climb(blocks, work, now)?;
        before = largest;
    }
    None
}

/// Goes half the way back as long as the penalised log-likelihood is less than before the step, by
/// more than its rounding; the value where that ends.
fn climb(blocks: &Blocks, work: &mut Work, before: f64) -> Option<f64> {
    for halvings in 0..30 {
        let there = information(blocks, work);
        if let Some(value) = there.filter(|value| *value >= before - 1e-12 * (1.0 + before.abs())) {
            return Some(value);
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

/// The step from the current parameters, into `work.step`.
fn step(blocks: &Blocks, work: &mut Work, curvature: &mut Curvature) {
    derivatives(blocks, work, curvature);
    let Curvature { thirds, hessian, factor, .. } = curvature;
    add_squares(thirds, hessian, blocks.columns());
    factor.choose(hessian);
    if factor.rank() == work.factor.rank() {
        work.factor.forward(&mut work.step);
        factor.solve(&mut work.step);
        work.factor.backward(&mut work.step);
    } else {
        factor.choose(&work.gram);
        factor.solve(&mut work.step);
    }
}

/// The modified score, into `work.step`; the information of people who count `1 + h` times, into
/// `work.gram`; and the parts of the Hessian.
fn derivatives(blocks: &Blocks, work: &mut Work, curvature: &mut Curvature) {
    let Curvature { z, thirds, hessian, .. } = curvature;
    work.step.fill(0.0);
    work.gram.fill(0.0);
    thirds.fill(0.0);
    hessian.fill(0.0);
    let (mut r, mut v, mut e, mut u) = ([0.0; ROWS], [0.0; ROWS], [0.0; ROWS], [0.0; ROWS]);
    let mut leverage = [0.0; ROWS];
    for block in 0..blocks.count() {
        blocks.leverages(block, &work.factor, z, &mut leverage);
        let (weights, signs, eta) = (&work.weights[block], &work.signs[block], &work.eta[block]);
        for row in 0..ROWS {
            let (unlikely, product) = outcome(signs[row] * eta[row]);
            let (weight, h) = (weights[row], product * leverage[row]);
            r[row] = weight * signs[row] * (unlikely + h * (unlikely - 0.5));
            v[row] = weight * (1.0 + h) * product;
            e[row] = weight * (product - h * (0.5 - 3.0 * product));
            // 1 − 2π is 2 · unlikely − 1 for who has outcome 1, and the opposite for outcome 0
            u[row] = weight * product * signs[row] * (2.0 * unlikely - 1.0);
        }
        blocks.add_scores(block, &r, &mut work.step);
        blocks.add_gram(block, &v, &mut work.gram);
        add_gram(z, &e, hessian);
        let mut rest = thirds.as_mut_slice();
        for a in 0..z.len() {
            let mut weighted = u;
            weighted.iter_mut().zip(&z[a]).for_each(|(value, z)| *value *= z);
            let part;
            (part, rest) = rest.split_at_mut(Factor::packed(a + 1));
            add_gram(&z[..=a], &weighted, part);
        }
    }
}

/// Adds `½ Σ_bc T_·bc T_·bcᵀ`.
fn add_squares(thirds: &[f64], hessian: &mut [f64], size: usize) {
    let third = |a: usize, b: usize, c: usize| {
        let mut at = [a, b, c];
        at.sort_unstable();
        let [c, b, a] = at;
        thirds[a * (a + 1) * (a + 2) / 6 + b * (b + 1) / 2 + c]
    };
    // All of `T`, a row of it for each first index, so that the products are of whole rows.
    let rows: Vec<f64> = (0..size)
        .flat_map(|a| (0..size).flat_map(move |b| (0..size).map(move |c| third(a, b, c))))
        .collect();
    let row = |a: usize| &rows[a * size * size..(a + 1) * size * size];
    let pairs = (0..size).flat_map(|a| (0..=a).map(move |b| (a, b)));
    for (entry, (a, b)) in hessian.iter_mut().zip(pairs) {
        *entry += 0.5 * dot(row(a), row(b));
    }
}
