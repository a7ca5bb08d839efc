//! What can be typed after `submit`, `submit-check` and `board`.

use super::Work;
use clap::{Args, Subcommand, ValueEnum};
use pilotbench_engine::contrast::Rules;
use std::path::PathBuf;

pub(super) const SUBMIT_EXAMPLES: &str = "\
Examples:
  pilotbench submit mine -o first --by alice               what is no baseline of a run, as a folder
  pilotbench submit mine -o first --by alice --method tuned --note \"LoRA, rank 8\" --seen no
  pilotbench submit-check first                            before you hand it in

The folder holds the plan, the answers and the scores, and says nothing of your machine.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  pilotbench submit-check first                            is it whole, and do its scores follow?
  pilotbench submit-check submissions/alice.first --board . --json

Nothing in the folder is run; its Parquet is read in processes that are shut in and have --memory GIB of
address space (1 unless given). Ends with 4 when anything is wrong.";

pub(super) const BOARD_EXAMPLES: &str = "\
Examples:
  pilotbench board new our-board --run default --title \"Our board\"
  pilotbench board add submissions/alice.first --board .
  pilotbench board add first --board our-board --re-run mine     we ran it ourselves
  pilotbench board build --board our-board -o site

Levels: self-reported (--no-score: answers checked, scores as handed in, not ranked), re-scored (every
score computed again from the answers), re-run (the keepers' own run gave the same).";

#[derive(Debug, Args)]
pub(crate) struct SubmitArguments {
    /// Run, by name or path.
    pub(crate) run: String,
    /// Folder to write.
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Who hands it in: small letters, digits and -.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// What it is called among yours; the run's name unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Method to hand in; may be given several times. All but the built-in baselines unless given.
    #[arg(long, value_name = "METHOD")]
    pub(crate) method: Vec<String>,
    /// Words for readers of the board.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Licence of the answers.
    #[arg(long, value_name = "LICENCE")]
    pub(crate) licence: Option<String>,
    /// Whether the models saw the human answers in training, as far as you know.
    #[arg(long, value_enum, default_value_t = SeenArgument::Unknown)]
    pub(crate) seen: SeenArgument,
    #[command(flatten)]
    pub(crate) work: Work,
}

/// Whether models saw the human answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeenArgument {
    Yes,
    No,
    Unknown,
}

#[derive(Debug, Args)]
pub(crate) struct SubmitCheckArguments {
    /// Folder that was handed in.
    pub(crate) folder: PathBuf,
    /// Also ask whether it may stand on this board.
    #[arg(long, value_name = "DIR")]
    pub(crate) board: Option<PathBuf>,
    /// Leave the scores as they are claimed.
    #[arg(long)]
    pub(crate) no_score: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) work: Work,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BoardCommand {
    /// Make an empty board whose protocol and references are those of a run.
    New(NewBoardArguments),
    /// Check submissions and add them.
    Add(AddToBoardArguments),
    /// Score everything on the board together and write its leaderboard.
    Build(BuildBoardArguments),
}

#[derive(Debug, Args)]
pub(crate) struct NewBoardArguments {
    /// Folder to make.
    pub(crate) folder: PathBuf,
    /// Run whose experiments, sizes, seeds and metrics are the board's, by name or path.
    #[arg(long, value_name = "RUN")]
    pub(crate) run: String,
    /// Title.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: String,
    /// Method of the run that is a reference of the board; may be given several times. All built-in
    /// baselines unless given.
    #[arg(long, value_name = "METHOD")]
    pub(crate) reference: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AddToBoardArguments {
    /// Folders that were handed in.
    #[arg(required = true, value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    /// The board.
    #[arg(long, value_name = "DIR")]
    pub(crate) board: PathBuf,
    /// Leave the scores as they are claimed: the level is self-reported.
    #[arg(long, conflicts_with = "re_run")]
    pub(crate) no_score: bool,
    /// Your own run of the same methods: the level is re-run where it gives the same.
    #[arg(long, value_name = "RUN")]
    pub(crate) re_run: Option<String>,
    /// Difference of the headline from your own run that is no matter, where answers are not the same.
    #[arg(long, default_value_t = Rules::MARGIN, value_name = "X")]
    pub(crate) margin: f64,
    /// Take the place of an earlier submission of the same name.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) work: Work,
}

#[derive(Debug, Args)]
pub(crate) struct BuildBoardArguments {
    /// The board.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) board: PathBuf,
    /// Also write pages into this folder.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) work: Work,
}
