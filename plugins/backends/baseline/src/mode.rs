use crate::{
    somebody,
    tables::{ByItem, counts, smoothed},
};
use pilotbench_plugin_sdk::prelude::*;

/// All mass on the level that most of the pilot gave, item by item; of several, the lowest.
///
/// Missing answers are not counted. An item that nobody in the pilot answered has no mode: its
/// levels are equally likely.
#[derive(Debug)]
pub struct Mode;

fn modal(counts: &[f64]) -> Vec<f64> {
    let most = counts.iter().copied().fold(0.0, f64::max);
    let mut at_mode = vec![0.0; counts.len()];
    // Counts are whole numbers, so equality is exact.
    match counts.iter().position(|count| most > 0.0 && *count >= most) {
        Some(level) => at_mode[level] = 1.0,
        None => at_mode = smoothed(counts, 0.0),
    }
    at_mode
}

impl Backend for Mode {
    const NAME: &'static str = "mode";
    type Config = NoConfig;
    type Adapted = ByItem;

    fn describe() -> BackendInfo {
        BackendInfo::new("always the pilot's most frequent level").min_pilot(1)
    }

    fn open(_: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<ByItem> {
        somebody(pilot)?;
        Ok(ByItem::new(&pilot.experiment, |item, levels| {
            modal(&counts(&pilot.people, item, levels))
        }))
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
