//! Two runs side by side: the same method on the same experiment at the same pilot size, and what
//! became of its scores and its speed, in the words of `compare`.

use crate::{
    board::{self, info_better},
    run::Run,
    words::{Cell, signed},
};
use pilotbench_engine::{
    compare::Role,
    contrast::{Change, Contrast, Incomparable, Outcome, Rules, Side, SpeedChange},
    leaderboard::{BoardCell, BoardExperiment},
    plugin::Better,
    score::CellFacts,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What the page of two runs shows.
#[derive(Serialize)]
pub(crate) struct Content {
    base: String,
    new: String,
    headline: String,
    percent: String,
    margin: f64,
    speed_margin: String,
    /// What became of the headline: words and how many cells.
    outcomes: Vec<(&'static str, usize)>,
    scores: Vec<String>,
    sections: Vec<Section>,
    roles: Vec<&'static str>,
    sizes: Vec<usize>,
    strategies: Vec<String>,
    /// What is not compared, with its reason.
    incomparable: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Section {
    id: String,
    label: &'static str,
    largest: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    method: String,
    cells: Vec<Cell>,
}

/// What two runs say of each other.
struct Compared<'a> {
    base: &'a Run<'a>,
    new: &'a Run<'a>,
    scores: Vec<String>,
    changes: BTreeMap<Name<'a>, &'a Change>,
    speeds: Vec<&'a SpeedChange>,
}

/// Experiment, method, size, strategy and score.
type Name<'a> = (&'a str, &'a str, usize, &'a str, &'a str);

/// What a run has against its base, cell by cell. The headline's tests are adjusted among themselves,
/// so that they are those of `compare`; those of the other scores among each other.
pub(crate) fn content(base: &Run, new: &Run) -> Content {
    let scores = common_scores(base, new);
    let (headline, others) = scores.split_at(1.min(scores.len()));
    let speed_margin = Some(Rules::SPEED_MARGIN);
    let rules = Rules { speed_margin, ..Rules::of_scores(headline.to_vec()) };
    let main = Contrast::of(&side(base), &side(new), &rules);
    let screen = match others {
        [] => Contrast::default(),
        others => Contrast::of(&side(base), &side(new), &Rules::of_scores(others.to_vec())),
    };
    let changes = main.changes.iter().chain(&screen.changes);
    let compared = Compared {
        base,
        new,
        changes: changes.map(|change| (name(change), change)).collect(),
        speeds: main.speeds.iter().collect(),
        scores: scores.clone(),
    };
    let sections: Vec<Section> =
        new.board.experiments.iter().filter_map(|e| compared.section(e)).collect();
    let sizes: BTreeSet<usize> =
        new.board.experiments.iter().flat_map(|e| e.sizes.iter().copied()).collect();
    let roles: BTreeSet<&str> = new.board.methods.iter().map(|m| board::role(m.role)).collect();
    Content {
        base: base.board.run.clone(),
        new: new.board.run.clone(),
        percent: format!("{:.0}", rules.confidence * 100.0),
        margin: rules.margin,
        speed_margin: format!("{:.0}", Rules::SPEED_MARGIN * 100.0),
        outcomes: outcomes(&main),
        headline: scores.first().cloned().unwrap_or_default(),
        scores,
        sections,
        roles: roles.into_iter().collect(),
        sizes: sizes.into_iter().collect(),
        strategies: new.board.strategies().into_iter().map(str::to_owned).collect(),
        incomparable: incomparable(&main, &screen),
    }
}

fn side<'a>(run: &'a Run) -> Side<'a> {
    Side { plan: run.plan, scores: run.scores, speeds: run.speeds }
}

fn name(change: &Change) -> Name<'_> {
    let Change { experiment, method, size, strategy, score, .. } = change;
    (experiment, method, *size, strategy, score)
}

fn outcomes(contrast: &Contrast) -> Vec<(&'static str, usize)> {
    let all =
        [Outcome::Worse, Outcome::Better, Outcome::Noisy, Outcome::Equivalent, Outcome::Identical];
    let count = |outcome: Outcome| {
        let changes = contrast.changes.iter();
        (outcome.name(), changes.filter(|change| change.outcome == outcome).count())
    };
    all.into_iter().map(count).collect()
}

/// What no contrast compares; what both say stands once.
fn incomparable(main: &Contrast, screen: &Contrast) -> Vec<(String, String)> {
    let named = |one: &Incomparable| {
        let mut name = one.experiment.clone();
        if let (Some(method), Some(size), Some(strategy)) = (&one.method, one.size, &one.strategy) {
            name += &format!(", {method}, pilot of {size}, {strategy}");
        }
        (name, one.reason.clone())
    };
    let mut all: Vec<(String, String)> = Vec::new();
    for one in main.incomparable.iter().chain(&screen.incomparable).map(named) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// Scores that both runs show: the new one's headline, then the others that judge.
fn common_scores(base: &Run, new: &Run) -> Vec<String> {
    let known = |name: &&String| base.board.scores.iter().any(|info| info.name == **name);
    let judging = |name: &&String| info_better(new.board, name) != Better::Describes;
    let headline = std::iter::once(&new.board.headline);
    let others = new.board.columns.iter().filter(|name| **name != new.board.headline);
    headline.chain(others.filter(judging)).filter(known).cloned().collect()
}

impl Compared<'_> {
    fn section(&self, experiment: &BoardExperiment) -> Option<Section> {
        let strategies = self.new.board.strategies();
        let cells = strategies.iter().flat_map(|s| self.new.board.cells_by_size(experiment, s));
        let rows = cells.filter_map(|(size, cell)| Some((size, self.row(size, cell)?)));
        let mut rows: Vec<(usize, Row)> = rows.collect();
        rows.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        Some(Section {
            id: experiment.planned.id.clone(),
            label: experiment.label(),
            largest: rows.first()?.0.to_string(),
            rows: rows.into_iter().map(|(_, row)| row).collect(),
        })
    }

    /// The row of a cell; one that needs no pilot comes at every size. `None` where it has no partner.
    fn row(&self, size: usize, new: &BoardCell) -> Option<Row> {
        let f = &new.facts;
        let base = self.base.board.cell(&f.experiment, &f.method, f.size, &f.strategy)?;
        let change = |score: &String| {
            let name: Name = (&f.experiment, &f.method, f.size, &f.strategy, score);
            self.changes.get(&name).copied()
        };
        let pairing = self.scores.iter().find_map(change)?.pairing;
        let role = self.new.board.method(&f.method).map_or(Role::Method, |method| method.role);
        let mut cells =
            vec![Cell::of(board::role(role)), Cell::of(size.to_string()), Cell::of(&f.strategy)];
        for score in &self.scores {
            cells.push(Cell::score(base.scores.get(score)));
            cells.push(Cell::score(new.scores.get(score)));
            cells.push(change(score).map_or_else(none, difference));
        }
        cells.push(self.speed(f));
        cells.push(Cell::of(pairing.name()));
        let id = format!("{}/{}/{size}/{}", f.experiment, f.method, f.strategy);
        Some(Row { id, method: f.method.clone(), cells })
    }

    fn speed(&self, f: &CellFacts) -> Cell {
        let is_it = |s: &&&SpeedChange| f.is(&s.experiment, &s.method, s.size, &s.strategy);
        let Some(speed) = self.speeds.iter().find(is_it) else { return none() };
        let SpeedChange { ratio, low, high, outcome, .. } = speed;
        let minor = format!("[{low:.2}, {high:.2}] {}", outcome.name());
        Cell { minor, ..Cell::of(format!("{ratio:.2}")) }
    }
}

fn none() -> Cell {
    Cell::undefined("it cannot be compared; the list below says why")
}

/// How much worse, with interval, outcome and p-value.
fn difference(change: &Change) -> Cell {
    let d = &change.difference;
    let p = match change.outcome {
        Outcome::Identical => String::new(),
        _ => format!(", p {:.3}", d.p_adjusted),
    };
    let minor = format!("[{}, {}] {}{p}", signed(d.low), signed(d.high), change.outcome.name());
    Cell { minor, ..Cell::of(signed(d.value)) }
}
