//! Stage 11: what a score means, against the same pilot's baseline, against humans, and against the
//! other methods.
//!
//! Everything rests on the draws of the score stage: draw `b` is of the same participants and the
//! same seeds for every method and size of an experiment, so that a difference, a ratio or a rank is
//! computed draw by draw and its interval is a paired one. Draws are centred at the estimate first,
//! since a distance is larger in resamples than in the table they are of.
//!
//! Invariants: ranks are those of the whole field, whoever looks at which part of it; oracles are
//! never ranked; what cannot be said is [`Verdict::Undefined`] with its reason.

mod curve;
mod difference;
mod field;
mod multiple;
mod permutation;
mod rank;
mod role;
mod skill;
mod verdict;

pub use curve::{Curve, Equivalent, PilotSize};
pub use difference::{Difference, Interval};
pub use multiple::holm;
pub use rank::Rank;
pub use role::{Role, baseline};
pub use verdict::Verdict;

use crate::{
    plan::{Left, Plan},
    score::{Scores, percentile, strategies},
};
use field::Field;
use serde::Serialize;

/// The headline of one cell, compared.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// Experiment.
    pub experiment: String,
    /// How pilots are chosen.
    pub strategy: String,
    /// Method.
    pub method: String,
    /// Pilot size at which it is compared; one that needs no pilot is compared at every size.
    pub size: usize,
    /// Place among the methods of this size.
    pub rank: Verdict<Rank>,
    /// Score less that of the same pilot's baseline, as badness: below 0 is better. The human
    /// ceiling's is taken on the half of the people that it answers for.
    pub difference: Verdict<Difference>,
    /// `(baseline − method) / (baseline − human ceiling)`, all at one number of people: 0 is the
    /// baseline, 1 the ceiling.
    pub skill: Verdict<Bounds>,
    /// Pilot people that the baseline needs to score as well.
    pub equivalent: Verdict<Equivalent>,
}

/// A value with the bounds of its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// The value.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Why nothing is said where a score has no draws.
const NO_DRAWS: &str = "no resamples tell how sure it is";

impl Bounds {
    /// A value with the percentiles of its draws.
    fn of(value: f64, draws: &[f64], confidence: f64) -> Result<Self, &'static str> {
        let (low, high) = percentile(draws, confidence).ok_or(NO_DRAWS)?;
        Ok(Self { value, low, high })
    }
}

/// A shown score of one cell against the same pilot's baseline.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnDifference {
    /// Experiment.
    pub experiment: String,
    /// How pilots are chosen.
    pub strategy: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// The score.
    pub score: String,
    /// The difference.
    #[serde(flatten)]
    pub difference: Difference,
}

/// A method over all experiments that have a size.
#[derive(Debug, Clone, Serialize)]
pub struct OverallRank {
    /// How pilots are chosen.
    pub strategy: String,
    /// Pilot size.
    pub size: usize,
    /// Method.
    pub method: String,
    /// Experiments behind it.
    pub experiments: usize,
    /// Mean rank over the experiments, and how often it is the best of all.
    pub rank: Rank,
    /// Mean skill over the experiments where it is defined, and their number.
    pub skill: Option<(f64, usize)>,
}

/// All comparisons of a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comparisons {
    /// The headline, cell by cell.
    pub cells: Vec<Compared>,
    /// The headline along the pilot sizes.
    pub curves: Vec<Curve>,
    /// Every shown score that judges, cell by cell.
    pub differences: Vec<ColumnDifference>,
    /// Ranks over experiments.
    pub overall: Vec<OverallRank>,
}

/// Compares the cells of a run.
pub fn compare(plan: &Plan, scores: &Scores) -> Comparisons {
    let mut comparisons = Comparisons::default();
    for strategy in strategies(scores.cells.iter().map(|cell| &cell.facts)) {
        let experiments = plan.experiments.iter();
        let fields: Vec<Field> =
            experiments.map(|e| Field::new(plan, scores, &e.id, strategy)).collect();
        let mut ranked = Vec::new();
        for field in &fields {
            let ranks = rank::by_size(field);
            cells(field, &ranks, &mut comparisons);
            comparisons.differences.extend(difference::of_columns(field));
            ranked.push(ranks);
        }
        if fields.len() > 1 {
            let overall = rank::overall(&fields, &ranked, &comparisons.cells);
            comparisons.overall.extend(overall);
        }
    }
    comparisons
}

/// Every method of a field at every size, and along them.
fn cells(field: &Field, ranks: &[rank::Ranked], comparisons: &mut Comparisons) {
    for method in &field.plan.methods {
        let differences = difference::of_headline(field, method);
        if differences.is_empty() {
            continue;
        }
        // The ceiling is of half of the people: its score is no point of anybody's curve.
        if Role::of(method) != Role::Ceiling {
            comparisons.curves.push(curve::curve(field, &method.name, &differences));
        }
        for (size, difference) in differences {
            let rank = ranks.iter().find(|ranked| ranked.size == size);
            comparisons.cells.push(Compared {
                experiment: field.experiment.to_owned(),
                strategy: field.strategy.to_owned(),
                method: method.name.clone(),
                size,
                rank: rank.map_or(Verdict::Undefined("not ranked"), |r| r.of(&method.name)),
                difference,
                skill: skill::skill(field, &method.name, size),
                equivalent: curve::equivalent(field, method, size),
            });
        }
    }
}

/// Pilot sizes that were asked of an experiment: those of methods that learn from the pilot, run or
/// left out; where there are none, 0 alone.
pub fn sizes(plan: &Plan, scores: &Scores, experiment: &str) -> Vec<usize> {
    let learns = |name: &str| plan.method(name).is_some_and(|m| m.facts.learns_from.uses_pilot());
    let run = scores.cells.iter().map(|c| &c.facts).filter(|c| c.experiment == experiment);
    let run = run.filter(|c| learns(&c.method)).map(|c| c.size);
    let asked = |left: &&Left| left.experiment == experiment && learns(&left.method);
    let left = plan.left_out.iter().filter(asked).map(|left| left.size);
    let sizes: std::collections::BTreeSet<usize> = run.chain(left).collect();
    match sizes.is_empty() {
        true => vec![0],
        false => sizes.into_iter().collect(),
    }
}
