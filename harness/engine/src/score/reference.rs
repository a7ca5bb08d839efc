//! Humans and weights that were made lately.

use crate::plugin::Reference;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// People of all references that are kept: 30 seeds of a few experiments of a thousand people.
const PEOPLE: usize = 200_000;
/// References that are kept: each may hold a file open.
const KEPT: usize = 256;

/// The references of an experiment's seeds are the same for all methods and sizes.
#[derive(Default)]
pub(super) struct References(Mutex<VecDeque<Kept>>);

struct Kept {
    experiment: String,
    rows: Vec<u32>,
    reference: Arc<Reference>,
}

impl References {
    /// The reference of these rows of an experiment's table, made when it is not at hand.
    pub(super) fn get(
        &self,
        experiment: &str,
        rows: &[u32],
        make: impl FnOnce() -> Reference,
    ) -> Arc<Reference> {
        let is_it = |kept: &&Kept| kept.experiment == experiment && kept.rows == rows;
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().iter().find(is_it) {
            return Arc::clone(&known.reference);
        }
        let reference = Arc::new(make());
        let mut kept = kept();
        // Another thread may have made it meanwhile; then it is there twice, for a while.
        kept.push_back(Kept {
            experiment: experiment.to_owned(),
            rows: rows.to_vec(),
            reference: Arc::clone(&reference),
        });
        let mut people: usize = kept.iter().map(|kept| kept.rows.len()).sum();
        while (people > PEOPLE || kept.len() > KEPT) && kept.len() > 1 {
            people -= kept.pop_front().map_or(0, |oldest| oldest.rows.len());
        }
        reference
    }
}
