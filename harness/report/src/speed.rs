//! How fast a cell answered, as its manifests tell.

use pilotbench_engine::{
    fault::Result,
    plan::Plan,
    record::Record,
    score::{Cell, cells},
};
use std::collections::BTreeMap;

/// What a cell is called: experiment, method, size, strategy.
pub(crate) type CellName = (String, String, usize, String);

/// The name of a planned cell.
pub(crate) fn name(cell: &Cell) -> CellName {
    let strategy = cell.strategy.to_string();
    (cell.experiment.to_owned(), cell.method.to_owned(), cell.size, strategy)
}

/// Replicates of a cell that are looked at: the more the surer, but each is a file.
const LOOKED_AT: usize = 3;

/// Answers per second by cell, over its first replicates. Answers that were known from before say
/// nothing of a method's speed, so that a replicate with any of them is left out.
pub(crate) fn speeds(plan: &Plan, record: &Record) -> Result<BTreeMap<CellName, f64>> {
    let mut speeds = BTreeMap::new();
    for cell in cells(plan) {
        let (mut answers, mut milliseconds) = (0, 0.0);
        for replicate in cell.replicates.iter().take(LOOKED_AT) {
            let Some(manifest) = record.manifest(replicate)? else { continue };
            if manifest.volatile.known.is_some_and(|[_, known]| known > 0) {
                continue;
            }
            let counts = manifest.counts;
            answers += counts.ok + counts.refused + counts.invalid;
            milliseconds += manifest.volatile.answer_ms;
        }
        if milliseconds > 0.0 {
            speeds.insert(name(&cell), answers as f64 * 1000.0 / milliseconds);
        }
    }
    Ok(speeds)
}
