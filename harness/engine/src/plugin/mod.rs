//! Stage 5: plugins are found, checked, loaded and called.
//!
//! The rest of the engine sees two ordinary traits, [`BackendSession`] and [`MetricSession`], so
//! that another process can stand behind them as well as a library in this one. The engine's only
//! `unsafe` is here.
//!
//! Invariants: looking for plugins never runs their code; a library is never unloaded; whatever
//! comes back is imported under a guard and fully validated.
#![allow(unsafe_code)]

mod call;
mod elf;
mod ffi;
mod file;
mod find;
mod load;
mod opened;
mod registry;

pub use call::{BackendSession, MetricSession};
pub use file::{Expected, PluginFile, check_name, inspect, inspect_expecting};
pub use find::{Found, Search, Source};
pub use opened::Opened;
pub use registry::{BackendDescription, Better, Heading, MetricDescription, Plugins, ScoreInfo};
