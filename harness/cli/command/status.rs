//! `status`.

use crate::{
    arguments::{Places, StatusArguments},
    color::{self, Tone},
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::Result,
    interview::Used,
    money,
    record::{Failure, Record},
    run::{self, Ledger},
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
    /// What the committed replicates took of services.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<Used>,
    /// What all runs of the name spent, billionths of a US dollar; nothing where no budget was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    spent_nano_usd: Option<i128>,
    #[serde(skip)]
    ledger: Ledger,
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
    let plan = record.plan()?;
    let status = run::status(&plan, &record)?;
    let ledger = Ledger::of(&setting::runs_of(folder), &plan.name);
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
        used: status.used,
        spent_nano_usd: ledger.spent()?,
        ledger,
        failures: status.failed,
    })
}

fn show(line: &Line) {
    let failed = match line.failed {
        0 => "0 failed".to_owned(),
        failed => color::of_result(Tone::Bad, &format!("{failed} failed")),
    };
    output::print_line(&format!(
        "{}: {} of {} replicates committed, {failed}, {} left; answers: {} ok, {} refused, {} invalid",
        line.run, line.committed, line.planned, line.left, line.ok, line.refused, line.invalid
    ));
    if let Some(used) = &line.used {
        output::print_line(&format!(
            "  answers of services: {}, {} prompt and {} completion tokens, {} US dollars",
            used.requests,
            used.prompt_tokens,
            used.completion_tokens,
            used.usd()
        ));
    }
    if let Some(spent) = line.spent_nano_usd {
        let (spent, path) = (money::text(spent), line.ledger.path().display());
        output::print_line(&format!("  spent {spent} US dollars ({path})"));
    }
    for failure in line.failures.iter().take(FAILURES_SHOWN) {
        let r = &failure.replicate;
        let what = format!(
            "{}, {}, size {}, seed {}: {}",
            r.experiment, r.method, r.size, r.seed, failure.message
        );
        let failed = color::of_result(Tone::Bad, "failed:");
        output::print_line(&format!("  {failed} {}", output::inert(&what)));
    }
}
