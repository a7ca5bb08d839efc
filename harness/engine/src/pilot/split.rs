use super::{Strategy, order};
use crate::{
    experiment::Experiment,
    fault::{Fault, Result},
};
use std::collections::HashSet;

/// Fewer held-out people than this are not worth scoring.
const HELD_OUT_MIN: usize = 2;

/// One seeded division of an experiment's people into pilots and held-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    largest_pilot: Vec<u32>,
    held_out: Vec<u32>,
}

impl Split {
    /// Divides: the largest pilot by the strategy, everyone else is held out, in random order and
    /// at most `held_out_max` of them.
    ///
    /// # Errors
    /// When the pilot is larger than the people whom the strategy can choose, or leaves too few.
    pub fn new(
        experiment: &Experiment,
        strategy: &Strategy,
        seed: u64,
        largest: usize,
        held_out_max: Option<usize>,
    ) -> Result<Self> {
        let place = || format!("{} with strategy {strategy}", experiment.id());
        let permutation = order::permutation(experiment, seed);
        let mut pilot = order::candidates(experiment, strategy, seed, &permutation);
        if largest > pilot.len() {
            let message = format!("a pilot of {largest} is asked, {} can be chosen", pilot.len());
            let hint = order::why_few(strategy, &experiment.people);
            return Err(Fault::usage(place(), message).hint(hint));
        }
        pilot.truncate(largest);
        let chosen: HashSet<u32> = pilot.iter().copied().collect();
        let mut held_out: Vec<u32> =
            permutation.into_iter().filter(|row| !chosen.contains(row)).collect();
        held_out.truncate(held_out_max.unwrap_or(usize::MAX));
        if held_out.len() < HELD_OUT_MIN {
            let message = format!("a pilot of {largest} leaves {} held-out", held_out.len());
            return Err(Fault::usage(place(), message)
                .hint(format!("the table has {} participants", experiment.people.len())));
        }
        Ok(Self { largest_pilot: pilot, held_out })
    }

    /// Rows of the pilot of this size, in the order in which they joined.
    ///
    /// # Panics
    /// When the size is larger than the largest pilot, which the plan never asks.
    pub fn pilot(&self, size: usize) -> &[u32] {
        &self.largest_pilot[..size]
    }

    /// Rows of the held-out people, in random order.
    pub fn held_out(&self) -> &[u32] {
        &self.held_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{experiment::testing::experiment, pilot::Strategy};
    use proptest::prelude::*;

    fn strategies() -> impl proptest::strategy::Strategy<Value = Strategy> {
        prop_oneof![
            Just(Strategy::Random),
            Just(Strategy::StratifiedArm),
            Just(Strategy::SingleArm(None)),
            Just(Strategy::SingleArm(Some("b".into()))),
            Just(Strategy::EqualGroup("group".into())),
            Just(Strategy::Proportional("group".into())),
        ]
    }

    proptest! {
        #[test]
        fn pilots_nest_and_never_meet_held_out(
            strategy in strategies(),
            seed in 0_u64..1000,
            largest in 0_usize..18,
        ) {
            let experiment = experiment(60);
            let split = Split::new(&experiment, &strategy, seed, largest, None).unwrap();
            let everybody: HashSet<u32> =
                split.pilot(largest).iter().chain(split.held_out()).copied().collect();
            prop_assert_eq!(everybody.len(), 60);
            prop_assert_eq!(split.held_out().len(), 60 - largest);
            // A plan with other sizes draws the same pilots.
            let larger = Split::new(&experiment, &strategy, seed, 18, None).unwrap();
            prop_assert_eq!(split.pilot(largest), larger.pilot(largest));
        }

        #[test]
        fn every_beginning_is_proportional(seed in 0_u64..500, size in 1_usize..40) {
            let experiment = experiment(60);
            let strategy = Strategy::Proportional("group".into());
            let split = Split::new(&experiment, &strategy, seed, 40, None).unwrap();
            // Levels of `group` stand 3 : 2 : 1.
            for (level, share) in [3.0, 2.0, 1.0].into_iter().enumerate() {
                let pilot = split.pilot(size).iter();
                let has = |row: &&u32| experiment.people.level(**row as usize, 0) == Some(level);
                let count = pilot.filter(has).count() as f64;
                prop_assert!((count - share / 6.0 * size as f64).abs() <= 1.0);
            }
        }
    }

    #[test]
    fn equal_groups_are_equal() {
        let experiment = experiment(60);
        let strategy = Strategy::EqualGroup("group".into());
        let split = Split::new(&experiment, &strategy, 5, 12, None).unwrap();
        for level in 0..3 {
            let pilot = split.pilot(12).iter();
            let count = pilot
                .filter(|row| experiment.people.level(**row as usize, 0) == Some(level))
                .count();
            assert_eq!(count, 4);
        }
        // The smallest level has 10 people: 31 cannot be equal.
        let fault = Split::new(&experiment, &strategy, 5, 31, None).unwrap_err();
        assert!(fault.message.contains("30 can be chosen"), "{fault}");
    }

    #[test]
    fn one_arm_means_one_arm() {
        let experiment = experiment(60);
        let strategy = Strategy::SingleArm(Some("b".into()));
        let split = Split::new(&experiment, &strategy, 1, 20, None).unwrap();
        assert!(split.pilot(20).iter().all(|row| experiment.people.arm(*row as usize) == Some(1)));
    }

    #[test]
    fn seeds_differ_and_the_cap_keeps_a_beginning() {
        let experiment = experiment(60);
        let split = |seed, cap| Split::new(&experiment, &Strategy::Random, seed, 10, cap).unwrap();
        assert_ne!(split(1, None), split(2, None));
        assert_eq!(split(1, Some(7)).held_out(), &split(1, None).held_out()[..7]);
    }

    #[test]
    fn more_pilot_than_people_is_a_fault() {
        let fault = Split::new(&experiment(60), &Strategy::Random, 1, 61, None).unwrap_err();
        assert!(fault.message.contains("60 can be chosen"), "{fault}");
        let fault = Split::new(&experiment(60), &Strategy::Random, 1, 60, None).unwrap_err();
        assert!(fault.message.contains("leaves 0 held-out"), "{fault}");
    }
}
