//! Answers in free text, sampled token by token: for models that should speak for themselves, and for
//! items whose options have no tokens of their own.
//!
//! A text ends with a token that ends answers, at a line end, or after `max_tokens`. The random
//! number of a token belongs to the replicate's seed, the participant, the item and its place, so
//! that a text is the same in any batch.

use crate::{
    Candle, Settings, asking,
    decoder::Worth,
    frozen::{Frozen, Prompt},
};
use backend_language::parse_messages;
use pilotbench_plugin_sdk::prelude::*;
use sha2::{Digest, Sha256};

/// A language model that speaks.
pub struct CandleText {
    candle: Candle,
    temperature: f64,
    max_tokens: usize,
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
        if settings.orders != 1 {
            return Err(Error::config("orders", "must be 1: texts cannot be averaged"));
        }
        let (temperature, max_tokens) = (settings.temperature, settings.max_tokens);
        Ok(Self { candle: Candle::open(settings)?, temperature, max_tokens })
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
        let requests: Vec<Request> = requests.iter().collect();
        let chunks = requests.chunks(crate::AT_ONCE);
        let all = chunks.len() as f64;
        for (done, some) in chunks.enumerate() {
            let progress = |share: f64| control.progress((done as f64 + share) / all, "speaking");
            let texts = self.speak(*seed, some, &progress, control)?;
            some.iter().zip(texts).for_each(|(request, text)| answers.text(request.id(), &text));
        }
        Ok(())
    }

    fn usage(&self) -> Usage {
        self.candle.usage()
    }

    fn provenance(&self) -> Vec<(String, String)> {
        self.candle.provenance()
    }
}

/// A text on its way.
struct Speech {
    prompt: Vec<u32>,
    said: Vec<u32>,
    seed: u64,
    is_done: bool,
}

impl CandleText {
    fn speak(
        &self,
        seed: u64,
        requests: &[Request],
        progress: &dyn Fn(f64) -> Result<()>,
        control: &Control,
    ) -> Result<Vec<String>> {
        let frozen = &self.candle.frozen;
        let language = &frozen.source.language;
        let begin = |request: &Request| {
            let messages = request.messages();
            let messages =
                messages.ok_or_else(|| Error::bad_input("a request without messages"))?;
            let messages = parse_messages(messages).map_err(asking::error)?;
            let prompt = language.prompt(&messages).map_err(asking::error)?;
            let seed = key(seed, request.person().id(), request.item_index());
            Ok(Speech { prompt, said: Vec::new(), seed, is_done: false })
        };
        let mut speeches: Vec<Speech> = requests.iter().map(begin).collect::<Result<_>>()?;
        for step in 0..self.max_tokens {
            let mut going: Vec<&mut Speech> =
                speeches.iter_mut().filter(|speech| !speech.is_done).collect();
            if going.is_empty() {
                break;
            }
            progress(step as f64 / self.max_tokens as f64)?;
            self.step(frozen, &mut going, control)?;
        }
        let text = |speech: &Speech| language.text(&speech.said).trim().to_owned();
        Ok(speeches.iter().map(text).collect())
    }

    /// One more token for each.
    fn step(&self, frozen: &Frozen, going: &mut [&mut Speech], control: &Control) -> Result<()> {
        let prompts: Vec<Prompt> = going
            .iter()
            .map(|speech| Prompt {
                tokens: [&*speech.prompt, &*speech.said].concat(),
                paths: vec![Vec::new()],
                worth: Worth::Course,
            })
            .collect();
        let prompts: Vec<&Prompt> = prompts.iter().collect();
        let rows = frozen.rows_with(&frozen.upper, &prompts, control)?;
        for (speech, row) in going.iter_mut().zip(&rows) {
            let logits = frozen.pool.install(|| frozen.ends.logits(row));
            if !logits.iter().all(|logit| logit.is_finite()) {
                return Err(Error::computation("the model gives a logit that is no number"));
            }
            let u = uniform(speech.seed, speech.said.len());
            let token = sample(&logits, self.temperature, u);
            let language = &frozen.source.language;
            speech.is_done = language.ends().contains(&token);
            if !speech.is_done {
                speech.said.push(token);
                let text = language.text(&speech.said);
                speech.is_done = text.trim_start().contains('\n');
            }
        }
        Ok(())
    }
}

/// The token that a uniform number picks.
fn sample(logits: &[f32], temperature: f64, u: f64) -> u32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: &f32| (f64::from(logit - most) / temperature).exp();
    let target = u * logits.iter().map(weight).sum::<f64>();
    let mut sum = 0.0;
    let found = logits.iter().position(|logit| {
        sum += weight(logit);
        target < sum
    });
    found.unwrap_or(logits.len() - 1) as u32
}

fn key(seed: u64, person: &str, item: usize) -> u64 {
    let digest = Sha256::digest(format!("{seed}/{item}/{person}"));
    digest[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn uniform(seed: u64, step: usize) -> f64 {
    let digest = Sha256::digest(format!("{seed}/{step}"));
    let bits = digest[..8].iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_in_their_shares() {
        let logits = [0.0, 2.0f32.ln(), f32::MIN, 0.0];
        let mut counts = [0; 4];
        for step in 0..4000 {
            counts[sample(&logits, 1.0, uniform(3, step)) as usize] += 1;
        }
        assert!(counts[2] == 0 && (1900..2100).contains(&counts[1]), "{counts:?}");
        // Colder, the likeliest alone.
        assert!((0..100).all(|step| sample(&logits, 0.01, uniform(4, step)) == 1));
    }
}
