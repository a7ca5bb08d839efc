//! Whether someone who analyses simulated answers draws the conclusions that human answers lead to:
//! the card's regressions on both sides, at equal numbers of people.

mod arms;
mod cache;
mod compare;
mod fits;
mod regressions;
mod scores;
mod sizes;
mod table;

pub use compare::{Confusion, Pair, Reference, Sign, interval_overlap};

use metric_common::Report;
use pilotbench_plugin_sdk::prelude::*;

/// Sizes at which a false-positive rate can be asked for.
const SIZES: [usize; 4] = [100, 200, 400, 800];

/// The metric.
#[derive(Debug)]
pub struct Inference {
    config: Config,
    humans: cache::Cache,
}

/// Settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Level of tests, and one minus the coverage of intervals.
    pub alpha: f64,
    /// Of how many resamples of participants the regressions are fitted.
    pub refits: usize,
    /// What simulated coefficients are compared with.
    pub reference: ReferenceKind,
    /// Numbers of simulated people at which the false-positive rate is reported.
    pub sizes: Vec<usize>,
    /// Random draws of that many people over which it is averaged.
    pub draws: u64,
}

/// What simulated coefficients are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceKind {
    /// The coefficients of the same regression on the humans.
    Sample,
    /// The true coefficients, which the card of a synthetic population may give.
    Truth,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            refits: 20,
            reference: ReferenceKind::Sample,
            sizes: vec![100, 200, 400],
            draws: 4,
        }
    }
}

impl Metric for Inference {
    const NAME: &'static str = "inference";
    type Config = Config;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "regressions on simulated answers against regressions on human answers".into(),
            scores: scores::scores(),
        }
    }

    fn open(config: Config) -> Result<Self> {
        if !(config.alpha > 0.0 && config.alpha <= 0.5) {
            return Err(Error::config("alpha", "must be above 0 and at most 0.5"));
        }
        if config.refits > 10_000 {
            return Err(Error::config("refits", "must be at most 10000"));
        }
        if config.draws == 0 || config.draws > 1_000 {
            return Err(Error::config("draws", "must be between 1 and 1000"));
        }
        let twice = |i: usize| config.sizes[..i].contains(&config.sizes[i]);
        if (0..config.sizes.len()).any(|i| !SIZES.contains(&config.sizes[i]) || twice(i)) {
            return Err(Error::config("sizes", "must be some of 100, 200, 400, 800, each once"));
        }
        Ok(Self { config, humans: cache::Cache::default() })
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let mut report = Report::new(input, table);
        regressions::report(&self.config, &self.humans, input, &mut report);
        arms::report(input, &mut report);
        Ok(())
    }
}

export_plugin! { name: "inference", backends: [], metrics: [Inference] }
