//! What must hold for any people.

mod support;

use metric_common::testing::{Scores, Toy, score};
use metric_inference::Inference;
use pilotbench_plugin_sdk::{Control, Metric, MetricTable};
use proptest::prelude::*;
use support::{regressed, settings};

fn scores(toy: &Toy) -> Scores {
    score::<Inference>(settings(), &toy.evaluation())
}

/// Rows that have no resamples, or none without the host's.
fn is_about_resamples(name: &str) -> bool {
    name.ends_with("_replication") || name.starts_with("fpr_n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn humans_are_perfect(seed: u64, people in 8usize..120) {
        scores(&regressed(seed, people).itself()).assert_perfect(&["fpr_n100"]);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(seed: u64, people in 8usize..100) {
        let toy = regressed(seed, people);
        scores(&toy).assert_same(&scores(&toy.clone().shuffled(seed)));
        let named = toy.clone().renamed();
        for (row, twin) in scores(&toy).rows.iter().zip(&scores(&named).rows) {
            prop_assert_eq!(&row.value, &twin.value);
        }
    }

    #[test]
    fn resamples_are_of_no_concern_to_the_value(seed: u64, people in 8usize..100) {
        let toy = regressed(seed, people);
        let (all, plain) = (scores(&toy), scores(&toy.clone().unweighted()));
        for (row, twin) in all.rows.iter().zip(&plain.rows) {
            if !is_about_resamples(&row.score) {
                prop_assert_eq!(&row.value, &twin.value, "{:?}", row);
                prop_assert!(row.value.is_err() || row.resamples.len() == 4);
            }
        }
    }

    #[test]
    fn weights_are_repeated_rows(seed: u64, people in 30usize..100) {
        let toy = regressed(seed, people);
        let (all, repeated) = (scores(&toy), scores(&toy.clone().repeated(2)));
        for (row, twin) in all.rows.iter().zip(&repeated.rows) {
            let Some(value) = row.resamples.get(2) else { continue };
            let same = match (value, &twin.value) {
                (Some(a), Ok(b)) => (a - b).abs() < 1e-6 * (1.0 + a.abs()),
                (a, b) => a.is_none() && b.is_err(),
            };
            prop_assert!(same, "{:?}\n{:?}", row, twin);
        }
    }
}

#[test]
fn what_was_computed_before_changes_nothing() {
    let metric = Inference::open(serde_json::from_str(settings()).unwrap()).unwrap();
    let evaluate = |metric: &Inference, toy: &Toy| {
        let mut table = MetricTable::default();
        metric.evaluate(&toy.evaluation(), &mut table, &Control::none()).unwrap();
        table.finish().unwrap()
    };
    let toys: Vec<Toy> = (0..6).map(|seed| regressed(seed, 40 + seed as usize)).collect();
    let first: Vec<_> = toys.iter().map(|toy| evaluate(&metric, toy)).collect();
    for (toy, first) in toys.iter().zip(first) {
        assert_eq!(evaluate(&metric, toy), first);
        let fresh = Inference::open(serde_json::from_str(settings()).unwrap()).unwrap();
        assert_eq!(evaluate(&fresh, toy), first);
    }
    // What differs in anything is fitted anew.
    let changed = |change: fn(&mut Toy)| {
        let mut toy = toys[0].clone();
        change(&mut toy);
        toy
    };
    for other in [
        changed(|toy| toy.weights.iter_mut().for_each(|weights| weights.reverse())),
        changed(|toy| toy.human[3].covariates[0] = toy.human[3].covariates[0].map(|g| 2.0 - g)),
        changed(|toy| toy.human[5].answers[3] = toy.human[5].answers[3].map(|level| 1 - level)),
        changed(|toy| toy.simulated.truncate(30)),
        changed(|toy| toy.experiment.items[0].levels[4].value = 9.0),
    ] {
        let fresh = Inference::open(serde_json::from_str(settings()).unwrap()).unwrap();
        assert_eq!(evaluate(&metric, &other), evaluate(&fresh, &other));
    }
}

#[test]
fn only_the_first_resamples_are_refitted() {
    let toy = regressed(3, 60);
    let few = r#"{"refits": 2, "sizes": []}"#;
    let row = |settings| {
        let scores = score::<Inference>(settings, &toy.evaluation());
        scores.row("ci_overlap", "q0", "").clone()
    };
    let (two, none) = (row(few), row(r#"{"refits": 0, "sizes": []}"#));
    assert_eq!(two.resamples.len(), 4);
    assert_eq!(
        two.resamples.iter().map(Option::is_some).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert_eq!((none.value, none.resamples.len()), (two.value, 0));
}
