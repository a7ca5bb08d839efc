//! Numbers as the cells of tables.

use pilotbench_engine::{leaderboard::number, plugin::Better, score::Estimate};
use serde::Serialize;

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Cell {
    /// What stands in it.
    pub(crate) text: String,
    /// In smaller letters after it.
    pub(crate) minor: String,
    /// Why nothing is said.
    pub(crate) why: String,
}

impl Cell {
    /// A text.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A dash: there is nothing to say.
    pub(crate) fn none() -> Self {
        Self::of("–")
    }

    /// Nothing can be said, for a reason.
    pub(crate) fn undefined(why: &str) -> Self {
        Self { text: "undef".to_owned(), why: why.to_owned(), ..Self::default() }
    }

    /// Words that the tables of the leaderboard have, with the reason where they say `undef`.
    pub(crate) fn said(words: &str, why: Option<&str>) -> Self {
        match (words, why) {
            ("undef", why) => Self::undefined(why.unwrap_or("no reason was given")),
            (words, _) => match words.find([' ', '[']) {
                Some(at) => Self {
                    text: words[..at].to_owned(),
                    minor: words[at..].trim_start().to_owned(),
                    ..Self::default()
                },
                None => Self::of(words),
            },
        }
    }

    /// A score: `±` half of its interval; where the interval was cut at the end of the range, the
    /// longer half.
    pub(crate) fn score(estimate: Option<&Estimate>) -> Self {
        let Some(e) = estimate else { return Self::none() };
        match (e.mean, e.low, e.high) {
            (None, _, _) => Self::undefined(e.reason.as_deref().unwrap_or("no reason was given")),
            (Some(mean), Some(low), Some(high)) => {
                let half = format!("±{}", number((high - mean).max(mean - low)));
                Self { minor: half, ..Self::of(number(mean)) }
            }
            (Some(mean), _, _) => Self::of(number(mean)),
        }
    }
}

/// A row of a table: a method, the file of its answers, and what is said of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MethodRow {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) cells: Vec<Cell>,
}

/// Which way a score is good.
pub(crate) fn better(better: Better) -> String {
    match better {
        Better::Lower => "lower is better".to_owned(),
        Better::Higher => "higher is better".to_owned(),
        Better::At(value) => format!("best at {value}"),
        Better::Describes => "describes".to_owned(),
    }
}

/// A difference with its sign, none where it is shown as nothing.
pub(crate) fn signed(value: f64) -> String {
    match number(value.abs()).as_str() {
        "0.000" => "0.000".to_owned(),
        _ => format!("{value:+.3}"),
    }
}

/// The beginning of a hash.
pub(crate) fn hash(hash: &str) -> String {
    hash.chars().take(16).collect()
}

/// A whole number with thin spaces between thousands.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        let rank = Cell::said("1 [1, 4]", None);
        assert_eq!((rank.text.as_str(), rank.minor.as_str()), ("1", "[1, 4]"));
        assert_eq!(Cell::said("undef", Some("too near")), Cell::undefined("too near"));
        assert_eq!(Cell::said("<8", None), Cell::of("<8"));
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(thousands(999), "999");
    }
}
