//! Exit codes, all of them.

use crate::signals;
use pilotbench_engine::fault::{Fault, FaultKind};
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked is done.
    Done = 0,
    /// Some replicates failed, a service is of no more use, or a measurement is invalid.
    SomeFailed = 1,
    /// Wrong usage or configuration; also a service that refuses the key.
    Usage = 2,
    /// The money that may be spent is spent.
    Budget = 3,
    /// The store or a file in it is not what it should be, or a plugin is not.
    Integrity = 4,
    /// The same replicate gave two different answers.
    Nondeterminism = 5,
    /// A comparison found what it was to fail on.
    Regression = 6,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

impl Exit {
    pub(crate) fn of(fault: &Fault) -> Self {
        match fault.kind {
            FaultKind::Usage | FaultKind::Denied => Self::Usage,
            FaultKind::Budget => Self::Budget,
            FaultKind::Unavailable => Self::SomeFailed,
            FaultKind::Plugin | FaultKind::Died | FaultKind::TooLong | FaultKind::Store => {
                Self::Integrity
            }
            FaultKind::Nondeterminism => Self::Nondeterminism,
            FaultKind::Interrupted => Self::stopped(),
        }
    }

    /// How a command ended that a signal stopped.
    pub(crate) fn stopped() -> Self {
        match signals::is_terminated() {
            true => Self::Terminated,
            false => Self::Interrupted,
        }
    }

    /// Whether a signal ended the command before it had a result.
    pub(crate) fn is_stopped(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated)
    }

    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
