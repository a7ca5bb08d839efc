use abi_stable::{StableAbi, std_types::RStr};
use std::ffi::c_void;

/// The way back to the host during a call: progress, cancellation, log lines.
///
/// Valid only until the call that received it returns; the host catches panics in its own
/// callbacks, since one would unwind into the plugin's frames.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct Control {
    /// Handed back unchanged as the first argument of every callback.
    pub context: *const c_void,
    /// Report progress: share done in `[0, 1]` and a word on what is going on.
    pub progress: extern "C" fn(*const c_void, f64, RStr<'_>),
    /// Whether the host wants the call to end soon.
    pub cancelled: extern "C" fn(*const c_void) -> bool,
    /// A log line with a level from 1 (error) to 5 (trace).
    pub log: extern "C" fn(*const c_void, u32, RStr<'_>),
}
