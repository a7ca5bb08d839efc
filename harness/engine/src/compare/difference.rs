//! A method against the same pilot's baseline.

use super::{
    ColumnDifference, NO_DRAWS, Verdict,
    field::{Badness, Field, On, paired},
    multiple::{benjamini_hochberg, holm},
    permutation::sign_flips,
};
use crate::{
    plan::{IntervalKind, PlannedMethod},
    plugin::Better,
    score::{Draws, deviation, percentile, student_half},
};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The difference of two scores as badness (less is better, whatever the score's direction), on
/// paired draws of participants and seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Badness of the method less that of the other.
    pub value: f64,
    /// Lower bound of the interval.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Standard error: standard deviation over the draws.
    pub se: f64,
    /// Two-sided p-value, Student's with the seeds' degrees of freedom.
    pub p: f64,
    /// p-value of random signs over seeds alone, of the headline; `None` where it has a best value in
    /// the middle, or for fewer than two seeds.
    pub p_seeds: Option<f64>,
    /// `p` adjusted for the several tests of its kind: by Holm over the sizes of the method for the
    /// headline, by Benjamini and Hochberg over all shown scores of the experiment otherwise.
    pub p_adjusted: f64,
}

impl Difference {
    /// Whether the interval leaves no doubt on which side of 0 the difference lies.
    pub(super) fn is_clear(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// How intervals are made.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    /// Kind.
    pub kind: IntervalKind,
    /// Coverage.
    pub confidence: f64,
}

impl Difference {
    /// The difference of `a` from `b`, whose draws are of the same people and seeds.
    ///
    /// # Errors
    /// When there are no draws to tell how sure it is.
    pub fn paired(
        better: Better,
        a: &Draws,
        b: &Draws,
        interval: Interval,
    ) -> Result<Self, &'static str> {
        let (bad_a, bad_b) = (Badness::of(a, better), Badness::of(b, better));
        let value = bad_a.value - bad_b.value;
        let draws = paired(&bad_a.draws, &bad_b.draws, |a, b| a - b);
        let se = deviation(&draws).ok_or(NO_DRAWS)?;
        let df = match seed_differences(a, b).len() {
            0 | 1 => draws.len() - 1,
            seeds => seeds - 1,
        };
        match interval.kind {
            // Draws are not skewed by much where two similar scores are subtracted.
            IntervalKind::Student => Ok(Self::of_error(value, se, df as f64, interval.confidence)),
            IntervalKind::Percentile | IntervalKind::Bca => {
                let (low, high) = percentile(&draws, interval.confidence).ok_or(NO_DRAWS)?;
                Ok(Self { low, high, ..Self::of_error(value, se, df as f64, interval.confidence) })
            }
        }
    }

    /// A difference with its standard error and the degrees of freedom of that.
    pub fn of_error(value: f64, se: f64, df: f64, confidence: f64) -> Self {
        let half = student_half(se, df, confidence);
        let p = p_value(value, se, df);
        let (low, high) = (value - half, value + half);
        Self { value, low, high, se, p, p_seeds: None, p_adjusted: p }
    }
}

/// The difference of `a` from `b`. With a name the test over seeds is made, by signs that belong to it.
///
/// # Errors
/// When one has no value, or there are no draws to tell how sure it is.
pub(super) fn difference(
    field: &Field,
    better: Better,
    a: Option<&Draws>,
    b: Option<&Draws>,
    seeds: Option<&[&str]>,
) -> Result<Difference, &'static str> {
    let (a, b) = (a.ok_or("the score is undefined")?, b.ok_or("the baseline has no score")?);
    let interval = Interval { kind: field.plan.score.interval, confidence: field.confidence() };
    let difference = Difference::paired(better, a, b, interval)?;
    let has_direction = matches!(better, Better::Lower | Better::Higher);
    let p_seeds = seeds.filter(|_| has_direction);
    let p_seeds = p_seeds.and_then(|name| sign_flips(&seed_differences(a, b), name));
    Ok(Difference { p_seeds, ..difference })
}

/// Differences at the seeds where both are defined.
fn seed_differences(a: &Draws, b: &Draws) -> Vec<f64> {
    let other = |seed: u32| b.seeds.iter().find(|(known, _)| *known == seed).map(|(_, v)| *v);
    a.seeds.iter().filter_map(|(seed, value)| Some(value - other(*seed)?)).collect()
}

fn p_value(value: f64, se: f64, df: f64) -> f64 {
    if value == 0.0 {
        return 1.0;
    }
    if se == 0.0 {
        return 0.0;
    }
    StudentsT::new(0.0, 1.0, df).map_or(1.0, |t| 2.0 * t.cdf(-(value / se).abs()))
}

/// The headline of a method less that of the baseline, for each size at which the method has a cell;
/// p-values adjusted by Holm over these sizes.
pub(super) fn of_headline(
    field: &Field,
    method: &PlannedMethod,
) -> Vec<(usize, Verdict<Difference>)> {
    let (info, people) = (field.headline(), field.people_of(method));
    let at = |size: usize| {
        let baseline = field.baseline().ok_or("the plan has no baseline")?;
        field.cell(&baseline.name, size).ok_or("no baseline at this size")?;
        let own = field.headline_on(people, &method.name, size);
        let other = field.headline_on(people, &baseline.name, size);
        let text = size.to_string();
        let name = [field.experiment, field.strategy, &method.name, &text, &info.name];
        difference(field, info.better, own, other, Some(&name))
    };
    let sizes = field.sizes.iter().filter(|size| field.cell(&method.name, **size).is_some());
    let mut found: Vec<(usize, Result<Difference, &str>)> =
        sizes.map(|size| (*size, at(*size))).collect();
    let p: Vec<f64> = found.iter().filter_map(|(_, d)| Some(d.as_ref().ok()?.p)).collect();
    let known = found.iter_mut().filter_map(|(_, difference)| difference.as_mut().ok());
    for (difference, adjusted) in known.zip(holm(&p)) {
        difference.p_adjusted = adjusted;
    }
    found.into_iter().map(|(size, difference)| (size, difference.into())).collect()
}

/// All shown scores that judge, all methods but the ceiling, which has half of the people, and all
/// sizes: a screen, adjusted by Benjamini and Hochberg.
pub(super) fn of_columns(field: &Field) -> Vec<ColumnDifference> {
    let Some(baseline) = field.baseline() else { return Vec::new() };
    let others =
        field.plan.methods.iter().filter(|method| {
            method.name != baseline.name && field.people_of(method) == On::Everybody
        });
    let others: Vec<&PlannedMethod> = others.collect();
    let mut found = Vec::new();
    let infos = field.scores.infos.iter();
    for info in infos.filter(|i| field.scores.shown.has(&i.name) && i.better != Better::Describes) {
        for (method, size) in others.iter().flat_map(|m| field.sizes.iter().map(move |s| (m, s))) {
            let draws = |method: &str| field.cell(method, *size)?.draws.get(&info.name);
            let (own, other) = (draws(&method.name), draws(&baseline.name));
            let difference = difference(field, info.better, own, other, None);
            found.extend(difference.ok().map(|difference| ColumnDifference {
                experiment: field.experiment.to_owned(),
                strategy: field.strategy.to_owned(),
                method: method.name.clone(),
                size: *size,
                score: info.name.clone(),
                difference,
            }));
        }
    }
    let p: Vec<f64> = found.iter().map(|row| row.difference.p).collect();
    for (row, adjusted) in found.iter_mut().zip(benjamini_hochberg(&p)) {
        row.difference.p_adjusted = adjusted;
    }
    found
}
