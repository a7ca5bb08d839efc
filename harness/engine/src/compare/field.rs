//! The cells of one experiment and one strategy.

use super::{Role, baseline, sizes};
use crate::{
    plan::{Plan, PlannedMethod},
    plugin::{Better, ScoreInfo},
    score::{CellScores, Draws, Scores},
};

/// The cells that are compared with one another.
pub(super) struct Field<'a> {
    pub(super) plan: &'a Plan,
    pub(super) scores: &'a Scores,
    pub(super) experiment: &'a str,
    pub(super) strategy: &'a str,
    /// Pilot sizes, rising.
    pub(super) sizes: Vec<usize>,
}

/// Which of the held-out people are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// All.
    Everybody,
    /// Those for whom the human ceiling answers.
    Half,
}

/// A score under resampling, turned so that less is better.
pub(super) struct Badness {
    /// At the mean over seeds.
    pub(super) value: f64,
    /// By draw, centred.
    pub(super) draws: Vec<Option<f64>>,
}

impl Badness {
    pub(super) fn of(draws: &Draws, better: Better) -> Self {
        let centred = draws.centred().into_iter();
        Self {
            value: better.badness(draws.mean),
            draws: centred.map(|value| value.map(|value| better.badness(value))).collect(),
        }
    }
}

impl<'a> Field<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        scores: &'a Scores,
        experiment: &'a str,
        strategy: &'a str,
    ) -> Self {
        Self { plan, scores, experiment, strategy, sizes: sizes(plan, scores, experiment) }
    }

    /// The cell of a method at a size. A method that does not learn from the pilot has one cell,
    /// which stands for every size.
    pub(super) fn cell(&self, method: &str, size: usize) -> Option<&'a CellScores> {
        let planned = self.plan.method(method)?;
        let size = if planned.facts.learns_from.uses_pilot() { size } else { 0 };
        let is_it =
            |cell: &&CellScores| cell.facts.is(self.experiment, method, size, self.strategy);
        self.scores.cells.iter().find(is_it)
    }

    pub(super) fn headline(&self) -> &'a ScoreInfo {
        self.scores.headline()
    }

    pub(super) fn confidence(&self) -> f64 {
        self.plan.score.confidence
    }

    /// The headline of a method at a size on these people.
    pub(super) fn headline_on(&self, people: On, method: &str, size: usize) -> Option<&'a Draws> {
        let cell = self.cell(method, size)?;
        match people {
            On::Everybody => cell.draws.get(&self.headline().name),
            On::Half => cell.matched.as_ref(),
        }
    }

    /// The same, turned so that less is better.
    pub(super) fn badness(&self, people: On, method: &str, size: usize) -> Option<Badness> {
        let draws = self.headline_on(people, method, size)?;
        Some(Badness::of(draws, self.headline().better))
    }

    /// On whom a method is compared with the baseline: the ceiling answers for half of the people,
    /// and a distance of fewer people is larger.
    pub(super) fn people_of(&self, method: &PlannedMethod) -> On {
        match Role::of(method) {
            Role::Ceiling => On::Half,
            _ => On::Everybody,
        }
    }

    pub(super) fn baseline(&self) -> Option<&'a PlannedMethod> {
        baseline(self.plan)
    }

    pub(super) fn ceiling(&self) -> Option<&'a PlannedMethod> {
        self.plan.methods.iter().find(|method| Role::of(method) == Role::Ceiling)
    }
}

/// Draws in which both are defined, put together.
pub(super) fn paired(
    a: &[Option<f64>],
    b: &[Option<f64>],
    join: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    a.iter().zip(b).filter_map(|(a, b)| Some(join((*a)?, (*b)?))).collect()
}
