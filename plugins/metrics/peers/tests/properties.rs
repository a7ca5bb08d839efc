//! What must hold for any people.

use metric_common::testing::{Properties, Toy, score};
use metric_peers::Peers;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        Properties::default().check::<Peers>(seed, people);
    }

    #[test]
    fn p_values_of_humans_against_themselves_are_one(seed: u64, people in 1usize..90) {
        let input = Toy::new(seed, people).itself().evaluation();
        let scores = score::<Peers>("{}", &input);
        let tested = |row: &&_| {
            let row: &metric_common::testing::TestRow = row;
            row.score == "radius_style_distribution_p"
        };
        for row in scores.rows.iter().filter(tested) {
            prop_assert!(row.value.as_ref().map_or(true, |p| *p == 1.0), "{:?}", row);
        }
    }
}
