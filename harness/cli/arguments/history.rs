//! `history`.

use super::{FailOn, Work};
use clap::{Args, Subcommand, ValueEnum};
use pilotbench_engine::contrast::Rules;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  pilotbench history add nightly --commit 1a2b3c          keep the scores of a run
  pilotbench history check --fail-on regression           exit code 6 when the newest is outside
  pilotbench history show --experiment disclosure         every series and where it stands
  pilotbench history report -o site                       pictures with boundary lines
  pilotbench history accept ENTRY --because \"new prior\"   a change that is wanted

A series is one score of one cell. Its next value has to lie inside the prediction interval of the
values before it (Student's t, at most --window of them, at least --least); what lies outside, and by
more than the margin for sure, is an alert. The intervals are as wide as it takes that the check of one
entry, all series together, raises a false alarm at no more than the stated rate (5 % unless
--confidence says otherwise). Other data, other held-out people, another metric or number of seeds
begin a series anew. A value that raised an alert is used for no later boundary: it stays one until it
is repaired or accepted.";

/// What to do with a history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Keep the scores and speeds of a run.
    Add(AddToHistoryArguments),
    /// Show every series and where its newest value stands.
    Show(ShowHistoryArguments),
    /// Judge the newest entry.
    Check(CheckHistoryArguments),
    /// Write a page with every series, its boundary and its alerts.
    Report(HistoryReportArguments),
    /// Say that the level of an entry is wanted: boundaries begin anew with it.
    Accept(AcceptArguments),
}

/// Where a history is.
#[derive(Debug, Clone, Args)]
pub(crate) struct HistoryPlace {
    /// Folder of the history; `history` in the folder of results unless given.
    #[arg(long, value_name = "DIR")]
    pub(crate) history: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AddToHistoryArguments {
    /// Run, by name or path; may be left out when there is one.
    pub(crate) run: Option<String>,
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
    /// When the run was, in UTC (2026-01-31T03:00:00Z); the end of its journal unless given.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// A word for people.
    #[arg(long = "as", value_name = "LABEL")]
    pub(crate) label: Option<String>,
    /// State of the code that the run is of.
    #[arg(long, value_name = "TEXT")]
    pub(crate) commit: Option<String>,
    /// Where the pages of the run are, an address that begins with https://, or a relative one.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) link: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// Which series, and what counts as an alert.
#[derive(Debug, Clone, Args)]
pub(crate) struct Followed {
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
    /// Runs of this name; those of the newest entry unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Score to follow; may be given several times. The headline unless given.
    #[arg(long, value_name = "SCORE")]
    pub(crate) score: Vec<String>,
    /// Most earlier values that a boundary is made of.
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    pub(crate) window: u16,
    /// Fewest.
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    pub(crate) least: u16,
    /// One less the rate of false alarms of one check.
    #[arg(long, default_value_t = Rules::CONFIDENCE, value_name = "SHARE")]
    pub(crate) confidence: f64,
    /// Difference of a score that is no matter.
    #[arg(long, default_value_t = Rules::MARGIN, value_name = "X")]
    pub(crate) margin: f64,
    /// A boundary that lets a larger difference of a score pass is said to be noisy.
    #[arg(long, default_value_t = 0.05, value_name = "X")]
    pub(crate) noisy: f64,
    /// Share of speed that is no matter; each machine has series of its own.
    #[arg(long, default_value_t = Rules::SPEED_MARGIN, value_name = "SHARE")]
    pub(crate) speed_margin: f64,
    /// Leave speed out.
    #[arg(long)]
    pub(crate) no_speed: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowHistoryArguments {
    #[command(flatten)]
    pub(crate) followed: Followed,
    /// Series of this experiment alone.
    #[arg(long, value_name = "EXPERIMENT")]
    pub(crate) experiment: Option<String>,
    /// Series of this method alone.
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// Form printed.
    #[arg(long, value_enum, default_value_t = HistoryFormat::Terminal)]
    pub(crate) format: HistoryFormat,
    /// Print JSON; the same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckHistoryArguments {
    #[command(flatten)]
    pub(crate) followed: Followed,
    /// What ends with exit code 6.
    #[arg(long, value_enum, default_value_t = FailOn::Never)]
    pub(crate) fail_on: FailOn,
    /// Form printed. In `github`, the step summary is written too where GITHUB_STEP_SUMMARY names one.
    #[arg(long, value_enum, default_value_t = HistoryFormat::Terminal)]
    pub(crate) format: HistoryFormat,
    /// Print JSON; the same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryReportArguments {
    #[command(flatten)]
    pub(crate) followed: Followed,
    /// Folder to write into.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Do not say what was written.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    /// Entry, as `history show` names it.
    pub(crate) entry: String,
    #[command(flatten)]
    pub(crate) place: HistoryPlace,
    /// Why; it is shown beside the series.
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
}

/// Form of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryFormat {
    Terminal,
    Markdown,
    Json,
    Github,
}
