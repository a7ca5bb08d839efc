//! Stage 2: who is in the pilot and who is held out.
//!
//! Invariants: the pilot of a smaller size is the beginning of the pilot of a larger one; the
//! held-out people are the same for every size, namely everyone outside the largest pilot; pilot
//! and held-out never meet.

mod order;
mod split;
mod strategy;

pub use split::Split;
pub use strategy::{Size, Strategy};
