//! Answers in free text, sampled token by token: for models that should speak for themselves, and for
//! items whose options have no tokens of their own.
//!
//! A text ends with a token that ends answers, at a line end, or after so many tokens. The random
//! number of a token belongs to the replicate's seed, the participant, the item and its place, so
//! that a text is the same in any batch.

use crate::{Language, Manner, asking::chat};
use pilotbench_plugin_sdk::{Answers, Control, Error, Request, Requests, Result};
use sha2::{Digest, Sha256};

/// How answers are spoken.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    /// Logits are divided by it.
    temperature: f64,
    /// Most tokens of a text.
    max_tokens: usize,
    /// Texts that are spoken together.
    at_once: usize,
}

/// A text on its way.
struct Speech {
    prompt: Vec<u32>,
    said: Vec<u32>,
    seed: u64,
    is_done: bool,
}

impl Voice {
    /// # Errors
    /// [`Error::Config`] when several orders are asked for.
    pub fn new(manner: Manner, max_tokens: usize, at_once: usize) -> Result<Self> {
        match manner.orders {
            1 => Ok(Self { temperature: manner.temperature, max_tokens, at_once }),
            _ => Err(Error::config("orders", "must be 1: texts cannot be averaged")),
        }
    }

    /// Answers every request in words. `next` gives the logits of all tokens after each of some
    /// prompts.
    ///
    /// # Errors
    /// Those of `next`; when a logit is no number; when the host asks to stop.
    pub fn respond(
        &self,
        language: &Language,
        seed: u64,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
        mut next: impl FnMut(Vec<Vec<u32>>) -> Result<Vec<Vec<f32>>>,
    ) -> Result<()> {
        let requests: Vec<Request> = requests.iter().collect();
        let chunks = requests.chunks(self.at_once);
        let all = chunks.len() as f64;
        for (done, some) in chunks.enumerate() {
            let begin = |request| begin(language, seed, request);
            let mut speeches: Vec<Speech> = some.iter().map(begin).collect::<Result<_>>()?;
            for step in 0..self.max_tokens {
                let mut going: Vec<&mut Speech> =
                    speeches.iter_mut().filter(|speech| !speech.is_done).collect();
                if going.is_empty() {
                    break;
                }
                let share = step as f64 / self.max_tokens as f64;
                control.progress((done as f64 + share) / all, "speaking")?;
                let prompts = going.iter().map(|speech| [&*speech.prompt, &*speech.said].concat());
                let logits = next(prompts.collect())?;
                for (speech, logits) in going.iter_mut().zip(logits) {
                    speech.say(language, &logits, self.temperature)?;
                }
            }
            for (request, speech) in some.iter().zip(&speeches) {
                answers.text(request.id(), language.text(&speech.said).trim());
            }
        }
        Ok(())
    }
}

fn begin(language: &Language, seed: u64, request: &Request) -> Result<Speech> {
    let prompt = language.prompt(&chat(request)?)?;
    let seed = key(seed, request.person().id(), request.item_index());
    Ok(Speech { prompt, said: Vec::new(), seed, is_done: false })
}

impl Speech {
    /// One more token.
    fn say(&mut self, language: &Language, logits: &[f32], temperature: f64) -> Result<()> {
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(Error::computation("the model gives a logit that is no number"));
        }
        let token = sample(logits, temperature, uniform(self.seed, self.said.len()));
        self.is_done = language.ends().contains(&token);
        if !self.is_done {
            self.said.push(token);
            self.is_done = language.text(&self.said).trim_start().contains('\n');
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
