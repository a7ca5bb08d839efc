//! What scoring gives: cells with their rows and draws.

use super::{Draws, Estimate, rows::ScoreKey, shown::Shown};
use crate::{interview::Used, plan::PluginFacts, plugin::ScoreInfo, record::Counts};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One score of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// What it is of.
    pub key: ScoreKey,
    /// Mean over seeds and interval.
    pub estimate: Estimate,
    /// Humans behind it, mean over seeds.
    pub n_human: f64,
    /// Simulated participants behind it, mean over seeds.
    pub n_simulated: f64,
}

/// A cell and what became of its replicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellFacts {
    /// Experiment.
    pub experiment: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: String,
    /// Replicates planned.
    pub planned: usize,
    /// Replicates committed; fewer than planned: the cell is incomplete.
    pub committed: usize,
    /// Requests by what became of them.
    pub counts: Counts,
    /// What the committed replicates took of a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
}

impl CellFacts {
    /// Whether this is the cell of these names.
    pub fn is(&self, experiment: &str, method: &str, size: usize, strategy: &str) -> bool {
        self.experiment == experiment
            && self.method == method
            && self.size == size
            && self.strategy == strategy
    }
}

/// The strategies of cells, in the order of the plan.
pub fn strategies<'a>(cells: impl IntoIterator<Item = &'a CellFacts>) -> Vec<&'a str> {
    let mut strategies: Vec<&str> = Vec::new();
    for cell in cells {
        if !strategies.contains(&cell.strategy.as_str()) {
            strategies.push(&cell.strategy);
        }
    }
    strategies
}

/// All scores of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellScores {
    /// The cell.
    pub facts: CellFacts,
    /// What answered: one library, unless plugins were changed on the way.
    pub plugins: BTreeSet<PluginFacts>,
    /// Scores, in order of metric and key.
    pub rows: Vec<ScoreRow>,
    /// The shown scores over all items and everybody under resampling.
    pub draws: BTreeMap<String, Draws>,
    /// The headline on the half of the held-out people for whom the human ceiling answers; `None`
    /// where there is no ceiling, or no value.
    pub matched: Option<Draws>,
}

/// All scores of a run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Cells, in the order of the plan.
    pub cells: Vec<CellScores>,
    /// What each score is.
    pub infos: Vec<ScoreInfo>,
    /// Which of them are shown.
    pub shown: Shown,
}

impl Scores {
    /// What the headline is.
    ///
    /// # Panics
    /// Never: the headline is chosen among the scores.
    pub fn headline(&self) -> &ScoreInfo {
        let info = self.infos.iter().find(|info| info.name == self.shown.headline);
        info.expect("the headline is one of the scores")
    }
}
