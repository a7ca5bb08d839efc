use crate::tables::ByItem;
use pilotbench_plugin_sdk::prelude::*;

/// Every level is as likely as every other: `p = 1 / K`. Looks at nobody.
#[derive(Debug)]
pub struct Uniform;

impl Backend for Uniform {
    const NAME: &'static str = "uniform";
    type Config = NoConfig;
    type Adapted = ByItem;

    fn describe() -> BackendInfo {
        BackendInfo::new("every level equally likely").learns_from(LearnsFrom::Nothing)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<ByItem> {
        Ok(ByItem::new(&pilot.experiment, |_, levels| vec![1.0 / levels as f64; levels]))
    }

    fn respond(
        &self,
        table: &ByItem,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        table.answer(requests, answers, control)
    }
}
