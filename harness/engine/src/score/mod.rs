//! Stage 9: stored answers meet human ones, metrics score them, and the seeds of a cell become a mean
//! with an interval.
//!
//! Invariants: scores are a function of record, data and metric plugins, nothing else; a value that
//! does not exist is counted with its reason, never a 0; two sources of chance are kept apart (the
//! seed: which pilot and which draws; the participants: who happened to be held out).

mod aggregate;
mod cell;
mod resample;
mod rows;
mod table;

pub use aggregate::{Estimate, IntervalSource};
pub use cell::{Cell, cells};
pub use rows::ScoreKey;
pub use table::{CellFacts, CellScores, ScoreRow, score, scores_file};
