//! One file per command.

mod bench;
mod board;
mod cache;
mod compare;
mod doctor;
mod estimate;
mod experiment;
mod history;
mod init;
mod leaderboard;
mod manual;
mod model;
mod plan;
mod plugin;
mod report;
mod run;
mod score;
mod status;
mod submit;
mod throughput;
mod verdict;
mod verify;

use crate::{
    arguments::{Arguments, Command, Places, Work},
    exit::Exit,
    setting,
};
use pilotbench_engine::fault::{Fault, Result};

/// Does what was typed.
pub(crate) fn act(arguments: Arguments) -> Result<Exit> {
    let places = &arguments.places;
    match arguments.command {
        Command::Run(arguments) => run::run(places, &arguments),
        Command::Resume(arguments) => run::resume(places, &arguments),
        Command::Status(arguments) => status::status(places, &arguments),
        Command::Verify(arguments) => verify::verify(places, &arguments),
        Command::Plan(arguments) => plan::plan(places, &arguments),
        Command::Leaderboard(arguments) => leaderboard::leaderboard(places, &arguments),
        Command::Report(arguments) => report::report(places, &arguments),
        Command::Score(arguments) => score::score(places, &arguments),
        Command::Compare(arguments) => compare::compare(places, &arguments),
        Command::History(command) => history::act(places, command),
        Command::Init(arguments) => init::init(&arguments),
        Command::Bench(arguments) => bench::bench(places, &arguments),
        Command::Submit(arguments) => submit::submit(places, &arguments),
        Command::SubmitCheck(arguments) => submit::check(places, &arguments),
        Command::Board(command) => board::act(places, command),
        Command::Experiment(command) => experiment::act(places, command),
        Command::Plugin(command) => plugin::act(places, command),
        Command::Model(command) => model::act(command),
        Command::Cache(command) => cache::act(command),
        Command::Worker => {
            pilotbench_engine::plugin::worker::serve()?;
            Ok(Exit::Done)
        }
        Command::Completions { shell } => manual::completions(shell),
        Command::Man(arguments) => manual::man(&arguments),
        Command::Doctor(arguments) => doctor::doctor(places, &arguments),
        Command::ReadAnswers => {
            let decode = pilotbench_engine::submission::decode;
            pilotbench_engine::plugin::worker::serve_reader(decode)?;
            Ok(Exit::Done)
        }
    }
}

/// Sets the number of threads for everything that follows.
fn set_threads(places: &Places, work: &Work) -> Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(setting::callers(places, setting::threads(work.threads)))
        .build_global()
        .map_err(|e| Fault::usage("--threads", e))
}
