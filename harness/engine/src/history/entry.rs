//! What is kept of one run.

use crate::{
    contrast,
    experiment::Origin,
    fault::{Fault, Result},
    identity,
    plan::{Plan, PlannedExperiment, PluginFacts},
    plugin::ScoreInfo,
    record::Record,
    score::{CellScores, ScoreRow, Scores},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the form of entries.
pub(super) const SCHEMA: &str = "pilotbench/history-entry/1";

/// What is said of a run from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When it was, in UTC, as RFC 3339.
    pub at: String,
    /// A word for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// State of the code that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where its pages are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Version of this form.
    pub schema: String,
    /// What the run file calls it: runs of one name are one board.
    pub name: String,
    /// Its folder, as it was called when it was added.
    pub run: String,
    /// Identity of its plan.
    pub plan: String,
    /// SHA-256 of its manifests, measured times included: no two executions have the same.
    pub execution: String,
    /// What is said of it from outside.
    pub told: Told,
    /// Version of pilotbench.
    pub pilotbench: String,
    /// The libraries of backends and metrics.
    pub plugins: Vec<PluginFacts>,
    /// Its experiments.
    pub experiments: Vec<PlannedExperiment>,
    /// Cap on the held-out people.
    pub held_out_max: Option<usize>,
    /// The score that orders its board.
    pub headline: String,
    /// The scores that it shows.
    pub scores: Vec<ScoreInfo>,
    /// By score the metric that gives it; the host's own have none.
    pub metrics: BTreeMap<String, MetricUsed>,
    /// Its cells, in the order of the plan.
    pub cells: Vec<EntryCell>,
}

/// The metric behind a score: with another the score is another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricUsed {
    /// Metric.
    pub metric: String,
    /// Its settings.
    pub settings: serde_json::Value,
    /// Library.
    pub plugin: String,
    /// Version of the library.
    pub version: String,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryCell {
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
    /// Replicates committed.
    pub committed: usize,
    /// Shown scores over all items and everybody.
    pub scores: BTreeMap<String, Seen>,
    /// How fast it was; `None` where answers were known from before, or on several machines.
    pub speed: Option<Speed>,
}

/// A score of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Mean over seeds.
    pub mean: Option<f64>,
    /// Bounds of its interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its value by seed.
    pub seeds: Vec<(u32, f64)>,
}

/// How fast a cell was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speed {
    /// The machine.
    pub machine: String,
    /// Answers a second, by seed.
    pub seeds: Vec<(u32, f64)>,
}

impl Entry {
    /// Of a run; `run` is what its folder is called.
    ///
    /// # Errors
    /// When the record is damaged, nothing of it is committed, or `told` has no time in UTC.
    pub fn of(
        plan: &Plan,
        record: &Record,
        scores: &Scores,
        run: &str,
        told: Told,
    ) -> Result<Self> {
        let told = Told { at: instant(&told.at)?, ..told };
        let speeds = contrast::speeds(plan, record)?;
        let of_cell = |cell: &CellScores| {
            entry_cell(cell, scores, speeds.iter().find(|speed| speed.is_of(&cell.facts)))
        };
        let answering = scores.cells.iter().flat_map(|cell| cell.plugins.iter());
        let scoring = plan.metrics.iter().map(|metric| &metric.facts.plugin);
        let plugins: std::collections::BTreeSet<_> = answering.chain(scoring).cloned().collect();
        let is_shown = |info: &&ScoreInfo| scores.shown.has(&info.name);
        Ok(Self {
            schema: SCHEMA.to_owned(),
            name: plan.name.clone(),
            run: run.to_owned(),
            plan: plan.identity(),
            execution: execution(plan, record)?,
            told,
            pilotbench: env!("CARGO_PKG_VERSION").to_owned(),
            plugins: plugins.into_iter().collect(),
            experiments: plan.experiments.clone(),
            held_out_max: plan.held_out_max,
            headline: scores.shown.headline.clone(),
            scores: scores.infos.iter().filter(is_shown).cloned().collect(),
            metrics: metrics(plan, scores),
            cells: scores.cells.iter().map(of_cell).collect(),
        })
    }

    /// The experiment of this id.
    pub(super) fn experiment(&self, id: &str) -> Option<&PlannedExperiment> {
        self.experiments.iter().find(|experiment| experiment.id == id)
    }

    /// What a score is, where this entry shows it.
    pub fn score(&self, name: &str) -> Option<&ScoreInfo> {
        self.scores.iter().find(|info| info.name == name)
    }

    /// The label that must stand wherever numbers of an experiment do.
    pub fn label(&self, experiment: &str) -> &'static str {
        match self.experiment(experiment).map(|e| e.origin) {
            Some(Origin::Synthetic) => "SYNTHETIC",
            _ => "",
        }
    }
}

/// A time in one form, so that entries sort by it.
fn instant(text: &str) -> Result<String> {
    let parsed = humantime::parse_rfc3339(text);
    let parsed = parsed.map_err(|e| {
        let message = format!("`{}` is no time in UTC: {e}", text.escape_debug());
        Fault::usage("--at", message).hint("such as 2026-01-31T03:00:00Z")
    })?;
    Ok(humantime::format_rfc3339_seconds(parsed).to_string())
}

/// A function of all that was recorded, times included.
fn execution(plan: &Plan, record: &Record) -> Result<String> {
    let manifests = plan.replicates.iter().map(|replicate| record.manifest(replicate));
    let manifests: Vec<_> = manifests.collect::<Result<_>>()?;
    if manifests.iter().all(Option::is_none) {
        let fault = Fault::usage(record.root().display(), "no replicate of this run is committed");
        return Err(fault.hint("`pilotbench resume` goes on with it"));
    }
    Ok(identity::sha256_of(&manifests))
}

fn metrics(plan: &Plan, scores: &Scores) -> BTreeMap<String, MetricUsed> {
    let mut used = BTreeMap::new();
    for planned in &plan.metrics {
        for score in planned.facts.scores.iter().filter(|score| scores.shown.has(score)) {
            let metric = MetricUsed {
                metric: planned.metric.clone(),
                settings: planned.settings.clone(),
                plugin: planned.facts.plugin.name.clone(),
                version: planned.facts.plugin.version.clone(),
            };
            used.insert(score.clone(), metric);
        }
    }
    used
}

fn entry_cell(
    cell: &CellScores,
    scores: &Scores,
    speed: Option<&contrast::CellSpeed>,
) -> EntryCell {
    let shown = cell
        .rows
        .iter()
        .filter(|row| row.key.is_overall())
        .filter(|row| scores.shown.has(&row.key.score));
    let seen = |row: &ScoreRow| {
        let (name, e) = (&row.key.score, &row.estimate);
        let seeds = cell.draws.get(name).map(|draws| draws.seeds.clone()).unwrap_or_default();
        let reason = e.reason.clone().filter(|_| e.mean.is_none());
        (name.clone(), Seen { mean: e.mean, low: e.low, high: e.high, reason, seeds })
    };
    let facts = &cell.facts;
    EntryCell {
        experiment: facts.experiment.clone(),
        method: facts.method.clone(),
        size: facts.size,
        strategy: facts.strategy.clone(),
        planned: facts.planned,
        committed: facts.committed,
        scores: shown.map(seen).collect(),
        speed: speed.and_then(measured),
    }
}

/// A speed, where it is of one machine that is known.
fn measured(speed: &contrast::CellSpeed) -> Option<Speed> {
    match &speed.machines[..] {
        [machine] if !machine.is_empty() => {
            Some(Speed { machine: machine.clone(), seeds: speed.rates.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        assert_eq!(instant("2026-01-31T03:00:00.25Z").unwrap(), "2026-01-31T03:00:00Z");
        for wrong in ["", "2026-01-31", "yesterday", "2026-01-31T03:00:00+02:00", "\u{1b}"] {
            let fault = instant(wrong).unwrap_err().to_string();
            assert!(fault.contains("hint") && !fault.contains('\u{1b}'), "{fault}");
        }
    }
}
