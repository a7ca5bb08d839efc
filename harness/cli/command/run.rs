//! `run` and `resume`.

use super::{estimate, leaderboard, set_threads, verdict::verdict};
use crate::{
    arguments::{Places, RecordedArguments, ResumeArguments, RunArguments, Work},
    conditions::Conditions,
    exit::Exit,
    output,
    progress::Shown,
    setting::{self, Recorded, Sources},
    signals,
};
use pilotbench_engine::{
    cache::Cache,
    fault::{Fault, Result},
    leaderboard::Board,
    plan::{PluginFacts, RunFile},
    record::{Lock, Record},
    run, score,
};
use std::path::Path;

/// Plans and runs; what an earlier run of the same plan committed is kept.
pub(crate) fn run(places: &Places, arguments: &RunArguments) -> Result<Exit> {
    let work = &arguments.work;
    set_threads(places, work)?;
    let file = setting::run_file(arguments.file.as_deref())?;
    if arguments.estimate {
        return estimate::estimate(places, arguments, &file);
    }
    let runs = places.results.join("runs");
    let (spending, no_cache) = (arguments.spending, work.no_cache);
    let conditions = Conditions::of_run(places, spending, no_cache, (&file, &runs))?;
    let plugins = setting::plugins_under(places, &conditions)?;
    let (plan, experiments) = setting::plan(places, &file, &plugins)?;
    let folder = runs.join(plan.run_name());
    if arguments.fresh {
        discard(&folder)?;
    }
    let lock = lock(&folder)?;
    let record = Record::create(&folder, &plan, file.text(), &lock)?;
    let recorded = record.plan()?;
    for facts in recorded.plugins() {
        plugins.check_locked(facts)?;
    }
    let sources = Sources { experiments, plugins };
    let recorded = Recorded { record, plan: recorded, sources };
    finish(&recorded, &lock, &conditions, work, arguments.json)
}

/// Goes on with a recorded run.
pub(crate) fn resume(places: &Places, arguments: &ResumeArguments) -> Result<Exit> {
    let ResumeArguments { recorded: RecordedArguments { chosen, json, work }, spending } =
        arguments;
    set_threads(places, work)?;
    let under = |file: &RunFile, runs: &Path| {
        Conditions::of_run(places, *spending, work.no_cache, (file, runs))
    };
    let (recorded, conditions) = setting::recorded_under(places, chosen, under)?;
    let lock = lock(recorded.record.root())?;
    finish(&recorded, &lock, &conditions, work, *json)
}

pub(super) fn lock(folder: &Path) -> Result<Lock> {
    std::fs::create_dir_all(folder).map_err(|e| Fault::store(folder.display(), e))?;
    Lock::take(folder)
}

fn finish(
    recorded: &Recorded,
    lock: &Lock,
    conditions: &Conditions,
    work: &Work,
    json: bool,
) -> Result<Exit> {
    let Recorded { record, plan, sources } = recorded;
    let Sources { experiments, plugins } = sources;
    record.sweep(lock)?;
    let stop = signals::listen()?;
    let shown = Shown::new("replicates", work.quiet);
    let cache = Cache::of_user().filter(|_| !work.no_cache);
    let outcome = run::execute(plan, experiments, plugins, record, cache.as_ref(), &shown, stop);
    shown.end();
    let outcome = outcome?;
    if !work.quiet {
        conditions.remark_spent()?;
    }
    if outcome.interrupted {
        let done = outcome.earlier + outcome.committed;
        output::remark(&format!(
            "stopped with {done} of {} replicates committed; go on with `pilotbench resume {}`",
            outcome.planned,
            setting::folder_name(record.root())
        ));
        return Ok(Exit::stopped());
    }
    let answers = score::Recorded { plan, record };
    let scores = leaderboard::scores(sources, plan, &answers, work, stop)?;
    let is_locked = |facts: &PluginFacts| plugins.check_locked(facts).is_ok();
    if plan.plugins().into_iter().all(is_locked) {
        score::keep(plan, record, &scores)?;
    }
    let board = Board::new(plan, &scores);
    let files = pilotbench_engine::leaderboard::files(plan, &board, &scores.cells)?;
    let folder = record.root().join("leaderboard");
    pilotbench_engine::leaderboard::publish(&folder, &files)?;
    match json {
        true => output::print(&String::from_utf8_lossy(&files[2])),
        false => output::print(&leaderboard::terminal(&board, None)?),
    }
    if !work.quiet {
        output::remark(&format!("leaderboard and scores: {}", folder.display()));
    }
    Ok(verdict(&outcome, &setting::folder_name(record.root())))
}

/// Removes the record of an earlier run. It is moved out of the way first: killed in between, no
/// half of it is left to be taken for a whole.
fn discard(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let fault = |e: std::io::Error| Fault::store(folder.display(), e);
    let _lock = Lock::take(folder)?;
    let parent = folder.parent().unwrap_or(Path::new("."));
    let away = tempfile::Builder::new().prefix(".discarded-").tempdir_in(parent).map_err(fault)?;
    std::fs::rename(folder, away.path().join("run")).map_err(fault)?;
    away.close().map_err(fault)
}
