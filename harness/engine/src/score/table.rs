//! The scores of a whole run.

use super::{
    Estimate,
    aggregate::Collected,
    cell::{Cell, cells},
    resample::Resamples,
    rows::{self, ScoreKey, Value},
};
use crate::{
    experiment::{Columns, Experiment, Origin, People},
    fault::{Fault, FaultKind, Result},
    identity,
    plan::{Plan, PlannedMethod, PluginFacts, Replicate, VALID_RATE},
    plugin::{Better, Heading, MetricDescription, MetricSession, Plugins, ScoreInfo},
    record::{self, Counts, Record},
    run,
};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use rayon::prelude::*;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// One score of one cell.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, Serialize)]
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
}

/// All scores of one cell.
#[derive(Debug, Clone)]
pub struct CellScores {
    /// The cell.
    pub facts: CellFacts,
    /// The libraries that answered: one, unless plugins were changed on the way.
    pub plugins: BTreeSet<PluginFacts>,
    /// Scores, in order of metric and key.
    pub rows: Vec<ScoreRow>,
}

/// A metric in use.
struct Metric {
    described: MetricDescription,
    session: Arc<dyn MetricSession>,
}

#[derive(Serialize)]
struct Context<'a> {
    experiment: &'a crate::experiment::Design,
    seed: u64,
}

/// Scores every committed replicate of a run, cell by cell. Also returns the descriptions of all
/// scores. `done` is called after each cell.
///
/// # Errors
/// When answers are damaged or a metric fails.
pub fn score(
    plan: &Plan,
    experiments: &[Experiment],
    plugins: &Plugins,
    record: &Record,
    done: &(dyn Fn() + Sync),
    stop: &AtomicBool,
) -> Result<(Vec<CellScores>, Vec<ScoreInfo>)> {
    let metrics = open_metrics(plan, plugins)?;
    let infos = infos(&metrics);
    let resamples: BTreeMap<&str, Resamples> =
        experiments.iter().map(|e| (e.id(), Resamples::new(e, plan.score.resamples))).collect();
    let scorer = Scorer { plan, experiments, record, metrics, resamples, infos: &infos, stop };
    let cells = cells(plan);
    let scores: Result<Vec<_>> = cells
        .par_iter()
        .map(|cell| {
            let scores = scorer.cell(cell);
            done();
            scores
        })
        .collect();
    Ok((scores?, infos))
}

fn open_metrics(plan: &Plan, plugins: &Plugins) -> Result<Vec<Metric>> {
    let open = |planned: &crate::plan::PlannedMetric| {
        let wanted = format!("{}/{}", planned.facts.plugin.name, planned.metric);
        Ok(Metric {
            described: plugins.metric_description(&wanted)?,
            session: plugins.open_metric(&wanted, &planned.settings)?,
        })
    };
    plan.metrics.iter().map(open).collect()
}

/// Descriptions of all scores; the host's own comes last.
fn infos(metrics: &[Metric]) -> Vec<ScoreInfo> {
    let described = metrics.iter().flat_map(|metric| metric.described.scores.iter().cloned());
    let mut infos: Vec<ScoreInfo> = described.collect();
    infos.push(ScoreInfo {
        name: VALID_RATE.to_owned(),
        summary: "share of requests answered with a level; the rest is refused or invalid".into(),
        better: Better::Higher,
        heading: Heading::Individual,
        min: Some(0.0),
        max: Some(1.0),
    });
    infos
}

struct Scorer<'a> {
    plan: &'a Plan,
    experiments: &'a [Experiment],
    record: &'a Record,
    metrics: Vec<Metric>,
    resamples: BTreeMap<&'a str, Resamples>,
    infos: &'a [ScoreInfo],
    stop: &'a AtomicBool,
}

/// What the seeds of a cell add up to, per key.
#[derive(Default)]
struct Sums {
    collected: Collected,
    n_human: i64,
    n_simulated: i64,
    seeds: i64,
}

impl Scorer<'_> {
    fn cell(&self, cell: &Cell) -> Result<CellScores> {
        let fault = || Fault::usage(cell.experiment, "the plan names what is not there");
        let experiment = self.experiments.iter().find(|e| e.id() == cell.experiment);
        let experiment = experiment.ok_or_else(fault)?;
        let method = self.plan.method(cell.method).ok_or_else(fault)?;
        let mut facts = CellFacts {
            experiment: cell.experiment.to_owned(),
            method: cell.method.to_owned(),
            size: cell.size,
            strategy: cell.strategy.to_string(),
            planned: cell.replicates.len(),
            committed: 0,
            counts: Counts::default(),
        };
        // Keys are kept in the order of the metrics' descriptions, then of items and groups.
        let mut sums: BTreeMap<(usize, ScoreKey), Sums> = BTreeMap::new();
        let mut plugins = BTreeSet::new();
        for replicate in &cell.replicates {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Fault::new(FaultKind::Interrupted, "", "scoring was stopped"));
            }
            let Some(manifest) = self.record.manifest(replicate)? else { continue };
            facts.committed += 1;
            plugins.insert(manifest.plugin.clone());
            let counts = manifest.counts;
            facts.counts.ok += counts.ok;
            facts.counts.refused += counts.refused;
            facts.counts.invalid += counts.invalid;
            let answers = record::decode(self.record.answers(&manifest)?)?;
            let mut values = self.replicate(experiment, method, replicate, &answers)?;
            values.push(valid_rate(counts, answers.num_rows()));
            for value in values {
                self.add(&mut sums, value);
            }
        }
        let confidence = self.plan.score.confidence;
        let rows = sums
            .into_iter()
            .map(|((order, key), sums)| {
                let info = &self.infos[order];
                let range =
                    (info.min.unwrap_or(f64::NEG_INFINITY), info.max.unwrap_or(f64::INFINITY));
                ScoreRow {
                    key,
                    n_human: sums.n_human as f64 / sums.seeds as f64,
                    n_simulated: sums.n_simulated as f64 / sums.seeds as f64,
                    estimate: sums.collected.estimate(confidence, range),
                }
            })
            .collect();
        Ok(CellScores { facts, plugins, rows })
    }

    fn add(&self, sums: &mut BTreeMap<(usize, ScoreKey), Sums>, value: Value) {
        let order = self.infos.iter().position(|info| info.name == value.key.score);
        let order = order.expect("scores were checked against the descriptions");
        let sums = sums.entry((order, value.key)).or_default();
        sums.n_human += value.n_human;
        sums.n_simulated += value.n_simulated;
        sums.seeds += 1;
        sums.collected.add(value.value, &value.resamples);
    }

    /// All values of one replicate.
    fn replicate(
        &self,
        experiment: &Experiment,
        method: &PlannedMethod,
        replicate: &Replicate,
        answers: &RecordBatch,
    ) -> Result<Vec<Value>> {
        let participants = run::participants(self.plan, experiment, method, replicate)?;
        let revelation = &participants.revelation;
        let asked = experiment.people.take(&revelation.asked);
        let design = &experiment.design;
        let human = asked.columns(design).batch();
        let simulated = simulated(&asked, experiment, answers)
            .map_err(|message| Fault::store(&replicate.id, message))?;
        // The reference of a skill is the pilot of the row's own size, for oracles too: none at 0.
        let pilot = experiment.people.take(&participants.pilot).columns(design).batch();
        let resamples = &self.resamples[experiment.id()];
        let weights = resamples.batch(&asked.ids, &revelation.asked);
        // All methods of a seed get the same random halves and subsets: their differences are paired.
        let seed = crate::random::key(&["metric", experiment.id(), &replicate.seed.to_string()]);
        let context = identity::canonical_json(&Context { experiment: design, seed });
        let mut values = Vec::new();
        for metric in &self.metrics {
            let tables = [human.clone(), simulated.clone(), pilot.clone(), weights.clone()];
            let reply = metric.session.evaluate(tables, &context, self.stop)?;
            values.extend(rows::read(&reply, &metric.described, self.plan.score.resamples)?);
        }
        Ok(values)
    }
}

/// Stored answers as metrics see them: who the participants are comes from the experiment, joined by
/// identifier, so that a stored table cannot tell another story of them.
fn simulated(
    asked: &People,
    experiment: &Experiment,
    answers: &RecordBatch,
) -> std::result::Result<RecordBatch, String> {
    let design = &experiment.design;
    let column = |name: &str| {
        answers.column_by_name(name).ok_or_else(|| format!("column `{name}` is missing"))
    };
    let ids = column("participant_id")?;
    let ids = ids.as_any().downcast_ref::<StringArray>();
    if ids != Some(&asked.ids) {
        return Err("the answers are not of the participants whom the plan asks".to_owned());
    }
    let mut columns = asked.who(design);
    for item in &design.items {
        for kind in ["answer", "probability"] {
            let name = format!("{kind}.{}", item.id);
            let found = Arc::clone(column(&name)?);
            columns.push(name, found);
        }
    }
    Ok(columns.batch())
}

fn valid_rate(counts: Counts, participants: usize) -> Value {
    let asked = counts.ok + counts.refused + counts.invalid;
    let value = match asked {
        0 => Err("nobody was asked".to_owned()),
        asked => Ok(counts.ok as f64 / asked as f64),
    };
    Value {
        key: ScoreKey::overall(VALID_RATE),
        value,
        resamples: Vec::new(),
        n_human: participants as i64,
        n_simulated: participants as i64,
    }
}

/// All scores as one long Parquet table, a row per cell and key.
///
/// # Errors
/// When encoding fails.
pub fn scores_file(plan: &Plan, cells: &[CellScores]) -> Result<Vec<u8>> {
    let rows: Vec<(&CellFacts, &ScoreRow)> =
        cells.iter().flat_map(|cell| cell.rows.iter().map(move |row| (&cell.facts, row))).collect();
    let text = |get: &dyn Fn(&CellFacts, &ScoreRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(cell, row)| get(cell, row)).collect::<StringArray>())
    };
    let real = |get: &dyn Fn(&ScoreRow) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, row)| get(row)).collect::<Float64Array>())
    };
    let whole = |get: &dyn Fn(&CellFacts, &ScoreRow) -> usize| -> ArrayRef {
        Arc::new(rows.iter().map(|(c, row)| Some(get(c, row) as i64)).collect::<Int64Array>())
    };
    let mut columns = Columns::default();
    columns.push("experiment", text(&|c, _| Some(c.experiment.clone())));
    let is_synthetic =
        |id: &str| plan.experiment(id).is_some_and(|e| e.origin == Origin::Synthetic);
    let origin = |id: &str| if is_synthetic(id) { "SYNTHETIC" } else { "human" };
    columns.push("origin", text(&|c, _| Some(origin(&c.experiment).to_owned())));
    columns.push("method", text(&|c, _| Some(c.method.clone())));
    columns.push("size", whole(&|c, _| c.size));
    columns.push("strategy", text(&|c, _| Some(c.strategy.clone())));
    columns.push("score", text(&|_, r| Some(r.key.score.clone())));
    columns.push("item", text(&|_, r| r.key.item.clone()));
    columns.push("group_column", text(&|_, r| r.key.group_column.clone()));
    columns.push("group_level", text(&|_, r| r.key.group_level.clone()));
    columns.push("mean", real(&|r| r.estimate.mean));
    columns.push("low", real(&|r| r.estimate.low));
    columns.push("high", real(&|r| r.estimate.high));
    columns.push("se_seeds", real(&|r| r.estimate.se_seeds));
    columns.push("se_participants", real(&|r| r.estimate.se_participants));
    columns.push("resamples", whole(&|_, r| r.estimate.resamples));
    columns.push("interval", text(&|_, r| Some(r.estimate.interval.name().to_owned())));
    columns.push("seeds", whole(&|_, r| r.estimate.seeds));
    columns.push("undefined", whole(&|_, r| r.estimate.undefined));
    columns.push("reason", text(&|_, r| r.estimate.reason.clone()));
    columns.push("n_human", real(&|r| Some(r.n_human)));
    columns.push("n_simulated", real(&|r| Some(r.n_simulated)));
    record::encode(&columns.batch())
}
