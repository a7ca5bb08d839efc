//! What must hold for any people.

use metric_common::testing::{Properties, Scores, Toy, score};
use metric_usefulness::Usefulness;
use proptest::prelude::*;

const SETTINGS: &str = r#"{"labelled": 9, "draws": 4, "folds": 3}"#;

fn same(scores: &Scores, others: &Scores) {
    for (row, twin) in scores.rows.iter().zip(&others.rows) {
        let close = match (&row.value, &twin.value) {
            (Ok(a), Ok(b)) => (a - b).abs() < 1e-9 * (1.0 + a.abs()),
            (a, b) => a == b,
        };
        assert!(close, "{row:?}\n{twin:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn properties_hold(seed: u64, people in 1usize..90) {
        // Whoever knows every answer still has some unlabelled people's answers to guess from: a
        // gain has no largest value, and a few intervals no exact coverage.
        let properties = Properties {
            settings: SETTINGS,
            imperfect: &[
                "ppi_ess_gain", "ppi_tuned_ess_gain", "ppi_budget_gain", "ppi_coverage",
                "ppi_tuned_coverage", "classical_coverage", "ppi_bias",
            ],
            ..Properties::default()
        };
        properties.check::<Usefulness>(seed, people);
    }

    #[test]
    fn units_of_the_levels_do_not_matter(seed: u64, people in 1usize..90) {
        let toy = Toy::new(seed, people);
        let mut scaled = toy.clone();
        for item in &mut scaled.experiment.items {
            item.levels.iter_mut().for_each(|level| level.value = 7.0 + 3.0 * level.value);
        }
        same(
            &score::<Usefulness>(SETTINGS, &toy.evaluation()),
            &score::<Usefulness>(SETTINGS, &scaled.evaluation()),
        );
    }

    #[test]
    fn resamples_are_not_used(seed: u64, people in 20usize..60) {
        let scores = score::<Usefulness>(SETTINGS, &Toy::new(seed, people).evaluation());
        prop_assert!(scores.rows.iter().all(|row| row.resamples.is_empty()));
    }
}
