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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        experiment::testing::experiment,
        interview::{self, Interview},
    };
    use arrow_array::{Array, ArrayRef, Float64Array, Int32Array, Int64Array};
    use std::sync::{Arc, atomic::AtomicBool};

    /// Chooses the first level of everything, for a dime.
    struct Dear;

    impl BackendSession for Dear {
        fn adapt(&self, _: RecordBatch, _: &str, _: &dyn Watch) -> Result<u64> {
            Ok(0)
        }

        fn respond(
            &self,
            _: u64,
            requests: RecordBatch,
            _: &str,
            _: &dyn Watch,
        ) -> Result<RecordBatch> {
            let ids = requests.column_by_name("request_id").unwrap();
            let ids = ids.as_any().downcast_ref::<Int64Array>().unwrap().clone();
            let rows = ids.len();
            let columns: [(&str, ArrayRef); 3] = [
                ("request_id", Arc::new(ids)),
                ("choice", Arc::new(Int32Array::from(vec![0; rows]))),
                ("usd", Arc::new(Float64Array::from(vec![0.1; rows]))),
            ];
            Ok(RecordBatch::try_from_iter(columns).unwrap())
        }

        fn release(&self, _: u64) -> Result<()> {
            Ok(())
        }

        fn usage(&self) -> Result<String> {
            Ok("{}".into())
        }

        fn resident_bytes(&self) -> Option<u64> {
            None
        }
    }

    #[test]
    fn whatever_is_asked_counts() {
        let experiment = experiment(20);
        let (design, items) = (&experiment.design, experiment.design.items.len() as u64);
        let people = experiment.people.take(&[0, 1, 2, 3]);
        let interview = Interview::new(design, &people, 1);
        let (tallied, stop) = (Tallied::new(&Dear), AtomicBool::new(false));
        assert_eq!(tallied.used(), None);
        let requests = || tallied.used().unwrap().requests;
        interview::conduct(&interview, &tallied, 0, &stop).unwrap();
        assert_eq!(requests(), 4 * items);
        // What the host's adapters ask: `calibrate`, then `in-context`.
        interview::ask_known(&interview, &tallied, 0, &stop).unwrap();
        assert_eq!(requests(), 8 * items);
        assert!(interview::fits(&interview, &tallied, 0, &stop).unwrap());
        assert_eq!(requests(), 8 * items + 1);
        assert_eq!(tallied.used().unwrap().nano_usd, 100_000_000 * (8 * items + 1));
    }
}
