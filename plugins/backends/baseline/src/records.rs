//! The answers of known people, found by identifier.

use pilotbench_plugin_sdk::{Experiment, People};
use std::collections::HashMap;

/// Level indices by person and item.
#[derive(Debug)]
pub struct Records {
    rows: HashMap<String, usize>,
    answers: Vec<Option<u32>>,
    items: usize,
}

impl Records {
    /// The answers of these people, under the identifier that `name` gives a row; rows without one
    /// are left out.
    pub(crate) fn new<'p>(
        people: &'p People,
        experiment: &Experiment,
        name: impl Fn(usize) -> Option<&'p str>,
    ) -> Self {
        let items = experiment.items.len();
        let named = (0..people.len()).filter_map(|row| Some((name(row)?.to_owned(), row)));
        let answer =
            |row: usize, item| people.answer(row, item).and_then(|level| u32::try_from(level).ok());
        Self {
            rows: named.collect(),
            answers: (0..people.len())
                .flat_map(|row| (0..items).map(move |item| answer(row, item)))
                .collect(),
            items,
        }
    }

    /// The person with this identifier.
    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.rows.get(id).copied()
    }

    /// The level that a person gave.
    pub(crate) fn answer(&self, person: usize, item: usize) -> Option<usize> {
        self.answers[person * self.items + item].map(|level| level as usize)
    }
}
