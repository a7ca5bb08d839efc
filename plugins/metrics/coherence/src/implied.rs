use pilotbench_plugin_sdk::{Evaluation, ImpliedRule, People};

/// What a rule says of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This level of the action.
    Level(usize),
    /// Nothing: the beliefs are exactly in between.
    Tie,
    /// A belief that the rule reads is missing.
    Missing,
}

/// What a rule says of everybody, by row.
#[derive(Debug, Clone)]
pub(crate) struct Implied {
    /// Index of the action item.
    pub(crate) action: usize,
    pub(crate) human: Vec<Verdict>,
    pub(crate) simulated: Vec<Verdict>,
}

impl Implied {
    /// The verdicts of a rule on both sides.
    pub(crate) fn new(
        input: &Evaluation,
        action: usize,
        mut verdict: impl FnMut(&People, usize) -> Verdict,
    ) -> Self {
        let mut side =
            |people: &People| (0..people.len()).map(|row| verdict(people, row)).collect();
        Self { action, human: side(&input.human), simulated: side(input.simulated.people()) }
    }
}

impl Implied {
    /// The humans (0) or the simulated people (1).
    pub(crate) fn of_side(&self, side: usize) -> &[Verdict] {
        if side == 0 { &self.human } else { &self.simulated }
    }
}

/// The rule that the experiment's card declares.
pub(crate) fn declared(input: &Evaluation) -> Result<Implied, &'static str> {
    let experiment = &input.experiment;
    let rule = experiment.implied_action.as_ref().ok_or("the experiment declares no rule")?;
    let read: Vec<usize> = match &rule.rule {
        ImpliedRule::Linear { terms, .. } => terms.iter().map(|term| term.item).collect(),
        ImpliedRule::Nearer { own, candidates } => {
            std::iter::once(*own).chain(candidates.iter().map(|c| c.item)).collect()
        }
    };
    Ok(Implied::new(input, rule.action, |people, row| {
        match rule.implied(experiment, |item| people.answer(row, item)) {
            Some(level) => Verdict::Level(level),
            None if read.iter().all(|item| people.answer(row, *item).is_some()) => Verdict::Tie,
            None => Verdict::Missing,
        }
    }))
}
