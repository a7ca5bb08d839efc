//! The rows of a board's tables, in the order of its columns.

use super::{Extent, columns};
use crate::{
    run::Run,
    words::{Cell, signed, thousands},
};
use pilotbench_engine::{
    compare::{Compared, Role},
    leaderboard::{Board, BoardCell, BoardExperiment, cost, meaning, number},
    plugin::Better,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A row: a method at a pilot size.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    /// What a permalink calls it.
    pub(crate) id: String,
    pub(crate) method: String,
    /// File of its answers, without what it ends with; empty where there are none.
    pub(crate) file: String,
    /// Class of the row.
    pub(crate) class: &'static str,
    pub(crate) cells: Vec<Cell>,
}

/// Why cells of a table say `undef`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Reason {
    pub(crate) column: String,
    pub(crate) why: String,
    pub(crate) rows: Vec<String>,
}

/// Adds the rows of an experiment, the largest pilot first and by rank inside, with the reasons of
/// what is undefined in them.
pub(super) fn rows(
    run: &Run,
    experiment: &BoardExperiment,
    strategy: &str,
    extent: Extent,
    (rows, reasons): &mut (Vec<Row>, Vec<Reason>),
) {
    let id = &experiment.planned.id;
    let board = run.board;
    let columns = columns::columns(run);
    let along: BTreeMap<String, [String; 4]> = meaning::along_sizes(board, experiment, strategy)
        .into_iter()
        .map(|words| (words[0].clone(), words))
        .collect();
    let taken = if extent == Extent::All { experiment.sizes.len() } else { 1 };
    for size in experiment.sizes.iter().rev().take(taken) {
        for words in meaning::at_size(board, experiment, strategy, *size) {
            let Some(cell) = board.cell(id, &words[0], *size, strategy) else { continue };
            let compared = board.compared(id, &words[0], *size, strategy);
            let made =
                Made { run, board, cell, size: *size, compared, along: along.get(&words[0]) };
            let row = made.row(&words);
            for (column, cell) in columns.iter().zip(&row.cells) {
                note(reasons, &column.label, cell, &format!("{} at {size}", row.method));
            }
            rows.push(row);
        }
    }
}

/// Notes a reason; the same one of several rows once.
fn note(reasons: &mut Vec<Reason>, column: &str, cell: &Cell, row: &str) {
    if cell.why.is_empty() {
        return;
    }
    match reasons.iter_mut().find(|r| r.column == column && r.why == cell.why) {
        Some(reason) => reason.rows.push(row.to_owned()),
        None => reasons.push(Reason {
            column: column.to_owned(),
            why: cell.why.clone(),
            rows: vec![row.to_owned()],
        }),
    }
}

/// What a row is made from.
struct Made<'a> {
    run: &'a Run<'a>,
    board: &'a Board,
    cell: &'a BoardCell,
    size: usize,
    compared: Option<&'a Compared>,
    along: Option<&'a [String; 4]>,
}

impl Made<'_> {
    fn row(&self, words: &[String; 9]) -> Row {
        let facts = &self.cell.facts;
        let role = self.board.method(&facts.method).map_or(Role::Method, |method| method.role);
        let mut cells = self.meaning(words, role);
        if self.board.shared.is_some() {
            let level = self.board.method(&facts.method).and_then(|method| method.level);
            cells.insert(columns::LEVEL_AT, level.map_or_else(Cell::none, |l| Cell::of(l.name())));
        }
        cells.extend(self.others(role));
        cells.extend(self.counts());
        if cost::is_known(self.board) {
            cells.extend(self.cost());
        }
        if !self.run.speeds.is_empty() {
            cells.push(self.speed());
        }
        Row {
            id: format!("{}/{}/{}/{}", facts.experiment, facts.method, self.size, facts.strategy),
            method: facts.method.clone(),
            file: match facts.committed {
                0 => String::new(),
                _ => crate::method::file(self.board, &facts.method),
            },
            class: class(role),
            cells,
        }
    }

    /// Role, size and what the headline means.
    fn meaning(&self, words: &[String; 9], role: Role) -> Vec<Cell> {
        let facts = &self.cell.facts;
        let reason = |get: fn(&Compared) -> Option<&'static str>| self.compared.and_then(get);
        let [_, rank, first, tie, _, difference, p, skill, worth] = words;
        let of_difference = reason(|c| c.difference.reason());
        vec![
            Cell::of(super::role(role)),
            Cell::of(self.size.to_string()),
            Cell::of(&facts.strategy),
            Cell::said(rank, None),
            Cell::said(first, None),
            Cell::said(tie, None),
            Cell::score(self.cell.scores.get(&self.board.headline)),
            Cell::said(difference, of_difference),
            Cell::said(p, of_difference),
            Cell::said(skill, reason(|c| c.skill.reason())),
            Cell::said(worth, reason(|c| c.equivalent.reason())),
        ]
    }

    /// The other shown scores, each that judges with its difference from the baseline.
    fn others(&self, role: Role) -> Vec<Cell> {
        let mut cells = Vec::new();
        for name in columns::others(self.board) {
            cells.push(Cell::score(self.cell.scores.get(name)));
            if super::info_better(self.board, name) == Better::Describes {
                continue;
            }
            let difference = self.board.difference(&self.cell.facts, self.size, name);
            cells.push(match difference.filter(|_| role != Role::Baseline) {
                Some(d) => Cell {
                    minor: format!("[{}, {}]", signed(d.low), signed(d.high)),
                    ..Cell::of(signed(d.value))
                },
                None => Cell::none(),
            });
        }
        cells
    }

    fn counts(&self) -> Vec<Cell> {
        let facts = &self.cell.facts;
        let along = |at: usize| self.along.map_or_else(Cell::none, |w| Cell::said(&w[at], None));
        let whole = facts.committed == facts.planned;
        let counts = facts.counts;
        let asked = (counts.ok + counts.refused + counts.invalid) as u64;
        vec![
            along(1),
            along(3),
            Cell {
                minor: if whole { String::new() } else { "INCOMPLETE".to_owned() },
                ..Cell::of(format!("{}/{}", facts.committed, facts.planned))
            },
            Cell::of(thousands(asked)),
            Cell::of(format!("{} + {}", counts.refused, counts.invalid)),
        ]
    }

    fn cost(&self) -> Vec<Cell> {
        let per = self.cell.per_1000_answers.as_ref();
        let tokens = |value: Option<f64>| value.map_or_else(Cell::none, |v| Cell::of(number(v)));
        let names = cost::names(self.board, &self.cell.facts.method);
        let by = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join("; ");
        let has_drifted = cost::has_drifted(self.board, &self.cell.facts.method);
        let drift = if has_drifted { "DRIFT".to_owned() } else { String::new() };
        vec![
            tokens(per.map(|per| per.prompt_tokens)),
            tokens(per.map(|per| per.completion_tokens)),
            match per.map(|per| per.usd) {
                None => Cell::none(),
                Some(None) => Cell::of("unknown"),
                Some(Some(usd)) => Cell::of(format!("{usd:.4}")),
            },
            if by.is_empty() { Cell::none() } else { Cell { minor: drift, ..Cell::of(by) } },
        ]
    }
}

impl Made<'_> {
    fn speed(&self) -> Cell {
        let speed = self.run.speeds.iter().find(|speed| speed.is_of(&self.cell.facts));
        let Some(rate) = speed.and_then(|speed| speed.rate(self.board.confidence)) else {
            return Cell::undefined(
                "answers were known from before, or there are fewer than two seeds",
            );
        };
        let [value, low, high] =
            [rate.value, rate.low, rate.high].map(|rate| thousands(rate as u64));
        Cell { minor: format!("[{low}, {high}]"), ..Cell::of(value) }
    }
}

/// How a row of this role looks.
pub(super) fn class(role: Role) -> &'static str {
    match role {
        Role::Method => "",
        Role::Baseline => "baseline",
        Role::Floor => "floor",
        Role::Ceiling | Role::Oracle | Role::Retest | Role::Law => "oracle",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_several_rows_stands_once() {
        let mut reasons = Vec::new();
        note(&mut reasons, "skill", &Cell::undefined("too near"), "ridge at 8");
        note(&mut reasons, "skill", &Cell::undefined("too near"), "copula at 8");
        note(&mut reasons, "skill", &Cell::of("0.1"), "mode at 8");
        assert_eq!(reasons.len(), 1);
        assert_eq!(reasons[0].rows, ["ridge at 8", "copula at 8"]);
        assert_eq!([-0.0001, 0.012].map(signed), ["0.000", "+0.012"]);
    }
}
