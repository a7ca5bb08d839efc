//! `init`.

use clap::Args;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  pilotbench init mine && cd mine && pilotbench run
  pilotbench init mine --experiment vote-1996 --experiment rice-insurance

Nothing that is there is overwritten. In an empty folder, `pilotbench init` begins in it.";

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Folder to begin in.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// A shipped experiment to begin with; may be given several times. `disclosure`, which is
    /// synthetic, unless given.
    #[arg(long, value_name = "EXPERIMENT")]
    pub(crate) experiment: Vec<String>,
    /// Do not say what was written.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
