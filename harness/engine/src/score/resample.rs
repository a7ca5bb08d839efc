//! Bootstrap resamples of participants and of seeds, as weights.

use crate::{
    experiment::Columns,
    plan::{IntervalKind, Plan},
    random::SplitMix64,
};
use arrow_array::{
    Array, FixedSizeListArray, RecordBatch, StringArray, UInt16Array, cast::AsArray,
};
use arrow_schema::{DataType, Field};
use std::{collections::BTreeMap, sync::Arc};

/// How often each participant of an experiment is drawn in each resample (with replacement, as
/// many as there are), the same for all methods, sizes and seeds, so that their differences are
/// paired. Index 0 of each row is 1: the table as it is. After the resamples come the groups of a
/// jackknife where the intervals need one: 0 for who is left out, else 1.
pub(super) struct Resamples {
    width: usize,
    weights: Vec<u16>,
}

impl Resamples {
    /// Of an experiment's people, or of any others under a name of their own.
    pub(super) fn new(name: &str, ids: &StringArray, resamples: usize, kind: IntervalKind) -> Self {
        let people = ids.len();
        let groups = kind.jackknife_groups();
        let width = 1 + resamples + groups;
        // By identifier, so that the order of the table's rows changes nothing.
        let mut by_id: Vec<usize> = (0..people).collect();
        by_id.sort_by_key(|row| ids.value(*row));
        let mut weights = vec![0_u16; people * width];
        weights.iter_mut().step_by(width).for_each(|weight| *weight = 1);
        for resample in 1..=resamples {
            let mut stream = SplitMix64::of(&["bootstrap", name, &resample.to_string()]);
            for _ in 0..people {
                let slot = by_id[stream.below(people)] * width + resample;
                weights[slot] = weights[slot].saturating_add(1);
            }
        }
        if groups > 0 {
            SplitMix64::of(&["jackknife", name]).shuffle(&mut by_id);
        }
        for (place, row) in by_id.into_iter().enumerate() {
            for group in 0..groups {
                let left_out = place % groups == group;
                weights[row * width + 1 + resamples + group] = u16::from(!left_out);
            }
        }
        Self { width, weights }
    }

    /// The weights of these rows, as they cross to metrics.
    pub(super) fn batch(&self, ids: &StringArray, rows: &[u32]) -> RecordBatch {
        weights_table(ids.clone(), self.rows(rows), self.width)
    }

    /// The same, and the weights of simulated people who stand in for nobody in particular: they
    /// are drawn among themselves.
    pub(super) fn with_others(
        &self,
        ids: &StringArray,
        rows: &[u32],
        simulated: &RecordBatch,
        plan: &Plan,
    ) -> RecordBatch {
        let others = simulated["participant_id"].as_string::<i32>();
        let (count, kind) = (plan.score.resamples, plan.score.interval);
        let others_weights = Self::new("simulated people", others, count, kind).weights;
        let mut values = self.rows(rows);
        values.extend(others_weights);
        let ids = ids.iter().chain(others.iter()).collect();
        weights_table(ids, values, self.width)
    }

    fn rows(&self, rows: &[u32]) -> Vec<u16> {
        let mut values = Vec::with_capacity(rows.len() * self.width);
        for row in rows {
            let start = *row as usize * self.width;
            values.extend_from_slice(&self.weights[start..start + self.width]);
        }
        values
    }
}

fn weights_table(ids: StringArray, values: Vec<u16>, width: usize) -> RecordBatch {
    let field = Arc::new(Field::new("item", DataType::UInt16, false));
    let values = Arc::new(UInt16Array::from(values));
    let lists = FixedSizeListArray::new(field, width as i32, values, None);
    let mut columns = Columns::default();
    columns.push("participant_id", Arc::new(ids));
    columns.push("weights", Arc::new(lists));
    columns.batch()
}

/// How often each seed is drawn in each resample, with replacement, as many as there are; the same
/// for all methods and sizes.
pub(super) struct SeedResamples(BTreeMap<u32, Vec<u16>>);

impl SeedResamples {
    pub(super) fn new(experiment: &str, seeds: &[u32], resamples: usize) -> Self {
        let mut weights: BTreeMap<u32, Vec<u16>> =
            seeds.iter().map(|seed| (*seed, vec![0; resamples])).collect();
        for resample in 0..resamples {
            let name = (resample + 1).to_string();
            let mut stream = SplitMix64::of(&["bootstrap of seeds", experiment, &name]);
            for _ in seeds {
                let seed = seeds[stream.below(seeds.len())];
                weights.entry(seed).and_modify(|weights| weights[resample] += 1);
            }
        }
        Self(weights)
    }

    /// By resample, how often this seed is drawn.
    pub(super) fn of(&self, seed: u32) -> &[u16] {
        self.0.get(&seed).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::experiment;

    #[test]
    fn every_resample_draws_as_many_as_there_are() {
        let resamples =
            Resamples::new("tiny", &experiment(40).people.ids, 5, IntervalKind::Student);
        for index in 0..6 {
            let drawn: u32 =
                resamples.weights.iter().skip(index).step_by(6).map(|w| u32::from(*w)).sum();
            assert_eq!(drawn, 40);
        }
        assert!(resamples.weights.iter().step_by(6).all(|w| *w == 1));
        assert!(resamples.weights.iter().skip(1).step_by(6).any(|w| *w != 1));
    }

    #[test]
    fn the_jackknife_leaves_everybody_out_once() {
        let resamples = Resamples::new("tiny", &experiment(50).people.ids, 3, IntervalKind::Bca);
        for person in resamples.weights.chunks_exact(24) {
            let kept: u16 = person[4..].iter().sum();
            assert_eq!((person[0], kept), (1, 19));
        }
    }

    #[test]
    fn seeds_are_drawn_with_replacement() {
        let resamples = SeedResamples::new("tiny", &[3, 5, 9], 50);
        let drawn = |b: usize| [3, 5, 9].map(|seed| resamples.of(seed)[b]);
        assert!((0..50).all(|b| drawn(b).iter().sum::<u16>() == 3));
        assert!((0..50).any(|b| drawn(b) != [1, 1, 1]));
        assert_eq!(SeedResamples::new("tiny", &[7], 4).of(7), [1, 1, 1, 1]);
    }
}
