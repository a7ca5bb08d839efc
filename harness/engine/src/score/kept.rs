//! Scores of a run that are kept beside its answers, so that what shows them need not score again.
//!
//! Invariant: kept scores are used only for what they were made from: this version of pilotbench, the
//! plan and what it shows, the libraries that the plan names, and the answers that are committed.
//! Whoever doubts them removes the file; `verify` never reads it.

use super::Scores;
use crate::{
    fault::{Fault, Result},
    identity,
    plan::Plan,
    record::Record,
    whole,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
};

/// File in the folder of a run. There are hundreds of thousands of numbers in it: as text it was tens of
/// megabytes.
const FILE: &str = "scores.msgpack.zst";
/// Draws cannot be made much smaller, at whatever level.
const LEVEL: i32 = 1;

#[derive(Serialize, Deserialize)]
struct Kept<S> {
    /// SHA-256 of what the scores were made from.
    made_from: String,
    scores: S,
}

/// The scores that were kept for a plan and the answers that are there now; `None` when there are
/// none, or they cannot be read: they can be made again.
///
/// # Errors
/// When the record is damaged.
pub fn kept(plan: &Plan, record: &Record) -> Result<Option<Scores>> {
    let Some(kept) = read(&place(record)) else { return Ok(None) };
    Ok((kept.made_from == made_from(plan, record)?).then_some(kept.scores))
}

/// Keeps the scores of a run. The caller has seen to it that the libraries are those of the plan.
///
/// # Errors
/// When the record is damaged, or writing fails.
pub fn keep(plan: &Plan, record: &Record, scores: &Scores) -> Result<()> {
    let kept = Kept { made_from: made_from(plan, record)?, scores };
    let path = place(record);
    let bytes = packed(&kept).map_err(|e| Fault::store(path.display(), e))?;
    whole::write(&path, &bytes)
}

fn read(path: &Path) -> Option<Kept<Scores>> {
    let bytes = zstd::Decoder::new(File::open(path).ok()?).ok()?;
    rmp_serde::from_read(BufReader::new(bytes)).ok()
}

fn packed(kept: &Kept<&Scores>) -> io::Result<Vec<u8>> {
    let mut packed = BufWriter::new(zstd::Encoder::new(Vec::new(), LEVEL)?);
    rmp_serde::encode::write_named(&mut packed, kept).map_err(io::Error::other)?;
    packed.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

fn place(record: &Record) -> PathBuf {
    record.root().join(FILE)
}

/// What scores are a function of.
fn made_from(plan: &Plan, record: &Record) -> Result<String> {
    let mut answers = Vec::with_capacity(plan.replicates.len());
    for replicate in &plan.replicates {
        let manifest = record.manifest(replicate)?;
        // What a service took stands in the manifest alone.
        answers.push(manifest.map(|m| (m.answers.sha256, m.counts, m.used, m.plugin)));
    }
    let version = env!("CARGO_PKG_VERSION");
    let shown = &plan.leaderboard;
    Ok(identity::sha256_of(&(version, plan.identity(), shown, plan.plugins(), answers)))
}
