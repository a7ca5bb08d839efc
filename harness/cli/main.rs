//! The `pilotbench` binary: what was typed is parsed, then acted on, and a fault becomes one line,
//! a hint and an exit code.

mod arguments;
mod command;
mod conditions;
mod exit;
mod output;
mod progress;
mod setting;
mod signals;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match command::act(arguments) {
        Ok(exit) => exit.code(),
        Err(fault) => {
            output::complain(&fault);
            exit::Exit::of(&fault).code()
        }
    }
}
