//! What can be typed.

mod bench;
mod board;
mod compare;
mod history;
mod init;
mod manual;
mod model;
mod plugin;
mod report;
mod spending;
mod terminal;

pub(crate) use bench::{BenchArguments, BenchFormat};
pub(crate) use board::{
    AddToBoardArguments, BoardCommand, BuildBoardArguments, NewBoardArguments, SeenArgument,
    SubmitArguments, SubmitCheckArguments,
};
pub(crate) use compare::{CompareArguments, CompareFormat, FailOn};
pub(crate) use history::{
    AcceptArguments, AddToHistoryArguments, CheckHistoryArguments, Followed, HistoryCommand,
    HistoryFormat, HistoryPlace, HistoryReportArguments, ShowHistoryArguments,
};
pub(crate) use init::InitArguments;
pub(crate) use manual::{DoctorArguments, ManArguments};
pub(crate) use model::{ModelCommand, PullArguments};
pub(crate) use plugin::{
    AddArguments, CheckArguments, NewPluginArguments, PluginCommand, RemoveArguments,
    UpdateArguments, VerifyArguments,
};
pub(crate) use report::ReportArguments;
pub(crate) use spending::{Budget, KeyFrom, Spending};
pub(crate) use terminal::Terminal;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pilotbench doctor                         what is set up here, and what is missing
  pilotbench run                            the embedded default: 4 experiments, 11 methods
  pilotbench run my.toml                    your own run file
  pilotbench plan my.toml                   what it would do, and how much
  pilotbench run my.toml --estimate         what services would charge for it
  pilotbench run my.toml --budget 5 --key-fd MY_KEY=3 3<key.txt
  pilotbench experiment check datasets/mine
  pilotbench leaderboard --format markdown
  pilotbench report default -o site         the leaderboard as pages
  pilotbench score --experiment disclosure --answers theirs.csv

Exit codes: 0 done, 1 some replicates failed, a service is of no more use, or a measurement is
INVALID, 2 usage, configuration or a refused key, 3 the money that may be spent is spent, 4 store,
plugin or integrity, 5 the same replicate gave two answers, 6 a comparison found what it was to fail
on, 130/143 stopped by a signal.

With --json (or --format json) stdout holds one JSON document: the result, or
{\"error\": {kind, place, message, hint}}. Faults stand on stderr as well, and exit codes stay.";

const SCORE_EXAMPLES: &str = "\
Examples:
  pilotbench score default --metrics structure,peers       a finished run with other metrics
  pilotbench score --experiment disclosure --answers a.csv  answers of your own system, by themselves
  pilotbench score default --experiment disclosure --answers a.csv --as mine
                                                            the same beside all methods of a run
  pilotbench score --experiment disclosure --answers fresh.csv --unpaired
                                                            people who stand in for nobody in particular

The table (CSV or Parquet) has a row per simulated participant: participant_id, a column per item with
a level's code or label (empty: no answer; `refused`: a refusal), and where you have them the
probabilities of its levels, probability.<item>.<code>. Beside a run, `seed` and `size` say which pilot
it learned from: `pilotbench plan RUNFILE --pilots FILE` writes who is in which pilot.

The file of --by has the keys `metrics`, [[metric]], [score] and [leaderboard] of a run file.";

/// Benchmark how well a model stands in for human participants, given a small pilot of them.
#[derive(Debug, Parser)]
#[command(name = "pilotbench", version, after_help = EXAMPLES, styles = crate::color::HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    pub(crate) terminal: Terminal,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where things are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Places {
    /// Folder of experiments.
    #[arg(long, global = true, default_value = "datasets", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) datasets: PathBuf,
    /// Folder of results; runs are recorded in its `runs`.
    #[arg(long, global = true, default_value = "results", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) results: PathBuf,
    /// A plugin to use before all others, a library or a folder with plugin.toml; may be given several times.
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) plugin: Vec<PathBuf>,
    /// A variable of plugins that need it, a key, read from an open descriptor; may be given several
    /// times.
    #[arg(long, global = true, value_name = "NAME=FD", value_parser = spending::key_from)]
    pub(crate) key_fd: Vec<KeyFrom>,
    #[command(flatten)]
    pub(crate) isolation: Isolation,
}

/// How plugins are kept from each other and from the machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Isolation of plugins")]
pub(crate) struct Isolation {
    /// Run plugins inside this process: for trusted plugins and debugging. One that crashes ends
    /// the command.
    #[arg(long, global = true)]
    pub(crate) in_process: bool,
    /// What plugins may touch: their own files and what their settings name (require it, do what
    /// the kernel can, or let them do what you may).
    #[arg(long, global = true, value_enum, default_value_t = SandboxLevel::BestEffort)]
    pub(crate) sandbox: SandboxLevel,
    /// Seconds without a sign of life (an answer, or progress) after which a plugin is killed.
    #[arg(
        long,
        global = true,
        default_value_t = 600.0,
        value_name = "SECONDS",
        allow_negative_numbers = true
    )]
    pub(crate) patience: f64,
    /// GiB of address space of each plugin's worker, 0 without limit; all memory unless given.
    #[arg(long, global = true, value_name = "GIB", allow_negative_numbers = true)]
    pub(crate) memory: Option<f64>,
}

/// Whether plugins are shut in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxLevel {
    Require,
    BestEffort,
    Off,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Plan, run, score and show the leaderboard.
    Run(RunArguments),
    /// Go on with a recorded run.
    Resume(ResumeArguments),
    /// Show how far recorded runs are.
    Status(StatusArguments),
    /// Recompute every score of a run from its stored answers and hashes.
    Verify(RecordedArguments),
    /// Show what a run file would do, without doing it.
    Plan(PlanArguments),
    /// Show or write the leaderboard of a run.
    Leaderboard(LeaderboardArguments),
    /// Write the leaderboards of runs as pages that need no server.
    #[command(after_help = report::EXAMPLES)]
    Report(ReportArguments),
    /// Score a run with other metrics, or answers that another system made.
    #[command(after_help = SCORE_EXAMPLES)]
    Score(ScoreArguments),
    /// Compare a run with another: what became worse, better, or cannot be told apart.
    #[command(after_help = compare::EXAMPLES)]
    Compare(CompareArguments),
    /// Keep the scores of runs night after night, and find what changed.
    #[command(subcommand, after_help = history::EXAMPLES)]
    History(HistoryCommand),
    /// Begin a benchmark: a folder with a run file, an experiment and a nightly check.
    #[command(after_help = init::EXAMPLES)]
    Init(InitArguments),
    /// Measure how fast methods answer, with the spread of every number.
    #[command(after_help = bench::EXAMPLES)]
    Bench(BenchArguments),
    /// Make a folder of a run's answers and scores, to hand in to a shared board.
    #[command(after_help = board::SUBMIT_EXAMPLES)]
    Submit(SubmitArguments),
    /// Check what was handed in: files, plan, pilots, answers, scores.
    #[command(after_help = board::CHECK_EXAMPLES)]
    SubmitCheck(SubmitCheckArguments),
    /// Make, fill and build a board of several hands.
    #[command(subcommand, after_help = board::BOARD_EXAMPLES)]
    Board(BoardCommand),
    /// Look at, check and make experiments.
    #[command(subcommand)]
    Experiment(ExperimentCommand),
    /// Begin, add, look at, check and remove plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Fetch and look at language models.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Answers of frozen models that are kept from run to run.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Serve a plugin for another command; not for people.
    #[command(hide = true)]
    Worker,
    /// Read files of strangers for another command; not for people.
    #[command(hide = true)]
    ReadAnswers,
    /// Print a completion script for a shell.
    #[command(after_help = manual::COMPLETIONS_HELP)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands.
    #[command(after_help = manual::MAN_EXAMPLES)]
    Man(ManArguments),
    /// Look at this machine: what is set up, what is missing, and how to get it.
    #[command(after_help = manual::DOCTOR_HELP)]
    Doctor(DoctorArguments),
}

/// Kept answers.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// How much is kept, and where.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget all answers; runs that are recorded keep theirs.
    Clear {
        /// Also those of services, which were paid for.
        #[arg(long)]
        paid: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// How to work.
#[derive(Debug, Clone, Args)]
pub(crate) struct Work {
    /// Threads; all cores unless given. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    #[arg(from_global)]
    pub(crate) quiet: bool,
    /// Ask frozen models and services everything anew; neither read nor keep their answers.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Run file; `pilotbench.toml` here, else the embedded default.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Discard what an earlier run of the same plan recorded.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Only say what the methods that use services would cost; nothing is asked or recorded.
    #[arg(long, conflicts_with_all = ["replay", "fresh"])]
    pub(crate) estimate: bool,
    /// Print the leaderboard, or the estimate, as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) spending: Spending,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// A recorded run.
#[derive(Debug, Clone, Args)]
pub(crate) struct Chosen {
    /// Run, by name or path; may be left out when there is one.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) run: Option<String>,
    /// Go on although a plugin's library is another file than at the beginning.
    #[arg(long)]
    pub(crate) allow_changed_plugins: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordedArguments {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) work: Work,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    pub(crate) recorded: RecordedArguments,
    #[command(flatten)]
    pub(crate) spending: Spending,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Run, by name or path; all runs unless given.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) run: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// Run file; `pilotbench.toml` here, else the embedded default.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Print the whole plan as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write who is in which pilot and who is held out (CSV), for a system that answers by itself.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) pilots: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) budget: Budget,
}

#[derive(Debug, Args)]
pub(crate) struct LeaderboardArguments {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Form printed.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Pilot size at which the terminal tables tell what the headline means; the largest unless given.
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<usize>,
    /// Write all files into this folder instead of printing.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Results of `bench`: the board also says how fast its methods answer.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) throughput: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) work: Work,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreArguments {
    /// Run, by name or path; may be left out when there is one, or with --answers.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) run: Option<String>,
    /// Metrics instead of the run's, by name.
    #[arg(long, value_delimiter = ',', value_name = "METRIC")]
    pub(crate) metrics: Vec<String>,
    /// File that says how to score.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) by: Option<PathBuf>,
    /// Simulated answers of another system, CSV or Parquet.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) answers: Option<PathBuf>,
    /// Experiment that the answers are of.
    #[arg(long, value_name = "EXPERIMENT", requires = "answers")]
    pub(crate) experiment: Option<String>,
    /// Name of the other system in tables; that of the file unless given.
    #[arg(long = "as", value_name = "NAME", requires = "answers")]
    pub(crate) name: Option<String>,
    /// The answers are of people of their own, with arms and covariates as in the experiment's table.
    #[arg(long, requires = "answers")]
    pub(crate) unpaired: bool,
    /// Form printed.
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Pilot size at which the terminal tables tell what the headline means; the largest unless given.
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<usize>,
    /// Also write all files into this folder.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// Form of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Terminal,
    Markdown,
    Csv,
    Json,
}

impl Format {
    /// The form that is meant where `--json` may stand for it.
    pub(crate) fn or_json(self, json: bool) -> Self {
        if json { Self::Json } else { self }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    /// List the experiments.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show an experiment: source, arms, items, counts.
    Show {
        /// Name, or path of its folder.
        #[arg(value_hint = ValueHint::DirPath)]
        experiment: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Check card and table; every fault with its place.
    Check {
        /// Names or paths; all unless given.
        #[arg(value_hint = ValueHint::DirPath)]
        experiments: Vec<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draw a table of a synthetic population.
    Generate {
        /// Population.
        #[arg(value_parser = ["disclosure"])]
        population: String,
        /// Seed.
        #[arg(long, default_value_t = pilotbench_engine::experiment::generate::SEED)]
        seed: u64,
        /// Participants.
        #[arg(long, default_value_t = pilotbench_engine::experiment::generate::PARTICIPANTS)]
        participants: usize,
        /// File to write; stdout unless given.
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
        /// Make an experiment of this name with the card of the population, ready to run.
        #[arg(long = "as", value_name = "NAME", conflicts_with = "out")]
        name: Option<String>,
    },
    /// Write a first card for a table by looking at its columns.
    #[command(
        after_help = "Example:\n  pilotbench experiment new mine --table answers.csv --id pid \
        --arm group --item trust --item risk --action bought"
    )]
    New(NewArguments),
    /// Bring your own table into the form of an existing card.
    #[command(after_help = "Example:\n  pilotbench experiment import --like disclosure --table \
        hunt.csv --map mapping.toml --as hunt-2025\n\nThe mapping:\n  [columns]\n  benefit = \
        \"Q3_benefit\"\n  [codes.benefit]\n  \"Strongly agree\" = \"5\"")]
    Import(ImportArguments),
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// Name of the experiment, [a-z0-9-].
    pub(crate) name: String,
    /// CSV or Parquet file of answers; it is copied.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) table: PathBuf,
    /// Column that identifies participants; row numbers unless given.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Column of the arm.
    #[arg(long)]
    pub(crate) arm: Option<String>,
    /// Column that is a belief item; may be given several times.
    #[arg(long)]
    pub(crate) item: Vec<String>,
    /// Column that is an action item; may be given several times.
    #[arg(long)]
    pub(crate) action: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Experiment whose card is used.
    #[arg(long)]
    pub(crate) like: String,
    /// Your table, CSV or Parquet.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) table: PathBuf,
    /// Which of your columns and codes stand for the card's (TOML); same names unless given.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) map: Option<PathBuf>,
    /// Name of the new experiment, [a-z0-9-].
    #[arg(long = "as")]
    pub(crate) name: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
