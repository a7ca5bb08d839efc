//! All checks of one submission, in the order in which they can be made.

use super::{
    claims,
    findings::{Check, Finding, Status},
    read::{Read, read},
    replicates,
    write::SCORES_FILE,
};
use crate::{
    experiment::Experiment,
    fault::{Fault, Result},
    plan::{Plan, ScoringFile, rescored},
    plugin::{Plugins, Source, worker::Reader},
    record::Record,
    score,
};
use std::path::Path;
use tempfile::TempDir;

/// What is here to check with.
pub struct Here<'a> {
    /// Folder of experiments.
    pub datasets: &'a Path,
    /// Reads their Parquet.
    pub reader: &'a Reader,
    /// Metrics, and what is known of backends.
    pub plugins: &'a Plugins,
}

/// A submission with what was found of it.
pub struct Checked {
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// The submission and its answers as a record of ours, where all is sound that scores rest on.
    pub sound: Option<(Read, Record)>,
    _folder: TempDir,
}

impl Checked {
    /// Whether nothing is wrong.
    pub fn is_passed(&self) -> bool {
        self.checks.iter().all(|check| check.status != Status::Failed)
    }
}

/// What scores a plan's answers: the CSV of its leaderboard.
pub type Score<'a> = dyn Fn(&Plan, &[Experiment], &Record) -> Result<Vec<u8>> + 'a;

/// Checks a submission, but for its scores. `done` is called after each replicate.
///
/// # Errors
/// When there is no folder, or no place for what is read.
pub fn check(root: &Path, here: &Here, done: &(dyn Fn() + Sync)) -> Result<Checked> {
    let scratch = tempfile::tempdir().map_err(|e| Fault::store("temporary folder", e))?;
    let (mut checks, read) = read(root, here.datasets)?;
    let Some(read) = read else {
        checks.push(Check::skipped("answers", "what is above comes first"));
        return Ok(Checked { checks, sound: None, _folder: scratch });
    };
    let record = Record::scratch(scratch.path(), &read.plan)?;
    let whole = |replicate: &crate::plan::Replicate| Some(replicate.clone());
    let findings = replicates::take(&read, here.reader, &whole, &record, done);
    let is_sound = findings.is_empty();
    let said = "hashes, participants, pilots and held-out as the protocol draws them, every answer a \
                level, a refusal or invalid";
    checks.push(Check::made("answers", said, findings));
    checks.push(plugins(&read.plan, here.plugins));
    let sound = is_sound.then_some((read, record));
    Ok(Checked { checks, sound, _folder: scratch })
}

/// Computes every score again and compares it with the claimed one.
///
/// # Errors
/// When scoring is stopped.
pub fn score_check(checked: &Checked, here: &Here, score: &Score) -> Result<Check> {
    let name = "scores";
    let Some((read, record)) = &checked.sound else {
        return Ok(Check::skipped(name, "what is above comes first"));
    };
    let wrong = |finding| Ok(Check::made(name, "", vec![finding]));
    let plan = match with_metrics_of_here(&read.plan, here) {
        Ok(plan) => plan,
        Err(finding) => return wrong(finding),
    };
    let claimed = match read.folder.read(SCORES_FILE) {
        Ok(claimed) => claimed,
        Err(finding) => return wrong(finding),
    };
    match score(&plan, &read.experiments, record) {
        Ok(computed) => {
            let (count, findings) = claims::compare(&claimed, &computed);
            let said = format!("{count} rows computed again, and equal");
            Ok(Check::made(name, said, findings))
        }
        Err(fault) if fault.kind == crate::fault::FaultKind::Interrupted => Err(fault),
        Err(fault) => wrong(Finding::of(SCORES_FILE, &fault)),
    }
}

/// Whether the claimed scores can be shown as they are: each is one that is known, in its range, and
/// there are some for every cell.
pub fn claims_check(checked: &Checked, here: &Here) -> Check {
    let name = "claims";
    let Some((read, _)) = &checked.sound else {
        return Check::skipped(name, "what is above comes first");
    };
    let cells = with_metrics_of_here(&read.plan, here).and_then(|plan| {
        let infos = score::described(&plan, here.plugins);
        let infos = infos.map_err(|fault| Finding::of("metrics", &fault))?;
        claims::cells(&plan, &infos, &read.folder.read(SCORES_FILE)?)
    });
    let said = "scores as they are claimed; none was computed again";
    Check::made(name, said, cells.err().into_iter().collect())
}

/// The plan with the metrics that are here, where they are of the same version.
fn with_metrics_of_here(plan: &Plan, here: &Here) -> std::result::Result<Plan, Finding> {
    let metric = |metric: &str, settings: &_| here.plugins.metric_facts(metric, settings);
    let ours = rescored(plan.clone(), &ScoringFile::default(), &metric)
        .map_err(|fault| Finding::of("metrics", &fault))?;
    for (theirs, ours) in plan.metrics.iter().zip(&ours.metrics) {
        let (theirs, ours) = (&theirs.facts.plugin, &ours.facts.plugin);
        if theirs.version != ours.version {
            let (name, version) = (&theirs.name, &theirs.version);
            let message = format!("scored by {name} {version}, here is {}", ours.version);
            let hint = "hand in scores of the version that the board has";
            return Err(Finding::new("metrics", message).hint(hint));
        }
    }
    Ok(ours)
}

/// Which of the plugins are known here. None of it is run.
fn plugins(plan: &Plan, plugins: &Plugins) -> Check {
    let told = plan.plugins().into_iter().map(|facts| {
        let known = plugins.found().of_name(&facts.name);
        let same = known.into_iter().find(|entry| entry.file.sha256 == facts.sha256);
        let words = match same.map(|entry| entry.source) {
            Some(Source::BuiltIn) => "the built-in one of this version",
            Some(_) => "the same file as here",
            None if plugins.found().of_name(&facts.name).next().is_some() => {
                "another file than here"
            }
            None => "not here",
        };
        format!("{} {} {:.12} ({words})", facts.name, facts.version, facts.sha256)
    });
    Check::made("plugins", told.collect::<Vec<_>>().join(", "), Vec::new())
}
