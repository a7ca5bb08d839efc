//! `leaderboard.csv`: a row per cell and score over all items and everybody. With the scores that the
//! board shows, a method that needs no pilot stands at every size, as in the tables.

use super::{
    board::{Board, BoardCell, BoardExperiment, short},
    cost::{self, PerThousand},
    level::Level,
};
use crate::{
    compare::{Compared, Difference, PilotSize},
    fault::{Fault, Result},
    interview::Used,
    score::Estimate,
};

const HEADER: [&str; 42] = [
    "experiment",
    "origin",
    "method",
    "role",
    "size",
    "strategy",
    "score",
    "mean",
    "low",
    "high",
    "se_seeds",
    "se_participants",
    "resamples",
    "interval",
    "seeds",
    "undefined",
    "reason",
    "planned",
    "committed",
    "ok",
    "refused",
    "invalid",
    "plan",
    // Less the same pilot's baseline, as badness; p adjusted by Holm for the headline, else by
    // Benjamini and Hochberg.
    "difference",
    "difference_low",
    "difference_high",
    "difference_se",
    "p",
    "p_seeds",
    "p_adjusted",
    // Of the headline only.
    "rank",
    "rank_low",
    "rank_high",
    "rank_first",
    "tie_group",
    "skill",
    "skill_low",
    "skill_high",
    "equivalent",
    "equivalent_low",
    "equivalent_high",
    "gain",
];

/// After the others, on a board where a service told what answers took: sums over the committed
/// replicates.
const COST: [&str; 7] = [
    "prompt_tokens",
    "completion_tokens",
    "usd",
    "prompt_tokens_per_1000",
    "completion_tokens_per_1000",
    "usd_per_1000",
    "answered_by",
];

/// The board as CSV. Cells that a spreadsheet would run as a formula cannot occur: names are of a
/// small alphabet, and reasons that begin like one are quoted with an apostrophe.
pub(super) fn csv(board: &Board) -> Result<Vec<u8>> {
    let fault = |e: ::csv::Error| Fault::store("leaderboard.csv", e);
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let with_cost = cost::is_known(board);
    let is_shared = board.shared.is_some();
    let header = HEADER.iter().chain(COST.iter().filter(|_| with_cost));
    let header = header.chain(["level"].iter().filter(|_| is_shared));
    writer.write_record(header).map_err(fault)?;
    for experiment in &board.experiments {
        for strategy in board.strategies() {
            for (size, cell) in board.cells_by_size(experiment, strategy) {
                for mut record in records(board, experiment, cell, size) {
                    if with_cost {
                        record.extend(of_cost(cell));
                    }
                    if is_shared {
                        let level = board.method(&cell.facts.method).and_then(|m| m.level);
                        record.push(level.map_or("", Level::name).to_owned());
                    }
                    writer.write_record(record).map_err(fault)?;
                }
            }
        }
    }
    writer.into_inner().map_err(|e| Fault::store("leaderboard.csv", e))
}

fn records(
    board: &Board,
    experiment: &BoardExperiment,
    cell: &BoardCell,
    size: usize,
) -> Vec<Vec<String>> {
    let facts = &cell.facts;
    let label = experiment.label();
    let origin = if label.is_empty() { "human" } else { label };
    let role = board.method(&facts.method).map_or("", |m| m.role.name());
    let compared = board.compared(&facts.experiment, &facts.method, size, &facts.strategy);
    let mut records = Vec::new();
    let is_shown = |name: &String| board.columns.contains(name) || board.headline == *name;
    for info in board.scores.iter().filter(|i| size == cell.facts.size || is_shown(&i.name)) {
        let Some(estimate) = cell.scores.get(&info.name) else { continue };
        let mut record = vec![
            facts.experiment.clone(),
            origin.to_owned(),
            facts.method.clone(),
            role.to_owned(),
            size.to_string(),
            facts.strategy.clone(),
            info.name.clone(),
        ];
        record.extend(of_estimate(estimate));
        record.extend([
            facts.planned.to_string(),
            facts.committed.to_string(),
            facts.counts.ok.to_string(),
            facts.counts.refused.to_string(),
            facts.counts.invalid.to_string(),
            short(&board.plan).to_owned(),
        ]);
        let headline = compared.filter(|_| info.name == board.headline);
        let difference = match headline {
            Some(compared) => compared.difference.value(),
            None => board.difference(facts, size, &info.name),
        };
        record.extend(of_difference(difference));
        record.extend(of_headline(headline));
        records.push(record);
    }
    records
}

fn of_cost(cell: &BoardCell) -> [String; COST.len()] {
    let used = cell.facts.used.as_ref();
    let sum = |get: fn(&Used) -> u64| used.map_or(String::new(), |used| get(used).to_string());
    let per = |get: fn(&PerThousand) -> f64| real(cell.per_1000_answers.as_ref().map(get));
    [
        sum(|used| used.prompt_tokens),
        sum(|used| used.completion_tokens),
        used.map_or(String::new(), Used::usd),
        per(|per| per.prompt_tokens),
        per(|per| per.completion_tokens),
        real(cell.per_1000_answers.as_ref().and_then(|per| per.usd)),
        inert(used.map_or(String::new(), |used| cost::listed(&used.answered_by, usize::MAX))),
    ]
}

fn real(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn of_estimate(estimate: &Estimate) -> [String; 10] {
    [
        real(estimate.mean),
        real(estimate.low),
        real(estimate.high),
        real(estimate.se_seeds),
        real(estimate.se_participants),
        estimate.resamples.to_string(),
        estimate.interval.name().to_owned(),
        estimate.seeds.to_string(),
        estimate.undefined.to_string(),
        inert(estimate.reason.clone().unwrap_or_default()),
    ]
}

fn of_difference(difference: Option<&Difference>) -> [String; 7] {
    let of = |get: fn(&Difference) -> f64| real(difference.map(get));
    [
        of(|d| d.value),
        of(|d| d.low),
        of(|d| d.high),
        of(|d| d.se),
        of(|d| d.p),
        real(difference.and_then(|d| d.p_seeds)),
        of(|d| d.p_adjusted),
    ]
}

fn of_headline(compared: Option<&Compared>) -> [String; 12] {
    let rank = compared.and_then(|c| c.rank.value());
    let skill = compared.and_then(|c| c.skill.value());
    let equivalent = compared.and_then(|c| c.equivalent.value());
    let size = |size: Option<PilotSize>| size.map_or(String::new(), PilotSize::text);
    [
        real(rank.map(|r| r.rank)),
        real(rank.map(|r| r.low)),
        real(rank.map(|r| r.high)),
        real(rank.map(|r| r.first)),
        rank.map_or(String::new(), |r| r.group.to_string()),
        real(skill.map(|s| s.value)),
        real(skill.map(|s| s.low)),
        real(skill.map(|s| s.high)),
        size(equivalent.map(|e| e.size)),
        size(equivalent.map(|e| e.low)),
        size(equivalent.map(|e| e.high)),
        real(equivalent.and_then(|e| e.gain)),
    ]
}

fn inert(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text,
    }
}
