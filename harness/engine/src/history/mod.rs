//! Stage 13: runs of the same work, night after night, and whether the newest keeps to what the
//! earlier ones were like.
//!
//! ```text
//! results/history/entries/<time>-<name>-<hash>.json   one run: scores, spread over seeds, speed
//!                 accepted/<entry>.json               a level that is wanted from that entry on
//! ```
//!
//! A series is one score of one cell, or its speed on one machine. Its next value has to lie inside
//! the prediction interval of the values before it ([`boundary`](Boundary)); what lies outside, and
//! by more than a margin for sure, is an alert. Values that raised one are not used for later
//! boundaries, so that a regression stays one until it is repaired or accepted.
//!
//! Invariants: what was added is never rewritten, and a damaged entry stops the command that meets
//! it; values of another protocol (data, held-out people, score, number of seeds) are never in one
//! window; nothing here reads a clock.

mod board;
mod boundary;
mod entry;
mod rules;
mod series;
mod store;
#[cfg(test)]
mod testing;

pub use board::{Board, Missing, Night};
pub use boundary::Boundary;
pub use entry::{Entry, EntryCell, MetricUsed, Seen, Speed, Told};
pub use rules::Rules;
pub use series::{Point, Series, SeriesName, Standing};
pub use store::{Added, History, Kept};
