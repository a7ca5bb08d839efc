//! What must hold for any people.

use metric_coherence::Coherence;
use metric_common::testing::Properties;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        // The rules `model` and `monotone` are those of all humans in every resample.
        let properties = Properties {
            frozen: &["offset_m", "kappa_m"],
            ..Properties::default()
        };
        properties.check::<Coherence>(seed, people);
    }
}
