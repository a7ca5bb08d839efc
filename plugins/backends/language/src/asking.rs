//! A question as a model gets it, and its answer as the host gets it.

use crate::{Message, Options, Problem, language::Language, orders, parse_messages};
use pilotbench_plugin_sdk::{Error, Item, Request, Result};

/// How questions are put.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// In how many orders of the options, from 1 to 16; the probabilities are averaged.
    pub orders: usize,
    /// Log-probabilities are divided by this, from 0.01 to 100, before they are normed again.
    pub temperature: f64,
}

impl Manner {
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub fn check(&self) -> Result<()> {
        if !(1..=16).contains(&self.orders) {
            return Err(Error::config("orders", "must be from 1 to 16"));
        }
        if !(0.01..=100.0).contains(&self.temperature) {
            return Err(Error::config("temperature", "must be from 0.01 to 100"));
        }
        Ok(())
    }

    /// An answer from its log-probabilities in each order: the logarithm of the mean probability, at
    /// the temperature.
    ///
    /// # Panics
    /// When there is no order.
    pub fn averaged(&self, orders: &[Vec<f64>]) -> Vec<f64> {
        let count = orders.len() as f64;
        let mut mean: Vec<f64> = match orders {
            [single] => single.clone(),
            several => (0..several[0].len())
                .map(|level| several.iter().map(|order| order[level].exp()).sum::<f64>() / count)
                .map(f64::ln)
                .collect(),
        };
        mean.iter_mut().for_each(|value| *value /= self.temperature);
        let most = mean.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = mean.iter().map(|value| (value - most).exp()).sum();
        mean.iter_mut().for_each(|value| *value -= most + sum.ln());
        mean
    }
}

impl Language {
    /// Options of an item in tokens.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the model has no words for them.
    pub fn options_of(&self, item: &Item) -> Result<Options> {
        let labels: Vec<&str> = item.levels.iter().map(|level| level.label.as_str()).collect();
        self.options(&labels).map_err(|problem| match problem.is_model() {
            true => Error::unsupported(format!("item `{}`: {problem}", item.id)),
            false => problem.into(),
        })
    }

    /// The prompts of a question whose chat so far is this, one for each order of its options.
    ///
    /// # Errors
    /// When the template refuses the messages, or they hold no list of the options.
    pub fn question(
        &self,
        messages: &[Message],
        options: &Options,
        orders: usize,
    ) -> std::result::Result<Vec<Vec<u32>>, Problem> {
        let chats = orders::chats(messages, options.levels(), orders)?;
        chats.iter().map(|chat| self.prompt(chat)).collect()
    }
}

/// The chat of a request.
///
/// # Errors
/// When the host passed none.
pub fn chat(request: &Request) -> Result<Vec<Message>> {
    let text = request.messages();
    let text = text.ok_or_else(|| Error::bad_input("a request without messages"))?;
    Ok(parse_messages(text)?)
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Computation(problem.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_averaged_as_probabilities() {
        let logs = |p: &[f64]| p.iter().map(|p| p.ln()).collect::<Vec<_>>();
        let close = |found: Vec<f64>, right: &[f64]| {
            let found: Vec<f64> = found.iter().map(|log| log.exp()).collect();
            let worst = found.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-12, "{found:?}");
        };
        let two = [logs(&[0.9, 0.1]), logs(&[0.5, 0.5])];
        close(Manner { orders: 2, temperature: 1.0 }.averaged(&two), &[0.7, 0.3]);
        // At half the temperature, squares.
        let right = [0.49 / 0.58, 0.09 / 0.58];
        close(Manner { orders: 2, temperature: 0.5 }.averaged(&two), &right);
    }
}
