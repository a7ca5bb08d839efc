//! A backend whose receipts are added up, whoever asks it and for what.

use crate::{
    fault::Result,
    interview::Used,
    plugin::{BackendSession, Watch},
};
use arrow_array::RecordBatch;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Stands right before a backend, for one replicate: behind the cache, so that what was known
/// counts nothing.
pub(super) struct Tallied<'a> {
    backend: &'a dyn BackendSession,
    used: Mutex<Option<Used>>,
}

impl<'a> Tallied<'a> {
    pub(super) fn new(backend: &'a dyn BackendSession) -> Self {
        Self { backend, used: Mutex::default() }
    }

    /// What its answers took so far; `None` where none came with a receipt.
    pub(super) fn used(&self) -> Option<Used> {
        self.sum().clone()
    }

    fn sum(&self) -> MutexGuard<'_, Option<Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BackendSession for Tallied<'_> {
    fn adapt(&self, pilot: RecordBatch, params: &str, watch: &dyn Watch) -> Result<u64> {
        self.backend.adapt(pilot, params, watch)
    }

    fn respond(
        &self,
        handle: u64,
        requests: RecordBatch,
        params: &str,
        watch: &dyn Watch,
    ) -> Result<RecordBatch> {
        let reply = self.backend.respond(handle, requests, params, watch)?;
        let used = Used::of_reply(&reply)?;
        Used::add_to(&mut self.sum(), used.as_ref());
        Ok(reply)
    }

    fn release(&self, handle: u64) -> Result<()> {
        self.backend.release(handle)
    }

    fn usage(&self) -> Result<String> {
        self.backend.usage()
    }

    fn resident_bytes(&self) -> Option<u64> {
        self.backend.resident_bytes()
    }
}
