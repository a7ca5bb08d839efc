//! How fast a method answers: offline, one request at a time, and under requests that come at random,
//! after the rules of MLPerf's load generator (Reddi et al. 2020, arXiv 1911.02549): fixed seeds,
//! warm-up, least duration and count, several runs, and checks that what was measured is what was
//! scored.
//!
//! Invariants: no number without its spread over runs; what cannot be measured is undefined with a
//! reason; requests are those of a replicate of a plan, asked of a session that the engine opened; a
//! result that breaks a rule is written and says INVALID.

mod answers;
mod arrivals;
mod asking;
mod board;
mod counters;
mod energy;
mod latency;
mod machine;
mod markdown;
mod measure;
mod peak;
mod processes;
mod repeats;
mod requests;
mod result;
mod round;
mod scenario;
mod settings;
mod spread;
mod table;
mod validity;

pub use board::{Section, on_board};
pub use markdown::{markdown, section_markdown};
pub use measure::{Bench, measure};
pub use result::{FILE_BYTES_MAX, Report, read, write};
pub use settings::Settings;
pub use spread::{Number, Spread};
pub use table::{Table, remarks, tables};
