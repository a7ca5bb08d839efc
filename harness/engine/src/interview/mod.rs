//! Stage 6: held-out participants are interviewed, item by item, each answer chained to the next.
//!
//! Invariants: the host asks and draws, a backend only says how likely each level is; the random
//! number of an answer belongs to experiment, seed, participant and item, never to batch, thread or
//! method; a reply is joined by request id and checked whole; a refused or invalid answer stays
//! missing and is counted, never imputed.

mod conduct;
mod draw;
mod messages;
mod parse;
mod receipt;
mod reply;
mod transcript;

pub use conduct::{Interview, ask_known, conduct, fits, opening};
pub use messages::whole;
pub use receipt::Used;
pub(crate) use reply::Reply;
pub use transcript::{ItemAnswers, Status, Transcript};
