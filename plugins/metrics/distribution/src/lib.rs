//! How far the distributions of simulated answers are from human ones: item by item, jointly over
//! belief vectors, and group by group at matched sizes.

mod items;
mod joint;
mod matched;
mod scores;

use metric_common::{ItemTables, Report};
use pilotbench_plugin_sdk::prelude::*;

/// The metric.
#[derive(Debug)]
pub struct Distribution {
    config: Config,
}

/// Settings.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Random halves over which reference levels are averaged.
    pub splits: u64,
    /// Fewest participants of a subgroup that is compared with others.
    pub floor: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { splits: 20, floor: 20 }
    }
}

impl Metric for Distribution {
    const NAME: &'static str = "distribution";
    type Config = Config;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "distances between the distributions of simulated and of human answers".into(),
            scores: scores::scores(),
        }
    }

    fn open(config: Config) -> Result<Self> {
        if config.splits == 0 || config.splits > 10_000 {
            return Err(Error::config("splits", "must be between 1 and 10000"));
        }
        if config.floor < 2 {
            return Err(Error::config("floor", "must be at least 2: a group is cut in halves"));
        }
        Ok(Self { config })
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let tables = ItemTables::new(input);
        let mut report = Report::new(input, table);
        items::report(input, &tables, &mut report);
        joint::report(self.config, input, &mut report);
        matched::report(self.config, input, &mut report);
        Ok(())
    }
}

export_plugin! { name: "distribution", backends: [], metrics: [Distribution] }
