//! What must hold for any people.

use metric_common::testing::Properties;
use metric_heterogeneity::Heterogeneity;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        Properties::default().check::<Heterogeneity>(seed, people);
    }
}
