//! How the items hang together in simulated answers and in human ones: correlations and
//! associations of item pairs, belief vectors at matched numbers of people, and a classifier that
//! tries to tell the two sides apart.

mod associations;
mod c2st;
mod halves;
mod rarefaction;
mod scores;

use metric_common::{Report, Structures};
use pilotbench_plugin_sdk::prelude::*;

/// The metric.
#[derive(Debug)]
pub struct Structure {
    config: Config,
}

/// Settings.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Random halves over which the belief vectors are averaged.
    pub splits: u32,
    /// Number of people to which belief vectors are rarefied.
    pub rarefy: u32,
    /// Folds of the classifier's cross-validation.
    pub folds: usize,
    /// Label permutations behind the classifier's p-value; 0 for none.
    pub permutations: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { splits: 20, rarefy: 100, folds: 5, permutations: 0 }
    }
}

impl Metric for Structure {
    const NAME: &'static str = "structure";
    type Config = Config;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary:
                "how items hang together: correlations and associations of item pairs, belief \
                      vectors at matched sizes, a classifier two-sample test"
                    .into(),
            scores: scores::scores(),
        }
    }

    fn open(config: Config) -> Result<Self> {
        if config.splits == 0 || config.splits > 10_000 {
            return Err(Error::config("splits", "must be between 1 and 10000"));
        }
        if config.rarefy == 0 {
            return Err(Error::config("rarefy", "must be at least 1"));
        }
        if config.folds < 2 || config.folds > 100 {
            return Err(Error::config("folds", "must be between 2 and 100"));
        }
        if config.permutations > 100_000 {
            return Err(Error::config("permutations", "must be at most 100000"));
        }
        Ok(Self { config })
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let mut report = Report::new(input, table);
        associations::report(input, &mut report);
        let structures = Structures::new(input);
        halves::report(self.config, input, structures.as_ref(), &mut report);
        rarefaction::report(self.config, input, structures.as_ref(), &mut report);
        c2st::report(self.config, input, &mut report);
        Ok(())
    }
}

export_plugin! { name: "structure", backends: [], metrics: [Structure] }
