//! What is checked: a plugin behind traits that know nothing of how it is called.

use arrow_array::RecordBatch;
use std::{fmt, sync::Arc};

/// What kind of error a plugin reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A setting is wrong.
    Config,
    /// It was told to stop and did.
    Cancelled,
    /// The handle is not known.
    UnknownHandle,
    /// There is nobody to learn from.
    EmptyPilot,
    /// The data breaks the contract.
    BadInput,
    /// The plugin panicked.
    Panicked,
    /// The plugin cannot do this.
    Unsupported,
    /// Anything else.
    Other,
}

impl Class {
    /// Word for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "configuration",
            Self::Cancelled => "cancelled",
            Self::UnknownHandle => "unknown handle",
            Self::EmptyPilot => "empty pilot",
            Self::BadInput => "bad input",
            Self::Panicked => "panicked",
            Self::Unsupported => "unsupported",
            Self::Other => "another error",
        }
    }
}

/// An error that a plugin reported.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What kind.
    pub class: Class,
    /// In words.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.name(), self.message)
    }
}

/// Result of what a plugin does.
pub type Reply<T> = Result<T, Failure>;

/// The caller's side of a call in progress.
pub trait Watch: Sync {
    /// Whether the call should end soon.
    fn is_stopped(&self) -> bool;
    /// The plugin reports the share done and what it is doing.
    fn progress(&self, share: f64, what: &str);
}

/// Never stops and does not listen.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Watch for Quiet {
    fn is_stopped(&self) -> bool {
        false
    }
    fn progress(&self, _: f64, _: &str) {}
}

/// A backend that can be opened.
pub trait BackendSubject: Send + Sync {
    /// Its description: the JSON object that stands in the list which the plugin gives the host.
    ///
    /// # Errors
    /// What the plugin reports.
    fn describe(&self) -> Reply<String>;

    /// Opens it with settings in JSON.
    ///
    /// # Errors
    /// What the plugin reports.
    fn open(&self, settings: &str) -> Reply<Arc<dyn OpenBackend>>;
}

/// An open backend.
pub trait OpenBackend: Send + Sync {
    /// Learns from a pilot; returns a handle.
    ///
    /// # Errors
    /// What the plugin reports.
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Reply<u64>;

    /// Answers requests.
    ///
    /// # Errors
    /// What the plugin reports.
    fn respond(&self, handle: u64, requests: RecordBatch, watch: &dyn Watch) -> Reply<RecordBatch>;

    /// Forgets a handle.
    ///
    /// # Errors
    /// What the plugin reports.
    fn release(&self, handle: u64) -> Reply<()>;

    /// Counters of use, JSON text.
    ///
    /// # Errors
    /// What the plugin reports.
    fn usage(&self) -> Reply<String>;

    /// Memory of the process that the plugin runs in; `None` where it cannot be told.
    fn resident_bytes(&self) -> Option<u64>;
}

/// A metric that can be opened.
pub trait MetricSubject: Send + Sync {
    /// Its description, as for a backend.
    ///
    /// # Errors
    /// What the plugin reports.
    fn describe(&self) -> Reply<String>;

    /// Opens it with settings in JSON.
    ///
    /// # Errors
    /// What the plugin reports.
    fn open(&self, settings: &str) -> Reply<Arc<dyn OpenMetric>>;
}

/// An open metric.
pub trait OpenMetric: Send + Sync {
    /// Scores humans, simulated people, pilot and weights.
    ///
    /// # Errors
    /// What the plugin reports.
    fn evaluate(
        &self,
        tables: [RecordBatch; 4],
        context: &str,
        watch: &dyn Watch,
    ) -> Reply<RecordBatch>;

    /// Memory of the process that the plugin runs in; `None` where it cannot be told.
    fn resident_bytes(&self) -> Option<u64>;
}
