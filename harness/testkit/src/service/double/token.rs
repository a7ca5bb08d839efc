//! Words as tokens, with what could have been said instead.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Stands for the end of an answer among the alternatives of a word.
const END: &str = "<|end|>";
/// What else could begin an answer that should be a letter, and how much of the mass it has.
const OTHERS: [(&str, f64); 2] = [("The", 0.03), ("Sure", 0.02)];
/// Share of the letter that comes with the space, or without.
const VARIANT: f64 = 0.1;

/// One word with the space before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) logprob: f64,
    /// All alternatives and their log probabilities, the likeliest first.
    pub(super) top: Vec<(String, f64)>,
}

impl Token {
    /// A word that cannot be another one.
    pub(super) fn certain(text: String) -> Self {
        Self { top: vec![(text.clone(), 0.0)], text, logprob: 0.0 }
    }

    /// What it adds to a text.
    pub(super) fn adds(&self) -> &str {
        if self.text == END { "" } else { &self.text }
    }

    /// Its entry in the log probabilities of a chat.
    pub(super) fn entry(&self, most: usize) -> Value {
        let top: Vec<_> = self.top.iter().take(most).map(|(text, p)| named(text, *p)).collect();
        let mut entry = named(&self.text, self.logprob);
        entry["top_logprobs"] = json!(top);
        entry
    }
}

fn named(text: &str, logprob: f64) -> Value {
    json!({"token": text, "logprob": logprob, "bytes": text.as_bytes()})
}

/// All that could be said, each with its probability.
pub(super) struct Ways {
    pub(super) whole: Vec<(String, f64)>,
    /// Whether what is said is a letter, which comes in two variants and beside other words.
    pub(super) lettered: bool,
}

impl Ways {
    /// Says one of the ways, of which some is said already.
    pub(super) fn speak(&self, chosen: &str, begun: &str) -> Vec<Token> {
        let (mut tokens, mut begun) = (Vec::new(), begun.to_owned());
        while begun.len() < chosen.len() || tokens.is_empty() {
            let word = next(&chosen[begun.len()..]);
            tokens.push(self.token(word, &begun));
            begun.push_str(word);
        }
        tokens
    }

    /// A word after what is said already; an impossible one has a very low log probability.
    pub(super) fn token(&self, word: &str, begun: &str) -> Token {
        let top = self.alternatives(begun);
        let logprob = top.iter().find(|(text, _)| text == word).map_or(-9.0, |(_, p)| *p);
        Token { text: word.into(), logprob, top }
    }

    fn alternatives(&self, begun: &str) -> Vec<(String, f64)> {
        let mut shares = BTreeMap::<String, f64>::new();
        for (whole, p) in &self.whole {
            if let Some(rest) = whole.strip_prefix(begun) {
                *shares.entry(next(rest).into()).or_default() += p;
            }
        }
        if self.lettered && begun.is_empty() {
            shares = beside_others(shares);
        }
        let sum: f64 = shares.values().sum();
        let mut top: Vec<_> = shares.into_iter().map(|(text, p)| (text, (p / sum).ln())).collect();
        top.sort_by(|a, b| b.1.total_cmp(&a.1));
        top
    }
}

/// Letters in their variants, with and without a space, and the other words.
fn beside_others(letters: BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let spaced = letters.keys().next().is_some_and(|text| text.starts_with(' '));
    let (sum, others) = (letters.values().sum::<f64>(), OTHERS.map(|(_, share)| share));
    let left = (1.0 - others.iter().sum::<f64>()) / sum;
    let mut shares = BTreeMap::new();
    for (text, p) in letters {
        let variant = if spaced { text.trim_start().into() } else { format!(" {text}") };
        *shares.entry(variant).or_default() += p * left * VARIANT;
        *shares.entry(text).or_default() += p * left * (1.0 - VARIANT);
    }
    for (text, share) in OTHERS {
        let text = if spaced { format!(" {text}") } else { text.into() };
        *shares.entry(text).or_default() += share;
    }
    shares
}

/// The first word of a text, with the space before it.
fn next(text: &str) -> &str {
    if text.is_empty() {
        return END;
    }
    let start = text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
    let length = text[start..].find(char::is_whitespace);
    length.map_or(text, |length| &text[..start + length])
}

/// The words of a text, each with the space before it.
pub(super) fn words(mut text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    while !text.is_empty() {
        let word = next(text);
        words.push(word);
        text = &text[word.len()..];
    }
    words
}
