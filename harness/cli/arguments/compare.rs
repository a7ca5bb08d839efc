//! `compare`.

use super::Work;
use clap::{Args, ValueEnum, ValueHint};
use pilotbench_engine::contrast::Rules;
use std::path::PathBuf;

pub(super) const EXAMPLES: &str = "\
Examples:
  pilotbench compare baseline nightly                       two runs, by name or path
  pilotbench compare baseline nightly --fail-on regression  exit code 6 when something became worse
  pilotbench compare a b --score js_distance --score accuracy --margin 0.02
  pilotbench compare a b --resamples 10000                  surer intervals; both are scored anew
  pilotbench compare a b --format junit --out compare.xml   for a CI server; github writes annotations

A cell is compared where data and protocol are the same. With the same seeds the difference is paired;
with other seeds the spread over seeds says how sure it is. `noisy` is what cannot be told apart,
`equivalent` what lies inside the margin, `incomparable` what has other data or no partner. All tests
are adjusted together (Holm): two runs of the same methods differ in anything at no more than the
stated rate (5 % unless --confidence says otherwise).";

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Run to compare with, by name or path.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) base: String,
    /// Run that is compared.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) new: String,
    /// Score to compare; may be given several times. The new run's headline unless given.
    #[arg(long, value_name = "SCORE")]
    pub(crate) score: Vec<String>,
    /// Difference of a score that is no matter.
    #[arg(long, default_value_t = Rules::MARGIN, value_name = "X")]
    pub(crate) margin: f64,
    /// One less the rate of false alarms over the whole comparison.
    #[arg(long, default_value_t = Rules::CONFIDENCE, value_name = "SHARE")]
    pub(crate) confidence: f64,
    /// Bootstrap resamples of participants to score both runs anew with, which takes its time; those
    /// of the runs unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub(crate) resamples: Option<u32>,
    /// Share of speed that is no matter; speeds of other machines are never compared.
    #[arg(long, default_value_t = Rules::SPEED_MARGIN, value_name = "SHARE")]
    pub(crate) speed_margin: f64,
    /// Leave speed out.
    #[arg(long)]
    pub(crate) no_speed: bool,
    /// What ends with exit code 6.
    #[arg(long, value_enum, default_value_t = FailOn::Never)]
    pub(crate) fail_on: FailOn,
    /// Form printed. In `github`, the step summary is written too where GITHUB_STEP_SUMMARY names one.
    #[arg(long, value_enum, default_value_t = CompareFormat::Terminal)]
    pub(crate) format: CompareFormat,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Write into this file instead of printing.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// What ends with exit code 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Nothing.
    Never,
    /// Whatever became clearly worse or slower.
    Regression,
    /// Whatever became clearly worse or better.
    AnyChange,
}

/// Form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    Terminal,
    Markdown,
    Json,
    Junit,
    Github,
}
