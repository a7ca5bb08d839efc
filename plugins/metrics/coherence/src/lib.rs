//! Whether simulated people act on their beliefs as humans do.
//!
//! Neither more nor less than humans: a model whose people always do what their beliefs imply is
//! as wrong as one whose people act at random.

mod beliefs;
mod correlation;
mod implied;
mod model;
mod monotone;
mod offset;
mod scores;

use metric_common::Report;
use pilotbench_plugin_sdk::prelude::*;

/// The metric.
#[derive(Debug)]
pub struct Coherence;

impl Metric for Coherence {
    const NAME: &'static str = "coherence";
    type Config = NoConfig;

    fn describe() -> MetricInfo {
        MetricInfo {
            summary: "how actions follow from beliefs, simulated against human".into(),
            scores: scores::scores(),
        }
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, _: &Control) -> Result<()> {
        let mut report = Report::new(input, table);
        let question = beliefs::Question::new(input);
        let fits = question.as_ref().map_err(|reason| *reason).and_then(model::Fits::new);
        let rules = [
            (scores::DECLARED, implied::declared(input)),
            (scores::MODEL, fits.as_ref().map_err(|reason| *reason).and_then(model::Fits::implied)),
            (scores::MONOTONE, question.as_ref().map_err(|r| *r).and_then(monotone::implied)),
        ];
        offset::report(input, &rules, &mut report);
        correlation::report(input, question.as_ref(), &mut report);
        model::report(input, fits.as_ref(), &mut report);
        Ok(())
    }
}

export_plugin! { name: "coherence", backends: [], metrics: [Coherence] }
