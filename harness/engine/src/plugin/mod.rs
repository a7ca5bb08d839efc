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
mod install;
mod load;
mod lock;
mod manifest;
mod needs;
mod opened;
mod places;
mod registry;
mod scan;
mod write;

pub use call::{BackendSession, MetricSession};
pub use file::{Expected, PluginFile, check_name, inspect, inspect_expecting};
pub use find::{Entry, Found, Refused, Search};
pub use install::{Candidate, Installed, installed_versions, remove};
pub use lock::{Added, Hash, LOCK_FILE, LockState, Locked, PluginLock};
pub use manifest::{About, Library, MANIFEST_FILE, Manifest, Placed, Provides, host_target};
pub use needs::Needs;
pub use opened::Opened;
pub use places::{Source, project_place, user_place};
pub use registry::{BackendDescription, Better, Heading, MetricDescription, Plugins, ScoreInfo};
pub use scan::inspect_path;
