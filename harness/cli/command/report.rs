//! `report`: the leaderboards of runs as pages.

use super::{leaderboard, set_threads, throughput};
use crate::{
    arguments::{Chosen, Places, ReportArguments, Work},
    exit::Exit,
    output,
    setting::{self, Recorded},
    signals,
};
use pilotbench_engine::{
    contrast::{CellSpeed, speeds},
    fault::{Fault, Result},
    leaderboard::{self as boards, Board},
    score::{self, Scores},
};
use pilotbench_report::{Run, publish, site};
use pilotbench_throughput::Section;
use serde_json::json;
use std::{path::PathBuf, time::Instant};

/// A recorded run with what its scores and its board are.
struct Scored {
    recorded: Recorded,
    scores: Scores,
    speeds: Vec<CellSpeed>,
    board: Board,
    json: Vec<u8>,
    throughput: Option<Section>,
}

/// Scores runs and writes their pages.
pub(crate) fn report(places: &Places, arguments: &ReportArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let began = Instant::now();
    let scored = scored(places, arguments)?;
    let scoring = began.elapsed();
    let runs: Vec<Run> = scored.iter().map(run).collect();
    let files = site(&runs, arguments.latex)?;
    publish(&arguments.out, &files)?;
    if arguments.json {
        let written: Vec<_> = files.iter().map(|(path, _)| path).collect();
        let runs: Vec<_> = scored.iter().map(|scored| &scored.board.run).collect();
        output::print_json(&json!({"folder": arguments.out, "runs": runs, "files": written}))?;
    } else if !arguments.work.quiet {
        let writing = began.elapsed().saturating_sub(scoring);
        let first = arguments.out.join("index.html");
        output::remark(&output::inert(&format!(
            "{} (scores after {:.1} s, {} files written in {:.1} s)",
            first.display(),
            scoring.as_secs_f64(),
            files.iter().count(),
            writing.as_secs_f64()
        )));
    }
    Ok(Exit::Done)
}

/// The runs that were named, or the only one there is.
fn scored(places: &Places, arguments: &ReportArguments) -> Result<Vec<Scored>> {
    let mut names: Vec<Option<String>> = arguments.runs.iter().cloned().map(Some).collect();
    if names.is_empty() {
        names.push(None);
    }
    let mut all: Vec<Scored> = Vec::new();
    for run in names {
        let mut one = one(places, arguments, run)?;
        if all.iter().any(|other| folder(other) == folder(&one)) {
            return Err(Fault::usage("RUN", format!("run `{}` is given twice", one.board.run)));
        }
        one.board.run = unlike(&all, &one.board.run);
        all.push(one);
    }
    Ok(all)
}

/// Where a run is recorded.
fn folder(scored: &Scored) -> PathBuf {
    let root = scored.recorded.record.root();
    root.canonicalize().unwrap_or_else(|_| root.to_owned())
}

/// A name that no other run on the site has: the same plan in another folder has the same.
fn unlike(all: &[Scored], name: &str) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    let is_free = |name: &String| all.iter().all(|other| other.board.run != *name);
    names.find(is_free).unwrap_or_default()
}

fn one(places: &Places, arguments: &ReportArguments, run: Option<String>) -> Result<Scored> {
    let chosen = Chosen { run, allow_changed_plugins: arguments.allow_changed_plugins };
    let recorded = setting::recorded(places, &chosen)?;
    let plan = &recorded.plan;
    // Before anything is scored: a file that is none is said at once.
    let throughput = throughput::section(plan, &arguments.throughput)?;
    // With other libraries than the plan's nothing kept is the same.
    let may_keep = !arguments.allow_changed_plugins;
    let scores = scores(&recorded, &arguments.work, may_keep)?;
    let board = Board::new(plan, &scores);
    let mut files = boards::files(plan, &board, &scores.cells)?;
    if let Some(section) = &throughput {
        throughput::add(section, &board, &mut files)?;
    }
    let [_, _, json, _] = files;
    let speeds = speeds(plan, &recorded.record)?;
    Ok(Scored { recorded, scores, speeds, board, json, throughput })
}

/// The scores that were kept when the run ended, where nothing changed since; else they are made.
pub(super) fn scores(recorded: &Recorded, work: &Work, may_keep: bool) -> Result<Scores> {
    let Recorded { plan, record, sources } = recorded;
    if may_keep && let Some(kept) = score::kept(plan, record)? {
        return Ok(kept);
    }
    let answers = score::Recorded { plan, record };
    let scores = leaderboard::scores(sources, plan, &answers, work, signals::listen()?)?;
    if may_keep {
        // A run on a share that may only be read is as good.
        let _ = score::keep(plan, record, &scores);
    }
    Ok(scores)
}

fn run(scored: &Scored) -> Run<'_> {
    Run {
        plan: &scored.recorded.plan,
        experiments: &scored.recorded.sources.experiments,
        record: &scored.recorded.record,
        scores: &scored.scores,
        speeds: &scored.speeds,
        board: &scored.board,
        json: &scored.json,
        throughput: scored.throughput.as_ref(),
    }
}
