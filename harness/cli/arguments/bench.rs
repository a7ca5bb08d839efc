//! What can be typed after `bench`.

use super::Budget;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  pilotbench bench marginal ridge                  both, by turns, 5 runs each
  pilotbench bench candle --settings '{\"model\": \"smollm2-135m\"}' --people 100
  pilotbench bench --methods-from mine.toml --format markdown
  pilotbench bench marginal --experiment vote-1996 --size 60 --rate 200
  pilotbench leaderboard mine --throughput results/throughput/*.json

Each run opens the backend anew and measures three scenarios: single-stream (one request at a time),
offline (all at once) and server (requests come in at random). Every number is a mean over runs with
its spread. Answers in the runs are compared with scored ones, and repeated questions with fresh ones:
a result that breaks a rule is written, says INVALID, and the command ends with 1.
docs/throughput.md says what each number is.";

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Backends, `NAME`, `PLUGIN/NAME` or `PLUGIN@VERSION/NAME`; several are measured by turns.
    #[arg(value_name = "BACKEND", required_unless_present = "methods_from")]
    pub(crate) backends: Vec<String>,
    /// Settings of the one backend that is named, a JSON object.
    #[arg(long, value_name = "JSON")]
    pub(crate) settings: Option<String>,
    /// Run file whose methods are measured too.
    #[arg(long, value_name = "FILE")]
    pub(crate) methods_from: Option<PathBuf>,
    /// Experiment whose held-out people are asked, by name or path.
    #[arg(long, default_value = "disclosure")]
    pub(crate) experiment: String,
    /// Pilot size; the middle one of the experiment's card unless given.
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<usize>,
    /// At most so many people are asked; all who are held out unless given.
    #[arg(long, value_name = "N")]
    pub(crate) people: Option<usize>,
    /// Runs, at least 2: no number is shown without its spread.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) runs: usize,
    /// Seconds of warm-up before each scenario of a run.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    pub(crate) warm_up: f64,
    /// Fewest seconds of a scenario in a run.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS")]
    pub(crate) min_duration: f64,
    /// Fewest answers of a scenario in a run.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) min_count: usize,
    /// Requests per second that come in on average; half of what single-stream answers in the first
    /// run unless given.
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<f64>,
    /// Pilots of each size from which learning is timed.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) adapt_seeds: usize,
    /// Name of the result; made of what is measured unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Folder to write `NAME.json` into; `throughput` in the folder of results unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Form printed.
    #[arg(long, value_enum, default_value_t = BenchFormat::Terminal)]
    pub(crate) format: BenchFormat,
    /// Print JSON.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) budget: Budget,
    /// Threads of plugins; all cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// No progress, only results and faults.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchFormat {
    Terminal,
    Markdown,
}
