//! Low-rank adapters (Hu et al. 2021, arXiv 2106.09685) of the last layers, trained on the pilot.
//!
//! Each pilot interview is one sequence: the layers below the adapted ones are computed once and
//! their exits kept ([`example`]), the adapted ones go forward and backward ([`layer`], [`linear`])
//! with the loss on the tokens where options branch; [`train`] steps with AdamW and stops by people
//! set aside. The result is merged into the layers' weights, so answering costs nothing more, and
//! kept as files that PEFT reads ([`file`]), so that nothing is trained twice.

mod adam;
mod example;
mod factors;
mod file;
mod layer;
mod linear;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub(crate) use settings::LoraSettings;

use crate::{
    decoder::Stage,
    frozen::Frozen,
    weights::{Linear, RawLayer},
};
use backend_language::Options;
use example::Example;
use factors::Factors;
use pilotbench_plugin_sdk::prelude::*;
use std::sync::Arc;

/// A trained adapter, merged into the upper layers.
pub(crate) struct Lora {
    pub(crate) upper: Stage,
}

impl Lora {
    /// Trains on a pilot, or takes what was trained on it before; `None` when nobody answered
    /// anything.
    ///
    /// # Errors
    /// When the model fails, the words of an interview do not fit its options, or the host asks to
    /// stop.
    pub(crate) fn learn(
        frozen: &Arc<Frozen>,
        pilot: &Pilot,
        settings: &LoraSettings,
        control: &Control,
    ) -> Result<Option<Self>> {
        let examples = Example::of_pilot(frozen, pilot, settings.last_layers, control)?;
        if examples.is_empty() {
            return Ok(None);
        }
        let identity = file::identity(frozen, settings, pilot.seed, &examples);
        let factors = match file::load(&identity, frozen, settings) {
            Some(factors) => factors,
            None => {
                let start = Factors::new(&frozen.config, settings, pilot.seed);
                let trained =
                    train::train(frozen, &examples, start, settings, pilot.seed, control)?;
                if let Err(problem) = file::store(&identity, frozen, settings, &trained) {
                    control.warn(&format!("the trained adapter is not kept: {problem}"));
                }
                trained.factors
            }
        };
        Ok(Some(Self { upper: merged(frozen, &factors, settings)? }))
    }
}

/// An interview in tokens, with where each answer begins, its options and the level taken.
pub(crate) type Interview = (Vec<u32>, Vec<(usize, Options, usize)>);

/// Trains all epochs on interviews, for benches.
pub(crate) fn train_for_bench(
    frozen: &Frozen,
    interviews: Vec<Interview>,
    last_layers: usize,
    epochs: usize,
) -> Result<()> {
    let control = Control::none();
    let settings = LoraSettings { last_layers, epochs, validation: 0.0, ..Default::default() };
    let settings = settings.checked(frozen)?;
    let examples = interviews
        .into_iter()
        .map(|(tokens, answers)| {
            let answers = answers.into_iter().map(Some).collect::<Vec<_>>();
            Example::of_tokens(frozen, tokens, &answers, last_layers, &control)
        })
        .collect::<Result<Vec<_>>>()?;
    let examples: Vec<Example> = examples.into_iter().flatten().collect();
    let start = Factors::new(&frozen.config, &settings, 1);
    train::train(frozen, &examples, start, &settings, 1, &control).map(drop)
}

/// The upper stage with the adapter added to its weights.
fn merged(frozen: &Frozen, factors: &Factors, settings: &LoraSettings) -> Result<Stage> {
    let config = &frozen.config;
    let first = config.layers - factors.layers.len();
    let layers = (frozen.split()..config.layers).map(|index| {
        if index < first {
            return Ok(Arc::clone(frozen.upper.layer(index - frozen.split())));
        }
        let mut raw = raw(frozen, index)?;
        for (linear, factor) in Linear::ALL.iter().zip(&factors.layers[index - first]) {
            if let Some(factor) = factor {
                let [_, inputs] = linear.shape(config);
                let weight = &mut raw.linear[*linear as usize];
                factor.add_to(weight, inputs, settings.scale());
            }
        }
        Ok(Arc::new(raw.pack(config, frozen.precision)))
    });
    let layers = layers.collect::<Result<_>>()?;
    Ok(Stage::new(config, &frozen.rope, layers, frozen.upper_budget))
}

/// A layer as the model's file has it.
fn raw(frozen: &Frozen, index: usize) -> Result<RawLayer> {
    RawLayer::read(&frozen.source, index).map_err(|e| Error::Computation(e.to_string()))
}
