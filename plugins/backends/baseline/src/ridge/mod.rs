//! The `ridge` backend: [`predictors`] turns people into numbers, [`learn`] fits an item.

mod learn;
mod predictors;

use crate::somebody;
use learn::ItemModel;
use pilotbench_plugin_sdk::prelude::*;

/// Ridge logits: each item is regressed on arm, covariates and the answers to all earlier items, so
/// that beliefs come first and the action is answered given the beliefs.
///
/// Family. Binary items (and any with two levels) a logit; ordinal and numeric items a
/// proportional-odds logit, `P(Y ≤ k) = F(a_k − b·x)` (McCullagh 1980); nominal items a multinomial
/// logit.
///
/// Predictors. One dummy per arm and per level of a categorical covariate or of an earlier nominal
/// item (for two levels only the second); numeric covariates and the values of other earlier items
/// as they are. Each is centred and scaled to standard deviation 1 over the pilot participants who
/// answered the item (divided by `n`); one that is constant there is dropped.
///
/// Penalty. The fit minimises `−Σ ln p + n · penalty / 2 · ‖slopes‖²` (Hoerl & Kennard 1970; le
/// Cessie & van Houwelingen 1992 for logits), intercepts and thresholds free. Of the list of
/// penalties the one with the smallest leave-one-out log loss is taken, the larger of equal ones;
/// the search goes from the largest down and ends when the loss has risen twice in a row.
/// Leaving out is approximated by one exact Newton step from the full fit (Pregibon 1981; Rad &
/// Maleki 2020). There, no probability counts as less than `1 / (n K)`, that which
/// [`Marginal`](crate::Marginal) gives a level that it has not seen.
///
/// Missing values. A pilot participant who did not answer an item is left out of its fit. A missing
/// predictor is put at the pilot's mean, which is 0 after centring. When a level of the item is
/// absent from the pilot, nothing varies, or no fit converges, the item is answered as
/// [`Marginal`](crate::Marginal) answers it.
#[derive(Debug)]
pub struct Ridge {
    /// From the largest to the smallest.
    penalties: Vec<f64>,
}

/// Settings of [`Ridge`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RidgeConfig {
    /// Penalties to choose from, per pilot participant.
    pub penalties: Vec<f64>,
}

impl Default for RidgeConfig {
    /// Eight from 10 down to 0.003, two per factor of ten.
    fn default() -> Self {
        Self { penalties: (0..8).map(|i| 10f64.powf(1.0 - 0.5 * f64::from(i))).collect() }
    }
}

/// One model per item.
#[derive(Debug)]
pub struct Models(Vec<ItemModel>);

impl Backend for Ridge {
    const NAME: &'static str = "ridge";
    type Config = RidgeConfig;
    type Adapted = Models;

    fn describe() -> BackendInfo {
        BackendInfo::new("ridge logits on arm, covariates and earlier answers").min_pilot(1)
    }

    fn open(config: RidgeConfig) -> Result<Self> {
        let RidgeConfig { mut penalties } = config;
        if penalties.is_empty() || penalties.len() > 64 {
            return Err(Error::config("penalties", "give from 1 to 64 values"));
        }
        if let Some(wrong) = penalties.iter().find(|p| !(1e-6..=1e6).contains(*p)) {
            return Err(Error::config("penalties", format!("{wrong} is not from 1e-6 to 1e6")));
        }
        penalties.sort_by(|a, b| b.total_cmp(a));
        Ok(Self { penalties })
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Models> {
        somebody(pilot)?;
        let models = (0..pilot.experiment.items.len()).map(|item| {
            control.check()?;
            ItemModel::learn(pilot, item, &self.penalties)
        });
        Ok(Models(models.collect::<Result<_>>()?))
    }

    fn respond(
        &self,
        models: &Models,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        let (mut x, mut p) = (Vec::new(), Vec::new());
        for row in 0..requests.len() {
            let request = requests.request_id(row);
            match &models.0[requests.item_index(row)] {
                ItemModel::Shares(logs) => answers.log_probabilities(request, logs),
                ItemModel::Logit { predictors, logit } => {
                    x.clear();
                    predictors.encode(&requests.people, row, &mut x);
                    p.resize(logit.levels(), 0.0);
                    logit.probabilities(&x, &mut p);
                    answers.probabilities(request, &p);
                }
            }
        }
        Ok(())
    }
}
