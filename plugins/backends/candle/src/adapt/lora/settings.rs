//! Settings of the `lora` adapter.

use crate::{frozen::Frozen, weights::Linear};
use pilotbench_plugin_sdk::prelude::*;
use serde::Serialize;

/// Settings of the `lora` adapter.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoraSettings {
    /// Rank of the changes.
    pub(crate) rank: usize,
    /// Changes are multiplied by `alpha / rank`.
    pub(crate) alpha: f64,
    /// Which linear maps are changed: `q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`,
    /// `up_proj`, `down_proj`.
    pub(crate) targets: Vec<String>,
    /// So many of the last layers are changed.
    pub(crate) last_layers: usize,
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
    /// Most passes over the pilot.
    pub(crate) epochs: usize,
    /// Interviews per step of the optimiser.
    pub(crate) batch: usize,
    /// Share of the pilot that is set aside to say when to stop; 0 trains all epochs. Pilots of
    /// fewer than 8 people are never split.
    pub(crate) validation: f64,
    /// Epochs without a better loss on those set aside, after which training ends.
    pub(crate) patience: usize,
}

impl Default for LoraSettings {
    fn default() -> Self {
        Self {
            rank: 8,
            alpha: 16.0,
            targets: Linear::ALL.iter().map(|linear| linear.target().to_owned()).collect(),
            last_layers: 8,
            learning_rate: 2e-3,
            weight_decay: 0.01,
            epochs: 6,
            batch: 2,
            validation: 0.2,
            patience: 2,
        }
    }
}

impl LoraSettings {
    /// Checks the values against each other and the model.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub(crate) fn checked(mut self, frozen: &Frozen) -> Result<Self> {
        let wrong =
            |key: &str, message: String| Err(Error::config(format!("adapter.{key}"), message));
        let upper = frozen.upper.layers();
        if upper == 0 {
            return Err(Error::config("adapter", "`lora` needs the engine `kernels`"));
        }
        // A model with fewer layers than the default is adapted whole.
        if self.last_layers == Self::default().last_layers {
            self.last_layers = self.last_layers.min(frozen.config.layers);
        }
        if !(1..=upper).contains(&self.last_layers) {
            let message = format!("must be from 1 to the backend's `upper_layers`, here {upper}");
            return wrong("last_layers", message);
        }
        for (key, value, most) in [
            ("rank", self.rank, 256),
            ("epochs", self.epochs, 1000),
            ("batch", self.batch, 1000),
            ("patience", self.patience, 1000),
        ] {
            if !(1..=most).contains(&value) {
                return wrong(key, format!("must be from 1 to {most}"));
            }
        }
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return wrong("learning_rate", "must be above 0 and at most 1".into());
        }
        if !(0.0..=1.0).contains(&self.weight_decay) {
            return wrong("weight_decay", "must be from 0 to 1".into());
        }
        if !(self.alpha > 0.0 && self.alpha <= 1e4) {
            return wrong("alpha", "must be above 0 and at most 10000".into());
        }
        if !(0.0..=0.5).contains(&self.validation) {
            return wrong("validation", "must be from 0 to 0.5".into());
        }
        let known = Linear::ALL.map(Linear::target);
        if let Some(other) = self.targets.iter().find(|target| !known.contains(&target.as_str())) {
            return wrong("targets", format!("`{other}` is not one of {}", known.join(", ")));
        }
        if self.targets.is_empty() {
            return wrong("targets", "is empty".into());
        }
        Ok(self)
    }

    /// What the product of the two factors is multiplied with.
    pub(crate) fn scale(&self) -> f32 {
        (self.alpha / self.rank as f64) as f32
    }

    /// Whether a linear map is changed.
    pub(crate) fn changes(&self, linear: Linear) -> bool {
        self.targets.iter().any(|target| target == linear.target())
    }
}
