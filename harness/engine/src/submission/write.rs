//! A submission is made from a run.

use super::form::{SUBMISSION_FILE, Submission};
use crate::{
    fault::{Fault, Result},
    identity,
    plan::Plan,
    record::{self, Manifest, Record, Volatile},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The plan.
pub(super) const PLAN_FILE: &str = "plan.json";
/// The scores that are claimed.
pub const SCORES_FILE: &str = "scores.csv";

/// Hash of files by name and hash, in order of name.
pub(super) fn files_sha256(files: &[(&str, String)]) -> String {
    identity::sha256_of(&files)
}

/// Writes a submission of a plan's answers into a folder that is not there yet. What a manifest says
/// of the machine stays at home.
///
/// # Errors
/// When a replicate is missing, or writing fails.
pub fn write(
    folder: &Path,
    submission: Submission,
    plan: &Plan,
    record: &Record,
    scores: Vec<u8>,
) -> Result<()> {
    submission.check()?;
    let missing = plan.replicates.iter().map(|r| record.manifest(r)).collect::<Result<Vec<_>>>()?;
    let missing = missing.iter().filter(|manifest| manifest.is_none()).count();
    if missing > 0 {
        let message = format!("{missing} of {} replicates are missing", plan.replicates.len());
        let fault = Fault::usage(record.root().display(), message);
        return Err(fault.hint("`pilotbench resume` goes on with the run"));
    }
    if folder.symlink_metadata().is_ok() {
        let fault = Fault::usage(folder.display(), "is there already");
        return Err(fault.hint("choose another folder, or remove this one"));
    }
    let mut out = Out { root: folder.to_owned(), hashes: Vec::new() };
    for replicate in &plan.replicates {
        let Some(manifest) = record.manifest(replicate)? else { continue };
        let cell = record::cell_folder(&replicate.id);
        out.file(&format!("{cell}/{}", manifest.answers.file), &record.answers(&manifest)?)?;
        let manifest = Manifest { volatile: Volatile::default(), ..manifest };
        out.json(&format!("{cell}/manifest.json"), &manifest)?;
    }
    out.json(PLAN_FILE, plan)?;
    out.file(SCORES_FILE, &scores)?;
    out.hashes.sort();
    let hashes: Vec<(&str, String)> =
        out.hashes.iter().map(|(name, hash)| (name.as_str(), hash.clone())).collect();
    let submission = Submission { files_sha256: files_sha256(&hashes), ..submission };
    let text = toml::to_string(&submission).map_err(|e| Fault::store(SUBMISSION_FILE, e))?;
    // Last: a folder with it is whole.
    out.file(SUBMISSION_FILE, text.as_bytes())
}

struct Out {
    root: PathBuf,
    hashes: Vec<(String, String)>,
}

impl Out {
    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(name);
        let fault = |e: std::io::Error| Fault::store(path.display(), e);
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fault)?;
        fs::write(&path, bytes).map_err(fault)?;
        self.hashes.push((name.to_owned(), identity::sha256(bytes)));
        Ok(())
    }

    fn json<T: serde::Serialize>(&mut self, name: &str, value: &T) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|e| Fault::store(name, e))?;
        self.file(name, text.as_bytes())
    }
}
