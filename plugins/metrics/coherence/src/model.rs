//! Logits of the action on the beliefs: how well beliefs predict it, and what those of the humans
//! imply.

use crate::{
    beliefs::Question,
    implied::{Implied, Verdict},
};
use metric_common::{Codes, People as Counts, Report, Value, mean_and_sd, ratio};
use pilotbench_plugin_sdk::{Evaluation, Group, Item, People};
use pilotbench_regression::{Data, Family, Fit, Outcome, fit};
use std::{cmp::Ordering, collections::BTreeMap};

/// Ridge penalty where maximum likelihood has no finite answer, on standardised beliefs.
const RIDGE: f64 = 1.0;
/// Probabilities nearer than this are a tie.
const TIE: f64 = 1e-9;

/// The same logit fitted to humans and to simulated people.
pub(crate) struct Fits<'a> {
    question: &'a Question<'a>,
    predictors: Predictors,
    /// What beliefs imply: fitted to the humans, whatever the simulated people are like.
    rule: Fit,
    human: Fit,
    simulated: Result<Fit, &'static str>,
    people: Counts,
}

impl<'a> Fits<'a> {
    /// Maximum likelihood; where it does not exist, because the beliefs separate the actions or one
    /// of them does not vary, the ridge. The two fits that are compared are both of one kind.
    pub(crate) fn new(question: &'a Question<'a>) -> Result<Self, &'static str> {
        let predictors = Predictors::new(question);
        let tables = [&question.input.human, question.input.simulated.people()]
            .map(|people| Table::new(question, &predictors, people));
        let fit_both = |penalty| tables.each_ref().map(|table| table.fit(penalty));
        let mut fits = fit_both(0.0);
        let free = |fit: &Result<Fit, _>| match fit {
            Ok(fit) => fit.outcome == Outcome::Converged,
            Err(_) => true,
        };
        let rule = match free(&fits[0]) {
            true => fits[0].clone(),
            false => tables[0].fit(RIDGE),
        };
        if !fits.iter().all(free) {
            fits = fit_both(RIDGE);
        }
        let people = Counts { human: tables[0].people, simulated: tables[1].people };
        let [human, simulated] = fits;
        Ok(Self { rule: rule?, human: human?, simulated, people, question, predictors })
    }

    /// The most probable action under the logit of the humans.
    pub(crate) fn implied(&self) -> Result<Implied, &'static str> {
        let mut x = Vec::new();
        let mut p = vec![0.0; self.question.item(self.question.action).levels.len()];
        Ok(Implied::new(self.question.input, self.question.action, |people, row| {
            if !self.predictors.fill(people, row, &mut x) {
                return Verdict::Missing;
            }
            self.rule.model.probabilities(&x, &mut p);
            let best =
                (0..p.len()).fold(0, |best, level| if p[level] > p[best] { level } else { best });
            let tied = (0..p.len()).any(|level| level != best && p[best] - p[level] < TIE);
            if tied { Verdict::Tie } else { Verdict::Level(best) }
        }))
    }

    fn pseudo_r2_ratio(&self) -> Value {
        let human = self.human.pseudo_r2();
        let simulated = self.simulated.as_ref().map_err(|reason| *reason)?.pseudo_r2();
        // Smaller values are rounding.
        let human = if human < 1e-9 { 0.0 } else { human };
        ratio(Ok(simulated.max(0.0)), Ok(human), "beliefs do not predict human actions")
    }
}

/// The row of the pseudo R².
pub(crate) fn report(input: &Evaluation, fits: Result<&Fits, &&'static str>, report: &mut Report) {
    let (people, value) = match fits {
        Ok(fits) => (fits.people, fits.pseudo_r2_ratio()),
        Err(reason) => {
            (Counts { human: input.human.len(), simulated: input.simulated.len() }, Err(*reason))
        }
    };
    report.push("pseudo_r2_ratio", None, &Group::everybody(), people, [value]);
}

/// Columns of the design: ordered beliefs standardised by the humans, nominal ones by contrasts.
struct Predictors {
    /// By belief: its item, and by level what stands in its columns.
    items: Vec<(usize, Vec<Vec<f64>>)>,
    columns: usize,
}

impl Predictors {
    fn new(question: &Question) -> Self {
        let code = |item: &usize| (*item, columns_of(question, *item, question.item(*item)));
        let items: Vec<(usize, Vec<Vec<f64>>)> = question.beliefs.iter().map(code).collect();
        let columns = items.iter().map(|(_, levels)| levels.first().map_or(0, Vec::len)).sum();
        Self { items, columns }
    }

    /// Fills the row of a person; false when a belief is missing.
    fn fill(&self, people: &People, row: usize, x: &mut Vec<f64>) -> bool {
        x.clear();
        for (item, levels) in &self.items {
            match people.answer(row, *item) {
                None => return false,
                Some(level) => x.extend_from_slice(&levels[level]),
            }
        }
        true
    }
}

fn columns_of(question: &Question, index: usize, item: &Item) -> Vec<Vec<f64>> {
    let levels = item.levels.len();
    if !item.is_ordered() {
        return (0..levels).map(|level| contrasts(level, levels)).collect();
    }
    let values = item.values();
    let answers = Codes::of_item(&question.input.human, index, levels);
    let mut counts = vec![0u32; levels];
    let rows = 0..question.input.human.len();
    rows.filter_map(|row| answers.get(row)).for_each(|level| counts[level] += 1);
    // A belief on which humans agree carries no unit of its own.
    let (mean, sd) = mean_and_sd(&counts, &values).unwrap_or((0.0, 1.0));
    values.iter().map(|value| vec![(value - mean) / sd]).collect()
}

/// Orthonormal contrasts of a level (Helmert's): whatever the order of the levels, a ridge on their
/// slopes penalises the same models.
fn contrasts(level: usize, levels: usize) -> Vec<f64> {
    let contrast = |column: usize| {
        let scale = 1.0 / ((column * (column + 1)) as f64).sqrt();
        match level.cmp(&column) {
            Ordering::Less => scale,
            Ordering::Equal => -(column as f64) * scale,
            Ordering::Greater => 0.0,
        }
    };
    (1..levels).map(contrast).collect()
}

/// People with complete beliefs and an action; equal ones are one row with a weight, in an order
/// that does not depend on the order of the people.
struct Table {
    design: Vec<f64>,
    columns: usize,
    outcomes: Vec<usize>,
    levels: usize,
    weights: Vec<f64>,
    people: usize,
}

impl Table {
    fn new(question: &Question, predictors: &Predictors, people: &People) -> Self {
        let mut cells: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        let items = || question.beliefs.iter().chain(std::iter::once(&question.action));
        for row in 0..people.len() {
            let answers: Option<Vec<usize>> =
                items().map(|item| people.answer(row, *item)).collect();
            if let Some(answers) = answers {
                *cells.entry(answers).or_default() += 1;
            }
        }
        let mut table = Self {
            design: Vec::with_capacity(cells.len() * predictors.columns),
            columns: predictors.columns,
            outcomes: Vec::with_capacity(cells.len()),
            levels: question.item(question.action).levels.len(),
            weights: Vec::with_capacity(cells.len()),
            people: cells.values().sum(),
        };
        for (answers, count) in cells {
            for ((_, levels), level) in predictors.items.iter().zip(&answers) {
                table.design.extend_from_slice(&levels[*level]);
            }
            table.outcomes.push(answers[predictors.items.len()]);
            table.weights.push(count as f64);
        }
        table
    }

    fn fit(&self, penalty: f64) -> Result<Fit, &'static str> {
        let family = if self.levels == 2 { Family::Binary } else { Family::Multinomial };
        if (0..self.levels).any(|level| !self.outcomes.contains(&level)) {
            return Err("an action was never taken");
        }
        let data = Data::new(&self.design, self.columns, &self.outcomes, self.levels)
            .and_then(|data| data.weighted(&self.weights))
            .map_err(|_| "no logit can be fitted")?;
        let fit = fit(family, &data, penalty).map_err(|_| "no logit can be fitted")?;
        if penalty > 0.0 && fit.outcome != Outcome::Converged {
            return Err("the logit does not converge");
        }
        Ok(fit)
    }
}
