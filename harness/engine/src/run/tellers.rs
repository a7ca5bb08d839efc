//! What became of replicates, counted and told: to the record, the journal and whoever watches.

use super::{
    execute::{Outcome, Progress},
    given_up::GivenUps,
};
use crate::{
    fault::{Fault, FaultKind, Result},
    plan::Replicate,
    record::{COMMITTED, Journal, Manifest, Record},
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whom all threads of an execution tell.
pub(super) struct Tellers<'a> {
    record: &'a Record,
    journal: &'a Journal,
    progress: &'a dyn Progress,
    committed: AtomicUsize,
    failed: AtomicUsize,
    /// Of methods that were given up.
    left: AtomicUsize,
    given_up: GivenUps,
}

impl<'a> Tellers<'a> {
    pub(super) fn new(
        record: &'a Record,
        journal: &'a Journal,
        progress: &'a dyn Progress,
    ) -> Self {
        let (committed, failed, left, given_up) = Default::default();
        Self { record, journal, progress, committed, failed, left, given_up }
    }

    /// A replicate is safe on disk.
    pub(super) fn committed(&self, manifest: &Manifest) {
        self.committed.fetch_add(1, Ordering::Relaxed);
        let counts = manifest.counts;
        self.progress.committed(counts.ok + counts.refused + counts.invalid);
        self.journal.note(COMMITTED, &manifest.replicate.id, "");
    }

    /// Whether a replicate is left for later, because its method was given up.
    pub(super) fn leaves(&self, replicate: &Replicate) -> bool {
        let leaves = self.given_up.has(&replicate.method);
        self.left.fetch_add(usize::from(leaves), Ordering::Relaxed);
        leaves
    }

    /// A replicate failed. A lasting fault gives its method up, and is recorded for the replicate
    /// that met it first: the others are left for later, and so is what lacked money alone.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub(super) fn failed(&self, replicate: &Replicate, fault: &Fault) -> Result<()> {
        if fault.kind.is_lasting() {
            let is_first = self.given_up.note(&replicate.method, fault);
            if is_first {
                self.journal.note("given up", &replicate.id, &fault.message);
            }
            if !is_first || fault.kind == FaultKind::Budget {
                self.left.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        }
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.progress.failed(replicate, fault);
        self.journal.note("failed", &replicate.id, &fault.message);
        self.record.fail(replicate, fault)
    }

    /// What came of so many replicates.
    pub(super) fn end(self, outcome: &mut Outcome, pending: usize) {
        outcome.committed = self.committed.into_inner();
        outcome.failed = self.failed.into_inner();
        let done = outcome.committed + outcome.failed + self.left.into_inner();
        outcome.interrupted = done < pending;
        outcome.given_up = self.given_up.into_list();
    }
}
