//! The same model answering in words, which the host reads.

use crate::{
    Candle, Settings,
    decoder::Worth,
    frozen::{Frozen, Prompt},
};
use backend_language::speech::Voice;
use pilotbench_plugin_sdk::prelude::*;

/// A language model that speaks.
pub struct CandleText {
    candle: Candle,
    voice: Voice,
}

impl Backend for CandleText {
    const NAME: &'static str = "candle-text";
    type Config = Settings;
    /// The replicate's seed.
    type Adapted = u64;

    fn describe() -> BackendInfo {
        BackendInfo::new("a language model on the CPU; free text, which the host reads")
            .learns_from(LearnsFrom::Nothing)
            .needs_messages()
            .people_per_call(crate::AT_ONCE)
    }

    fn open(settings: Settings) -> Result<Self> {
        let voice = Voice::new(settings.manner(), settings.max_tokens, crate::AT_ONCE)?;
        Ok(Self { candle: Candle::open(settings)?, voice })
    }

    fn adapt(&self, pilot: &Pilot, _: &Control) -> Result<u64> {
        Ok(pilot.seed)
    }

    fn respond(
        &self,
        seed: &u64,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let frozen = &self.candle.frozen;
        let language = &frozen.source.language;
        let next = |prompts| next(frozen, prompts, control);
        self.voice.respond(language, *seed, requests, answers, control, next)
    }

    fn usage(&self) -> Usage {
        // What was said is not kept: only prefixes are.
        Usage { reused: None, ..self.candle.usage() }
    }

    fn provenance(&self) -> Vec<(String, String)> {
        self.candle.provenance()
    }
}

/// The logits of all tokens after each prompt.
fn next(frozen: &Frozen, prompts: Vec<Vec<u32>>, control: &Control) -> Result<Vec<Vec<f32>>> {
    let prompt = |tokens| Prompt { tokens, paths: vec![Vec::new()], worth: Worth::Course };
    let prompts: Vec<Prompt> = prompts.into_iter().map(prompt).collect();
    let prompts: Vec<&Prompt> = prompts.iter().collect();
    let rows = frozen.rows_with(&frozen.upper, &prompts, control)?;
    Ok(rows.iter().map(|row| frozen.pool.install(|| frozen.ends.logits(row))).collect())
}
