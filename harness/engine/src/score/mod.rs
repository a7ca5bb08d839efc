//! Stage 10: stored answers meet human ones, metrics score them, and the seeds of a cell become a mean
//! with an interval.
//!
//! Invariants: scores are a function of answers, data and metric plugins, nothing else; a value that
//! does not exist is counted with its reason, never a 0; two sources of chance are kept apart (the
//! seed: which pilot and which draws; the participants: who happened to be held out), and drawn
//! together where cells are compared.

mod answers;
mod cell;
mod collect;
mod external;
mod file;
mod interval;
mod kept;
mod reference;
mod resample;
mod rows;
mod scorer;
mod scores;
mod shown;
mod sums;

pub use answers::{Answered, Answers, Recorded};
pub use cell::{Cell, cells};
pub use collect::{Draws, Estimate, IntervalSource};
pub use external::{AnswerTable, Beside};
pub use file::scores_file;
pub use interval::{deviation, percentile, quantile, student_half};
pub use kept::{keep, kept};
pub use rows::ScoreKey;
pub use scorer::{described, score};
pub use scores::{CellFacts, CellScores, ScoreRow, Scores, strategies};
pub use shown::Shown;
