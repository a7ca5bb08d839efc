//! A board of several hands: the references that came with it, and what was handed in and added.
//!
//! ```text
//! <board>/board.toml                    title, and what was added at which level
//!         run.toml                      the protocol as a run file, for those who hand in
//!         protocol/                     the references, in the layout of a record
//!         submissions/<by>.<name>/      what was handed in, as it came
//! ```

use super::{
    SUBMISSION_FILE,
    findings::Finding,
    folder::Folder,
    form::{Submission, is_slug},
    read::{Read, strict},
    write::PLAN_FILE,
};
use crate::{
    fault::{Fault, Result},
    leaderboard::Level,
    plan::{Plan, PlannedMethod},
    record::{self, Record},
    whole,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Name of the board's own file.
pub const BOARD_FILE: &str = "board.toml";
/// Version of its form.
///
/// 1: first.
const FORMAT: u32 = 1;

/// `board.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoardFile {
    /// Version of the form, 1.
    pub format: u32,
    /// Title.
    pub title: String,
    /// What was added, in order of title.
    #[serde(default, rename = "entry", skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
}

/// A submission on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `by.name`, its folder in `submissions`.
    pub submission: String,
    /// Who vouches for its numbers.
    pub level: Level,
    /// Identity of what was added: with any other byte it is another submission.
    pub sha256: String,
}

/// A board.
pub struct SharedBoard {
    pub(super) root: PathBuf,
    /// Its file.
    pub file: BoardFile,
    /// The plan of its references.
    pub plan: Plan,
    /// Their answers.
    pub record: Record,
}

/// What a method of a submission is called on a board.
pub fn merged_name(by: &str, method: &str) -> String {
    format!("{by}.{method}")
}

impl SharedBoard {
    /// Makes an empty board of these references.
    ///
    /// # Errors
    /// When writing fails.
    pub fn create(root: &Path, title: &str, plan: &Plan, record: &Record) -> Result<()> {
        if plan.methods.iter().all(|m| !m.facts.learns_from.uses_pilot()) {
            let message = "none of the references learns from the pilot";
            let fault = Fault::usage("--reference", message);
            return Err(fault.hint("`marginal` does: its sizes are the board's"));
        }
        let protocol = root.join("protocol");
        fs::create_dir_all(&protocol).map_err(|e| Fault::store(protocol.display(), e))?;
        let ours = Record::scratch(&protocol, plan)?;
        for replicate in &plan.replicates {
            let Some(manifest) = record.manifest(replicate)? else {
                let message = format!("replicate {} is missing", replicate.id);
                let fault = Fault::usage(record.root().display(), message);
                return Err(fault.hint("`pilotbench resume` goes on with the run"));
            };
            let bytes = record.answers(&manifest)?;
            let manifest = record::Manifest { volatile: record::Volatile::default(), ..manifest };
            ours.commit(&manifest, bytes)?;
        }
        let file = BoardFile { format: FORMAT, title: title.to_owned(), entries: Vec::new() };
        write_file(root, &file)
    }

    /// Opens a board.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join(BOARD_FILE);
        let text = fs::read_to_string(&path).map_err(|e| {
            Fault::usage(path.display(), e)
                .hint("`pilotbench board new DIR --run RUN` makes a board")
        })?;
        let file: BoardFile = toml::from_str(&text)
            .map_err(|e| Fault::store(path.display(), e.message().to_owned()))?;
        if file.format != FORMAT {
            let message = format!("format {}, this version reads {FORMAT}", file.format);
            return Err(Fault::store(path.display(), message));
        }
        let is_title = |title: &str| {
            title.split_once('.').is_some_and(|(by, name)| is_slug(by) && is_slug(name))
        };
        if let Some(entry) = file.entries.iter().find(|entry| !is_title(&entry.submission)) {
            let message = format!("`{}` is not of the form by.name", entry.submission);
            return Err(Fault::store(path.display(), message));
        }
        let record = Record::open(&root.join("protocol"))?;
        Ok(Self { root: root.to_owned(), plan: record.plan()?, record, file })
    }

    /// The entry of a title.
    pub fn entry(&self, title: &str) -> Option<&Entry> {
        self.file.entries.iter().find(|entry| entry.submission == title)
    }

    /// Where a submission lies.
    pub fn place(&self, title: &str) -> PathBuf {
        self.root.join("submissions").join(title)
    }

    /// Whether a method is one of the board's references: the same in everything that changes
    /// answers.
    pub fn reference(&self, method: &PlannedMethod) -> Option<&PlannedMethod> {
        self.plan.methods.iter().find(|own| is_same(own, method))
    }

    /// Puts a submission that was checked into its place and into the board's file.
    ///
    /// # Errors
    /// When writing fails.
    pub fn add(&mut self, read: &Read, level: Level) -> Result<()> {
        let title = read.submission.title();
        let place = self.place(&title);
        let fault = |e: std::io::Error| Fault::store(place.display(), e);
        let is_there = place.canonicalize().is_ok_and(|p| read.folder.is(&p));
        if !is_there {
            let parent = self.root.join("submissions");
            fs::create_dir_all(&parent).map_err(fault)?;
            let staged = tempfile::tempdir_in(&parent).map_err(fault)?;
            read.folder.copy(staged.path())?;
            if place.symlink_metadata().is_ok() {
                fs::remove_dir_all(&place).map_err(fault)?;
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let readable = fs::Permissions::from_mode(0o755);
                fs::set_permissions(staged.path(), readable).map_err(fault)?;
            }
            fs::rename(staged.keep(), &place).map_err(fault)?;
        }
        let sha256 = read.submission.identity();
        self.file.entries.retain(|entry| entry.submission != title);
        self.file.entries.push(Entry { submission: title, level, sha256 });
        self.file.entries.sort_by(|a, b| a.submission.cmp(&b.submission));
        write_file(&self.root, &self.file)
    }

    /// The plan of a submission on the board.
    pub(super) fn plan_of(&self, entry: &Entry) -> Result<(Submission, Plan)> {
        let place = self.place(&entry.submission);
        let fault =
            |finding: Finding| Fault::store(place.join(&finding.place).display(), finding.message);
        let (folder, _) = Folder::walk(&place)?;
        let form = folder.read(SUBMISSION_FILE).map_err(fault)?;
        let submission = Submission::parse(&String::from_utf8_lossy(&form))?;
        let bytes = folder.read(PLAN_FILE).map_err(fault)?;
        Ok((submission, strict(PLAN_FILE, &bytes).map_err(fault)?))
    }
}

fn write_file(root: &Path, file: &BoardFile) -> Result<()> {
    let path = root.join(BOARD_FILE);
    let text = toml::to_string(file).map_err(|e| Fault::store(path.display(), e))?;
    whole::write(&path, text.as_bytes())
}

/// Whether two methods are the same in everything that changes answers: one piece of work.
pub(super) fn is_same(a: &PlannedMethod, b: &PlannedMethod) -> bool {
    let of = |m: &PlannedMethod| {
        let plugin = &m.facts.plugin;
        (
            plugin.name.clone(),
            plugin.version.clone(),
            m.backend.clone(),
            m.adapter.clone(),
            m.settings.clone(),
            m.facts.provenance.clone(),
        )
    };
    of(a) == of(b)
}
