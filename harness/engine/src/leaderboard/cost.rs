//! What answers cost, where a service told.

use super::board::{Board, BoardCell, BoardExperiment};
use crate::{interview::Used, money, score::CellFacts};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of the tables of costs.
pub const COLUMNS: [&str; 8] = [
    "method",
    "pilot",
    "answers",
    "prompt tokens",
    "completion tokens",
    "USD",
    "USD per 1,000 answers",
    "answered by",
];
/// What stands below such a table.
pub const READING: &str = "Sums over the committed replicates, with what the host's adapters asked \
     while learning. Only answers that came with a receipt cost something here.";
/// What stands below a table with a row that is marked so.
pub const DRIFT: &str = "DRIFT: answers of one method came under several names: the service changed \
     the model or its fingerprint in between, and its numbers are of a mix.";
/// Names shown of who answered; more are counted.
const NAMES_SHOWN: usize = 5;

/// What 1,000 answers of a cell took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PerThousand {
    /// Tokens read.
    pub prompt_tokens: f64,
    /// Tokens written.
    pub completion_tokens: f64,
    /// US dollars; `None` where the price of some answer is not known.
    pub usd: Option<f64>,
}

impl PerThousand {
    /// `None` for a cell that took nothing, or has no answers.
    pub(super) fn of(facts: &CellFacts) -> Option<Self> {
        let used = facts.used.as_ref().filter(|_| answers(facts) > 0)?;
        let per = |sum: u64| sum as f64 * 1000.0 / answers(facts) as f64;
        Some(Self {
            prompt_tokens: per(used.prompt_tokens),
            completion_tokens: per(used.completion_tokens),
            usd: (used.unpriced == 0).then(|| nano_per_thousand(used, facts) as f64 / 1e9),
        })
    }
}

/// Whether any cell of a board took something.
pub fn is_known(board: &Board) -> bool {
    board.cells.iter().any(|cell| cell.facts.used.is_some())
}

/// The rows of an experiment, in the order of the board; empty where nothing took anything.
pub fn rows(
    board: &Board,
    experiment: &BoardExperiment,
    strategy: &str,
) -> Vec<[String; COLUMNS.len()]> {
    let of_method = |name: &String| {
        let (name, id) = (name.clone(), &experiment.planned.id);
        board.cells.iter().filter(move |cell| {
            let facts = &cell.facts;
            facts.experiment == *id && facts.method == name && facts.strategy == strategy
        })
    };
    let cells = experiment.order.iter().flat_map(of_method);
    cells.filter_map(|cell| row(board, cell)).collect()
}

/// Whether a row is of a method whose answers came under several names.
pub fn has_drift(rows: &[[String; COLUMNS.len()]]) -> bool {
    rows.iter().any(|row| row[COLUMNS.len() - 1].ends_with(" DRIFT"))
}

fn row(board: &Board, cell: &BoardCell) -> Option<[String; COLUMNS.len()]> {
    let facts = &cell.facts;
    let used = facts.used.as_ref()?;
    let mark = if has_drifted(board, &facts.method) { " DRIFT" } else { "" };
    let per_thousand = match answers(facts) {
        0 => "–".to_owned(),
        _ if used.unpriced > 0 => "unknown".to_owned(),
        _ => money::text(nano_per_thousand(used, facts).into()),
    };
    Some([
        facts.method.clone(),
        facts.size.to_string(),
        answers(facts).to_string(),
        used.prompt_tokens.to_string(),
        used.completion_tokens.to_string(),
        used.usd(),
        per_thousand,
        format!("{}{mark}", listed(&used.answered_by, NAMES_SHOWN)),
    ])
}

/// Whether a method's answers are of a mix: of several states of one model, or of several models
/// where it does not have one trained for each pilot. A name begins with the model's.
pub fn has_drifted(board: &Board, method: &str) -> bool {
    let names = names(board, method);
    let models: BTreeSet<&str> = names.iter().filter_map(|name| name.split(' ').next()).collect();
    let has_one = !board.method(method).is_some_and(|method| method.trains);
    names.len() > models.len() || (has_one && models.len() > 1)
}

/// Who answered for a method, in all of its cells.
pub fn names<'a>(board: &'a Board, method: &str) -> BTreeSet<&'a String> {
    let cells = board.cells.iter().filter(|cell| cell.facts.method == method);
    cells.filter_map(|cell| cell.facts.used.as_ref()).flat_map(|u| u.answered_by.keys()).collect()
}

/// Names with the number of their answers.
pub(super) fn listed(names: &BTreeMap<String, u64>, most: usize) -> String {
    let shown = names.iter().take(most).map(|(name, answers)| format!("{name} ({answers})"));
    let mut parts: Vec<String> = shown.collect();
    if let Some(more) = names.len().checked_sub(most).filter(|more| *more > 0) {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

/// Answers that a cell asked for.
fn answers(facts: &CellFacts) -> u64 {
    (facts.counts.ok + facts.counts.refused + facts.counts.invalid) as u64
}

/// Billionths of a US dollar for 1,000 answers of a cell that has some, rounded.
fn nano_per_thousand(used: &Used, facts: &CellFacts) -> u64 {
    let answers = u128::from(answers(facts));
    let rounded = (u128::from(used.nano_usd) * 1000 + answers / 2) / answers;
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Counts;

    fn facts(ok: usize, nano_usd: u64) -> CellFacts {
        let used = Used { requests: 9, prompt_tokens: 90, nano_usd, ..Used::default() };
        CellFacts {
            experiment: "e".into(),
            method: "m".into(),
            size: 0,
            strategy: "random".into(),
            planned: 1,
            committed: 1,
            counts: Counts { ok, refused: 1, invalid: 0 },
            used: Some(used),
        }
    }

    #[test]
    fn a_thousand_answers_cost_in_proportion() {
        let per = PerThousand::of(&facts(2, 2_000_000)).unwrap();
        assert_eq!((per.prompt_tokens, per.usd), (30_000.0, Some(0.666666667)));
        let nothing = CellFacts { used: None, ..facts(2, 0) };
        assert_eq!(PerThousand::of(&nothing), None);
    }

    #[test]
    fn many_names_are_counted() {
        let names: BTreeMap<String, u64> = (0..7).map(|n| (format!("m-{n}"), n)).collect();
        assert_eq!(listed(&names, 2), "m-0 (0); m-1 (1); and 5 more");
        assert!(listed(&names, usize::MAX).ends_with("m-6 (6)"));
    }
}
