//! Scores named after other benchmarks, for people who come from there: SimBench's score, and a
//! ranking and distribution suite in the style of RADIUS.

mod distribution_test;
mod ranking;
mod ranking_test;
mod scores;
mod simbench;

use metric_common::{ItemTables, Report};
use pilotbench_plugin_sdk::prelude::*;

/// The metric.
#[derive(Debug)]
pub struct Peers {
    config: Config,
}

/// Settings.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Random permutations behind a p-value that is not exact.
    pub permutations: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { permutations: 199 }
    }
}

impl Metric for Peers {
    const NAME: &'static str = "peers";
    type Config = Config;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "scores of other benchmarks: SimBench, and ranking and distribution with \
                      significance (RADIUS-style)"
                .into(),
            scores: scores::scores(),
        }
    }

    fn open(config: Config) -> Result<Self> {
        if config.permutations == 0 || config.permutations > 100_000 {
            return Err(Error::config("permutations", "must be between 1 and 100000"));
        }
        Ok(Self { config })
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let tables = ItemTables::new(input);
        let mut report = Report::new(input, table);
        simbench::report(input, &tables, &mut report);
        ranking::report(&tables, &mut report);
        ranking_test::report(self.config, input, &tables, &mut report);
        distribution_test::report(self.config, input, &tables, &mut report);
        Ok(())
    }
}

export_plugin! { name: "peers", backends: [], metrics: [Peers] }
