//! What host and worker say to each other.

use super::sandbox::Limits;
use crate::fault::{Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// From host to worker. Tables and texts that belong to a call lie in shared memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Request {
    /// Load a plugin: its file comes along as a descriptor, a [`Start`] in shared memory.
    Start { lengths: Vec<u64> },
    /// Serve the lane that comes along: its socket, its slate for calls and the one for answers.
    Lane,
    /// A backend learns: parameters and pilot, in shared memory that comes along.
    Adapt { lengths: Vec<u64> },
    /// A backend answers: parameters and requests, on the lane's slate.
    Respond { handle: u64, lengths: Vec<u64> },
    /// A backend forgets.
    Release { handle: u64 },
    /// Counters of a backend.
    Usage,
    /// A metric scores. Two memories come along: humans and weights, which the worker may have under
    /// this number from an earlier call; context, simulated people and pilot.
    Evaluate { reference: u64, reference_lengths: Vec<u64>, lengths: Vec<u64> },
    /// The call in progress on this lane should end.
    Cancel,
}

/// From worker to host.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Event {
    /// The plugin is loaded, and open where that was asked; its descriptions lie in shared memory.
    Ready { isolation: String, lengths: Vec<u64> },
    /// Share done, and what is done.
    Progress { share: f64, what: String },
    /// A line of the plugin.
    Log { level: u32, text: String },
    /// A handle of what was learned.
    Learned { handle: u64 },
    /// A text or a table, on the lane's slate.
    Reply { lengths: Vec<u64> },
    /// Done; there is nothing to say.
    Done,
    /// A typed error.
    Failed(Failure),
}

/// A [`Fault`] as it crosses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    kind: Kind,
    place: String,
    message: String,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Kind {
    Usage,
    Plugin,
    Interrupted,
    TooLong,
    Budget,
    Unavailable,
    Denied,
}

/// Characters of a text inside a message.
const LONGEST: usize = 2000;

/// A text that fits into a message.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl From<&Fault> for Failure {
    fn from(fault: &Fault) -> Self {
        let kind = match fault.kind {
            FaultKind::Usage => Kind::Usage,
            FaultKind::Interrupted => Kind::Interrupted,
            FaultKind::TooLong => Kind::TooLong,
            FaultKind::Budget => Kind::Budget,
            FaultKind::Unavailable => Kind::Unavailable,
            FaultKind::Denied => Kind::Denied,
            FaultKind::Plugin | FaultKind::Died | FaultKind::Store | FaultKind::Nondeterminism => {
                Kind::Plugin
            }
        };
        let hint = fault.hint.as_deref().map(shortened);
        Self { kind, place: shortened(&fault.place), message: shortened(&fault.message), hint }
    }
}

impl Failure {
    /// The fault that crossed.
    pub(super) fn fault(self) -> Fault {
        let kind = match self.kind {
            Kind::Usage => FaultKind::Usage,
            Kind::Plugin => FaultKind::Plugin,
            Kind::Interrupted => FaultKind::Interrupted,
            Kind::TooLong => FaultKind::TooLong,
            Kind::Budget => FaultKind::Budget,
            Kind::Unavailable => FaultKind::Unavailable,
            Kind::Denied => FaultKind::Denied,
        };
        Fault { hint: self.hint, ..Fault::new(kind, self.place, self.message) }
    }
}

/// What a worker is started for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Start {
    /// Path of the plugin, for messages.
    pub(super) path: String,
    /// Whether it looks for other libraries beside itself, and so must be loaded by its path.
    pub(super) looks_beside_itself: bool,
    /// Name of the plugin.
    pub(super) plugin: String,
    /// What is opened; nothing: the plugin only describes itself.
    pub(super) open: Option<Open>,
    /// What it may use.
    pub(super) limits: Limits,
}

impl Start {
    /// The settings of what is opened; null where nothing is.
    pub(super) fn chosen(&self) -> &Value {
        match &self.open {
            Some(Open::Backend(_, settings) | Open::Metric(_, settings)) => settings,
            None => &Value::Null,
        }
    }
}

/// What a worker opens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::plugin) enum Open {
    /// A backend and its settings.
    Backend(String, Value),
    /// A metric and its settings.
    Metric(String, Value),
}

/// Descriptions of a plugin, JSON lists.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::plugin) struct Described {
    /// Of its backends.
    pub(in crate::plugin) backends: Value,
    /// Of its metrics.
    pub(in crate::plugin) metrics: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_fault_is_one_on_the_other_side_too() {
        for kind in [FaultKind::Budget, FaultKind::Unavailable, FaultKind::Denied] {
            let crossed = Failure::from(&Fault::new(kind, "service.respond", "no more")).fault();
            assert_eq!(crossed, Fault::new(kind, "service.respond", "no more"));
            assert!(crossed.kind.is_lasting());
        }
        assert!(!FaultKind::Plugin.is_lasting());
    }
}
