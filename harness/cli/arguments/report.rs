//! What can be typed after `report`.

use super::Work;
use clap::{Args, ValueHint};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  pilotbench report default -o site           the board of a run as pages; open site/index.html
  pilotbench report before after -o site      two runs, and a page that compares them pair by pair
  pilotbench report default -o site --latex   also tables and pictures for papers

The pages need no server and open from a file share.";

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Runs, by name or path; may be left out when there is one.
    #[arg(value_name = "RUN", value_hint = ValueHint::DirPath)]
    pub(crate) runs: Vec<String>,
    /// Folder to write into.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: PathBuf,
    /// Also write tables for LaTeX (booktabs) and pictures as SVG and PNG.
    #[arg(long)]
    pub(crate) latex: bool,
    /// Print what was written as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Go on although a plugin's library is another file than at the beginning.
    #[arg(long)]
    pub(crate) allow_changed_plugins: bool,
    /// Results of `bench`: the boards also say how fast their methods answer.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) throughput: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) work: Work,
}
