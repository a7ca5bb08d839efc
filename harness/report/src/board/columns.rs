//! The columns of a board's tables.

use crate::{run::Run, words};
use pilotbench_engine::{
    leaderboard::{Board, cost},
    plugin::Better,
};
use serde::Serialize;

/// A column.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Column {
    /// Name in permalinks.
    pub(crate) key: String,
    /// Head.
    pub(crate) label: String,
    /// What it says.
    pub(crate) told: String,
    /// Whether it is shown before anybody chooses.
    pub(crate) shown: bool,
    /// Whether its cells are words and not numbers.
    pub(crate) words: bool,
}

impl Column {
    fn number(key: &str, label: &str, told: &str) -> Self {
        let [key, label, told] = [key, label, told].map(str::to_owned);
        Self { key, label, told, shown: true, words: false }
    }

    fn words(key: &str, label: &str, told: &str) -> Self {
        Self { words: true, ..Self::number(key, label, told) }
    }

    fn hidden(self) -> Self {
        Self { shown: false, ..self }
    }
}

/// Where the level of a row stands, on a board of several hands: after role, size and strategy.
pub(super) const LEVEL_AT: usize = 3;

/// Names of the scores that are columns beside the headline.
pub(super) fn others(board: &Board) -> impl Iterator<Item = &String> {
    board.columns.iter().filter(|name| **name != board.headline)
}

/// All columns after the method's name.
pub(super) fn columns(run: &Run) -> Vec<Column> {
    let board = run.board;
    let several = board.strategies().len() > 1;
    let headline = super::info_better(board, &board.headline);
    let headline_told =
        format!("mean over seeds ± half of its interval; {}", words::better(headline));
    let mut columns = vec![
        Column::words("role", "role", "what the row is there for; ORACLE rows are not ranked"),
        Column::number("size", "pilot", "participants in the pilot"),
        Column { shown: several, ..Column::words("strategy", "strategy", "how pilots are chosen") },
        Column::number("rank", "rank", "place among the methods of this size [its interval]"),
        Column::number("first", "P(first)", "share of the draws in which it is first"),
        Column::words("tie", "tie", "methods of one letter are not told apart"),
        Column::number("score", &board.headline, &headline_told),
        Column::number(
            "difference",
            "less baseline",
            "below 0 is better than the same-pilot baseline",
        ),
        Column::number("p", "p (Holm)", "p-value of that difference, adjusted over the sizes"),
        Column::number("skill", "skill", "0: same-pilot baseline, 1: human ceiling"),
        Column::number(
            "worth",
            "worth pilot of",
            "people that the baseline needs to score as well",
        ),
    ];
    if board.shared.is_some() {
        let told = "who vouches for the numbers: the board, or whoever handed them in";
        columns.insert(LEVEL_AT, Column::words("level", "level", told));
    }
    for name in others(board) {
        let told = words::better(super::info_better(board, name));
        columns.push(Column::number(&format!("s.{name}"), name, &told).hidden());
        if super::info_better(board, name) != Better::Describes {
            let told = "less the same-pilot baseline's; below 0 is better";
            columns.push(Column::number(&format!("d.{name}"), &format!("Δ {name}"), told).hidden());
        }
    }
    columns.extend([
        Column::number("area", "area under curve", "mean of the score over log pilot size")
            .hidden(),
        Column::number("beats", "first beats baseline at", "smallest such pilot").hidden(),
        Column::number("seeds", "replicates", "committed of planned; fewer: INCOMPLETE"),
        Column::number("asked", "answers", "answers that were asked for").hidden(),
        Column::number("failed", "refused + invalid", "answers that are none").hidden(),
    ]);
    if cost::is_known(board) {
        columns.extend([
            Column::number("prompt", "prompt tokens", "per 1,000 answers").hidden(),
            Column::number("completion", "completion tokens", "per 1,000 answers").hidden(),
            Column::number("usd", "USD per 1,000", "US dollars per 1,000 answers"),
            Column::words("by", "answered by", "as the service names it; DRIFT: several names"),
        ]);
    }
    if !run.speeds.is_empty() {
        let told = "answers per second of one caller, without those that were known from before: \
                    geometric mean over seeds [its interval]";
        columns.push(Column::number("speed", "answers/s", told).hidden());
    }
    columns
}
