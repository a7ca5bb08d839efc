//! Fits of the humans, which all methods of a seed are compared with: computed once.

use crate::{
    fits::{Fit, fit_all},
    table::Table,
};
use pilotbench_plugin_sdk::Weights;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Entries kept; one is about 20 kB at 20 resamples and a dozen columns.
const ENTRIES: usize = 256;

/// Entries by a digest of everything that the fits depend on: what is found here is what would be
/// computed.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: Mutex<VecDeque<(Digest, Arc<Vec<Fit>>)>>,
}

impl Cache {
    /// As [`fit_all`].
    pub(crate) fn fit_all(
        &self,
        table: &Table,
        kept: &[bool],
        weights: &Weights,
        indices: usize,
    ) -> Arc<Vec<Fit>> {
        let digest = Digest::of(table, kept, weights, indices);
        if let Some(fits) = self.find(digest) {
            return fits;
        }
        // Not under the lock: two threads may compute the same, and neither waits.
        let fits = Arc::new(fit_all(table, kept, weights, indices));
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES {
            entries.pop_front();
        }
        entries.push_back((digest, Arc::clone(&fits)));
        fits
    }

    fn find(&self, digest: Digest) -> Option<Arc<Vec<Fit>>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.iter().find(|(known, _)| *known == digest);
        found.map(|(_, fits)| Arc::clone(fits))
    }
}

/// 128 bits in two halves that mix the same words differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Digest(u64, u64);

impl Digest {
    fn of(table: &Table, kept: &[bool], weights: &Weights, indices: usize) -> Self {
        let mut digest = Self(0, 0);
        let sizes = [table.kind as usize, table.columns, table.len(), table.values.len(), indices];
        sizes.into_iter().for_each(|size| digest.add(size as u64));
        table.values.iter().chain(&table.design).for_each(|value| digest.add(value.to_bits()));
        for ((row, outcome), kept) in table.rows.iter().zip(&table.outcomes).zip(kept) {
            digest.add(2 * *outcome as u64 + u64::from(*kept));
            for chunk in weights.row(*row)[..indices].chunks(4) {
                digest.add(chunk.iter().fold(0, |word, weight| word << 16 | u64::from(*weight)));
            }
        }
        digest
    }

    fn add(&mut self, word: u64) {
        let mix = |mut z: u64, factor: u64| {
            z = (z ^ (z >> 32)).wrapping_mul(factor);
            z ^ (z >> 29)
        };
        self.0 = mix(self.0.rotate_left(5) ^ word, 0x9E37_79B9_7F4A_7C15).wrapping_add(1);
        self.1 = mix(self.1.wrapping_add(word), 0xD6E8_FEB8_6659_FD93).wrapping_add(3);
    }
}
