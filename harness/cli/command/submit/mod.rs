//! `submit` and `submit-check`.

mod checking;

pub(super) use checking::{Checking, show};

use super::{leaderboard, set_threads};
use crate::{
    arguments::{Chosen, Places, SeenArgument, SubmitArguments, SubmitCheckArguments},
    exit::Exit,
    output,
    setting::{self, Recorded},
    signals,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plan::{Plan, PlannedMethod},
    score,
    submission::{self, Check, Seen, SharedBoard, Submission},
};
use serde_json::json;

/// The plugin whose backends are the references of a board.
const BASELINES: &str = "baseline";

/// Whether a method is one of the built-in baselines and oracles.
pub(super) fn is_baseline(method: &PlannedMethod) -> bool {
    method.facts.plugin.name == BASELINES
}

/// The plan of these methods alone; of those that `usual` names where there are none.
pub(super) fn plan_of(
    plan: &Plan,
    names: &[String],
    option: &str,
    usual: impl Fn(&PlannedMethod) -> bool,
) -> Result<Plan> {
    let known = || plan.methods.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = names.iter().find(|name| plan.method(name).is_none()) {
        let fault = Fault::usage(option, format!("the run has no method `{unknown}`"));
        return Err(fault.hint(format!("there are: {}", known())));
    }
    let is_wanted =
        |m: &PlannedMethod| if names.is_empty() { usual(m) } else { names.contains(&m.name) };
    let chosen = plan.clone().only(is_wanted);
    match chosen.methods.is_empty() {
        false => Ok(chosen),
        true => {
            let fault =
                Fault::usage(option, "none of the run's methods is meant unless you name it");
            Err(fault.hint(format!("name some with {option}; there are: {}", known())))
        }
    }
}

/// Makes a submission of a run.
pub(super) fn submit(places: &Places, arguments: &SubmitArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let chosen = Chosen { run: Some(arguments.run.clone()), allow_changed_plugins: true };
    let Recorded { record, plan, sources } = setting::recorded(places, &chosen)?;
    let plan = plan_of(&plan, &arguments.method, "--method", |method| !is_baseline(method))?;
    let name = arguments.name.as_ref().unwrap_or(&plan.name);
    let methods = plan.methods.iter().map(|m| m.name.clone()).collect();
    let mut submission = Submission::new(&arguments.by, name, plan.identity(), methods);
    submission.note.clone_from(&arguments.note);
    submission.licence.clone_from(&arguments.licence);
    submission.seen_in_training = match arguments.seen {
        SeenArgument::Yes => Seen::Yes,
        SeenArgument::No => Seen::No,
        SeenArgument::Unknown => Seen::Unknown,
    };
    // Before the long work.
    submission.check()?;
    for metric in &plan.metrics {
        sources.plugins.check_locked(&metric.facts.plugin)?;
    }
    let answers = score::Recorded { plan: &plan, record: &record };
    let stop = signals::listen()?;
    let (_, [_, csv, _, _]) =
        leaderboard::make_of(&sources, &plan, &answers, &arguments.work, stop)?;
    let replicates = plan.replicates.len();
    submission::write(&arguments.out, submission, &plan, &record, csv)?;
    if !arguments.work.quiet {
        let folder = arguments.out.display();
        output::remark(&output::inert(&format!(
            "{folder}: {} with {replicates} replicates; next: pilotbench submit-check {folder}",
            plan.methods.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ")
        )));
    }
    Ok(Exit::Done)
}

/// Checks a submission.
pub(super) fn check(places: &Places, arguments: &SubmitCheckArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let board = arguments.board.as_deref().map(SharedBoard::open).transpose()?;
    let checking = Checking::new(places, &arguments.work)?;
    let mut checked = checking.check(&arguments.folder, !arguments.no_score)?;
    if let Some(board) = &board {
        let more = submission::against_board(board, &checked, true)?;
        checked.checks.extend(more);
    }
    let passed = checked.is_passed();
    match arguments.json {
        true => output::print_json(&json!({ "passed": passed, "checks": checked.checks }))?,
        false => output::print(&show(&arguments.folder, &checked.checks, passed)),
    }
    Ok(exit(&checked.checks))
}

/// 4 when anything is wrong.
pub(super) fn exit(checks: &[Check]) -> Exit {
    let is_wrong = |check: &Check| check.status == submission::Status::Failed;
    if checks.iter().any(is_wrong) { Exit::Integrity } else { Exit::Done }
}
