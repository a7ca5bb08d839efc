//! What tokens cost.

use backend_language::place::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Prices that come with the backend.
const BUILT_IN: &str = include_str!("prices.toml");

/// A table of prices with its date.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    date: String,
    #[serde(default)]
    price: Vec<Listed>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    service: String,
    model: String,
    input: f64,
    output: f64,
    cached_input: Option<f64>,
    batch: Option<f64>,
    training: Option<f64>,
}

/// Prices of one model, US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    /// Of tokens read.
    pub input: f64,
    /// Of tokens read that the service had kept.
    pub cached_input: f64,
    /// Of tokens written.
    pub output: f64,
    /// Of tokens trained on, where the model can be trained.
    pub training: Option<f64>,
}

/// Tokens of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Read, kept ones included.
    pub prompt: u64,
    /// Of these, kept by the service.
    pub cached: u64,
    /// Written.
    pub completion: u64,
}

/// All prices, the user's first.
pub(crate) struct Prices {
    tables: Vec<Table>,
    /// Dates and hashes of the tables, for the record of what was spent.
    pub origin: String,
}

impl Prices {
    /// The user's table, if there is one, before the built-in one.
    ///
    /// # Errors
    /// What is wrong with the user's table.
    pub(crate) fn read(users: Option<&str>) -> Result<Self, String> {
        let mut tables = Vec::new();
        let mut origins = Vec::new();
        for text in users.into_iter().chain([BUILT_IN]) {
            let table: Table = toml::from_str(text).map_err(|e| e.to_string())?;
            for listed in &table.price {
                listed.check()?;
            }
            let hash = hex(&Sha256::digest(text)[..8]);
            origins.push(format!("{} sha256 {hash}", table.date));
            tables.push(table);
        }
        Ok(Self { tables, origin: format!("prices of {}", origins.join(", then ")) })
    }

    /// The price of a service's model; of the batch endpoint where that is asked.
    pub(crate) fn of(&self, service: &str, model: &str, batch: bool) -> Option<Price> {
        let of_table = |table: &Table| {
            let fitting = table.price.iter().filter(|l| l.service == service && l.fits(model));
            fitting.max_by_key(|listed| listed.model.len()).cloned()
        };
        let listed = self.tables.iter().find_map(of_table)?;
        let share = if batch { listed.batch.unwrap_or(1.0) } else { 1.0 };
        Some(Price {
            input: listed.input * share,
            cached_input: listed.cached_input.unwrap_or(listed.input) * share,
            output: listed.output * share,
            training: listed.training,
        })
    }
}

impl Listed {
    fn check(&self) -> Result<(), String> {
        let all =
            [Some(self.input), Some(self.output), self.cached_input, self.batch, self.training];
        match all.into_iter().flatten().find(|price| !(0.0..=1e6).contains(price)) {
            None => Ok(()),
            Some(price) => Err(format!("{price} is no price of `{}`", self.model)),
        }
    }

    fn fits(&self, model: &str) -> bool {
        match self.model.strip_suffix('*') {
            Some(start) => model.starts_with(start),
            None => model == self.model,
        }
    }
}

impl Price {
    /// Of a service that asks nothing.
    pub(crate) const FREE: Self =
        Self { input: 0.0, cached_input: 0.0, output: 0.0, training: Some(0.0) };

    /// Nano-dollars of these tokens, rounded up: a dollar per million is a thousand of them per token.
    pub(crate) fn nano(&self, tokens: Tokens) -> i64 {
        let fresh = tokens.prompt.saturating_sub(tokens.cached) as f64;
        let cached = tokens.cached.min(tokens.prompt) as f64;
        let sum = fresh * self.input
            + cached * self.cached_input
            + tokens.completion as f64 * self.output;
        (sum * 1e3).ceil() as i64
    }

    /// Whether anything costs anything.
    pub(crate) fn is_free(&self) -> bool {
        *self == Self::FREE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_and_the_users_table_count() {
        let own = "date = \"2026-01-02\"\n[[price]]\nservice = \"mine\"\nmodel = \"a*\"\ninput = 1\n\
                   output = 2\n[[price]]\nservice = \"openai\"\nmodel = \"gpt-4o-mini\"\ninput = 9\noutput = 9";
        let prices = Prices::read(Some(own)).unwrap();
        assert_eq!(prices.of("mine", "abc", false).unwrap().output, 2.0);
        assert_eq!(prices.of("openai", "gpt-4o-mini", false).unwrap().input, 9.0);
        let dated = "gpt-4o-mini-2024-07-18";
        assert_eq!(prices.of("openai", dated, false).unwrap().input, 0.15);
        assert_eq!(prices.of("openai", dated, true).unwrap().output, 0.30);
        assert_eq!(prices.of("openai", "ft:gpt-4o-mini-x", false).unwrap().input, 0.30);
        assert!(prices.of("openai", "unheard-of", false).is_none());
        assert!(prices.origin.starts_with("prices of 2026-01-02 sha256 "), "{}", prices.origin);
        let wrong = own.replace("input = 1", "input = -1");
        assert!(Prices::read(Some(&wrong)).err().unwrap().contains("-1 is no price of `a*`"));
    }

    #[test]
    fn tokens_cost_what_the_table_says() {
        let price = Price { input: 2.5, cached_input: 1.25, output: 10.0, training: None };
        let tokens = Tokens { prompt: 1000, cached: 400, completion: 7 };
        assert_eq!(price.nano(tokens), 600 * 2500 + 400 * 1250 + 7 * 10_000);
        assert_eq!(Price::FREE.nano(tokens), 0);
    }
}
