//! Stage 8: what a model that stays as it is said to some words is kept and not asked again.
//!
//! Answers of a frozen model depend on its words alone, not on the pilot: they serve all pilot sizes,
//! seeds and calibrations of a run, and later runs. An answer is found by the plugin's hash, the
//! backend and its settings, what the opened backend says of its model, the words and the options.
//!
//! Invariants: a record is the same bytes with a cache and without; only log-probabilities are kept,
//! for they alone are the same however often one asks; files are never changed, so that neither a
//! kill nor another run can damage them, and one that is damaged is left out.

mod session;
mod store;

pub use session::Cached;
pub use store::{Cache, Known, Size};
