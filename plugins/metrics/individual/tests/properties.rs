//! What must hold for any people.

use metric_common::testing::Properties;
use metric_individual::Individual;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        // Item means of the within-person correlations are those of all people in every resample.
        let properties = Properties {
            frozen: &[
                "within_person_correlation",
                "within_person_rank_correlation",
                "within_person_excluded",
            ],
            ..Properties::default()
        };
        properties.check::<Individual>(seed, people);
    }
}
