//! Whether simulated answers vary as human ones do: spread of each item, spread within groups, and
//! the number of different belief structures.

mod beliefs;
mod items;
mod scores;
mod within;

use metric_common::{ItemTables, Report};
use pilotbench_plugin_sdk::prelude::*;

/// The metric.
#[derive(Debug)]
pub struct Heterogeneity;

impl Metric for Heterogeneity {
    const NAME: &'static str = "heterogeneity";
    type Config = NoConfig;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "spread of answers and number of belief structures, simulated against human"
                .into(),
            scores: scores::scores(),
        }
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let tables = ItemTables::new(input);
        let mut report = Report::new(input, table);
        items::report(input, &tables, &mut report);
        within::report(input, &tables, &mut report);
        beliefs::report(input, &mut report);
        Ok(())
    }
}

export_plugin! { name: "heterogeneity", backends: [], metrics: [Heterogeneity] }
