//! The `pilotbench` binary: what was typed is parsed, then acted on, and a fault becomes one line,
//! a hint and an exit code.

mod arguments;
mod asked;
mod color;
mod command;
mod conditions;
mod exit;
mod output;
mod progress;
mod setting;
mod signals;

use clap::{Parser, error::ErrorKind};
use pilotbench_engine::fault::{Fault, FaultKind};
use std::process::ExitCode;

fn main() -> ExitCode {
    let asked = asked::Asked::of(std::env::args_os());
    color::choose(asked.color);
    let ended = match arguments::Arguments::try_parse() {
        Ok(arguments) => command::act(arguments),
        Err(told) => return not_understood(&told, asked.json),
    };
    match ended {
        Ok(exit) if exit.is_stopped() => {
            let fault = Fault::new(FaultKind::Interrupted, "", "stopped by a signal");
            told_to_machines(&fault, asked.json);
            exit.code()
        }
        Ok(exit) => exit.code(),
        Err(fault) => {
            output::complain(&fault);
            told_to_machines(&fault, asked.json);
            exit::Exit::of(&fault).code()
        }
    }
}

/// What was typed is no command; or it asks for help, which is none either.
fn not_understood(told: &clap::Error, json: bool) -> ExitCode {
    // A terminal that went away needs no words.
    let _ = told.print();
    if !told.use_stderr() {
        return exit::Exit::Done.code();
    }
    let words = told.render().to_string();
    let message = match told.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing",
        _ => words.split("\n\n").next().unwrap_or_default().trim_start_matches("error: "),
    };
    let message: Vec<&str> = message.split_whitespace().collect();
    let fault = Fault::usage("", message.join(" ")).hint("`--help` says what can be typed");
    told_to_machines(&fault, json);
    exit::Exit::Usage.code()
}

fn told_to_machines(fault: &Fault, json: bool) {
    if json {
        output::print_fault(fault);
    }
}
