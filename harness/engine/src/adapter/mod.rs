//! Stage 4: what a method may learn from before it answers, and for whom it answers; and what the
//! host's own adapters learn.
//!
//! Invariant: a method that is not an oracle never sees an answer of a held-out participant.

mod calibrate;
mod choice;
mod reveal;

pub use calibrate::{Calibration, Told};
pub use choice::{CalibrateSettings, Choice, InContextSettings};
pub use reveal::{Revelation, reveal};
