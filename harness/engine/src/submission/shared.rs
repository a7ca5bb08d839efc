//! A board of several hands: the references that came with it, and what was handed in and added.
//!
//! ```text
//! <board>/board.toml                    title, and what was added at which level
//!         run.toml                      the protocol as a run file, for those who hand in
//!         protocol/                     the references, in the layout of a record
//!         submissions/<by>.<name>/      what was handed in, as it came
//! ```

use super::{
    check::Checked,
    claims,
    findings::{Check, Finding},
    folder::Folder,
    form::Submission,
    read::{Read, read, strict},
    replicates,
    write::{PLAN_FILE, SCORES_FILE},
};
use crate::{
    fault::{Fault, Result},
    leaderboard::{Level, Shared},
    plan::{Plan, PlannedMethod, Protocol, Replicate, check_method_name},
    plugin::{ScoreInfo, worker::Reader},
    record::{self, Record},
    score::CellScores,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
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
    root: PathBuf,
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
    fn plan_of(&self, entry: &Entry) -> Result<(Submission, Plan)> {
        let place = self.place(&entry.submission);
        let fault =
            |finding: Finding| Fault::store(place.join(&finding.place).display(), finding.message);
        let (folder, _) = Folder::walk(&place)?;
        let form = folder.read(super::SUBMISSION_FILE).map_err(fault)?;
        let submission = Submission::parse(&String::from_utf8_lossy(&form))?;
        let bytes = folder.read(PLAN_FILE).map_err(fault)?;
        Ok((submission, strict(PLAN_FILE, &bytes).map_err(fault)?))
    }

    /// Takes everything on the board into one record: the references, and each submission under
    /// names of its own. `done` is called after each replicate.
    ///
    /// # Errors
    /// When a submission is not what was added.
    pub fn merge(
        &self,
        datasets: &Path,
        reader: &Reader,
        into: &Path,
        done: &(dyn Fn() + Sync),
    ) -> Result<Merged> {
        let mut plan = self.plan.clone();
        let mut reads = Vec::new();
        let mut submissions = Vec::new();
        let mut levels: BTreeMap<String, Level> =
            plan.methods.iter().map(|m| (m.name.clone(), Level::Reference)).collect();
        for entry in &self.file.entries {
            let read = self.read_entry(entry, datasets)?;
            let mut names = Vec::new();
            for method in read.plan.methods.iter().filter(|m| self.reference(m).is_none()) {
                let name = merged_name(&read.submission.by, &method.name);
                if levels.insert(name.clone(), entry.level).is_some() {
                    let message = format!("`{name}` stands on the board twice");
                    return Err(Fault::store(entry.submission.clone(), message));
                }
                names.push(name.clone());
                plan.methods.push(PlannedMethod { name, ..method.clone() });
            }
            submissions.push(read.submission.handed_in(entry.level, names));
            reads.push((entry, read));
        }
        let expanded = Protocol::of(&self.plan).expand(&plan, &self.plan.left_out);
        let too_many = || Fault::store(self.root.display(), "the board has too many replicates");
        (plan.replicates, plan.left_out) = expanded.ok_or_else(too_many)?;
        let record = Record::scratch(into, &plan)?;
        for replicate in &self.plan.replicates {
            if let Some(manifest) = self.record.manifest(replicate)? {
                record.commit(&manifest, self.record.answers(&manifest)?)?;
            }
        }
        let mut claimed = Vec::new();
        for (entry, read) in reads {
            let renamed = |replicate: &Replicate| {
                let method = read.plan.method(&replicate.method)?;
                let name = merged_name(&read.submission.by, &method.name);
                self.reference(method)
                    .is_none()
                    .then(|| Replicate { method: name, ..replicate.clone() })
            };
            let findings = replicates::take(&read, reader, &renamed, &record, done);
            refuse(entry, &findings)?;
            if entry.level == Level::SelfReported {
                claimed.push(read);
            }
        }
        let shared = Shared { title: self.file.title.clone(), submissions };
        Ok(Merged { plan, record, levels, shared, claimed })
    }

    /// A submission as it was added.
    fn read_entry(&self, entry: &Entry, datasets: &Path) -> Result<Read> {
        let (checks, read) = read(&self.place(&entry.submission), datasets)?;
        let findings: Vec<Finding> = checks.into_iter().flat_map(|check| check.findings).collect();
        refuse(entry, &findings)?;
        let is_it = |read: &Read| {
            read.submission.identity() == entry.sha256
                && read.submission.title() == entry.submission
        };
        read.filter(is_it).ok_or_else(|| {
            let message = "is not what was added to the board";
            let fault = Fault::store(self.place(&entry.submission).display(), message);
            fault.hint("`pilotbench board add FOLDER --replace` checks and adds it again")
        })
    }
}

/// A fault of what was sound when it was added.
fn refuse(entry: &Entry, findings: &[Finding]) -> Result<()> {
    match findings.first() {
        None => Ok(()),
        Some(Finding { place, message, .. }) => {
            let message = format!("{place}: {message} (and {} more)", findings.len() - 1);
            let fault = Fault::store(format!("submissions/{}", entry.submission), message);
            Err(fault.hint("`pilotbench submit-check` tells all of it"))
        }
    }
}

fn write_file(root: &Path, file: &BoardFile) -> Result<()> {
    let path = root.join(BOARD_FILE);
    let text = toml::to_string(file).map_err(|e| Fault::store(path.display(), e))?;
    fs::write(&path, text).map_err(|e| Fault::store(path.display(), e))
}

/// Whether two methods are the same in everything that changes answers: one piece of work.
fn is_same(a: &PlannedMethod, b: &PlannedMethod) -> bool {
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

/// Everything on a board as one run.
pub struct Merged {
    /// Its plan.
    pub plan: Plan,
    /// Its answers.
    pub record: Record,
    /// Who vouches for which method.
    pub levels: BTreeMap<String, Level>,
    /// What a board tells of its submissions.
    pub shared: Shared,
    claimed: Vec<Read>,
}

impl Merged {
    /// The plan of the methods that are scored here.
    pub fn scored(&self) -> Plan {
        let is_scored = |name: &str| self.levels.get(name) != Some(&Level::SelfReported);
        self.plan.clone().only(|method| is_scored(&method.name))
    }

    /// Adds the scores that were only handed in to those that were computed, in the order of the
    /// plan.
    ///
    /// # Errors
    /// When they are none.
    pub fn with_claimed(
        &self,
        mut computed: Vec<CellScores>,
        infos: &[ScoreInfo],
    ) -> Result<Vec<CellScores>> {
        for read in &self.claimed {
            let fault = |f: Finding| {
                let place = format!("{}: {}", read.submission.title(), f.place);
                Fault::store(place, f.message)
            };
            let claimed = read.folder.read(SCORES_FILE).map_err(fault)?;
            let cells = claims::cells(&read.plan, infos, &claimed).map_err(fault)?;
            for (mut cell, planned) in cells.into_iter().zip(crate::score::cells(&read.plan)) {
                let method = merged_name(&read.submission.by, &cell.facts.method);
                // A reference stands on the board already.
                if !self.levels.contains_key(&method) {
                    continue;
                }
                // What became of the requests was counted here.
                for replicate in planned.replicates {
                    let ours = Replicate { method: method.clone(), ..replicate.clone() };
                    let manifest = self.record.manifest(&ours)?;
                    manifest.iter().for_each(|manifest| cell.facts.counts.add(manifest.counts));
                }
                cell.facts.method = method;
                computed.push(cell);
            }
        }
        let order: BTreeMap<[String; 4], usize> = crate::score::cells(&self.plan)
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                let (size, strategy) = (cell.size.to_string(), cell.strategy.to_string());
                ([cell.experiment.to_owned(), cell.method.to_owned(), size, strategy], at)
            })
            .collect();
        computed.sort_by_key(|cell| {
            let facts = &cell.facts;
            let (size, strategy) = (facts.size.to_string(), facts.strategy.clone());
            order.get(&[facts.experiment.clone(), facts.method.clone(), size, strategy]).copied()
        });
        Ok(computed)
    }
}

/// Whether a submission may stand on this board.
///
/// # Errors
/// When the board cannot be read.
pub fn against_board(board: &SharedBoard, checked: &Checked, replaces: bool) -> Result<Vec<Check>> {
    let Some((read, record)) = &checked.sound else {
        return Ok(vec![Check::skipped("board", "what is above comes first")]);
    };
    let differences = Protocol::of(&board.plan).differences(&Protocol::of(&read.plan));
    let hint = "run the board's own run.toml with your methods, and all of its sizes";
    let findings: Vec<Finding> = differences
        .into_iter()
        .map(|difference| {
            Finding::new(PLAN_FILE, format!("another protocol: {difference}")).hint(hint)
        })
        .collect();
    let is_one = findings.is_empty();
    let mut checks = vec![Check::made("protocol", "that of the board", findings)];
    if is_one {
        checks.push(references(board, read, record)?);
    }
    checks.push(names(board, read, replaces)?);
    Ok(checks)
}

/// References in a submission are those of the board, answer by answer.
fn references(board: &SharedBoard, read: &Read, record: &Record) -> Result<Check> {
    let mut findings = Vec::new();
    let mut shared = Vec::new();
    for method in &read.plan.methods {
        let Some(own) = board.reference(method) else { continue };
        shared.push(method.name.as_str());
        let theirs = read.plan.replicates.iter().filter(|r| r.method == method.name);
        let mut differing = 0;
        for replicate in theirs {
            let ours = Replicate { method: own.name.clone(), ..replicate.clone() };
            let table = |record: &Record, replicate: &Replicate| {
                let manifest = record.manifest(replicate)?;
                manifest.map(|m| record::decode(record.answers(&m)?)).transpose()
            };
            differing += usize::from(table(&board.record, &ours)? != table(record, replicate)?);
        }
        if differing > 0 {
            let message = format!(
                "is the board's reference `{}`, and {differing} of its replicates have other answers",
                own.name
            );
            findings.push(Finding::new(format!("method {}", method.name), message));
        }
    }
    let said = match shared.is_empty() {
        true => "none of its methods is a reference of the board".to_owned(),
        false => format!("{}: the answers of the board", shared.join(", ")),
    };
    Ok(Check::made("references", said, findings))
}

/// Names that are free, and methods that are not there yet.
fn names(board: &SharedBoard, read: &Read, replaces: bool) -> Result<Check> {
    let title = read.submission.title();
    let mut findings = Vec::new();
    if read.folder.is_among_submissions() && !read.folder.is_called(&title) {
        let finding = Finding::new(&title, "lies in `submissions` under another name");
        findings.push(finding.hint("call its folder by.name"));
    }
    let mut said = String::new();
    if let Some(entry) = board.entry(&title) {
        let is_same = entry.sha256 == read.submission.identity();
        match (replaces, is_same) {
            (true, _) => said = format!("replaces {title}; "),
            (false, true) => findings.push(
                Finding::new(&title, "is on the board already, the very same")
                    .hint("--replace adds it again, at another level perhaps"),
            ),
            (false, false) => findings.push(
                Finding::new(&title, "is on the board already, another version")
                    .hint("--replace puts this one in its place; else give it another --name"),
            ),
        }
    }
    let new: Vec<&PlannedMethod> =
        read.plan.methods.iter().filter(|m| board.reference(m).is_none()).collect();
    for method in &new {
        let name = merged_name(&read.submission.by, &method.name);
        if let Err(message) = check_method_name(&name) {
            findings.push(Finding::new(format!("method {}", method.name), message));
        }
        if method.facts.learns_from.is_oracle() {
            let message =
                "knows more than a method may: an oracle that is no reference of the board";
            findings.push(Finding::new(format!("method {}", method.name), message));
        }
    }
    if new.is_empty() {
        findings.push(Finding::new(&title, "has nothing but references of the board"));
    }
    for entry in board.file.entries.iter().filter(|entry| entry.submission != title) {
        let (other, plan) = board.plan_of(entry)?;
        for method in &new {
            let place = format!("method {}", method.name);
            let same_name = |theirs: &&PlannedMethod| {
                other.by == read.submission.by && theirs.name == method.name
            };
            if let Some(theirs) = plan.methods.iter().find(|theirs| is_same(theirs, method)) {
                let name = merged_name(&other.by, &theirs.name);
                let message = format!(
                    "is `{name}` of {}: plugin, version, backend and settings are the same",
                    entry.submission
                );
                findings.push(
                    Finding::new(place, message)
                        .hint("another version or other settings make another method"),
                );
            } else if plan
                .methods
                .iter()
                .filter(|m| board.reference(m).is_none())
                .any(|m| same_name(&m))
            {
                let message = format!("has the name of a method of {}", entry.submission);
                findings.push(Finding::new(place, message).hint("give it another name"));
            }
        }
    }
    let listed: Vec<String> =
        new.iter().map(|m| merged_name(&read.submission.by, &m.name)).collect();
    Ok(Check::made("names", said + &listed.join(", "), findings))
}
