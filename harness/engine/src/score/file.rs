//! `scores.parquet`: every score per item, arm and subgroup.

use super::{CellFacts, CellScores, ScoreRow};
use crate::{
    experiment::{Columns, Origin},
    fault::Result,
    plan::Plan,
    record,
};
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use std::sync::Arc;

/// All scores as one long Parquet table, a row per cell and key.
///
/// # Errors
/// When encoding fails.
pub fn scores_file(plan: &Plan, cells: &[CellScores]) -> Result<Vec<u8>> {
    let rows: Vec<(&CellFacts, &ScoreRow)> =
        cells.iter().flat_map(|cell| cell.rows.iter().map(move |row| (&cell.facts, row))).collect();
    let text = |get: &dyn Fn(&CellFacts, &ScoreRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(|(cell, row)| get(cell, row)).collect::<StringArray>())
    };
    let real = |get: &dyn Fn(&ScoreRow) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, row)| get(row)).collect::<Float64Array>())
    };
    let whole = |get: &dyn Fn(&CellFacts, &ScoreRow) -> usize| -> ArrayRef {
        Arc::new(rows.iter().map(|(c, row)| Some(get(c, row) as i64)).collect::<Int64Array>())
    };
    let mut columns = Columns::default();
    columns.push("experiment", text(&|c, _| Some(c.experiment.clone())));
    let is_synthetic =
        |id: &str| plan.experiment(id).is_some_and(|e| e.origin == Origin::Synthetic);
    let origin = |id: &str| if is_synthetic(id) { "SYNTHETIC" } else { "human" };
    columns.push("origin", text(&|c, _| Some(origin(&c.experiment).to_owned())));
    columns.push("method", text(&|c, _| Some(c.method.clone())));
    columns.push("size", whole(&|c, _| c.size));
    columns.push("strategy", text(&|c, _| Some(c.strategy.clone())));
    columns.push("score", text(&|_, r| Some(r.key.score.clone())));
    columns.push("item", text(&|_, r| r.key.item.clone()));
    columns.push("group_column", text(&|_, r| r.key.group_column.clone()));
    columns.push("group_level", text(&|_, r| r.key.group_level.clone()));
    columns.push("mean", real(&|r| r.estimate.mean));
    columns.push("low", real(&|r| r.estimate.low));
    columns.push("high", real(&|r| r.estimate.high));
    columns.push("se_seeds", real(&|r| r.estimate.se_seeds));
    columns.push("se_participants", real(&|r| r.estimate.se_participants));
    columns.push("resamples", whole(&|_, r| r.estimate.resamples));
    columns.push("interval", text(&|_, r| Some(r.estimate.interval.name().to_owned())));
    columns.push("seeds", whole(&|_, r| r.estimate.seeds));
    columns.push("undefined", whole(&|_, r| r.estimate.undefined));
    columns.push("reason", text(&|_, r| r.estimate.reason.clone()));
    columns.push("n_human", real(&|r| Some(r.n_human)));
    columns.push("n_simulated", real(&|r| Some(r.n_simulated)));
    record::encode(&columns.batch())
}
