//! The decoder on the CPU: prompts go through two stages of layers, and every run of tokens is
//! computed once.
//!
//! [`stage`] takes prompts through its layers and keeps keys, values and exits in its [`tree`];
//! [`pass`] computes what is new, packed without padding. The lower stage is never adapted, so that
//! all adapters of a model share it; each has an upper stage of its own.
//!
//! Invariant: an answer is the same bits whatever else is in the batch, on whatever thread, and
//! whatever was kept or dropped: each number is one sequence of operations (see the kernels).

mod bins;
mod node;
mod pass;
mod stage;
mod tree;

pub(crate) use node::Chain;
pub(crate) use pass::prepare;
pub(crate) use stage::{Stage, Wanted};
pub(crate) use tree::Worth;
