//! How submissions are checked here, and how that is told.

use super::super::leaderboard;
use crate::{
    arguments::{Places, Work},
    output,
    progress::Shown,
    setting, signals,
};
use pilotbench_engine::{
    experiment::Experiment,
    fault::{Fault, Result},
    leaderboard::{self as boards, Board},
    plan::{Plan, ScoringFile, rescored},
    plugin::{
        Plugins,
        worker::{Reader, ReaderSettings},
    },
    record::Record,
    score::{self, Scores},
    submission::{self, Check, Checked, Here, Status},
};
use std::{fmt::Write, path::Path, path::PathBuf, time::Duration};

/// Bytes of address space of a reader.
const MEMORY: u64 = 1 << 30;
/// Longest time for one file.
const PATIENCE: Duration = Duration::from_secs(60);

/// What submissions are checked with.
pub(crate) struct Checking<'a> {
    pub(crate) datasets: PathBuf,
    pub(crate) reader: Reader,
    pub(crate) plugins: Plugins,
    pub(crate) work: &'a Work,
}

impl<'a> Checking<'a> {
    pub(crate) fn new(places: &Places, work: &'a Work) -> Result<Self> {
        let executable = std::env::current_exe().map_err(|e| Fault::usage("pilotbench", e))?;
        let memory = setting::memory(&places.isolation)?.unwrap_or(Some(MEMORY));
        let settings = ReaderSettings {
            executable,
            sandbox: setting::sandbox(&places.isolation),
            memory,
            patience: PATIENCE,
        };
        Ok(Self {
            datasets: places.datasets.clone(),
            reader: Reader::new(settings),
            plugins: setting::plugins(places)?,
            work,
        })
    }

    /// All checks of a folder, with its scores or without.
    pub(crate) fn check(&self, folder: &Path, with_scores: bool) -> Result<Checked> {
        let here = Here { datasets: &self.datasets, reader: &self.reader, plugins: &self.plugins };
        let shown = Shown::new("reading", self.work.quiet);
        let checked = submission::check(folder, &here, &|| shown.step());
        shown.end();
        let mut checked = checked?;
        let scores = match with_scores {
            false => submission::claims_check(&checked, &here),
            true => submission::score_check(&checked, &here, &|plan, experiments, record| {
                self.csv(plan, experiments, record)
            })?,
        };
        checked.checks.push(scores);
        Ok(checked)
    }

    /// The scores of a record.
    pub(crate) fn scores(
        &self,
        plan: &Plan,
        experiments: &[Experiment],
        record: &Record,
    ) -> Result<Scores> {
        let answers = score::Recorded { plan, record };
        let sources = (experiments, &self.plugins);
        leaderboard::scores_of(sources, plan, &answers, self.work, signals::listen()?)
    }

    /// A plan with the metrics that are here: theirs are the hashes that scores stand on.
    pub(crate) fn with_metrics(&self, plan: Plan) -> Result<Plan> {
        let metric = |metric: &str, settings: &_| self.plugins.metric_facts(metric, settings);
        rescored(plan, &ScoringFile::default(), &metric)
    }

    fn csv(&self, plan: &Plan, experiments: &[Experiment], record: &Record) -> Result<Vec<u8>> {
        let scores = self.scores(plan, experiments, record)?;
        let board = Board::new(plan, &scores);
        let [_, csv, _, _] = boards::files(plan, &board, &scores.cells)?;
        Ok(csv)
    }
}

/// Checks for people: one a line, and below it what is wrong.
pub(crate) fn show(folder: &Path, checks: &[Check], passed: bool) -> String {
    let mut out = String::new();
    for check in checks {
        let word = match check.status {
            Status::Passed => "passed ",
            Status::Failed => "FAILED ",
            Status::Skipped => "skipped",
        };
        let said = if check.status == Status::Failed { "" } else { &check.said };
        let _ = writeln!(out, "{word}  {:<12} {said}", check.name);
        for finding in &check.findings {
            let _ = writeln!(out, "         {}: {}", finding.place, finding.message);
            if let Some(hint) = &finding.hint {
                let _ = writeln!(out, "           hint: {hint}");
            }
        }
        let more = check.found - check.findings.len();
        if more > 0 {
            let _ = writeln!(out, "         and {more} more");
        }
    }
    let failed = checks.iter().filter(|check| check.status == Status::Failed).count();
    let verdict = match passed {
        true => "nothing is wrong".to_owned(),
        false => format!("{failed} of {} checks failed", checks.len()),
    };
    let _ = writeln!(out, "{}: {verdict}", folder.display());
    output::inert(&out)
}
