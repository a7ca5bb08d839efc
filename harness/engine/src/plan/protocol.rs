//! What plans have in common whose cells may stand on one board, whatever their methods.

use super::{Left, Plan, PlannedExperiment, PlannedMethod, Replicate, ScoreSettings};
use crate::pilot::Strategy;
use serde_json::Value;
use std::collections::BTreeSet;

/// More replicates than these are not laid out.
const REPLICATES_MAX: usize = 100_000;

/// Everything in a plan but its methods.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    experiments: Vec<Asked>,
    held_out_max: Option<usize>,
    /// Name, settings, plugin and its version.
    metrics: Vec<(String, Value, String, String)>,
    score: ScoreSettings,
}

/// An experiment and which of its pilots are drawn.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    planned: PlannedExperiment,
    strategies: BTreeSet<Strategy>,
    /// Pilot sizes of methods that learn from the pilot.
    sizes: BTreeSet<usize>,
    /// In the order of the plan.
    seeds: Vec<u32>,
}

impl Protocol {
    /// The protocol of a plan.
    pub fn of(plan: &Plan) -> Self {
        let metrics = plan.metrics.iter().map(|m| {
            let plugin = &m.facts.plugin;
            let (name, version) = (plugin.name.clone(), plugin.version.clone());
            (m.metric.clone(), m.settings.clone(), name, version)
        });
        Self {
            experiments: plan.experiments.iter().map(|e| Asked::of(plan, e)).collect(),
            held_out_max: plan.held_out_max,
            metrics: metrics.collect(),
            score: plan.score.clone(),
        }
    }

    /// In what another protocol differs from this one, in words.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut differs = |what: &str, here: String, there: String| {
            if here != there {
                found.push(format!("{what}: {there}, not {here}"));
            }
        };
        let ids = |p: &Self| listed(p.experiments.iter().map(|e| &e.planned.id));
        differs("experiments", ids(self), ids(other));
        let cap = |p: &Self| p.held_out_max.map_or("all".to_owned(), |n| n.to_string());
        differs("held-out people scored", cap(self), cap(other));
        let metrics = |p: &Self| {
            listed(p.metrics.iter().map(|(metric, settings, plugin, version)| {
                format!("{metric} of {plugin} {version} with {settings}")
            }))
        };
        differs("metrics", metrics(self), metrics(other));
        differs("score settings", format!("{:?}", self.score), format!("{:?}", other.score));
        for here in &self.experiments {
            let id = &here.planned.id;
            let Some(there) = other.experiments.iter().find(|e| e.planned.id == *id) else {
                continue;
            };
            let mut differs = |what: &str, here: String, there: String| {
                differs(&format!("{id}: {what}"), here, there);
            };
            let table = |e: &Asked| e.planned.table_sha256.clone();
            differs("table of human answers", table(here), table(there));
            let design = |e: &Asked| e.planned.design_sha256.clone();
            differs("words and columns", design(here), design(there));
            let largest = |e: &Asked| e.planned.largest_pilot.to_string();
            differs("largest pilot", largest(here), largest(there));
            let strategies = |e: &Asked| listed(&e.strategies);
            differs("strategies", strategies(here), strategies(there));
            // Methods that need no pilot say nothing of sizes.
            if !there.sizes.is_empty() {
                let sizes = |e: &Asked| listed(&e.sizes);
                differs("pilot sizes", sizes(here), sizes(there));
            }
            let seeds = |e: &Asked| listed(e.seeds.iter().collect::<BTreeSet<_>>());
            differs("seeds", seeds(here), seeds(there));
        }
        found
    }

    /// The cells that these methods have under the protocol, in the order of a plan, and those that
    /// they cannot have; `known` says which oracles have nothing to know on which experiments. `None`
    /// where there would be too many.
    pub fn expand(&self, plan: &Plan, known: &[Left]) -> Option<(Vec<Replicate>, Vec<Left>)> {
        let mut replicates = Vec::new();
        let mut left_out = Vec::new();
        for asked in &self.experiments {
            for strategy in &asked.strategies {
                for method in &plan.methods {
                    let sizes = asked.usable(method, known, &mut left_out);
                    let more = sizes.len().saturating_mul(asked.seeds.len());
                    if more > REPLICATES_MAX.saturating_sub(replicates.len()) {
                        return None;
                    }
                    for size in sizes {
                        replicates.extend(asked.seeds.iter().map(|seed| {
                            let of = (size, strategy, *seed);
                            Replicate {
                                id: plan.replicate_identity(&asked.planned, method, of),
                                experiment: asked.planned.id.clone(),
                                method: method.name.clone(),
                                size,
                                strategy: strategy.clone(),
                                seed: *seed,
                            }
                        }));
                    }
                }
            }
        }
        Some((replicates, left_out))
    }
}

impl Asked {
    fn of(plan: &Plan, planned: &PlannedExperiment) -> Self {
        let learns =
            |name: &str| plan.method(name).is_some_and(|m| m.facts.learns_from.uses_pilot());
        let mut asked = Self {
            planned: planned.clone(),
            strategies: BTreeSet::new(),
            sizes: BTreeSet::new(),
            seeds: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for replicate in plan.replicates.iter().filter(|r| r.experiment == planned.id) {
            asked.strategies.insert(replicate.strategy.clone());
            if seen.insert(replicate.seed) {
                asked.seeds.push(replicate.seed);
            }
            if learns(&replicate.method) {
                asked.sizes.insert(replicate.size);
            }
        }
        let left = plan.left_out.iter().filter(|l| l.experiment == planned.id && learns(&l.method));
        asked.sizes.extend(left.map(|left| left.size));
        asked
    }

    /// Sizes at which a method is run; what it cannot have is noted once.
    fn usable(
        &self,
        method: &PlannedMethod,
        known: &[Left],
        left_out: &mut Vec<Left>,
    ) -> Vec<usize> {
        let facts = &method.facts;
        let is_own =
            |left: &&Left| left.experiment == self.planned.id && left.method == method.name;
        if facts.learns_from.is_oracle()
            && let Some(left) = known.iter().find(is_own)
        {
            if !left_out.contains(left) {
                left_out.push(left.clone());
            }
            return Vec::new();
        }
        if !facts.learns_from.uses_pilot() {
            return vec![0];
        }
        let (usable, less): (Vec<_>, Vec<_>) =
            self.sizes.iter().copied().partition(|size| *size >= facts.min_pilot);
        for size in less {
            let left = Left::too_small(&self.planned.id, method, size);
            if !left_out.contains(&left) {
                left_out.push(left);
            }
        }
        usable
    }
}

fn listed<T: ToString>(list: impl IntoIterator<Item = T>) -> String {
    list.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
