//! Bootstrap resamples of participants, as weights.

use crate::{
    experiment::{Columns, Experiment},
    random::SplitMix64,
};
use arrow_array::{FixedSizeListArray, RecordBatch, StringArray, UInt16Array};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

/// How often each participant of an experiment is drawn in each resample (with replacement, as
/// many as there are), the same for all methods, sizes and seeds, so that their differences are
/// paired. Index 0 of each row is 1: the table as it is.
pub(super) struct Resamples {
    width: usize,
    weights: Vec<u16>,
}

impl Resamples {
    pub(super) fn new(experiment: &Experiment, resamples: usize) -> Self {
        let people = experiment.people.len();
        let width = resamples + 1;
        // By identifier, so that the order of the table's rows changes nothing.
        let mut by_id: Vec<usize> = (0..people).collect();
        by_id.sort_by_key(|row| experiment.people.ids.value(*row));
        let mut weights = vec![0_u16; people * width];
        weights.iter_mut().step_by(width).for_each(|weight| *weight = 1);
        for resample in 1..width {
            let mut stream = SplitMix64::of(&["bootstrap", experiment.id(), &resample.to_string()]);
            for _ in 0..people {
                let slot = by_id[stream.below(people)] * width + resample;
                weights[slot] = weights[slot].saturating_add(1);
            }
        }
        Self { width, weights }
    }

    /// The weights of these rows, as they cross to metrics.
    pub(super) fn batch(&self, ids: &StringArray, rows: &[u32]) -> RecordBatch {
        let mut values = Vec::with_capacity(rows.len() * self.width);
        for row in rows {
            let start = *row as usize * self.width;
            values.extend_from_slice(&self.weights[start..start + self.width]);
        }
        let field = Arc::new(Field::new("item", DataType::UInt16, false));
        let values = Arc::new(UInt16Array::from(values));
        let lists = FixedSizeListArray::new(field, self.width as i32, values, None);
        let mut columns = Columns::default();
        columns.push("participant_id", Arc::new(ids.clone()));
        columns.push("weights", Arc::new(lists));
        columns.batch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::experiment;

    #[test]
    fn every_resample_draws_as_many_as_there_are() {
        let resamples = Resamples::new(&experiment(40), 5);
        for index in 0..6 {
            let drawn: u32 =
                resamples.weights.iter().skip(index).step_by(6).map(|w| u32::from(*w)).sum();
            assert_eq!(drawn, 40);
        }
        assert!(resamples.weights.iter().step_by(6).all(|w| *w == 1));
        assert!(resamples.weights.iter().skip(1).step_by(6).any(|w| *w != 1));
    }
}
