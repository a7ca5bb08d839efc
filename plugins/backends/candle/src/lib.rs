//! A small language model answers interviews, on the CPU, and learns from the pilot.
//!
//! The way of one answer: [`asking`] makes the request's chat a prompt and its options a tree of
//! tokens; [`frozen`] takes the prompt through the layers of [`decoder`], computing only what no
//! earlier prompt had; the final rows where options branch give the log-probabilities of the levels,
//! or go into a head. [`adapt`] learns heads and low-rank adapters; [`source`] reads models.

mod adapt;
mod asking;
mod decoder;
mod frozen;
mod interviews;
#[doc(hidden)]
pub mod measure;
mod settings;
mod source;
mod tensors;
#[cfg(test)]
mod tests;
mod text;
mod weights;

pub use settings::{EngineSetting, PrecisionSetting, Settings};
pub use text::CandleText;

use adapt::{
    head::{HeadSettings, Heads},
    lora::{Lora, LoraSettings},
};
use backend_language::{Manner, Options, Rows, chat};
use frozen::{Frozen, Prompt};
use pilotbench_plugin_sdk::prelude::*;
use serde::de::DeserializeOwned;
use source::Source;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Questions that go through the model together.
const AT_ONCE: usize = 16;

/// A language model.
pub struct Candle {
    frozen: Arc<Frozen>,
    manner: Manner,
    answered: AtomicU64,
}

/// What was learned from a pilot.
pub struct Adapted {
    /// Of each item.
    options: Vec<Options>,
    learned: Learned,
}

enum Learned {
    /// Nothing: the model answers as it is.
    Nothing,
    /// Heads on its final rows.
    Heads(Heads),
    /// Low-rank changes of its last layers.
    Lora(Lora),
}

impl Backend for Candle {
    const NAME: &'static str = "candle";
    type Config = Settings;
    type Adapted = Adapted;

    fn describe() -> BackendInfo {
        BackendInfo::new("a language model on the CPU; option log-probabilities")
            .learns_from(LearnsFrom::Nothing)
            .needs_messages()
            .people_per_call(AT_ONCE)
            .adapter("head", "ridge logits on the frozen model's final hidden states")
            .adapter("lora", "low-rank changes of the last layers, trained on the pilot's answers")
    }

    fn open(settings: Settings) -> Result<Self> {
        settings.check()?;
        let source = Source::open(&settings.model)
            .map_err(|problem| Error::config("model", problem.to_string()))?;
        let manner = settings.manner();
        let frozen = Arc::new(Frozen::open(&settings, source)?);
        Ok(Self { frozen, manner, answered: AtomicU64::new(0) })
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Adapted> {
        let items = pilot.experiment.items.iter();
        let options = items.map(|item| self.frozen.source.language.options_of(item));
        let options = options.collect::<Result<_>>()?;
        Ok(Adapted { options, learned: self.learn(pilot, control)? })
    }

    fn respond(
        &self,
        adapted: &Adapted,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let rows: Vec<Request> = requests.iter().collect();
        for (done, chunk) in rows.chunks(AT_ONCE).enumerate() {
            control.progress((done * AT_ONCE) as f64 / rows.len() as f64, "answering")?;
            self.answer(adapted, chunk, answers, control)?;
        }
        self.answered.fetch_add(rows.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn usage(&self) -> Usage {
        let [_, tokens] = &self.frozen.computed;
        Usage {
            requests: self.answered.load(Ordering::Relaxed),
            prompt_tokens: tokens.load(Ordering::Relaxed),
            reused: Some(self.frozen.reused()),
            multiply_adds: self.frozen.multiply_adds(),
            ..Usage::default()
        }
    }

    fn provenance(&self) -> Vec<(String, String)> {
        let precision = match self.frozen.precision {
            pilotbench_kernels::Precision::F32 => "f32",
            pilotbench_kernels::Precision::Bf16 => "bf16",
        };
        vec![
            ("model_sha256".into(), self.frozen.source.sha256.clone()),
            ("precision".into(), precision.into()),
        ]
    }
}

/// Settings of an adapter.
fn read<T: DeserializeOwned>(settings: &serde_json::Value) -> Result<T> {
    serde_json::from_value(settings.clone()).map_err(|e| Error::config("adapter", e.to_string()))
}

impl Candle {
    /// Learns in the way that was chosen.
    fn learn(&self, pilot: &Pilot, control: &Control) -> Result<Learned> {
        let Some(adapter) = pilot.adapter() else { return Ok(Learned::Nothing) };
        match adapter.name.as_str() {
            "head" => {
                let settings: HeadSettings = read(&adapter.settings)?;
                let settings = settings.checked()?;
                let heads = Heads::fit(&self.frozen, pilot, &settings, control)?;
                Ok(heads.map_or(Learned::Nothing, Learned::Heads))
            }
            "lora" => {
                let settings: LoraSettings = read(&adapter.settings)?;
                let settings = settings.checked(&self.frozen)?;
                let lora = Lora::learn(&self.frozen, pilot, &settings, control)?;
                Ok(lora.map_or(Learned::Nothing, Learned::Lora))
            }
            other => {
                let message = format!("`{}` is not one of head, lora", other.escape_debug());
                Err(Error::config("adapter", message))
            }
        }
    }

    /// Answers some requests together.
    fn answer(
        &self,
        Adapted { options, learned }: &Adapted,
        requests: &[Request],
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let frozen = &self.frozen;
        let mut prompts: Vec<Prompt> = Vec::new();
        let mut ends = Vec::with_capacity(requests.len());
        for request in requests {
            let (chat, item) = (chat(request)?, request.item_index());
            let orders = self.manner.orders;
            prompts.extend(asking::question(frozen, &chat, item, &options[item], orders)?);
            ends.push(prompts.len());
        }
        let rows: Vec<Rows> = match learned {
            Learned::Nothing | Learned::Heads(_) => frozen.rows(&prompts, control)?,
            Learned::Lora(lora) => {
                let prompts: Vec<&Prompt> = prompts.iter().collect();
                frozen.rows_with(&lora.upper, &prompts, control)?
            }
        };
        let mut start = 0;
        for (request, end) in requests.iter().zip(ends) {
            let rows = &rows[start..end];
            start = end;
            let item = request.item_index();
            if let Learned::Heads(heads) = learned
                && let Some(p) = heads.probabilities(item, &rows[0][..frozen.config.hidden])
            {
                answers.probabilities(request.id(), &p);
                continue;
            }
            let orders = rows.iter().map(|rows| asking::levels(&frozen.ends, &options[item], rows));
            let orders: Vec<Vec<f64>> = orders.collect::<Result<_>>()?;
            answers.log_probabilities(request.id(), &self.manner.averaged(&orders));
        }
        Ok(())
    }
}

export_plugin! {
    name: "candle",
    backends: [Candle, CandleText],
    metrics: [],
    needs: [
        "env:HOME",
        "env:XDG_DATA_HOME",
        "read:~/.local/share/pilotbench/models",
        "write:~/.local/share/pilotbench/adapters",
    ],
}
