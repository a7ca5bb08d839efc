//! Stage 5: plugins are found, checked, loaded and called.
//!
//! The rest of the engine sees two ordinary traits, [`BackendSession`] and [`MetricSession`]. Behind
//! them stands a worker process ([`worker`]), or a library in this process where that is asked for.
//! The engine's only `unsafe` is here.
//!
//! Invariants: looking for plugins never runs their code; a library is never unloaded; whatever
//! comes back is imported under a guard and fully validated; a plugin that dies fails the call that
//! killed it and no other.
#![allow(unsafe_code)]

mod call;
mod elf;
mod ffi;
mod file;
mod find;
mod in_process;
mod install;
mod load;
mod lock;
mod manifest;
mod needs;
mod opened;
mod places;
mod registry;
mod scan;
pub mod worker;

pub use call::{BackendSession, MetricSession, Reference, Tables, Watch};
pub use file::{Expected, PluginFile, check_name, inspect, inspect_expecting};
pub use find::{Entry, Found, Refused, Search};
pub use install::{Candidate, Installed, installed_versions, remove};
pub use lock::{Added, Hash, LOCK_FILE, LockState, Locked, PluginLock};
pub use manifest::{About, Library, MANIFEST_FILE, Manifest, Placed, Provides, host_target};
pub use needs::Needs;
pub use opened::Opened;
pub use places::{Source, project_place, user_data, user_place};
pub use registry::{
    BackendDescription, Better, Executor, Heading, MetricDescription, Plugins, ScoreInfo,
};
pub use scan::inspect_path;

/// Memory of a process.
fn resident_bytes(process: u32) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}
