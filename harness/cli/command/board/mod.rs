//! `board`: a board of several hands.

mod new;
mod re_run;

use super::{
    set_threads,
    submit::{self, Checking},
};
use crate::{
    arguments::{AddToBoardArguments, BoardCommand, BuildBoardArguments, Places},
    exit::Exit,
    output,
    progress::Shown,
};
use pilotbench_engine::{
    experiment::Experiment,
    fault::{Fault, Result},
    leaderboard::{self as boards, Board, Level},
    plan::RunFile,
    run,
    score::Scores,
    submission::{self, Check, Merged, SharedBoard},
};
use pilotbench_report::{Run, publish, site};
use serde_json::json;
use std::path::Path;

/// The protocol as a run file, for those who hand in.
const RUN_FILE: &str = "run.toml";

pub(super) fn act(places: &Places, command: BoardCommand) -> Result<Exit> {
    match command {
        BoardCommand::New(arguments) => new::new(places, &arguments),
        BoardCommand::Add(arguments) => add(places, &arguments),
        BoardCommand::Build(arguments) => build(places, &arguments),
    }
}

/// Checks submissions and adds those in which nothing is wrong.
fn add(places: &Places, arguments: &AddToBoardArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    if !(arguments.margin >= 0.0 && arguments.margin.is_finite()) {
        return Err(Fault::usage("--margin", format!("{} is no margin", arguments.margin)));
    }
    let checking = Checking::new(places, &arguments.work)?;
    let mut told = Vec::new();
    let mut exit = Exit::Done;
    for folder in &arguments.folders {
        // Anew for each: the one before may be on it now.
        let mut board = SharedBoard::open(&arguments.board)?;
        let (checks, added) = add_one(places, arguments, &checking, &mut board, folder)?;
        if added.is_none() {
            exit = submit::exit(&checks);
        }
        if !arguments.json {
            output::print(&submit::show(folder, &checks, added.is_some()));
            if let Some((title, level)) = &added {
                let line = format!("added {title}, {}; next: pilotbench board build", level.name());
                output::print_line(&line);
            }
        }
        let (title, level) = added.unzip();
        told.push(json!({ "folder": folder, "added": title, "level": level, "checks": checks }));
    }
    if arguments.json {
        output::print_json(&told)?;
    }
    Ok(exit)
}

/// What a submission was added as: title and level.
type Added = Option<(String, Level)>;

fn add_one(
    places: &Places,
    arguments: &AddToBoardArguments,
    checking: &Checking,
    board: &mut SharedBoard,
    folder: &Path,
) -> Result<(Vec<Check>, Added)> {
    let mut checked = checking.check(folder, !arguments.no_score)?;
    let more = submission::against_board(board, &checked, arguments.replace)?;
    checked.checks.extend(more);
    let mut level = if arguments.no_score { Level::SelfReported } else { Level::ReScored };
    if let (Some(run), Some((read, record)), true) =
        (&arguments.re_run, &checked.sound, checked.is_passed())
    {
        let check = re_run::check(places, checking, (run, arguments.margin), read, record, board)?;
        checked.checks.push(check);
        level = Level::ReRun;
    }
    let passed = checked.is_passed();
    let added = match &checked.sound {
        Some((read, _)) if passed => {
            board.add(read, level)?;
            Some((read.submission.title(), level))
        }
        _ => None,
    };
    Ok((checked.checks, added))
}

/// Scores everything on a board together and writes what it shows.
fn build(places: &Places, arguments: &BuildBoardArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let board = SharedBoard::open(&arguments.board)?;
    let experiments = experiments(places, &arguments.board, &board)?;
    let checking = Checking::new(places, &arguments.work)?;
    let folder = tempfile::tempdir().map_err(|e| Fault::store("temporary folder", e))?;
    let shown = Shown::new("reading", arguments.work.quiet);
    let merged = board.merge(&checking.datasets, &checking.reader, folder.path(), &|| shown.step());
    shown.end();
    let mut merged = merged?;
    merged.plan = checking.with_metrics(merged.plan)?;
    let scores = scores(&checking, &experiments, &merged)?;
    let level = |name: &str| merged.levels.get(name).copied();
    let shared = Board::new(&merged.plan, &scores).of_several(merged.shared.clone(), level);
    let files = boards::files(&merged.plan, &shared, &scores.cells)?;
    boards::publish(&arguments.board.join("leaderboard"), &files)?;
    if let Some(out) = &arguments.out {
        let run = Run {
            plan: &merged.plan,
            experiments: &experiments,
            record: &merged.record,
            scores: &scores,
            // Times that others measured on their machines are no speeds beside each other.
            speeds: &[],
            board: &shared,
            json: &files[2],
            throughput: None,
        };
        publish(out, &site(&[run], false)?)?;
    }
    if !arguments.work.quiet {
        let count = board.file.entries.len();
        let place = arguments.board.join("leaderboard/leaderboard.md");
        let line = format!(
            "{}: submissions: {count}, methods: {}",
            place.display(),
            merged.plan.methods.len()
        );
        output::remark(&output::inert(&line));
    }
    Ok(Exit::Done)
}

/// The board's experiments, from the folder of experiments or where its run file says.
fn experiments(places: &Places, folder: &Path, board: &SharedBoard) -> Result<Vec<Experiment>> {
    let paths = RunFile::read(&folder.join(RUN_FILE)).map(|file| file.experiments)?;
    run::load_experiments(&board.plan, &places.datasets, &paths)
}

/// The scores of everything on a board: computed here, but for those that were only handed in.
fn scores(checking: &Checking, experiments: &[Experiment], merged: &Merged) -> Result<Scores> {
    let computed = checking.scores(&merged.scored(), experiments, &merged.record)?;
    let cells = merged.with_claimed(computed.cells, &computed.infos)?;
    Ok(Scores { cells, ..computed })
}
