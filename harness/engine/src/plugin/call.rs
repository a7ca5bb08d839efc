//! The traits behind which plugins stand, wherever they run.

use super::worker::Shared;
use crate::fault::Result;
use arrow_array::RecordBatch;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The host's side of a call in progress. Called from the thread that made the call.
pub trait Watch: Sync {
    /// Whether the call should end soon.
    fn is_stopped(&self) -> bool;

    /// The plugin reports the share done, in `[0, 1]`, and what it is doing.
    fn progress(&self, _share: f64, _what: &str) {}

    /// The plugin says something, with a level from 1 (error) to 5 (trace).
    fn log(&self, level: u32, message: &str) {
        if level <= 2 {
            use std::io::Write;
            // A closed stderr is no reason to fail.
            let _ = writeln!(std::io::stderr(), "plugin: {}", message.escape_debug());
        }
    }
}

impl Watch for AtomicBool {
    fn is_stopped(&self) -> bool {
        self.load(Ordering::Relaxed)
    }
}

/// A backend that is open.
pub trait BackendSession: Send + Sync {
    /// Learns from a pilot; returns a handle.
    ///
    /// # Errors
    /// What the plugin reports, or how it died.
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Result<u64>;

    /// Answers a batch of requests.
    ///
    /// # Errors
    /// What the plugin reports, a reply that is no valid Arrow, or how it died.
    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        watch: &dyn Watch,
    ) -> Result<RecordBatch>;

    /// Forgets a handle.
    ///
    /// # Errors
    /// What the plugin reports.
    fn release(&self, handle: u64) -> Result<()>;

    /// Counters of use, JSON text.
    ///
    /// # Errors
    /// What the plugin reports.
    fn usage(&self) -> Result<String>;

    /// Memory of the process that the plugin runs in; `None` where it cannot be told.
    fn resident_bytes(&self) -> Option<u64>;
}

/// A metric that is open.
pub trait MetricSession: Send + Sync {
    /// Scores one replicate.
    ///
    /// # Errors
    /// What the plugin reports, a reply that is no valid Arrow, or how it died.
    fn evaluate(&self, tables: &Tables, watch: &dyn Watch) -> Result<RecordBatch>;

    /// Memory of the process that the plugin runs in; `None` where it cannot be told.
    fn resident_bytes(&self) -> Option<u64>;
}

/// What replicates are compared with: the same for all methods and pilot sizes of a seed.
pub struct Reference {
    human: RecordBatch,
    weights: RecordBatch,
    /// Tells references of this process apart.
    pub(super) number: u64,
    shared: OnceLock<Result<Shared>>,
}

impl Reference {
    /// Humans and resample weights.
    pub fn new(human: RecordBatch, weights: RecordBatch) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { human, weights, number, shared: OnceLock::new() }
    }

    /// The same in shared memory.
    pub(super) fn shared(&self) -> Result<&Shared> {
        let write = || Shared::write("", &[&self.human, &self.weights]);
        self.shared.get_or_init(write).as_ref().map_err(Clone::clone)
    }
}

/// What metrics get of one replicate. All metrics of a run get the same, so the form in which it
/// goes to their workers is made once.
pub struct Tables {
    pub(super) reference: Arc<Reference>,
    simulated: RecordBatch,
    pilot: RecordBatch,
    /// Experiment and seed, JSON text.
    pub(super) context: String,
    shared: OnceLock<Result<Shared>>,
}

impl Tables {
    /// Simulated people and pilot beside a reference; context as JSON text.
    pub fn new(
        reference: Arc<Reference>,
        simulated: RecordBatch,
        pilot: RecordBatch,
        context: String,
    ) -> Self {
        Self { reference, simulated, pilot, context, shared: OnceLock::new() }
    }

    /// Humans, simulated people, pilot and weights.
    pub(super) fn batches(&self) -> [RecordBatch; 4] {
        let Reference { human, weights, .. } = self.reference.as_ref();
        [human, &self.simulated, &self.pilot, weights].map(Clone::clone)
    }

    /// All but the reference in shared memory.
    pub(super) fn shared(&self) -> Result<&Shared> {
        let write = || Shared::write(&self.context, &[&self.simulated, &self.pilot]);
        self.shared.get_or_init(write).as_ref().map_err(Clone::clone)
    }
}
