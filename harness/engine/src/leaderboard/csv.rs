//! `leaderboard.csv`: a row per cell and score over all items and everybody.

use super::board::Board;
use crate::fault::{Fault, Result};

const HEADER: [&str; 23] = [
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
];

/// The board as CSV. Cells that a spreadsheet would run as a formula cannot occur: names are of a
/// small alphabet, and reasons that begin like one are quoted with an apostrophe.
pub(super) fn csv(board: &Board) -> Result<Vec<u8>> {
    let fault = |e: ::csv::Error| Fault::store("leaderboard.csv", e);
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(fault)?;
    let real = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for cell in &board.cells {
        let experiment = board.experiments.iter().find(|e| e.planned.id == cell.facts.experiment);
        let origin =
            experiment.map_or("", |e| if e.label().is_empty() { "human" } else { e.label() });
        let role = board.method(&cell.facts.method).map_or("", |m| m.role.name());
        for info in &board.scores {
            let Some(estimate) = cell.scores.get(&info.name) else { continue };
            let record = [
                cell.facts.experiment.clone(),
                origin.to_owned(),
                cell.facts.method.clone(),
                role.to_owned(),
                cell.facts.size.to_string(),
                cell.facts.strategy.clone(),
                info.name.clone(),
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
                cell.facts.planned.to_string(),
                cell.facts.committed.to_string(),
                cell.facts.counts.ok.to_string(),
                cell.facts.counts.refused.to_string(),
                cell.facts.counts.invalid.to_string(),
                board.plan.clone(),
            ];
            writer.write_record(record).map_err(fault)?;
        }
    }
    writer.into_inner().map_err(|e| Fault::store("leaderboard.csv", e))
}

fn inert(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text,
    }
}
