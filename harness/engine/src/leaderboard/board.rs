//! The leaderboard as data: `leaderboard.json`.

use super::{
    cost::PerThousand,
    level::{Level, Shared},
    order::{by_badness, order},
};
use crate::{
    compare::{self, Compared, Comparisons, Difference, Role},
    experiment::Origin,
    plan::{HOST_ADAPTERS, LearnsFrom, Left, Plan, PlannedExperiment, PluginFacts},
    plugin::ScoreInfo,
    score::{self, CellFacts, CellScores, Estimate, Scores},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Version of the JSON form.
const SCHEMA: &str = "pilotbench/leaderboard/1";

/// A leaderboard.
#[derive(Debug, Clone, Serialize)]
pub struct Board {
    /// Version of this form.
    pub schema: &'static str,
    /// Version of pilotbench.
    pub pilotbench: &'static str,
    /// Name of the run.
    pub run: String,
    /// Identity of the plan.
    pub plan: String,
    /// Coverage of the intervals.
    pub confidence: f64,
    /// Bootstrap resamples of participants.
    pub resamples: usize,
    /// The score that orders the rows.
    pub headline: String,
    /// Scores shown as columns.
    pub columns: Vec<String>,
    /// Definitions of all scores.
    pub scores: Vec<ScoreInfo>,
    /// Libraries used.
    pub plugins: Vec<PluginFacts>,
    /// Experiments.
    pub experiments: Vec<BoardExperiment>,
    /// Methods, in the order of the plan.
    pub methods: Vec<BoardMethod>,
    /// Cells, in the order of the plan.
    pub cells: Vec<BoardCell>,
    /// The headline over experiments.
    pub overall: Overall,
    /// What the headline means.
    pub comparisons: Comparisons,
    /// Cells that could not be planned.
    pub left_out: Vec<Left>,
    /// Title and submissions of a board of several hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Shared>,
}

/// An experiment on the board.
#[derive(Debug, Clone, Serialize)]
pub struct BoardExperiment {
    /// As planned.
    #[serde(flatten)]
    pub planned: PlannedExperiment,
    /// Pilot sizes, rising.
    pub sizes: Vec<usize>,
    /// Methods, best headline at the largest size first, oracles among them: an order of listing.
    pub order: Vec<String>,
}

impl BoardExperiment {
    /// The label that must stand wherever numbers of this experiment do.
    pub fn label(&self) -> &'static str {
        match self.planned.origin {
            Origin::Synthetic => "SYNTHETIC",
            Origin::Human => "",
        }
    }
}

/// A method on the board.
#[derive(Debug, Clone, Serialize)]
pub struct BoardMethod {
    /// Name.
    pub name: String,
    /// Backend and the library it is in.
    pub backend: String,
    /// Library.
    pub plugin: String,
    /// Settings.
    pub settings: serde_json::Value,
    /// One line for people.
    pub summary: String,
    /// Whose answers it saw.
    pub learns_from: LearnsFrom,
    /// What the row is there for.
    pub role: Role,
    /// Who vouches for its numbers, on a board of several hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Whether its backend learns by itself, so that each pilot may have a model of its own.
    #[serde(skip)]
    pub trains: bool,
}

impl BoardMethod {
    /// Role and level, for the narrow column beside a name.
    pub fn marks(&self) -> String {
        let level = self.level.map_or("", Level::name);
        match (self.role.name(), level) {
            (role, "") => role.to_owned(),
            ("", level) => format!("[{level}]"),
            (role, level) => format!("{role} [{level}]"),
        }
    }
}

/// A cell on the board, with its scores over all items and everybody.
#[derive(Debug, Clone, Serialize)]
pub struct BoardCell {
    /// The cell and what became of its replicates.
    #[serde(flatten)]
    pub facts: CellFacts,
    /// What 1,000 of its answers took of a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_1000_answers: Option<PerThousand>,
    /// Scores by name.
    pub scores: BTreeMap<String, Estimate>,
}

/// The headline, averaged over experiments.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Overall {
    /// Per size the experiments that have it.
    pub experiments: BTreeMap<usize, Vec<String>>,
    /// Means; a method that lacks an experiment of a size has none there.
    pub cells: Vec<OverallCell>,
}

/// The headline of a method at a size, averaged over experiments.
#[derive(Debug, Clone, Serialize)]
pub struct OverallCell {
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// How pilots are chosen.
    pub strategy: String,
    /// Unweighted mean over the experiments of this size.
    pub mean: f64,
    /// Standard error: the experiments' own errors add in squares. They are the experiments at
    /// hand, not draws from a population of experiments.
    pub se: Option<f64>,
}

impl Board {
    /// Makes the board of a run.
    pub fn new(plan: &Plan, scores: &Scores) -> Self {
        let Scores { cells, infos, shown } = scores;
        let better = scores.headline().better;
        let methods: Vec<BoardMethod> = plan.methods.iter().map(method).collect();
        let answering = cells.iter().flat_map(|cell| cell.plugins.iter());
        let scoring = plan.metrics.iter().map(|metric| &metric.facts.plugin);
        let plugins: BTreeSet<PluginFacts> = answering.chain(scoring).cloned().collect();
        let cells: Vec<BoardCell> = cells.iter().map(board_cell).collect();
        let experiments = plan
            .experiments
            .iter()
            .map(|planned| {
                let sizes = compare::sizes(plan, scores, &planned.id);
                let mut experiment =
                    BoardExperiment { planned: planned.clone(), sizes, order: Vec::new() };
                experiment.order = order(&planned.id, &methods, &cells, &shown.headline, better);
                experiment
            })
            .collect();
        let mut board = Self {
            schema: SCHEMA,
            pilotbench: env!("CARGO_PKG_VERSION"),
            run: plan.run_name(),
            plan: plan.identity(),
            confidence: plan.score.confidence,
            resamples: plan.score.resamples,
            headline: shown.headline.clone(),
            columns: shown.columns.clone(),
            scores: infos.clone(),
            plugins: plugins.into_iter().collect(),
            experiments,
            methods,
            cells,
            overall: Overall::default(),
            comparisons: compare::compare(plan, scores),
            left_out: plan.left_out.clone(),
            shared: None,
        };
        board.overall = board.over_experiments();
        board
    }

    /// The board of several hands, and who vouches for the numbers of which method.
    pub fn of_several(mut self, shared: Shared, level: impl Fn(&str) -> Option<Level>) -> Self {
        self.methods.iter_mut().for_each(|method| method.level = level(&method.name));
        self.shared = Some(shared);
        self
    }

    /// The cell of a method at a size. A method that does not learn from the pilot has one cell,
    /// which stands for every size.
    pub fn cell(
        &self,
        experiment: &str,
        method: &str,
        size: usize,
        strategy: &str,
    ) -> Option<&BoardCell> {
        let fixed = self.method(method).is_some_and(|m| !m.learns_from.uses_pilot());
        let size = if fixed { 0 } else { size };
        self.cells.iter().find(|c| c.facts.is(experiment, method, size, strategy))
    }

    /// The cells of an experiment, size by size; one that stands for every size comes at each, and at
    /// its own.
    pub fn cells_by_size(
        &self,
        experiment: &BoardExperiment,
        strategy: &str,
    ) -> Vec<(usize, &BoardCell)> {
        let mut sizes: BTreeSet<usize> = experiment.sizes.iter().copied().collect();
        let id = &experiment.planned.id;
        let own = self.cells.iter().map(|c| &c.facts);
        sizes.extend(own.filter(|c| c.experiment == *id).map(|c| c.size));
        let at = |size: usize| {
            let methods = self.methods.iter();
            methods.filter_map(move |m| Some((size, self.cell(id, &m.name, size, strategy)?)))
        };
        sizes.into_iter().flat_map(at).collect()
    }

    /// What the headline of a method at a size means.
    pub fn compared(
        &self,
        experiment: &str,
        method: &str,
        size: usize,
        strategy: &str,
    ) -> Option<&Compared> {
        self.comparisons.cells.iter().find(|c| {
            c.experiment == experiment
                && c.method == method
                && c.size == size
                && c.strategy == strategy
        })
    }

    /// A shown score of a cell, taken at a size, less that of the same pilot's baseline.
    pub fn difference(&self, cell: &CellFacts, size: usize, score: &str) -> Option<&Difference> {
        let rows = self.comparisons.differences.iter();
        let mut fitting = rows.filter(|row| {
            row.score == score
                && row.size == size
                && row.method == cell.method
                && row.experiment == cell.experiment
                && row.strategy == cell.strategy
        });
        fitting.next().map(|row| &row.difference)
    }

    /// The label that must stand wherever numbers over all experiments do.
    pub fn label(&self) -> &'static str {
        match self.experiments.iter().any(|e| !e.label().is_empty()) {
            true => " (SYNTHETIC data among them)",
            false => "",
        }
    }

    /// A method by name.
    pub fn method(&self, name: &str) -> Option<&BoardMethod> {
        self.methods.iter().find(|m| m.name == name)
    }

    /// The strategies on the board, in the order of the plan.
    pub fn strategies(&self) -> Vec<&str> {
        score::strategies(self.cells.iter().map(|cell| &cell.facts))
    }

    /// Methods that have a headline over experiments, best first at the largest size.
    pub fn overall_order(&self, strategy: &str) -> Vec<&BoardMethod> {
        let largest = self.overall.experiments.keys().next_back().copied().unwrap_or(0);
        let info = self.scores.iter().find(|info| info.name == self.headline);
        let badness = |method: &BoardMethod| {
            let mean = self.overall_mean(&method.name, largest, strategy)?.mean;
            Some(info.map_or(mean, |info| info.better.badness(mean)))
        };
        let has_value = |method: &&BoardMethod| {
            self.overall.cells.iter().any(|c| c.method == method.name && c.strategy == strategy)
        };
        let mut methods: Vec<&BoardMethod> = self.methods.iter().filter(has_value).collect();
        methods.sort_by(|a, b| by_badness(badness(a), badness(b)));
        methods
    }

    /// The headline over experiments.
    pub fn overall_mean(&self, method: &str, size: usize, strategy: &str) -> Option<&OverallCell> {
        let fits =
            |c: &&OverallCell| c.method == method && c.size == size && c.strategy == strategy;
        self.overall.cells.iter().find(fits)
    }

    fn over_experiments(&self) -> Overall {
        let mut overall = Overall::default();
        let mut sizes: Vec<usize> =
            self.experiments.iter().flat_map(|e| e.sizes.iter().copied()).collect();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            let having: Vec<String> = self
                .experiments
                .iter()
                .filter(|e| e.sizes.contains(&size))
                .map(|e| e.planned.id.clone())
                .collect();
            for strategy in self.strategies() {
                for method in &self.methods {
                    let means = having.iter().map(|experiment| {
                        self.cell(experiment, &method.name, size, strategy)
                            .and_then(|cell| cell.scores.get(&self.headline))
                            .and_then(|e| Some((e.mean?, variance(e))))
                    });
                    let Some(means) = means.collect::<Option<Vec<_>>>() else { continue };
                    let n = means.len() as f64;
                    let variances: Option<Vec<f64>> = means.iter().map(|(_, v)| *v).collect();
                    overall.cells.push(OverallCell {
                        method: method.name.clone(),
                        size,
                        strategy: strategy.to_owned(),
                        mean: means.iter().map(|(mean, _)| mean).sum::<f64>() / n,
                        se: variances.map(|v| v.iter().sum::<f64>().sqrt() / n),
                    });
                }
            }
            overall.experiments.insert(size, having);
        }
        overall
    }
}

/// Squared standard error of an estimate.
fn variance(estimate: &Estimate) -> Option<f64> {
    let parts = [estimate.se_seeds, estimate.se_participants];
    let known: Vec<f64> = parts.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.iter().map(|se| se * se).sum())
}

fn method(planned: &crate::plan::PlannedMethod) -> BoardMethod {
    BoardMethod {
        name: planned.name.clone(),
        backend: planned.backend.clone(),
        plugin: planned.facts.plugin.name.clone(),
        settings: planned.settings.clone(),
        summary: planned.facts.summary.clone(),
        learns_from: planned.facts.learns_from,
        role: Role::of(planned),
        level: None,
        trains: !planned.adapter.is_none() && !HOST_ADAPTERS.contains(&&*planned.adapter.name),
    }
}

fn board_cell(cell: &CellScores) -> BoardCell {
    let overall =
        cell.rows.iter().filter(|row| row.key.item.is_none() && row.key.group_column.is_none());
    BoardCell {
        facts: cell.facts.clone(),
        per_1000_answers: PerThousand::of(&cell.facts),
        scores: overall.map(|row| (row.key.score.clone(), row.estimate.clone())).collect(),
    }
}

/// Beginning of a hash, enough to tell it from others.
pub(super) fn short(hash: &str) -> &str {
    &hash[..hash.len().min(16)]
}

/// A number as tables show it: three decimals.
pub fn number(value: f64) -> String {
    format!("{value:.3}")
}
