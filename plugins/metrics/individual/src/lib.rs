//! How well single participants are answered for: each simulated answer against the answer of the
//! participant it stands for.

mod losses;
mod pairs;
mod pilot;
mod report;
mod scores;
mod within_person;

use pilotbench_plugin_sdk::prelude::*;

/// The metric.
#[derive(Debug)]
pub struct Individual;

impl Metric for Individual {
    const NAME: &'static str = "individual";
    type Config = NoConfig;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "simulated answers against the answers of the same participants".into(),
            scores: scores::scores(),
        }
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let pairs = pairs::Pairs::new(input);
        report::report(input, &pairs, table);
        within_person::report(input, &pairs, table);
        Ok(())
    }
}

export_plugin! { name: "individual", backends: [], metrics: [Individual] }
