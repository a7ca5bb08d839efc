//! What must hold for any people.

use metric_common::testing::{Properties, Toy, score};
use metric_distribution::Distribution;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        // Two halves of the same humans differ by chance; what counts is the excess over it.
        let properties = Properties {
            settings: r#"{"splits": 5, "floor": 4}"#,
            imperfect: &["js_matched", "js_excess", "js_worst"],
            ..Properties::default()
        };
        properties.check::<Distribution>(seed, people);
    }

    #[test]
    fn humans_have_no_excess_over_themselves(seed: u64, people in 30usize..90) {
        let input = Toy::new(seed, people).itself().evaluation();
        let scores = score::<Distribution>(r#"{"splits": 3, "floor": 2}"#, &input);
        // A group can be left with fewer complete people than a half needs; then it has no value.
        let mut defined = 0;
        for name in ["js_excess", "js_worst", "js_gap"] {
            for row in scores.rows.iter().filter(|row| row.score == name) {
                match &row.value {
                    Ok(value) => prop_assert_eq!(*value, 0.0, "{:?}", row),
                    Err(reason) => prop_assert!(
                        ["fewer than 2 complete", "only one group"].iter().any(|w| reason.starts_with(w)),
                        "{}",
                        reason
                    ),
                }
                defined += usize::from(row.value.is_ok());
            }
        }
        prop_assert!(defined > 2, "hardly a group was compared");
    }
}
