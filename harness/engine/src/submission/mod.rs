//! Stage 13: a run of somebody else's is checked, byte by byte, and put on a board with others.
//!
//! ```text
//! <submission>/submission.toml                      who hands in what, and what it is made of
//!              plan.json                            the plan with these methods alone
//!              cells/<aa>/<id>/<sha256>.parquet     answers, as in a record
//!              cells/<aa>/<id>/manifest.json
//!              scores.csv                           the scores that are claimed
//! ```
//!
//! Invariants: nothing in a submission is run, and nothing in it is believed that can be computed
//! here; its files are opened as plain files of bounded size alone; Parquet is taken apart in a
//! process that is shut in, and what comes back is checked value by value and written anew, so that
//! every later stage works on a record that this binary wrote; all faults are told, not the first
//! alone.

mod against;
mod bytes;
mod check;
mod claims;
mod findings;
mod folder;
mod form;
mod merge;
mod read;
mod replicates;
mod shared;
mod table;
mod write;

pub use against::against_board;
pub use check::{Checked, Here, Score, check, claims_check, score_check};
pub use findings::{Check, Finding, Status};
pub use form::{SUBMISSION_FILE, Seen, Submission};
pub use merge::Merged;
pub use read::{Read, read};
pub use shared::{BOARD_FILE, BoardFile, Entry, SharedBoard, merged_name};
pub use write::{SCORES_FILE, write};

use crate::record;
use arrow_array::RecordBatch;

/// What a reader of answers does with the bytes of a file.
///
/// # Errors
/// When they are no table of at most so many rows.
pub fn decode(bytes: Vec<u8>, rows_max: usize) -> std::result::Result<RecordBatch, String> {
    match bytes::kind(&bytes) {
        Some(bytes::Kind::Parquet) => {}
        Some(kind) => return Err(format!("it is {}, not Parquet", kind.name())),
        None => return Err("it is not Parquet".to_owned()),
    }
    record::decode_at_most(bytes, rows_max).map_err(|fault| fault.message)
}
