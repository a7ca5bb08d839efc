//! The hidden law of the answers.

use super::hash::{hash, unit};
use super::learned::Learned;
use serde_json::Value;

/// How much labels differ.
const SPREAD: f64 = 3.0;

/// What the answers to one conversation follow.
pub(super) struct Law<'a> {
    /// All words that the answer depends on.
    words: String,
    /// What the question is known by.
    question: String,
    seed: String,
    temperature: f64,
    learned: Option<&'a Learned>,
}

impl<'a> Law<'a> {
    /// The law of a request for words that end with a question.
    pub(super) fn new(
        body: &Value,
        words: String,
        question: String,
        learned: Option<&'a Learned>,
    ) -> Self {
        let seed = body["seed"].to_string();
        let temperature = body["temperature"].as_f64().unwrap_or(1.0);
        Self { words, question, seed, temperature, learned }
    }

    /// Shares of labels; `property` is empty outside JSON.
    pub(super) fn shares(&self, labels: &[&str], property: &str) -> Vec<f64> {
        let seen = self.learned.and_then(|learned| learned.of(&self.question, property));
        let weights = labels.iter().map(|label| match seen {
            Some(seen) => seen.get(*label).copied().unwrap_or(0) as f64 + 0.5,
            None => (SPREAD * unit(&[&self.words, property, label])).exp(),
        });
        normal(weights.collect())
    }

    /// Draws one of the shares, by the seed and the temperature of the request.
    pub(super) fn draw(&self, shares: &[f64], property: &str) -> usize {
        let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0);
        if self.temperature <= 0.0 {
            return best;
        }
        let shares = normal(shares.iter().map(|p| p.powf(1.0 / self.temperature)).collect());
        let mut left = unit(&["draw", &self.words, property, &self.seed]);
        for (place, share) in shares.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return place;
            }
        }
        best
    }

    /// Whether the conversation is among this share that is refused.
    pub(super) fn refuses(&self, share: f64) -> bool {
        unit(&["refuse", &self.words]) < share
    }

    /// A log probability of a word that is no answer.
    pub(super) fn unasked(before: &str, word: &str) -> f64 {
        -0.1 - (hash(&[before, word]) % 1000) as f64 / 250.0
    }
}

fn normal(weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
