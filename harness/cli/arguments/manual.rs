//! What can be typed after `completions`, `man` and `doctor`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(super) const COMPLETIONS_HELP: &str = "\
Examples:
  pilotbench completions bash > ~/.local/share/bash-completion/completions/pilotbench
  pilotbench completions zsh > ~/.zfunc/_pilotbench      with fpath+=~/.zfunc before compinit
  pilotbench completions fish > ~/.config/fish/completions/pilotbench.fish

The folder must be there (mkdir -p). A new shell completes commands, options, their values, and files.";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  pilotbench man | man -l -                              read it
  pilotbench man -o ~/.local/share/man/man1              man pilotbench, man pilotbench-plugin-add";

pub(super) const DOCTOR_HELP: &str = "\
Every line says what was looked at, whether it is ok, missing or broken, what it is for, and how to get
it. Nothing is fetched, no plugin's code runs, no key is shown.

Examples:
  pilotbench doctor
  pilotbench doctor --json

Exit codes: 0 all that `pilotbench run` needs is here, 4 something of it is not.";

#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Write a page for each command into this folder instead of printing the first.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
