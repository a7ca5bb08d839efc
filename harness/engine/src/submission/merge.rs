//! Everything on a board as one run.

use super::{
    claims,
    findings::Finding,
    read::{Read, read},
    replicates,
    shared::{Entry, SharedBoard, merged_name},
    write::SCORES_FILE,
};
use crate::{
    fault::{Fault, Result},
    leaderboard::{Level, Shared},
    plan::{Plan, PlannedMethod, Protocol, Replicate},
    plugin::{ScoreInfo, worker::Reader},
    record::Record,
    score::CellScores,
};
use std::{collections::BTreeMap, path::Path};

impl SharedBoard {
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
