//! What a site is made of.

use pilotbench_engine::{
    contrast::CellSpeed, experiment::Experiment, leaderboard::Board, plan::Plan, record::Record,
    score::Scores,
};
use pilotbench_throughput::Section;

/// A run with its scores and its board.
pub struct Run<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// The experiments of the plan.
    pub experiments: &'a [Experiment],
    /// Its answers.
    pub record: &'a Record,
    /// Its scores.
    pub scores: &'a Scores,
    /// How fast its cells were answered.
    pub speeds: &'a [CellSpeed],
    /// Its board.
    pub board: &'a Board,
    /// The board as JSON.
    pub json: &'a [u8],
    /// How fast its methods answer, where that was measured.
    pub throughput: Option<&'a Section>,
}
