//! Two runs side by side: the same method on the same experiment at the same pilot size, and what
//! became of its scores.

use crate::{
    board::{self, info_better},
    site::Run,
    words::{self, Cell, signed},
};
use pilotbench_engine::{
    leaderboard::BoardCell,
    plugin::Better,
    score::{CellScores, Draws, Estimate, percentile},
};
use serde::Serialize;
use std::collections::BTreeSet;

/// What the page of two runs shows.
#[derive(Serialize)]
pub(crate) struct Content {
    first: String,
    second: String,
    headline: String,
    better: String,
    percent: String,
    scores: Vec<String>,
    sections: Vec<Section>,
    roles: Vec<&'static str>,
    sizes: Vec<usize>,
    strategies: Vec<String>,
    /// Cells of one run alone, with its name.
    alone: Vec<(String, Vec<String>)>,
}

#[derive(Serialize)]
struct Section {
    id: String,
    label: &'static str,
    largest: String,
    /// Why differences have no interval; empty when they have.
    unpaired: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    method: String,
    cells: Vec<Cell>,
}

/// What two runs have in common, cell by cell.
pub(crate) fn content(a: &Run, b: &Run) -> Content {
    let scores = common_scores(a, b);
    let headline = scores.first().cloned().unwrap_or_default();
    let sections: Vec<Section> =
        a.board.experiments.iter().filter_map(|e| section(a, b, &e.planned.id, &scores)).collect();
    let shared = || a.board.cells.iter().filter(|cell| same(b, cell).is_some());
    let all = a.board.experiments.iter().flat_map(|e| e.sizes.iter().copied());
    let sizes: BTreeSet<usize> = all.chain(shared().map(|cell| cell.facts.size)).collect();
    let role = |cell: &BoardCell| board::role(role(a, cell));
    let roles: BTreeSet<&str> = shared().map(role).collect();
    Content {
        first: a.board.run.clone(),
        second: b.board.run.clone(),
        better: words::better(info_better(a.board, &headline)),
        percent: format!("{:.0}", a.board.confidence * 100.0),
        headline,
        scores,
        sections,
        roles: roles.into_iter().collect(),
        sizes: sizes.into_iter().collect(),
        strategies: a.board.strategies().into_iter().map(str::to_owned).collect(),
        alone: vec![alone(a, b), alone(b, a)],
    }
}

/// Scores that both runs show: the first one's headline, then the others that judge.
fn common_scores(a: &Run, b: &Run) -> Vec<String> {
    let known = |name: &&String| b.board.scores.iter().any(|info| info.name == **name);
    let judging = |name: &&String| info_better(a.board, name) != Better::Describes;
    let mut names: Vec<String> =
        a.board.columns.iter().filter(known).filter(judging).cloned().collect();
    names.retain(|name| *name != a.board.headline);
    if known(&&a.board.headline) {
        names.insert(0, a.board.headline.clone());
    }
    names
}

/// The other run's cell of the same names.
fn same<'a>(run: &'a Run, cell: &BoardCell) -> Option<&'a BoardCell> {
    let f = &cell.facts;
    let is_it = |c: &&BoardCell| c.facts.is(&f.experiment, &f.method, f.size, &f.strategy);
    run.board.cells.iter().find(is_it)
}

fn role(run: &Run, cell: &BoardCell) -> pilotbench_engine::compare::Role {
    let method = run.board.method(&cell.facts.method);
    method.map_or(pilotbench_engine::compare::Role::Method, |method| method.role)
}

fn alone(run: &Run, other: &Run) -> (String, Vec<String>) {
    let cells = run.board.cells.iter().filter(|cell| same(other, cell).is_none());
    let name = |cell: &BoardCell| {
        let f = &cell.facts;
        format!("{}, {}, pilot of {}, {}", f.experiment, f.method, f.size, f.strategy)
    };
    (run.board.run.clone(), cells.map(name).collect())
}

/// Two cells of the same names, at a pilot size; one that needs no pilot comes at every size.
struct Pair<'a> {
    size: usize,
    one: &'a BoardCell,
    other: &'a BoardCell,
}

fn section(a: &Run, b: &Run, id: &str, scores: &[String]) -> Option<Section> {
    let experiment = a.board.experiments.iter().find(|e| e.planned.id == id)?;
    let strategies = a.board.strategies();
    let cells = strategies.iter().flat_map(|s| a.board.cells_by_size(experiment, s));
    let pairs = cells.filter_map(|(size, one)| Some(Pair { size, one, other: same(b, one)? }));
    let mut pairs: Vec<Pair> = pairs.collect();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.size));
    let largest = pairs.first()?.size;
    let unpaired = why_unpaired(a, b, id);
    Some(Section {
        id: id.to_owned(),
        label: experiment.label(),
        largest: largest.to_string(),
        unpaired: unpaired.unwrap_or_default().to_owned(),
        rows: pairs.iter().map(|pair| row(a, b, pair, scores, unpaired)).collect(),
    })
}

/// Why draws of the two runs are not of the same people: their names decide them, so that they are
/// when the table and the division into pilot and held-out people are.
fn why_unpaired(a: &Run, b: &Run, id: &str) -> Option<&'static str> {
    let (one, other) = (a.plan.experiment(id)?, b.plan.experiment(id)?);
    if one.table_sha256 != other.table_sha256 {
        return Some("the tables of human answers differ");
    }
    if one.largest_pilot != other.largest_pilot || a.plan.held_out_max != b.plan.held_out_max {
        return Some("other people are held out");
    }
    None
}

fn row(
    a: &Run,
    b: &Run,
    Pair { size, one, other }: &Pair,
    scores: &[String],
    unpaired: Option<&'static str>,
) -> Row {
    let f = &one.facts;
    let mut cells = vec![
        Cell::of(board::role(role(a, one))),
        Cell::of(size.to_string()),
        Cell::of(&f.strategy),
    ];
    for score in scores {
        let (before, after) = (one.scores.get(score), other.scores.get(score));
        cells.push(Cell::score(before));
        cells.push(Cell::score(after));
        let draws = (draws(a, one, score), draws(b, other, score));
        let paired = if unpaired.is_none() { draws } else { (None, None) };
        let better = info_better(a.board, score);
        cells.push(difference(before, after, paired, better, a.board.confidence));
    }
    let ids = |run: &Run| -> BTreeSet<String> {
        let own = run
            .plan
            .replicates
            .iter()
            .filter(|r| f.is(&r.experiment, &r.method, r.size, &r.strategy.to_string()));
        own.map(|r| r.id.clone()).collect()
    };
    cells.push(Cell::of(if ids(a) == ids(b) { "the same" } else { "others" }));
    let id = format!("{}/{}/{size}/{}", f.experiment, f.method, f.strategy);
    Row { id, method: f.method.clone(), cells }
}

fn draws<'a>(run: &Run<'a>, cell: &BoardCell, score: &str) -> Option<&'a Draws> {
    let f = &cell.facts;
    let is_it = |c: &&CellScores| c.facts.is(&f.experiment, &f.method, f.size, &f.strategy);
    run.scores.cells.iter().find(is_it)?.draws.get(score)
}

/// The second less the first, with the interval of paired draws where there are some.
fn difference(
    before: Option<&Estimate>,
    after: Option<&Estimate>,
    draws: (Option<&Draws>, Option<&Draws>),
    better: Better,
    confidence: f64,
) -> Cell {
    let means = before.and_then(|e| e.mean).zip(after.and_then(|e| e.mean));
    let Some((before, after)) = means else {
        return Cell::undefined("one of the runs has no value");
    };
    let text = signed(after - before);
    let Some((low, high)) = draws.0.zip(draws.1).and_then(|(a, b)| interval(a, b, confidence))
    else {
        return Cell::of(text);
    };
    let worse = better.badness(after) > better.badness(before);
    let verdict = match (low > 0.0 || high < 0.0, worse) {
        (false, _) => "",
        (true, true) => " worse",
        (true, false) => " better",
    };
    let minor = format!("[{}, {}]{verdict}", signed(low), signed(high));
    Cell { minor, ..Cell::of(text) }
}

/// Percentiles of the differences of draws that are of the same people and seeds, centred first.
fn interval(a: &Draws, b: &Draws, confidence: f64) -> Option<(f64, f64)> {
    let seeds = |draws: &Draws| draws.seeds.iter().map(|(seed, _)| *seed).collect::<Vec<_>>();
    if seeds(a) != seeds(b) || a.values.len() != b.values.len() {
        return None;
    }
    let pairs = a.centred().into_iter().zip(b.centred());
    let differences: Vec<f64> = pairs.filter_map(|(a, b)| Some(b? - a?)).collect();
    percentile(&differences, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(mean: f64, values: &[f64]) -> Draws {
        let values = values.iter().copied().map(Some).collect();
        Draws { mean, seeds: vec![(1, mean)], values }
    }

    #[test]
    fn draws_of_the_same_people_are_subtracted_one_by_one() {
        let (a, b) = (draws(1.0, &[0.0, 1.0, 2.0]), draws(1.5, &[0.5, 1.5, 2.5]));
        assert_eq!(interval(&a, &b, 0.95), Some((0.5, 0.5)));
        let others = Draws { seeds: vec![(2, 1.0)], ..b };
        assert_eq!(interval(&a, &others, 0.95), None);
        assert_eq!([0.0001, -0.02].map(signed), ["0.000", "-0.020"]);
    }
}
