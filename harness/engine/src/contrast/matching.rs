//! Which cells of two runs may be compared.

use super::Side;
use crate::{
    plan::Plan,
    score::{CellFacts, CellScores},
};
use serde::Serialize;

/// Something that is not compared, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incomparable {
    /// Experiment.
    pub experiment: String,
    /// Method; none where it is the whole experiment.
    pub method: Option<String>,
    /// Pilot size.
    pub size: Option<usize>,
    /// How pilots are chosen.
    pub strategy: Option<String>,
    /// Why.
    pub reason: String,
}

impl Incomparable {
    fn experiment(experiment: &str, reason: impl Into<String>) -> Self {
        let experiment = experiment.to_owned();
        Self { experiment, method: None, size: None, strategy: None, reason: reason.into() }
    }

    /// A cell.
    pub(super) fn cell(facts: &CellFacts, reason: impl Into<String>) -> Self {
        Self {
            experiment: facts.experiment.clone(),
            method: Some(facts.method.clone()),
            size: Some(facts.size),
            strategy: Some(facts.strategy.clone()),
            reason: reason.into(),
        }
    }
}

/// Cells that may be compared, base and new, and what may not.
pub(super) struct Matched<'a> {
    pub(super) cells: Vec<(&'a CellScores, &'a CellScores)>,
    pub(super) incomparable: Vec<Incomparable>,
}

/// Puts cells of the same experiment, method, size and strategy together.
pub(super) fn matched<'a>(base: &Side<'a>, new: &Side<'a>) -> Matched<'a> {
    let mut matched = Matched { cells: Vec::new(), incomparable: Vec::new() };
    let mut differing: Vec<&str> = Vec::new();
    for experiment in &new.plan.experiments {
        if let Some(reason) = differs(base.plan, new.plan, &experiment.id) {
            differing.push(&experiment.id);
            matched.incomparable.push(Incomparable::experiment(&experiment.id, reason));
        }
    }
    for experiment in &base.plan.experiments {
        if new.plan.experiment(&experiment.id).is_none() {
            differing.push(&experiment.id);
            let reason = "it is in the base alone";
            matched.incomparable.push(Incomparable::experiment(&experiment.id, reason));
        }
    }
    let is_same = |cell: &&CellScores| !differing.contains(&cell.facts.experiment.as_str());
    for cell in new.scores.cells.iter().filter(is_same) {
        match partner(cell, base) {
            Some(other) => matched.cells.push((other, cell)),
            None => {
                let only = Incomparable::cell(&cell.facts, "it is in the new run alone");
                matched.incomparable.push(only);
            }
        }
    }
    for cell in base.scores.cells.iter().filter(is_same) {
        if partner(cell, new).is_none() {
            let only = Incomparable::cell(&cell.facts, "it is in the base alone");
            matched.incomparable.push(only);
        }
    }
    matched
}

fn partner<'a>(cell: &CellScores, side: &Side<'a>) -> Option<&'a CellScores> {
    let CellFacts { experiment, method, size, strategy, .. } = &cell.facts;
    side.scores.cells.iter().find(|other| other.facts.is(experiment, method, *size, strategy))
}

/// In what data and protocol differ.
fn differs(base: &Plan, new: &Plan, id: &str) -> Option<&'static str> {
    let (Some(a), Some(b)) = (base.experiment(id), new.experiment(id)) else {
        return Some("it is in the new run alone");
    };
    match () {
        () if a.table_sha256 != b.table_sha256 => Some("its table of human answers is another"),
        () if a.design_sha256 != b.design_sha256 => Some("its words or columns are others"),
        () if a.largest_pilot != b.largest_pilot => {
            Some("its largest pilot is another, so other people are held out")
        }
        () if base.held_out_max != new.held_out_max => {
            Some("the cap on held-out people is another")
        }
        () => None,
    }
}
