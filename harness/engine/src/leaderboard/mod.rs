//! Stage 12: scores become tables. The same record gives the same bytes.
//!
//! A leaderboard shows every method at every pilot size with intervals, beside it the references by
//! which a score means something (the same-pilot baseline, the human ceilings), and what the numbers
//! stand on: versions, hashes, counts of refused and invalid answers, and SYNTHETIC wherever no
//! person answered.

mod board;
pub mod cost;
mod csv;
mod level;
mod markdown;
pub mod meaning;
mod order;
mod publish;
mod verify;

pub use board::{Board, BoardCell, BoardExperiment, BoardMethod, Overall, OverallCell, number};
pub use level::{HANDED_IN, HandedIn, LEVELS, Level, Shared};
pub use publish::{FILES, files, publish, put};
pub(crate) use verify::manifest_agrees;
pub use verify::{Finding, verify};
