//! From run file to plan.

use super::{
    Adapter, BackendFacts, LearnsFrom, MetricFacts, RunFile, Sizes, VALID_RATE,
    format::{
        Left, PLAN_FORMAT, Plan, PlannedExperiment, PlannedMethod, PlannedMetric, Replicate,
        ScoreSettings,
    },
    runfile::{MethodSpec, MetricSpec, ScoringFile},
};
use crate::{
    experiment::Experiment,
    fault::{Fault, Result},
    pilot::{Split, Strategy},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Expands a run file. `backend` and `metric` tell what a plugin says of itself and refuse wrong
/// settings.
///
/// # Errors
/// When the run file asks for what cannot be done, or for more replicates than its cap.
pub fn expand(
    file: &RunFile,
    experiments: &[Experiment],
    backend: &dyn Fn(&str, &Value, &Adapter) -> Result<BackendFacts>,
    metric: &dyn Fn(&str, &Value) -> Result<MetricFacts>,
) -> Result<Plan> {
    for strategy in &file.strategies {
        for experiment in experiments {
            strategy.check(experiment).map_err(|fault| file.fault_at_key("strategies", fault))?;
        }
    }
    let mut plan = Plan {
        format: PLAN_FORMAT,
        name: file.name.clone(),
        experiments: Vec::new(),
        methods: methods(file, backend)?,
        metrics: metrics(file, metric)?,
        score: ScoreSettings::of(&file.score),
        leaderboard: file.leaderboard.clone(),
        held_out_max: file.held_out.cap(),
        left_out: Vec::new(),
        replicates: Vec::new(),
    };
    let specs: Vec<MethodSpec> =
        file.all_methods().into_iter().map(toml::Spanned::into_inner).collect();
    for experiment in experiments {
        let grid = Grid::new(file, experiment, &specs)?;
        plan.experiments.push(PlannedExperiment::of(experiment, grid.largest));
        grid.fill(file, &mut plan)?;
    }
    check_unique(file, &plan)?;
    check_scores(&plan)
        .map_err(|(key, fault)| Fault { place: file.fault_at_key(key, "").place, ..fault })?;
    Ok(plan)
}

/// Adapters of the host, for any backend that is asked in words and learns from nobody.
pub const HOST_ADAPTERS: [&str; 2] = ["in-context", "calibrate"];

/// Settings as JSON, with keys in order.
fn settings(table: &toml::Table) -> Result<Value> {
    serde_json::to_value(table).map_err(|e| Fault::usage("settings", e))
}

/// A fault's message when a method may not be called so.
///
/// # Errors
/// When the name is not of `[A-Za-z0-9-_.+]`, empty or too long.
pub fn check_method_name(name: &str) -> std::result::Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    match !name.is_empty() && name.len() <= 64 && name.chars().all(plain) {
        true => Ok(()),
        false => Err(format!("`{}` is not of [A-Za-z0-9-_.+]", name.escape_debug())),
    }
}

fn methods(
    file: &RunFile,
    backend: &dyn Fn(&str, &Value, &Adapter) -> Result<BackendFacts>,
) -> Result<Vec<PlannedMethod>> {
    let mut names = BTreeSet::new();
    let mut methods = Vec::new();
    for at in file.all_methods() {
        let MethodSpec { name, backend: wanted, adapter, settings: table, .. } = at.get_ref();
        let short = wanted.rsplit('/').next().unwrap_or(wanted);
        let name = name.clone().unwrap_or_else(|| short.to_owned());
        check_method_name(&name)
            .map_err(|message| file.fault(&at, format!("method name {message}")))?;
        if !names.insert(name.clone()) {
            let fault = file.fault(&at, format!("method `{name}` stands twice"));
            return Err(fault.hint("give each its own `name`"));
        }
        let settings = settings(table)?;
        let placed = |fault: Fault| Fault {
            place: format!("{}: method `{name}`", file.fault(&at, "").place),
            ..fault
        };
        let facts = backend(wanted, &settings, adapter).map_err(placed)?;
        let facts = adapted(facts, adapter).map_err(placed)?;
        let (backend, adapter) = (short.to_owned(), adapter.clone());
        methods.push(PlannedMethod { name, backend, adapter, settings, facts });
    }
    Ok(methods)
}

/// What a backend is with an adapter: a method that learns from the pilot, from nobody on.
fn adapted(facts: BackendFacts, adapter: &Adapter) -> Result<BackendFacts> {
    if adapter.is_none() {
        return Ok(facts);
    }
    let is_hosts = HOST_ADAPTERS.contains(&adapter.name.as_str());
    let wrong = |message: String| Err(Fault::usage("", message));
    let name = adapter.name.escape_debug();
    if !is_hosts && !facts.adapters.contains(&adapter.name) {
        let known: Vec<&str> = std::iter::once("none")
            .chain(HOST_ADAPTERS.iter().copied())
            .chain(facts.adapters.iter().map(String::as_str))
            .collect();
        let fault = Fault::usage("", format!("no adapter is called `{name}` here"));
        return Err(fault.names(&adapter.name, &known));
    }
    if is_hosts && facts.learns_from != LearnsFrom::Nothing {
        return wrong(format!("the adapter `{name}` is for backends that learn from nobody"));
    }
    if is_hosts && !facts.needs_messages {
        return wrong(format!("the adapter `{name}` is for backends that are asked in words"));
    }
    Ok(BackendFacts { learns_from: LearnsFrom::Pilot, min_pilot: 0, ..facts })
}

fn metrics(
    file: &RunFile,
    metric: &dyn Fn(&str, &Value) -> Result<MetricFacts>,
) -> Result<Vec<PlannedMetric>> {
    let mut metrics: Vec<PlannedMetric> = Vec::new();
    for at in file.all_metrics() {
        let planned = planned_metric(at.get_ref(), metric).map_err(|fault| Fault {
            place: format!("{}: {}", file.fault(&at, "").place, fault.place),
            ..fault
        })?;
        if metrics.iter().any(|known| known.metric == planned.metric) {
            return Err(file.fault(&at, format!("metric `{}` stands twice", planned.metric)));
        }
        metrics.push(planned);
    }
    Ok(metrics)
}

fn planned_metric(
    spec: &MetricSpec,
    metric: &dyn Fn(&str, &Value) -> Result<MetricFacts>,
) -> Result<PlannedMetric> {
    let MetricSpec { metric: wanted, settings: table } = spec;
    let short = wanted.rsplit('/').next().unwrap_or(wanted).to_owned();
    let settings = settings(table)?;
    let facts = metric(wanted, &settings)
        .map_err(|fault| Fault { place: format!("metric `{short}`"), ..fault })?;
    Ok(PlannedMetric { metric: short, settings, facts })
}

/// A plan whose answers are scored in another way.
///
/// # Errors
/// When a metric cannot be had, or two give the same score.
pub fn rescored(
    plan: Plan,
    scoring: &ScoringFile,
    metric: &dyn Fn(&str, &Value) -> Result<MetricFacts>,
) -> Result<Plan> {
    let mut plan = plan;
    let specs = scoring.all_metrics();
    if specs.is_empty() {
        // The metrics as they are now: theirs are the hashes that the scores stand on.
        for planned in &mut plan.metrics {
            let wanted = format!("{}/{}", planned.facts.plugin.name, planned.metric);
            planned.facts = metric(&wanted, &planned.settings)?;
        }
    } else {
        plan.metrics =
            specs.iter().map(|spec| planned_metric(spec, metric)).collect::<Result<_>>()?;
        plan.leaderboard = scoring.leaderboard.clone();
    }
    if let Some(score) = &scoring.score {
        plan.score = ScoreSettings::of(score);
    }
    check_scores(&plan).map_err(|(_, fault)| fault)?;
    Ok(plan)
}

/// The sizes of one experiment, per strategy and method.
struct Grid<'a> {
    experiment: &'a Experiment,
    sizes: BTreeMap<(&'a Strategy, usize), Vec<usize>>,
    largest: usize,
}

impl<'a> Grid<'a> {
    fn new(file: &'a RunFile, experiment: &'a Experiment, specs: &[MethodSpec]) -> Result<Self> {
        let mut sizes = BTreeMap::new();
        let mut largest = 0;
        for strategy in &file.strategies {
            for (method, spec) in specs.iter().enumerate() {
                let list =
                    participants(spec.sizes.as_ref().unwrap_or(&file.sizes), experiment, strategy)
                        .map_err(|fault| file.fault_at_key("sizes", fault))?;
                largest = largest.max(list.last().copied().unwrap_or(0));
                sizes.insert((strategy, method), list);
            }
        }
        // The first seed stands for all: how many can be chosen does not depend on the seed, but
        // for a single arm chosen by it.
        for strategy in &file.strategies {
            for seed in file.seeds.list() {
                Split::new(experiment, strategy, u64::from(seed), largest, file.held_out.cap())
                    .map_err(|fault| {
                        let at = file.fault_at_key("sizes", &fault.message);
                        Fault { place: format!("{}: {}", at.place, fault.place), ..fault }
                    })?;
                if !matches!(strategy, Strategy::SingleArm(None)) {
                    break;
                }
            }
        }
        Ok(Self { experiment, sizes, largest })
    }

    fn fill(&self, file: &RunFile, plan: &mut Plan) -> Result<()> {
        let planned = plan.experiments.last().expect("just pushed").clone();
        let seeds = file.seeds.list();
        for ((strategy, index), sizes) in &self.sizes {
            let method = plan.methods[*index].clone();
            if let Some(reason) = self.impossible(&method) {
                let (experiment, method) = (self.experiment.id().to_owned(), method.name);
                leave_out(plan, Left { experiment, method, size: 0, reason: reason.to_owned() });
                continue;
            }
            let usable = self.usable(plan, &method, sizes);
            if usable.is_empty() {
                let message = format!(
                    "method `{}` needs a pilot of at least {} and gets none on {}",
                    method.name,
                    method.facts.min_pilot,
                    self.experiment.id()
                );
                return Err(file
                    .fault_at_key("sizes", message)
                    .hint("add a larger pilot size, or leave the method out"));
            }
            let wanted = plan.replicates.len() + usable.len() * seeds.len();
            if wanted > file.limits.replicates {
                return Err(file.too_many());
            }
            for size in usable {
                for seed in &seeds {
                    plan.replicates.push(Replicate {
                        id: plan.replicate_identity(&planned, &method, (size, strategy, *seed)),
                        experiment: planned.id.clone(),
                        method: method.name.clone(),
                        size,
                        strategy: (*strategy).clone(),
                        seed: *seed,
                    });
                }
            }
        }
        Ok(())
    }

    /// Sizes at which the method is run. One that does not learn from the pilot answers alike at
    /// every size and is run once, at 0.
    fn usable(&self, plan: &mut Plan, method: &PlannedMethod, sizes: &[usize]) -> Vec<usize> {
        if !method.facts.learns_from.uses_pilot() {
            return vec![0];
        }
        let (usable, less): (Vec<_>, Vec<_>) =
            sizes.iter().partition(|size| **size >= method.facts.min_pilot);
        for size in less {
            leave_out(plan, Left::too_small(self.experiment.id(), method, size));
        }
        usable
    }

    /// Why an oracle cannot know on this experiment what it has to.
    fn impossible(&self, method: &PlannedMethod) -> Option<&'static str> {
        let design = &self.experiment.design;
        match method.facts.learns_from {
            LearnsFrom::Law if design.population.is_none() => {
                Some("the law of its answers is not known")
            }
            LearnsFrom::Retest if design.items.iter().all(|item| item.retest.is_none()) => {
                Some("nobody was asked again")
            }
            _ => None,
        }
    }
}

/// Notes a cell that the grid has and the plan has not.
fn leave_out(plan: &mut Plan, left: Left) {
    if !plan.left_out.contains(&left) {
        plan.left_out.push(left);
    }
}

/// Sizes in participants, rising, each once.
fn participants(sizes: &Sizes, experiment: &Experiment, strategy: &Strategy) -> Result<Vec<usize>> {
    let mut list = match sizes {
        Sizes::Card => experiment.card.design.pilot_sizes.clone(),
        Sizes::List(list) => {
            let sizes = list.iter().map(|size| size.participants(experiment, strategy));
            sizes.collect::<Result<_>>()?
        }
    };
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// A score belongs to one metric, and what the leaderboard is to show exists. A fault comes with the
/// key that is wrong.
fn check_scores(plan: &Plan) -> std::result::Result<(), (&'static str, Fault)> {
    let mut names = BTreeSet::from([VALID_RATE]);
    for metric in &plan.metrics {
        for name in &metric.facts.scores {
            if !names.insert(name) {
                let message = format!("score `{name}` comes from two metrics");
                return Err(("metrics", Fault::usage("", message).hint("leave one out")));
            }
        }
    }
    let shown = plan.leaderboard.columns.iter().map(|name| ("columns", name));
    let shown = shown.chain(plan.leaderboard.headline.iter().map(|name| ("headline", name)));
    for (key, name) in shown {
        if !names.contains(name.as_str()) {
            let message = format!("no metric gives the score `{}`", name.escape_debug());
            let known: Vec<_> = names.into_iter().collect();
            let fault = Fault::usage("", message);
            return Err((key, fault.names(name, &known)));
        }
    }
    Ok(())
}

/// Two methods of the same identity would be one piece of work under two names.
fn check_unique(file: &RunFile, plan: &Plan) -> Result<()> {
    let mut seen = BTreeMap::new();
    for replicate in &plan.replicates {
        if let Some(other) = seen.insert(&replicate.id, replicate) {
            let message = format!(
                "methods `{}` and `{}` are the same on {}",
                other.method, replicate.method, replicate.experiment
            );
            return Err(file.fault_at_key("methods", message).hint("leave one out"));
        }
    }
    Ok(())
}
