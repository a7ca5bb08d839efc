//! The leaderboard of a run as a static site: HTML, a style sheet, small scripts, data as JSON. It
//! needs no server, opens from a file share, and reads as plain tables where scripts are off.
//!
//! Invariants: the same runs give the same bytes; what comes from a run is escaped wherever it
//! stands, and control characters in it are shown, never sent; nothing is scored here.

mod answers;
mod board;
mod compare;
mod experiment;
mod files;
mod forest;
mod history;
mod inert;
mod item;
mod latex;
mod method;
mod page;
mod people;
mod plot;
mod png;
mod run;
mod shares;
mod site;
mod svg;
mod throughput;
mod words;

pub use files::{Files, publish};
pub use history::history_site;
pub use run::Run;
pub use site::site;
