//! The frozen boundary between the host and a plugin.
//!
//! Everything that crosses is defined here and nowhere else: a plain-data [`Probe`] that is read
//! before any code of the plugin runs, one root module per interface under its own symbol
//! ([`backend`], [`metric`]), Arrow tables as C Data Interface structs ([`Batch`]), and JSON text
//! for everything that may still change. No arrow type and no serde type appears, so that a plugin
//! built with another arrow major loads.
//!
//! **Invariant.** A published interface is frozen, byte for byte. abi_stable accepts an older host
//! with a newer plugin but refuses a newer host with an older plugin, so nothing is ever appended:
//! a later interface is a new root module under a new symbol (`pilotbench_backend_v2`).
//!
//! Rejected: abi_stable's own `load_from_*`, which keeps one library per root-module type and so
//! returns the first plugin again for the second path.
#![allow(clippy::missing_safety_doc)]

pub mod backend;
mod batch;
mod control;
mod error;
pub mod metric;
mod probe;

pub use abi_stable;
pub use batch::{ARRAY_WORDS, Batch, CArrowArray, CArrowSchema, SCHEMA_WORDS};
pub use control::Control;
pub use error::{ErrorCode, PluginError, Res};
pub use probe::{
    FLAG_DEBUG_ASSERTIONS, FLAG_PANIC_ABORT, NEEDS_SIZE, NEEDS_SYMBOL, PROBE_MAGIC, PROBE_SIZE,
    PROBE_SYMBOL, Probe, ProbeError, ProbeInfo, text, texts,
};
