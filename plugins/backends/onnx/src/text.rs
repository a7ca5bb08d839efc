//! The same model answering in words, which the host reads.

use crate::{Learned, Onnx, Settings};
use backend_language::speech::Voice;
use pilotbench_plugin_sdk::prelude::*;

/// A language model that speaks.
pub struct OnnxText {
    onnx: Onnx,
    voice: Voice,
}

impl Backend for OnnxText {
    const NAME: &'static str = "onnx-text";
    type Config = Settings;
    /// The replicate's seed.
    type Adapted = u64;

    fn describe() -> BackendInfo {
        BackendInfo::new("an ONNX graph of a language model; free text, which the host reads")
            .learns_from(LearnsFrom::Nothing)
            .needs_messages()
            .people_per_call(crate::AT_ONCE)
    }

    fn open(settings: Settings) -> Result<Self> {
        let voice = Voice::new(settings.manner(), settings.max_tokens, crate::AT_ONCE)?;
        let onnx = Onnx::open(settings)?;
        match &onnx.base {
            Learned::Decoder(_) => Ok(Self { onnx, voice }),
            Learned::Classifier(_) => {
                Err(Error::config("model", "is a classifier, which has no words; use `onnx`"))
            }
        }
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
        let Learned::Decoder(mind) = &self.onnx.base else {
            return Err(Error::unsupported("a classifier has no words"));
        };
        let next = |prompts: Vec<Vec<u32>>| mind.next(&prompts, control);
        self.voice.respond(&self.onnx.language, *seed, requests, answers, control, next)
    }

    fn usage(&self) -> Usage {
        // What was said is not kept: only prefixes are.
        Usage { reused: None, ..self.onnx.usage() }
    }

    fn provenance(&self) -> Vec<(String, String)> {
        self.onnx.provenance()
    }
}
