//! Stage 7: what a run leaves on disk.
//!
//! ```text
//! results/runs/<run>/plan.json                                the work, written once
//!                    run.toml                                 the run file as it was
//!                    cells/<aa>/<id>/<sha256>.parquet         answers of one replicate
//!                    cells/<aa>/<id>/manifest.json            its commit point
//!                    failures/<id>/<attempt>.json             why a replicate failed
//!                    journal.jsonl                            advisory; a torn last line is normal
//!                    LOCK                                     held while a coordinator works
//!                    leaderboard/                             derived: can be made again
//!                    scores.msgpack.zst                       the same
//! ```
//!
//! Invariants: a replicate is done when its manifest exists, never before; nothing committed is
//! overwritten; what is left to do is a function of plan and store alone.

mod answers;
mod journal;
mod lock;
mod machine;
mod manifest;
mod store;

pub use answers::{decode, decode_at_most, encode};
pub(crate) use journal::COMMITTED;
pub use journal::Journal;
pub use lock::Lock;
pub use machine::machine;
pub use manifest::{Adapted, AnswersFile, Counts, Failure, Manifest, Sets, Volatile};

use crate::{
    fault::{Fault, FaultKind, Result},
    identity,
    plan::{PLAN_FORMAT, Plan, Replicate},
};
use std::path::{Path, PathBuf};
use store::{Put, Store};

const PLAN_FILE: &str = "plan.json";
const RUN_FILE: &str = "run.toml";

/// The record of one run.
pub struct Record {
    root: PathBuf,
    store: Store,
}

impl Record {
    /// Creates the record of a plan, or opens the one that is there for the same plan.
    ///
    /// # Errors
    /// When the folder cannot be written or holds another plan.
    pub fn create(root: &Path, plan: &Plan, run_file: &str, _lock: &Lock) -> Result<Self> {
        let record = Self { root: root.to_owned(), store: Store::open(root)? };
        // The plan comes last: a folder with a plan is a run that can be gone on with.
        record.store.replace(RUN_FILE, run_file.as_bytes().to_vec())?;
        let text =
            |plan: &Plan| serde_json::to_string_pretty(plan).expect("a plan is JSON").into_bytes();
        if let Put::Exists = record.store.create(PLAN_FILE, text(plan))? {
            let recorded = record.plan()?;
            if recorded.identity() != plan.identity() {
                let message = "the folder holds another plan";
                return Err(Fault::usage(root.display(), message).hint("choose another run name"));
            }
            // The same work may be shown in another way.
            if recorded.leaderboard != plan.leaderboard {
                let shown = Plan { leaderboard: plan.leaderboard.clone(), ..recorded };
                record.store.replace(PLAN_FILE, text(&shown))?;
            }
        }
        Ok(record)
    }

    /// The record of a plan in a folder that is thrown away: nothing is synced.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn scratch(root: &Path, plan: &Plan) -> Result<Self> {
        let record = Self { root: root.to_owned(), store: Store::scratch(root)? };
        let text = serde_json::to_vec(plan).map_err(|e| Fault::store(root.display(), e))?;
        record.store.replace(PLAN_FILE, text)?;
        Ok(record)
    }

    /// Opens an existing record.
    ///
    /// # Errors
    /// When there is none, or its plan cannot be read.
    pub fn open(root: &Path) -> Result<Self> {
        if !root.join(PLAN_FILE).is_file() {
            let fault = Fault::usage(root.display(), "no run is recorded here (no plan.json)");
            return Err(fault.hint("`pilotbench status` lists the runs"));
        }
        Ok(Self { root: root.to_owned(), store: Store::open(root)? })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The plan.
    ///
    /// # Errors
    /// When it is damaged: its replicates' identities are computed anew and must agree.
    pub fn plan(&self) -> Result<Plan> {
        let plan: Plan = self.store.json(PLAN_FILE)?;
        if plan.format != PLAN_FORMAT {
            let message = format!("plan format {}, this version reads {PLAN_FORMAT}", plan.format);
            return Err(Fault::store(self.place(PLAN_FILE), message));
        }
        for r in &plan.replicates {
            let experiment = plan.experiment(&r.experiment);
            let method = plan.method(&r.method);
            let computed = experiment.zip(method).map(|(experiment, method)| {
                plan.replicate_identity(experiment, method, (r.size, &r.strategy, r.seed))
            });
            if computed.as_ref() != Some(&r.id) {
                let message =
                    format!("the identity of replicate {} does not follow from the plan", r.id);
                return Err(Fault::store(self.place(PLAN_FILE), message));
            }
        }
        Ok(plan)
    }

    /// Commits a replicate: its answers, then its manifest.
    ///
    /// # Errors
    /// When writing fails, or another manifest with other answers is there.
    pub fn commit(&self, manifest: &Manifest, answers: Vec<u8>) -> Result<()> {
        let folder = cell_folder(&manifest.replicate.id);
        // Named by its content: a file of this name that a dying process left can only be damaged.
        self.store.replace(&format!("{folder}/{}", manifest.answers.file), answers)?;
        let path = format!("{folder}/manifest.json");
        let text = serde_json::to_string_pretty(manifest).expect("a manifest is JSON");
        if let Put::Exists = self.store.create(&path, text.into_bytes())? {
            let earlier: Manifest = self.store.json(&path)?;
            if earlier.answers != manifest.answers {
                let message = format!(
                    "computed again with other answers: {} then, {} now",
                    earlier.answers.sha256, manifest.answers.sha256
                );
                return Err(Fault::new(FaultKind::Nondeterminism, self.place(&path), message));
            }
        }
        Ok(())
    }

    /// The manifest of a replicate, when it is committed.
    ///
    /// # Errors
    /// When it is damaged, of a later format, or of another replicate.
    pub fn manifest(&self, replicate: &Replicate) -> Result<Option<Manifest>> {
        let path = format!("{}/manifest.json", cell_folder(&replicate.id));
        if !self.store.has(&path)? {
            return Ok(None);
        }
        let manifest: Manifest = self.store.json(&path)?;
        match manifest.replicate == *replicate && manifest.format == manifest::FORMAT {
            true => Ok(Some(manifest)),
            false => Err(Fault::store(self.place(&path), "the manifest is of another replicate")),
        }
    }

    /// The answers of a committed replicate, checked against the manifest's hash.
    ///
    /// # Errors
    /// When the file is missing or its bytes differ.
    pub fn answers(&self, manifest: &Manifest) -> Result<Vec<u8>> {
        let path = format!("{}/{}", cell_folder(&manifest.replicate.id), manifest.answers.file);
        let bytes = self.store.read(&path)?;
        let found = identity::sha256(&bytes);
        match found == manifest.answers.sha256 {
            true => Ok(bytes),
            false => {
                let message =
                    format!("sha256 is {found}, the manifest says {}", manifest.answers.sha256);
                let hint = "the answers were changed or damaged after they were committed";
                Err(Fault::store(self.place(&path), message).hint(hint))
            }
        }
    }

    /// Notes why a replicate failed.
    ///
    /// # Errors
    /// When writing fails.
    pub fn fail(&self, replicate: &Replicate, fault: &Fault) -> Result<()> {
        for attempt in 1.. {
            let path = format!("failures/{}/{attempt}.json", replicate.id);
            let failure = Failure::new(replicate, attempt, fault);
            let text = serde_json::to_string_pretty(&failure).expect("a failure is JSON");
            if let Put::Created = self.store.create(&path, text.into_bytes())? {
                break;
            }
        }
        Ok(())
    }

    /// The last failure of a replicate.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn failure(&self, replicate: &Replicate) -> Result<Option<Failure>> {
        let mut last = None;
        for attempt in 1.. {
            let path = format!("failures/{}/{attempt}.json", replicate.id);
            if !self.store.has(&path)? {
                break;
            }
            last = Some(self.store.json(&path)?);
        }
        Ok(last)
    }

    /// Removes what a killed run left half-written. Only the holder of the lock may.
    ///
    /// # Errors
    /// When a leftover cannot be removed.
    pub fn sweep(&self, _lock: &Lock) -> Result<usize> {
        self.store.sweep()
    }

    /// A path below the record, as shown in faults.
    fn place(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }
}

/// Folder of a replicate: the first two digits keep folders small.
pub(crate) fn cell_folder(id: &str) -> String {
    format!("cells/{}/{id}", &id[..2])
}
