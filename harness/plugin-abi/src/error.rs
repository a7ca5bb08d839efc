use abi_stable::{
    StableAbi,
    std_types::{RResult, RString},
};

/// Result of every call that crosses.
pub type Res<T> = RResult<T, PluginError>;

/// An error on its way from a plugin to the host.
///
/// No enum crosses: `code` is one of the constants of [`ErrorCode`], and a host shows a code that it
/// does not know by its number.
#[repr(C)]
#[derive(StableAbi, Debug, Clone)]
pub struct PluginError {
    /// One of [`ErrorCode`]'s constants, or a later one.
    pub code: u32,
    /// Milliseconds after which another attempt makes sense; 0 when another attempt is pointless.
    pub retry_after_ms: u64,
    /// One line for people.
    pub message: RString,
    /// Where it happened: `file:line:column` of a panic, a key of the configuration, or empty.
    pub detail: RString,
}

/// The error codes of interface 1.
pub struct ErrorCode;

impl ErrorCode {
    /// The configuration is wrong; `detail` names the key.
    pub const CONFIG: u32 = 1;
    /// The plugin cannot do what was asked (no such backend, an item of an unsupported kind, …).
    pub const UNSUPPORTED: u32 = 2;
    /// The host passed data that breaks the contract.
    pub const BAD_INPUT: u32 = 3;
    /// The method needs a pilot and got none.
    pub const EMPTY_PILOT: u32 = 4;
    /// The handle was never given out or was already released.
    pub const UNKNOWN_HANDLE: u32 = 5;
    /// The host asked to stop and the plugin did.
    pub const CANCELLED: u32 = 6;
    /// The plugin's own computation failed.
    pub const COMPUTATION: u32 = 7;
    /// Something outside failed (file, network, device).
    pub const EXTERNAL: u32 = 8;
    /// The plugin panicked; `detail` holds `file:line:column`.
    pub const PANICKED: u32 = 9;
    /// What was asked is longer than the backend takes; `detail` holds the length and the limit.
    pub const TOO_LONG: u32 = 10;
    /// The money that may be spent is spent.
    pub const BUDGET: u32 = 11;
    /// A service outside is of no more use in this run: an exhausted quota.
    pub const UNAVAILABLE: u32 = 12;
    /// A service outside refuses whom it was asked by: a wrong key.
    pub const DENIED: u32 = 13;

    /// Name of a code for messages; a code of a later interface is shown by its number.
    pub fn name(code: u32) -> String {
        let known = match code {
            Self::CONFIG => "configuration",
            Self::UNSUPPORTED => "unsupported",
            Self::BAD_INPUT => "bad input",
            Self::EMPTY_PILOT => "empty pilot",
            Self::UNKNOWN_HANDLE => "unknown handle",
            Self::CANCELLED => "cancelled",
            Self::COMPUTATION => "computation",
            Self::EXTERNAL => "external",
            Self::PANICKED => "panicked",
            Self::TOO_LONG => "too long",
            Self::BUDGET => "budget",
            Self::UNAVAILABLE => "unavailable",
            Self::DENIED => "denied",
            other => return format!("code {other}"),
        };
        known.to_owned()
    }
}
