use crate::{
    somebody,
    tables::{ByItem, counts, smoothed},
};
use pilotbench_plugin_sdk::prelude::*;

/// The pilot's shares of each level, smoothed, items independent of each other:
/// `p = (c + α) / (n + K α)`.
///
/// `c` of the `n` pilot participants who answered the item gave the level; missing answers are not
/// counted. The default `α = 1 / K` is Perks' (1947) prior: one imagined answer in all, spread evenly.
/// An item that nobody answered has equally likely levels, also when `α` is 0.
#[derive(Debug)]
pub struct Marginal {
    alpha: Option<f64>,
}

/// Settings of [`Marginal`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginalConfig {
    /// Added to the count of every level; `1 / K` unless set.
    #[serde(default)]
    pub alpha: Option<f64>,
}

/// The default distribution of this baseline, to which others shrink or fall back.
pub(crate) fn marginal(people: &People, item: usize, levels: usize) -> Vec<f64> {
    smoothed(&counts(people, item, levels), 1.0 / levels as f64)
}

impl Backend for Marginal {
    const NAME: &'static str = "marginal";
    type Config = MarginalConfig;
    type Adapted = ByItem;

    fn describe() -> BackendInfo {
        BackendInfo::new("the pilot's smoothed shares, items independent").min_pilot(1)
    }

    fn open(config: MarginalConfig) -> Result<Self> {
        match config.alpha {
            Some(alpha) if !(0.0..=1e6).contains(&alpha) => {
                Err(Error::config("alpha", format!("{alpha} is not from 0 to 1000000")))
            }
            alpha => Ok(Self { alpha }),
        }
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<ByItem> {
        somebody(pilot)?;
        Ok(ByItem::new(&pilot.experiment, |item, levels| {
            let alpha = self.alpha.unwrap_or(1.0 / levels as f64);
            smoothed(&counts(&pilot.people, item, levels), alpha)
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
