//! The leaderboard as data: `leaderboard.json`.

use super::order::{Direction, by_badness, columns, order};
use crate::{
    experiment::Origin,
    fault::Result,
    plan::{LearnsFrom, Left, Plan, PlannedExperiment, PluginFacts},
    plugin::ScoreInfo,
    score::{CellFacts, CellScores, Estimate},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Version of the JSON form.
const SCHEMA: &str = "pilotbench/leaderboard/1";
/// The baseline against which the same pilot is compared.
const BASELINE: (&str, &str) = ("baseline", "marginal");

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
    /// Cells that could not be planned.
    pub left_out: Vec<Left>,
}

/// An experiment on the board.
#[derive(Debug, Clone, Serialize)]
pub struct BoardExperiment {
    /// As planned.
    #[serde(flatten)]
    pub planned: PlannedExperiment,
    /// Pilot sizes, rising.
    pub sizes: Vec<usize>,
    /// Methods, best headline at the largest size first. An order of listing, not a rank.
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

/// What a row is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A method to be judged.
    Method,
    /// The statistical baseline that gets the same pilot.
    Baseline,
    /// Learns from nobody.
    Floor,
    /// Humans against humans: an oracle that answers with the other half of the held-out people.
    Ceiling,
    /// An oracle that sees everybody's answers.
    Oracle,
    /// An oracle: the same people asked again.
    Retest,
    /// An oracle that knows the law of a synthetic population: a perfect simulator.
    Law,
}

impl Role {
    /// Word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "",
            Self::Baseline => "same-pilot baseline",
            Self::Floor => "no pilot",
            Self::Ceiling => "ORACLE, human ceiling",
            Self::Oracle => "ORACLE, sees everybody",
            Self::Retest => "ORACLE, the same people again",
            Self::Law => "ORACLE, knows the law",
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
}

/// A cell on the board, with its scores over all items and everybody.
#[derive(Debug, Clone, Serialize)]
pub struct BoardCell {
    /// The cell and what became of its replicates.
    #[serde(flatten)]
    pub facts: CellFacts,
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
    ///
    /// # Errors
    /// When the run file asks for a score that no metric gives.
    pub fn new(plan: &Plan, cells: &[CellScores], scores: Vec<ScoreInfo>) -> Result<Self> {
        let (headline, columns) = columns(plan, &scores)?;
        let info =
            scores.iter().find(|info| info.name == headline).expect("it was chosen among them");
        let direction = Direction::of(info);
        let methods: Vec<BoardMethod> = plan.methods.iter().map(method).collect();
        let answering = cells.iter().flat_map(|cell| cell.plugins.iter());
        let scoring = plan.metrics.iter().map(|metric| &metric.facts.plugin);
        let plugins: BTreeSet<PluginFacts> = answering.chain(scoring).cloned().collect();
        let cells: Vec<BoardCell> = cells.iter().map(board_cell).collect();
        let experiments = plan
            .experiments
            .iter()
            .map(|planned| {
                let sizes = sizes(&planned.id, &methods, &cells, &plan.left_out);
                let mut experiment =
                    BoardExperiment { planned: planned.clone(), sizes, order: Vec::new() };
                experiment.order = order(&planned.id, &methods, &cells, &headline, direction);
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
            headline,
            columns,
            scores,
            plugins: plugins.into_iter().collect(),
            experiments,
            methods,
            cells,
            overall: Overall::default(),
            left_out: plan.left_out.clone(),
        };
        board.overall = board.over_experiments();
        Ok(board)
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
        self.cells.iter().find(|c| {
            c.facts.experiment == experiment
                && c.facts.method == method
                && c.facts.size == size
                && c.facts.strategy == strategy
        })
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
        let mut strategies: Vec<&str> = Vec::new();
        for cell in &self.cells {
            if !strategies.contains(&cell.facts.strategy.as_str()) {
                strategies.push(&cell.facts.strategy);
            }
        }
        strategies
    }

    /// Methods best first by their headline over experiments at the largest size; those without a
    /// value last.
    pub fn overall_order(&self, strategy: &str) -> Vec<&BoardMethod> {
        let largest = self.overall.experiments.keys().next_back().copied().unwrap_or(0);
        let info = self.scores.iter().find(|info| info.name == self.headline);
        let badness = |method: &BoardMethod| {
            let mean = self.overall_mean(&method.name, largest, strategy)?.mean;
            Some(info.map_or(mean, |info| Direction::of(info).badness(mean)))
        };
        let mut methods: Vec<&BoardMethod> = self.methods.iter().collect();
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

/// Pilot sizes that were asked of an experiment: those of methods that learn from the pilot, run or
/// left out; where there are none, 0 alone.
fn sizes(
    experiment: &str,
    methods: &[BoardMethod],
    cells: &[BoardCell],
    left_out: &[Left],
) -> Vec<usize> {
    let learns = |name: &str| methods.iter().any(|m| m.name == name && m.learns_from.uses_pilot());
    let run = cells.iter().map(|c| &c.facts).filter(|c| c.experiment == experiment);
    let run = run.filter(|c| learns(&c.method)).map(|c| c.size);
    let left = left_out.iter().filter(|left| left.experiment == experiment && learns(&left.method));
    let left = left.map(|left| left.size);
    let sizes: BTreeSet<usize> = run.chain(left).collect();
    match sizes.is_empty() {
        true => vec![0],
        false => sizes.into_iter().collect(),
    }
}

/// Squared standard error of an estimate.
fn variance(estimate: &Estimate) -> Option<f64> {
    let parts = [estimate.se_seeds, estimate.se_participants];
    let known: Vec<f64> = parts.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.iter().map(|se| se * se).sum())
}

/// The baseline is one method: another smoothing, or another plugin's backend of the same name, is
/// not what the same pilot is compared with.
fn is_baseline(planned: &crate::plan::PlannedMethod) -> bool {
    let (plugin, backend) = BASELINE;
    planned.backend == backend
        && planned.facts.plugin.name == plugin
        && planned.settings.as_object().is_none_or(serde_json::Map::is_empty)
}

fn method(planned: &crate::plan::PlannedMethod) -> BoardMethod {
    let learns_from = planned.facts.learns_from;
    let role = match learns_from {
        LearnsFrom::OtherHalf => Role::Ceiling,
        LearnsFrom::Everyone => Role::Oracle,
        LearnsFrom::Retest => Role::Retest,
        LearnsFrom::Law => Role::Law,
        LearnsFrom::Nothing => Role::Floor,
        LearnsFrom::Pilot if is_baseline(planned) => Role::Baseline,
        LearnsFrom::Pilot => Role::Method,
    };
    BoardMethod {
        name: planned.name.clone(),
        backend: planned.backend.clone(),
        plugin: planned.facts.plugin.name.clone(),
        settings: planned.settings.clone(),
        summary: planned.facts.summary.clone(),
        learns_from,
        role,
    }
}

fn board_cell(cell: &CellScores) -> BoardCell {
    let overall =
        cell.rows.iter().filter(|row| row.key.item.is_none() && row.key.group_column.is_none());
    BoardCell {
        facts: cell.facts.clone(),
        scores: overall.map(|row| (row.key.score.clone(), row.estimate.clone())).collect(),
    }
}

/// A number as tables show it: three decimals.
pub fn number(value: f64) -> String {
    format!("{value:.3}")
}
