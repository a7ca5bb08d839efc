//! Files of a leaderboard, each written beside its place and renamed.

use super::{board::Board, csv::csv, markdown::markdown};
use crate::{
    fault::{Fault, Result},
    plan::Plan,
    score::{CellScores, scores_file},
    whole,
};
use std::path::Path;

/// Names of the files.
pub const FILES: [&str; 4] =
    ["leaderboard.md", "leaderboard.csv", "leaderboard.json", "scores.parquet"];

/// The files of a leaderboard, in the order of [`FILES`].
///
/// # Errors
/// When encoding fails.
pub fn files(plan: &Plan, board: &Board, cells: &[CellScores]) -> Result<[Vec<u8>; 4]> {
    let mut json =
        serde_json::to_vec_pretty(board).map_err(|e| Fault::store("leaderboard.json", e))?;
    json.push(b'\n');
    Ok([markdown(board).into_bytes(), csv(board)?, json, scores_file(plan, cells)?])
}

/// Writes files into a folder.
///
/// # Errors
/// When writing fails.
pub fn publish(folder: &Path, files: &[Vec<u8>; 4]) -> Result<()> {
    FILES.iter().zip(files).try_for_each(|(name, bytes)| put(folder, name, bytes))
}

/// Writes a file into a folder, whole or not at all; one of this name is replaced.
///
/// # Errors
/// When writing fails.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let fault = |e: std::io::Error| Fault::store(folder.display(), e);
    std::fs::create_dir_all(folder).map_err(fault)?;
    whole::write(&folder.join(name), bytes)
}
