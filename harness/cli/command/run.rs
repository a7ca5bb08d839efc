//! `run` and `resume`.

use super::{leaderboard, set_threads};
use crate::{
    arguments::{Places, ResumeArguments, RunArguments, Work},
    exit::Exit,
    output,
    progress::Shown,
    setting::{self, Recorded},
    signals,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    record::{Lock, Record},
    run,
};
use std::path::Path;

/// Plans and runs; what an earlier run of the same plan committed is kept.
pub(crate) fn run(places: &Places, arguments: &RunArguments) -> Result<Exit> {
    let work = &arguments.work;
    set_threads(work)?;
    let file = setting::run_file(arguments.file.as_deref())?;
    let plugins = setting::plugins(places)?;
    let (plan, experiments) = setting::plan(places, &file, &plugins)?;
    let folder = places.results.join("runs").join(plan.run_name());
    if arguments.fresh {
        discard(&folder)?;
    }
    let record = Record::create(&folder, &plan, file.text())?;
    let recorded = record.plan()?;
    for facts in recorded.plugins() {
        plugins.check_locked(facts)?;
    }
    finish(&Recorded { record, plan: recorded, experiments, plugins }, work, arguments.json)
}

/// Goes on with a recorded run.
pub(crate) fn resume(places: &Places, arguments: &ResumeArguments) -> Result<Exit> {
    set_threads(&arguments.work)?;
    let recorded = setting::recorded(places, &arguments.chosen)?;
    finish(&recorded, &arguments.work, arguments.json)
}

fn finish(recorded: &Recorded, work: &Work, json: bool) -> Result<Exit> {
    let Recorded { record, plan, experiments, plugins } = recorded;
    let lock = Lock::take(record.root())?;
    record.sweep(&lock)?;
    let stop = signals::listen()?;
    let shown = Shown::new("replicates", work.quiet);
    let outcome = run::execute(plan, experiments, plugins, record, &shown, stop);
    shown.end();
    let outcome = outcome?;
    if outcome.interrupted {
        let done = outcome.earlier + outcome.committed;
        output::remark(&format!(
            "stopped with {done} of {} replicates committed; go on with `pilotbench resume {}`",
            outcome.planned,
            setting::folder_name(record.root())
        ));
        return Ok(Exit::stopped());
    }
    let (board, files) = leaderboard::make(recorded, work, stop)?;
    let folder = record.root().join("leaderboard");
    pilotbench_engine::leaderboard::publish(&folder, &files)?;
    match json {
        true => output::print(&String::from_utf8_lossy(&files[2])),
        false => output::print(&leaderboard::terminal(&board)),
    }
    if !work.quiet {
        output::remark(&format!("leaderboard and scores: {}", folder.display()));
    }
    match outcome.failed {
        0 => Ok(Exit::Done),
        failed => {
            output::remark(&format!(
                "{failed} of {} replicates failed; `pilotbench status` tells why, `resume` tries again",
                outcome.planned
            ));
            Ok(Exit::SomeFailed)
        }
    }
}

/// Removes the record of an earlier run, and nothing that is not one.
fn discard(folder: &Path) -> Result<()> {
    if !folder.join("plan.json").is_file() {
        return Ok(());
    }
    let _lock = Lock::take(folder)?;
    std::fs::remove_dir_all(folder).map_err(|e| Fault::store(folder.display(), e))
}
