//! `status`.

use crate::{
    arguments::{Places, StatusArguments},
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::Result,
    record::{Failure, Record},
    run,
};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Line {
    run: String,
    planned: usize,
    committed: usize,
    failed: usize,
    left: usize,
    ok: usize,
    refused: usize,
    invalid: usize,
    failures: Vec<Failure>,
}

/// Failures shown for one run.
const FAILURES_SHOWN: usize = 10;

/// Shows how far runs are.
pub(crate) fn status(places: &Places, arguments: &StatusArguments) -> Result<Exit> {
    let folders = match &arguments.run {
        Some(run) => vec![setting::run_folder(places, Some(run))?],
        None => setting::run_folders(&places.results.join("runs")),
    };
    let lines: Vec<Line> = folders.iter().map(|folder| line(folder)).collect::<Result<_>>()?;
    if arguments.json {
        output::print_json(&lines)?;
    } else if lines.is_empty() {
        output::print_line("no runs yet; `pilotbench run` makes one");
    } else {
        lines.iter().for_each(show);
    }
    let failed = lines.iter().any(|line| line.failed > 0);
    Ok(if failed { Exit::SomeFailed } else { Exit::Done })
}

fn line(folder: &Path) -> Result<Line> {
    let record = Record::open(folder)?;
    let status = run::status(&record.plan()?, &record)?;
    let [ok, refused, invalid] = status.answers;
    Ok(Line {
        run: setting::folder_name(folder),
        planned: status.planned,
        committed: status.committed,
        failed: status.failed.len(),
        left: status.left(),
        ok,
        refused,
        invalid,
        failures: status.failed,
    })
}

fn show(line: &Line) {
    output::print_line(&format!(
        "{}: {} of {} replicates committed, {} failed, {} left; answers: {} ok, {} refused, {} invalid",
        line.run,
        line.committed,
        line.planned,
        line.failed,
        line.left,
        line.ok,
        line.refused,
        line.invalid
    ));
    for failure in line.failures.iter().take(FAILURES_SHOWN) {
        let r = &failure.replicate;
        output::print_line(&format!(
            "  failed: {}, {}, size {}, seed {}: {}",
            r.experiment, r.method, r.size, r.seed, failure.message
        ));
    }
}
