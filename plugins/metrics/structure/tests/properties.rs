//! What must hold for any people.

use metric_common::testing::{Properties, Toy, score};
use metric_structure::Structure;
use proptest::prelude::*;

const SETTINGS: &str = r#"{"splits": 5, "folds": 3, "rarefy": 20, "permutations": 3}"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        // An area under the curve cannot be 0 on purpose: .5 is what cannot be told apart.
        let properties = Properties {
            settings: SETTINGS,
            imperfect: &["c2st_auc", "c2st_auc_matched", "c2st_excess"],
            ..Properties::default()
        };
        properties.check::<Structure>(seed, people);
    }

    #[test]
    fn humans_cannot_be_told_from_themselves(seed: u64, people in 70usize..110) {
        let input = Toy::new(seed, people).itself().evaluation();
        let scores = score::<Structure>(SETTINGS, &input);
        let mut defined = 0;
        for (name, best) in [("c2st_auc", 0.5), ("c2st_excess", 0.0), ("c2st_p", 1.0)] {
            if let Ok(value) = scores.value(name, "") {
                prop_assert_eq!(value, best, "{}", name);
                defined += 1;
            }
        }
        prop_assert!(defined == 3, "too few people are complete");
    }
}
