//! The card's regressions on both sides, and the rows that come of them.

use crate::{
    Config, ReferenceKind,
    cache::Cache,
    compare::{Confusion, Pair, Pairs, Reference},
    fits::{Fit, fit_all, of_human, of_simulated, part},
    sizes,
    table::Table,
};
use metric_common::{People, Random, Report, Value};
use pilotbench_plugin_sdk::{Evaluation, Group, Regression};
use std::sync::Arc;

/// A score of coefficients.
type Score = (&'static str, fn(&Pairs) -> Value);

/// The scores of pairs of coefficients.
const SCORES: [Score; 14] = [
    ("sign_f1", |pairs| pairs.confusion().f1()),
    ("false_positive_rate", |pairs| pairs.confusion().false_positive_rate()),
    ("sign_agreement", |pairs| pairs.agreement()),
    ("sign_macro_f1", |pairs| pairs.confusion().macro_f1()),
    ("sign_tp", |pairs| pairs.count(Confusion::true_positives)),
    ("sign_fp", |pairs| pairs.count(Confusion::false_positives)),
    ("sign_fn", |pairs| pairs.count(Confusion::false_negatives)),
    ("sign_tn", |pairs| pairs.count(Confusion::true_negatives)),
    ("sign_wrong", |pairs| pairs.count(Confusion::wrong_signs)),
    ("ci_overlap", |pairs| pairs.overlap()),
    ("coverage_of_human", |pairs| pairs.coverage_of_reference()),
    ("coverage_of_simulated", |pairs| pairs.coverage_of_simulated()),
    ("coefficient_slope", |pairs| pairs.slope()),
    ("standardised_error", |pairs| pairs.standardised_error()),
];
/// The same between the humans and their own resamples.
const REPLICATION: [Score; 4] = [
    ("sign_f1_replication", |pairs| pairs.confusion().f1()),
    ("false_positive_rate_replication", |pairs| pairs.confusion().false_positive_rate()),
    ("ci_overlap_replication", |pairs| pairs.overlap()),
    ("standardised_error_replication", |pairs| pairs.standardised_error()),
];

/// The coefficients of one regression that have a reference and an estimate.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) pairs: Vec<Pair>,
    /// Coefficients that one of the sides does not have.
    dropped: usize,
}

pub(crate) type Comparison = Result<Compared, &'static str>;

/// One regression on both sides.
pub(crate) struct Both<'a> {
    pub(crate) number: u64,
    pub(crate) regression: &'a Regression,
    pub(crate) human_table: Table,
    pub(crate) simulated_table: Table,
    /// By weight index, from 0 to the last refit, at equal numbers of people.
    pub(crate) human: Arc<Vec<Fit>>,
    pub(crate) simulated: Vec<Fit>,
    comparisons: Vec<Comparison>,
    replications: Vec<Comparison>,
}

/// Rows of all regressions.
pub(crate) fn report(config: &Config, humans: &Cache, input: &Evaluation, report: &mut Report) {
    let regressions = input.experiment.regressions.iter().enumerate();
    let both: Vec<Both> = regressions
        .map(|(number, regression)| Both::new(config, humans, input, number, regression))
        .collect();
    let curves: Vec<Vec<Vec<Comparison>>> =
        both.iter().map(|both| sizes::curve(config, humans, input, both)).collect();
    let mut outcomes: Vec<usize> = both.iter().map(|both| both.regression.outcome).collect();
    outcomes.sort_unstable();
    outcomes.dedup();
    for item in outcomes.into_iter().map(Some).chain([None]) {
        let member = |i: &usize| item.is_none_or(|item| both[*i].regression.outcome == item);
        let members: Vec<usize> = (0..both.len()).filter(member).collect();
        let own: Vec<&Both> = members.iter().map(|i| &both[*i]).collect();
        let pool = Pool { config, item, width: input.human_weights.width(), members: own };
        pool.report(report);
        let curves: Vec<_> = members.iter().map(|i| &curves[*i]).collect();
        sizes::report(&pool, &curves, report);
    }
}

impl<'a> Both<'a> {
    fn new(
        config: &Config,
        humans: &Cache,
        input: &Evaluation,
        number: usize,
        regression: &'a Regression,
    ) -> Self {
        let number = number as u64;
        let simulated_people = input.simulated.people();
        let human_table = Table::new(&input.experiment, regression, &input.human);
        let simulated_table = Table::new(&input.experiment, regression, simulated_people);
        let n = human_table.len().min(simulated_table.len());
        let mut random = Random::new(input.seed, &[u64::from_le_bytes(*b"equal_n_"), number]);
        let mut cut = |table: &Table| part(table.len(), n, &mut random);
        let (human_part, simulated_part) = (cut(&human_table), cut(&simulated_table));
        let width = input.human_weights.width();
        let indices = width.min(1 + config.refits);
        let human = humans.fit_all(&human_table, &human_part, &input.human_weights, indices);
        let simulated =
            fit_all(&simulated_table, &simulated_part, &input.simulated_weights, indices);
        let compare = |human, other, reason| compare(config, regression, human, other, reason);
        let comparisons = human
            .iter()
            .zip(&simulated)
            .map(|(human, simulated)| compare(human, simulated, of_simulated))
            .collect();
        let replications =
            human[1..].iter().map(|replicate| compare(&human[0], replicate, of_human)).collect();
        Self {
            number,
            regression,
            human_table,
            simulated_table,
            human,
            simulated,
            comparisons,
            replications,
        }
    }

    /// Everybody with an outcome and all terms, before the larger side is cut.
    fn people(&self) -> People {
        People { human: self.human_table.len(), simulated: self.simulated_table.len() }
    }
}

/// Puts the coefficients of two fits beside each other. `reason` says why the second has none.
pub(crate) fn compare(
    config: &Config,
    regression: &Regression,
    human: &Fit,
    other: &Fit,
    reason: fn(pilotbench_regression::NoEstimate) -> &'static str,
) -> Comparison {
    let other = other.as_ref().map_err(|why| reason(*why))?;
    let references: Vec<Option<Reference>> = match config.reference {
        ReferenceKind::Sample => {
            let human = human.as_ref().map_err(|why| of_human(*why))?;
            human.slopes.iter().map(|slope| slope.map(Reference::Estimate)).collect()
        }
        ReferenceKind::Truth => {
            let terms = regression.terms.iter();
            terms.map(|term| term.truth.map(Reference::Truth)).collect()
        }
    };
    if config.reference == ReferenceKind::Truth && references.iter().all(Option::is_none) {
        return Err("the card gives no true coefficients");
    }
    let pairs: Vec<Pair> = references
        .iter()
        .zip(&other.slopes)
        .filter_map(|(reference, slope)| {
            Some(Pair { reference: (*reference)?, simulated: (*slope)? })
        })
        .collect();
    Ok(Compared { dropped: references.len() - pairs.len(), pairs })
}

/// Regressions whose coefficients are taken together.
pub(crate) struct Pool<'a> {
    pub(crate) config: &'a Config,
    pub(crate) item: Option<usize>,
    width: usize,
    pub(crate) members: Vec<&'a Both<'a>>,
}

impl Pool<'_> {
    fn report(&self, report: &mut Report) {
        for (name, score) in SCORES {
            self.push(report, name, |index| self.score(|both| &both.comparisons[index], score));
        }
        self.push(report, "coefficients_dropped", |index| self.dropped(index));
        self.push(report, "regressions_undefined", |index| {
            let failed = self.members.iter().filter(|both| both.comparisons[index].is_err());
            self.any().map(|()| failed.count() as f64)
        });
        self.push(report, "separated_human", |index| self.separated(|both| &both.human[index]));
        self.push(report, "separated_simulated", |index| {
            self.separated(|both| &both.simulated[index])
        });
        let people = People { simulated: 0, ..self.people() };
        for (name, score) in REPLICATION {
            let value = self.replication(score);
            report.push(name, self.item, &Group::everybody(), people, [value]);
        }
    }

    /// A row with its resamples as far as regressions were fitted there.
    fn push(&self, report: &mut Report, name: &str, value: impl Fn(usize) -> Value) {
        let refitted = self.width.min(1 + self.config.refits);
        let width = if refitted == 1 { 1 } else { self.width };
        let values = (0..width).map(|index| match index < refitted {
            true => value(index),
            false => Err("no refit"),
        });
        report.push(name, self.item, &Group::everybody(), self.people(), values);
    }

    /// The largest of the regressions.
    pub(crate) fn people(&self) -> People {
        let mut people = People::default();
        for own in self.members.iter().map(|both| both.people()) {
            people.human = people.human.max(own.human);
            people.simulated = people.simulated.max(own.simulated);
        }
        people
    }

    fn any(&self) -> Result<(), &'static str> {
        if self.members.is_empty() { Err("the card names no regression") } else { Ok(()) }
    }

    fn score<'b>(
        &'b self,
        comparison: impl Fn(&'b Both) -> &'b Comparison,
        score: fn(&Pairs) -> Value,
    ) -> Value {
        self.any()?;
        pooled(self.config.alpha, self.members.iter().map(|both| comparison(both)), score)
    }

    fn dropped(&self, index: usize) -> Value {
        self.any()?;
        let comparisons = self.members.iter().map(|both| &both.comparisons[index]);
        defined(comparisons)
            .map(|compared| compared.iter().map(|compared| compared.dropped as f64).sum())
    }

    /// Share of the fits in which another estimator stands in for maximum likelihood.
    fn separated<'b>(&'b self, fit: impl Fn(&'b Both) -> &'b Fit) -> Value {
        self.any()?;
        let fits = self.members.iter().filter_map(|both| fit(both).as_ref().ok());
        let (separated, n) = fits.fold((0.0, 0.0), |(separated, n), fit| {
            (separated + f64::from(u8::from(fit.estimator.is_substitute())), n + 1.0)
        });
        if n == 0.0 { Err("no regression has estimates") } else { Ok(separated / n) }
    }

    fn replication(&self, score: fn(&Pairs) -> Value) -> Value {
        self.any()?;
        let refits = self.members.iter().map(|both| both.replications.len()).max().unwrap_or(0);
        mean_of_defined(
            (0..refits).map(|refit| self.score(|both| &both.replications[refit], score)),
            "no resamples in which humans are refitted",
        )
    }
}

/// Mean of the values that there are; without any, the reason of the first, or `none`.
pub(crate) fn mean_of_defined(values: impl Iterator<Item = Value>, none: &'static str) -> Value {
    let (mut sum, mut n, mut reason) = (0.0, 0u32, None);
    for value in values {
        match value {
            Ok(value) => (sum, n) = (sum + value, n + 1),
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    if n == 0 { Err(reason.unwrap_or(none)) } else { Ok(sum / f64::from(n)) }
}

/// The comparisons that could be made.
///
/// # Errors
/// When there are none: their common reason, if there is one.
fn defined<'a>(
    comparisons: impl Iterator<Item = &'a Comparison>,
) -> Result<Vec<&'a Compared>, &'static str> {
    let (mut found, mut reason) = (Vec::new(), None);
    for comparison in comparisons {
        match comparison {
            Ok(compared) => found.push(compared),
            Err(why) if reason.is_none_or(|known| known == *why) => reason = Some(*why),
            Err(_) => reason = Some("no regression has estimates on both sides"),
        }
    }
    match (found.is_empty(), reason) {
        (true, Some(reason)) => Err(reason),
        _ => Ok(found),
    }
}

/// A score of the coefficients of several regressions.
pub(crate) fn pooled<'a>(
    alpha: f64,
    comparisons: impl Iterator<Item = &'a Comparison>,
    score: fn(&Pairs) -> Value,
) -> Value {
    let compared = defined(comparisons)?;
    let by_regression: Vec<&[Pair]> = compared.iter().map(|c| c.pairs.as_slice()).collect();
    score(&Pairs { by_regression: &by_regression, alpha })
}
