//! A session that is asked, and its answers compared on the way.

use crate::{answers::Compared, requests::Asked};
use pilotbench_engine::{
    fault::{Fault, FaultKind, Result},
    plugin::BackendSession,
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// A method that has learned, and what its answers were so far.
pub(crate) struct Asking<'a> {
    pub(crate) backend: &'a dyn BackendSession,
    pub(crate) handle: u64,
    pub(crate) stop: &'a AtomicBool,
    compared: Mutex<Compared>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(backend: &'a dyn BackendSession, handle: u64, stop: &'a AtomicBool) -> Self {
        Self { backend, handle, stop, compared: Mutex::default() }
    }

    /// Makes requests and compares the reply with the scored one; when the reply was there.
    ///
    /// # Errors
    /// What the backend reports.
    pub(crate) fn ask(&self, asked: &Asked) -> Result<Instant> {
        let reply = self.backend.respond(self.handle, asked.requests(), "{}", self.stop)?;
        let answered = Instant::now();
        let compared = asked.batch.scored.compare(asked.rows.clone(), &reply)?;
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).add(&compared);
        Ok(answered)
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// When the work was stopped from outside.
    pub(crate) fn check(&self) -> Result<()> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Fault::new(FaultKind::Interrupted, "", "was stopped")),
            false => Ok(()),
        }
    }

    /// All answers so far.
    pub(crate) fn compared(&self) -> Compared {
        *self.compared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
