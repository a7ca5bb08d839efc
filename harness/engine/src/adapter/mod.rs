//! Stage 4: what a method may learn from before it answers, and for whom it answers.
//!
//! Invariant: a method that is not an oracle never sees an answer of a held-out participant.

mod reveal;

pub use reveal::{Revelation, reveal};
