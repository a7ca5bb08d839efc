//! The scores of a whole run.

use super::{
    Answered, Answers, Draws,
    cell::{Cell, cells},
    collect::Collected,
    reference::References,
    resample::{Resamples, SeedResamples},
    rows::{ScoreKey, Value},
    scores::{CellFacts, CellScores, ScoreRow, Scores},
    shown::Shown,
    sums::{AllSums, Drawn, Sums, overall},
};
use crate::{
    experiment::Experiment,
    fault::{Fault, FaultKind, Result},
    identity,
    interview::Used,
    plan::{LearnsFrom, Plan, PlannedMethod, Replicate, VALID_RATE},
    plugin::{
        Better, Heading, MetricDescription, MetricSession, Plugins, Reference, ScoreInfo, Tables,
    },
    record::Counts,
};
use arrow_array::{RecordBatch, StringArray};
use rayon::prelude::*;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

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

/// Scores every replicate of a plan that has answers, cell by cell. `done` is called after each
/// cell.
///
/// # Errors
/// When answers are damaged, a metric fails, or the plan wants to see a score that no metric gives.
pub fn score(
    plan: &Plan,
    experiments: &[Experiment],
    plugins: &Plugins,
    answers: &dyn Answers,
    done: &(dyn Fn() + Sync),
    stop: &AtomicBool,
) -> Result<Scores> {
    let metrics = open_metrics(plan, plugins)?;
    let infos = infos(&metrics);
    let shown = Shown::new(plan, &infos)?;
    let scorer = Scorer {
        plan,
        experiments,
        answers,
        metrics,
        resampling: resampling(plan, experiments),
        references: References::default(),
        infos: &infos,
        shown: &shown,
        stop,
    };
    let cells = cells(plan);
    let scores: Result<Vec<_>> = cells
        .par_iter()
        .map(|cell| {
            let scores = scorer.cell(cell);
            done();
            scores
        })
        .collect();
    let cells = scores?;
    Ok(Scores { cells, infos, shown })
}

/// What each score is that the metrics of a plan give, and the host.
///
/// # Errors
/// When a metric cannot be opened.
pub fn described(plan: &Plan, plugins: &Plugins) -> Result<Vec<ScoreInfo>> {
    Ok(infos(&open_metrics(plan, plugins)?))
}

fn open_metrics(plan: &Plan, plugins: &Plugins) -> Result<Vec<Metric>> {
    let open = |planned: &crate::plan::PlannedMetric| {
        let wanted = plugins.wanted(&planned.facts.plugin, &planned.metric)?;
        Ok(Metric {
            described: plugins.metric_description(&wanted, &planned.settings)?,
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

/// How participants and seeds of an experiment are resampled.
struct Resampling {
    participants: Resamples,
    seeds: SeedResamples,
}

fn resampling<'a>(plan: &Plan, experiments: &'a [Experiment]) -> BTreeMap<&'a str, Resampling> {
    let seeds: BTreeSet<u32> = plan.replicates.iter().map(|r| r.seed).collect();
    let seeds: Vec<u32> = seeds.into_iter().collect();
    let (count, kind) = (plan.score.resamples, plan.score.interval);
    let of = |e: &'a Experiment| {
        let participants = Resamples::new(e.id(), &e.people.ids, count, kind);
        (e.id(), Resampling { participants, seeds: SeedResamples::new(e.id(), &seeds, count) })
    };
    experiments.iter().map(of).collect()
}

struct Scorer<'a> {
    plan: &'a Plan,
    experiments: &'a [Experiment],
    answers: &'a dyn Answers,
    metrics: Vec<Metric>,
    resampling: BTreeMap<&'a str, Resampling>,
    references: References,
    infos: &'a [ScoreInfo],
    shown: &'a Shown,
    stop: &'a AtomicBool,
}

/// A replicate with its answers, ready for the metrics.
struct Ready<'a> {
    drawn: Drawn<'a>,
    replicate: &'a Replicate,
    answered: Answered,
    tables: Tables,
}

/// People of the replicates that are made ready at once: so many that a metric is called several
/// times in a row, while its code and tables are at hand, and so few that memory is bounded.
const AT_ONCE: usize = 8_192;

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
            used: None,
        };
        let mut sums = AllSums::default();
        let mut matched = Collected::default();
        let mut plugins = BTreeSet::new();
        let at_once = (AT_ONCE / experiment.people.len().max(1)).max(1);
        for replicates in cell.replicates.chunks(at_once) {
            let ready = self.ready(experiment, method, replicates)?;
            for Ready { answered, drawn, .. } in &ready {
                facts.committed += 1;
                plugins.insert(answered.plugin.clone());
                facts.counts.add(answered.counts);
                Used::add_to(&mut facts.used, answered.used.as_ref());
                let valid = valid_rate(answered.counts, answered.asked.len());
                sums.add(self.infos.len() - 1, ScoreKey::overall(VALID_RATE), &valid, *drawn);
            }
            for metric in &self.metrics {
                for ready in &ready {
                    let reply = self.evaluate(metric, &ready.tables)?;
                    let (described, infos) = (&metric.described, self.infos);
                    sums.add_reply(&reply, described, infos, self.resamples(), ready.drawn)?;
                    if let Some(value) = self.matched(experiment, method, ready, metric, &reply)? {
                        let Drawn { seed, times } = ready.drawn;
                        matched.add(seed, times, value.value, &value.resamples);
                    }
                }
            }
        }
        let draws = self.shown_draws(&sums);
        let rows = sums.iter().map(|((order, key), sums)| self.row(*order, key.clone(), sums));
        let rows = rows.collect();
        Ok(CellScores { facts, plugins, rows, draws, matched: matched.draws() })
    }

    /// Replicates that have answers, with what metrics get of them.
    fn ready<'b>(
        &'b self,
        experiment: &Experiment,
        method: &PlannedMethod,
        replicates: &[&'b Replicate],
    ) -> Result<Vec<Ready<'b>>> {
        let seeds = &self.resampling[experiment.id()].seeds;
        let mut ready = Vec::new();
        for replicate in replicates {
            if self.stop.load(Ordering::Relaxed) {
                return Err(Fault::new(FaultKind::Interrupted, "", "scoring was stopped"));
            }
            let Some(answered) = self.answers.of(experiment, method, replicate)? else { continue };
            let drawn = Drawn { seed: replicate.seed, times: seeds.of(replicate.seed) };
            let tables = self.inputs(experiment, replicate, &answered, answered.asked.len());
            ready.push(Ready { drawn, replicate, answered, tables });
        }
        Ok(ready)
    }

    fn row(&self, order: usize, key: ScoreKey, sums: &Sums) -> ScoreRow {
        let info = &self.infos[order];
        let range = (info.min.unwrap_or(f64::NEG_INFINITY), info.max.unwrap_or(f64::INFINITY));
        let settings = &self.plan.score;
        ScoreRow {
            key,
            n_human: sums.n_human as f64 / sums.seeds as f64,
            n_simulated: sums.n_simulated as f64 / sums.seeds as f64,
            estimate: sums.collected.estimate(settings.confidence, settings.interval, range),
        }
    }

    fn shown_draws(&self, sums: &AllSums) -> BTreeMap<String, Draws> {
        let shown =
            sums.iter().filter(|((_, key), _)| key.is_overall() && self.shown.has(&key.score));
        shown.filter_map(|((_, key), s)| Some((key.score.clone(), s.collected.draws()?))).collect()
    }

    /// The headline on the half of the held-out people for whom the human ceiling answers: only
    /// there are a method, the baseline and the ceiling compared at one number of people. `None`
    /// when it is not of this metric, or there is no ceiling.
    fn matched(
        &self,
        experiment: &Experiment,
        method: &PlannedMethod,
        ready: &Ready,
        metric: &Metric,
        reply: &RecordBatch,
    ) -> Result<Option<Value>> {
        let is_ceiling = |m: &PlannedMethod| m.facts.learns_from == LearnsFrom::OtherHalf;
        let Some(info) = metric.described.score(&self.shown.headline) else { return Ok(None) };
        let find = |reply: &RecordBatch| {
            overall(reply, info, self.resamples()).map_err(|message| {
                Fault::plugin(format!("{}.evaluate: reply", metric.described.name), message)
            })
        };
        if is_ceiling(method) {
            return find(reply);
        }
        if !self.plan.methods.iter().any(is_ceiling) {
            return Ok(None);
        }
        // Asked are the held-out people in their random order, as for the ceiling, whose half is
        // the first.
        let Ready { replicate, answered, .. } = ready;
        let inputs = self.inputs(experiment, replicate, answered, answered.asked.len() / 2);
        find(&self.evaluate(metric, &inputs)?)
    }

    /// What metrics get: the first so many of the people asked.
    fn inputs(
        &self,
        experiment: &Experiment,
        replicate: &Replicate,
        answered: &Answered,
        people: usize,
    ) -> Tables {
        let design = &experiment.design;
        let reference = self.reference(experiment, answered, &answered.asked[..people]);
        let simulated = match answered.unpaired {
            false => answered.simulated.slice(0, people),
            true => answered.simulated.clone(),
        };
        // The reference of a skill is the pilot of the row's own size, for oracles too: none at 0.
        let pilot = experiment.people.take(&answered.pilot).columns(design).batch();
        // All methods of a seed get the same random halves and subsets: their differences are paired.
        let seed = crate::random::key(&["metric", experiment.id(), &replicate.seed.to_string()]);
        let context = identity::canonical_json(&Context { experiment: design, seed });
        Tables::new(reference, simulated, pilot, context)
    }

    /// The humans of these rows and their weights.
    fn reference(
        &self,
        experiment: &Experiment,
        answered: &Answered,
        rows: &[u32],
    ) -> Arc<Reference> {
        let resamples = &self.resampling[experiment.id()].participants;
        let make = |weights: &dyn Fn(&StringArray) -> RecordBatch| {
            let asked = experiment.people.take(rows);
            let weights = weights(&asked.ids);
            Reference::new(asked.columns(&experiment.design).batch(), weights)
        };
        match answered.unpaired {
            false => self
                .references
                .get(experiment.id(), rows, || make(&|ids| resamples.batch(ids, rows))),
            true => Arc::new(make(&|ids| {
                resamples.with_others(ids, rows, &answered.simulated, self.plan)
            })),
        }
    }

    fn evaluate(&self, metric: &Metric, inputs: &Tables) -> Result<RecordBatch> {
        metric.session.evaluate(inputs, self.stop)
    }

    /// Resamples of participants in each reply.
    fn resamples(&self) -> usize {
        let settings = &self.plan.score;
        settings.resamples + settings.interval.jackknife_groups()
    }
}

fn valid_rate(counts: Counts, participants: usize) -> Value {
    let asked = counts.ok + counts.refused + counts.invalid;
    let value = match asked {
        0 => Err("nobody was asked".to_owned()),
        asked => Ok(counts.ok as f64 / asked as f64),
    };
    let n = participants as i64;
    Value { value, resamples: Vec::new(), n_human: n, n_simulated: n }
}
