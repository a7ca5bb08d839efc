//! The plan as it is stored: `plan.json`, format 1.

use super::{
    Adapter, BackendFacts, LearnsFrom, MetricFacts, PluginFacts,
    runfile::{IntervalKind, LeaderboardSpec, ScoreSpec},
};
use crate::{
    experiment::{Experiment, Exposure, Origin},
    identity,
    pilot::Strategy,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the plan's format.
///
/// 1: first.
pub const PLAN_FORMAT: u32 = 1;

/// All replicates of a run and what they are made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this form, 1.
    pub format: u32,
    /// Name of the run.
    pub name: String,
    /// Experiments.
    pub experiments: Vec<PlannedExperiment>,
    /// Methods.
    pub methods: Vec<PlannedMethod>,
    /// Metrics.
    pub metrics: Vec<PlannedMetric>,
    /// How scores are made.
    pub score: ScoreSettings,
    /// What leaderboards show; not part of any identity.
    pub leaderboard: LeaderboardSpec,
    /// Cap on the held-out people scored.
    pub held_out_max: Option<usize>,
    /// Cells that the grid has and the plan has not, with the reason.
    pub left_out: Vec<Left>,
    /// The work.
    pub replicates: Vec<Replicate>,
}

/// An experiment of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedExperiment {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Whether people answered.
    pub origin: Origin,
    /// How likely models saw the data.
    pub exposure: Exposure,
    /// Licence of the table.
    pub licence: String,
    /// Number of participants.
    pub participants: usize,
    /// SHA-256 of the table.
    pub table_sha256: String,
    /// SHA-256 of the design's words and columns.
    pub design_sha256: String,
    /// Size of the largest pilot: everyone else is held out.
    pub largest_pilot: usize,
}

impl PlannedExperiment {
    /// The facts of an experiment.
    pub fn of(experiment: &Experiment, largest_pilot: usize) -> Self {
        Self {
            id: experiment.id().to_owned(),
            title: experiment.design.title.clone(),
            origin: experiment.card.origin,
            exposure: experiment.card.source.exposure,
            licence: experiment.card.source.licence.clone(),
            participants: experiment.people.len(),
            table_sha256: experiment.card.table.sha256.clone(),
            design_sha256: identity::sha256_of(&experiment.design),
            largest_pilot,
        }
    }
}

/// A method of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedMethod {
    /// Name in tables.
    pub name: String,
    /// Backend.
    pub backend: String,
    /// How it learns.
    pub adapter: Adapter,
    /// Settings.
    pub settings: serde_json::Value,
    /// What the backend says of itself.
    pub facts: BackendFacts,
}

/// A metric of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedMetric {
    /// Metric.
    pub metric: String,
    /// Settings.
    pub settings: serde_json::Value,
    /// What the metric says of itself.
    pub facts: MetricFacts,
}

/// How scores are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreSettings {
    /// Bootstrap resamples of participants.
    pub resamples: usize,
    /// Coverage of intervals.
    pub confidence: f64,
    /// How intervals are made.
    pub interval: IntervalKind,
}

impl ScoreSettings {
    /// As a run file or scoring file has them.
    pub fn of(spec: &ScoreSpec) -> Self {
        let ScoreSpec { resamples, confidence, interval } = *spec;
        Self { resamples, confidence, interval }
    }
}

/// A cell that the grid has and the plan has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Experiment.
    pub experiment: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// Why.
    pub reason: String,
}

impl Left {
    /// A pilot that is too small for a method.
    pub(super) fn too_small(experiment: &str, method: &PlannedMethod, size: usize) -> Self {
        Self {
            experiment: experiment.to_owned(),
            method: method.name.clone(),
            size,
            reason: format!("needs a pilot of at least {}", method.facts.min_pilot),
        }
    }
}

/// A cell with a seed: the unit of work and of resume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replicate {
    /// Identity: SHA-256 of what changes its answers.
    pub id: String,
    /// Experiment.
    pub experiment: String,
    /// Method.
    pub method: String,
    /// Pilot size.
    pub size: usize,
    /// How the pilot is chosen.
    pub strategy: Strategy,
    /// Seed.
    pub seed: u32,
}

/// What changes the answers of a replicate, in the words that are hashed.
#[derive(Serialize)]
struct Identity<'a> {
    format: u32,
    experiment: &'a str,
    table_sha256: &'a str,
    design_sha256: &'a str,
    largest_pilot: usize,
    held_out_max: Option<usize>,
    plugin: &'a str,
    plugin_version: &'a str,
    backend: &'a str,
    adapter: &'a Adapter,
    settings: &'a serde_json::Value,
    /// Skipped where a backend has none: most do not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    provenance: &'a BTreeMap<String, String>,
    size: usize,
    strategy: String,
    seed: u32,
}

impl Plan {
    /// Identity of the whole plan: its experiments with their labels, replicates, metrics and score
    /// settings. What a leaderboard shows of it is not part of it, nor are the libraries' files.
    pub fn identity(&self) -> String {
        let ids: Vec<&str> = self.replicates.iter().map(|r| r.id.as_str()).collect();
        let metrics: Vec<_> = self
            .metrics
            .iter()
            .map(|m| (&m.metric, &m.settings, &m.facts.plugin.name, &m.facts.plugin.version))
            .collect();
        let names: Vec<_> = self.methods.iter().map(|m| &m.name).collect();
        let experiments = &self.experiments;
        identity::sha256_of(&(
            self.format,
            &self.name,
            experiments,
            ids,
            names,
            metrics,
            &self.score,
        ))
    }

    /// Name of the run's folder: the name, and the beginning of the identity.
    pub fn run_name(&self) -> String {
        format!("{}-{}", self.name, &self.identity()[..12])
    }

    /// The identity of a replicate, computed from the plan.
    pub fn replicate_identity(
        &self,
        experiment: &PlannedExperiment,
        method: &PlannedMethod,
        (size, strategy, seed): (usize, &Strategy, u32),
    ) -> String {
        identity::sha256_of(&Identity {
            format: PLAN_FORMAT,
            experiment: &experiment.id,
            table_sha256: &experiment.table_sha256,
            design_sha256: &experiment.design_sha256,
            largest_pilot: experiment.largest_pilot,
            held_out_max: self.held_out_max,
            plugin: &method.facts.plugin.name,
            plugin_version: &method.facts.plugin.version,
            backend: &method.backend,
            adapter: &method.adapter,
            settings: &method.settings,
            provenance: &method.facts.provenance,
            size,
            strategy: strategy.to_string(),
            seed,
        })
    }

    /// Adds a method whose answers were made elsewhere, with one replicate for each strategy, size
    /// and seed.
    pub fn add_elsewhere(
        &mut self,
        name: &str,
        experiment: &str,
        plugin: PluginFacts,
        replicates: &[(Strategy, usize, u32)],
    ) {
        let learns = replicates.iter().any(|(_, size, _)| *size > 0);
        let method = PlannedMethod {
            name: name.to_owned(),
            backend: "elsewhere".to_owned(),
            adapter: Adapter::default(),
            settings: serde_json::Value::Object(serde_json::Map::new()),
            facts: BackendFacts {
                plugin,
                summary: "answers made elsewhere, read from a table".to_owned(),
                learns_from: if learns { LearnsFrom::Pilot } else { LearnsFrom::Nothing },
                min_pilot: 0,
                needs_messages: false,
                deterministic: true,
                adapters: Vec::new(),
                people_per_call: None,
                provenance: BTreeMap::new(),
            },
        };
        let planned = self.experiment(experiment).cloned();
        for (strategy, size, seed) in replicates {
            let id = planned.as_ref().map(|experiment| {
                self.replicate_identity(experiment, &method, (*size, strategy, *seed))
            });
            self.replicates.push(Replicate {
                id: id.unwrap_or_default(),
                experiment: experiment.to_owned(),
                method: name.to_owned(),
                size: *size,
                strategy: strategy.clone(),
                seed: *seed,
            });
        }
        self.methods.push(method);
    }

    /// The plan with these methods alone.
    pub fn only(mut self, keep: impl Fn(&PlannedMethod) -> bool) -> Self {
        self.methods.retain(keep);
        let methods = &self.methods;
        let is_kept = |name: &String| methods.iter().any(|method| method.name == *name);
        self.replicates.retain(|replicate| is_kept(&replicate.method));
        self.left_out.retain(|left| is_kept(&left.method));
        self
    }

    /// The experiment of this id.
    pub fn experiment(&self, id: &str) -> Option<&PlannedExperiment> {
        self.experiments.iter().find(|e| e.id == id)
    }

    /// The method of this name.
    pub fn method(&self, name: &str) -> Option<&PlannedMethod> {
        self.methods.iter().find(|m| m.name == name)
    }

    /// All libraries that the plan uses, each once, in order of name.
    pub fn plugins(&self) -> BTreeSet<&PluginFacts> {
        let backends = self.methods.iter().map(|m| &m.facts.plugin);
        backends.chain(self.metrics.iter().map(|m| &m.facts.plugin)).collect()
    }
}
