//! What holds for every backend on any pilot.

use super::{Given, Ready, mixed, person};
use backend_baseline::{
    Copula, HotDeck, HumanFull, Marginal, Mode, NnHotDeck, Ridge, StratumMarginal, Uniform,
};
use pilotbench_plugin_sdk::{Backend, testing::Person};
use proptest::prelude::*;

/// Somebody with any value missing.
fn anyone() -> impl Strategy<Value = Person> {
    let age = prop_oneof![Just(f64::NAN), (18..80i32).prop_map(f64::from)];
    let group = prop_oneof![Just(f64::NAN), (0..3i32).prop_map(f64::from)];
    (-1..2i32, age, group, -1..3i32, -1..3i32, -1..2i32)
        .prop_map(|(arm, age, group, a, b, c)| person(arm, &[age, group], &[a, b, c]))
}

fn check<B: Backend>(pilot: &[Person], asked: &[Person], item: usize) {
    let ready = Ready::<B>::new(&mixed(), pilot);
    let whole = ready.ask(asked, item);
    for given in &whole {
        let p = given.probabilities();
        assert_eq!(p.len(), ready.experiment.items[item].levels.len());
        assert!(p.iter().all(|p| p.is_finite() && *p >= 0.0), "{}: {p:?}", B::NAME);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{}: {p:?}", B::NAME);
    }
    let turned: Vec<Person> = asked.iter().rev().cloned().collect();
    let mut back = ready.ask(&turned, item);
    back.reverse();
    assert_eq!(whole, back, "{}: the order of rows changes answers", B::NAME);
    let (left, right) = asked.split_at(asked.len() / 2);
    let parts: Vec<Given> = [ready.ask(left, item), ready.ask(right, item)].concat();
    assert_eq!(whole, parts, "{}: the batch changes answers", B::NAME);
    assert_eq!(whole, Ready::<B>::new(&mixed(), pilot).ask(asked, item), "{}", B::NAME);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn answers_are_distributions_and_depend_on_nothing_else(
        pilot in prop::collection::vec(anyone(), 1..40),
        asked in prop::collection::vec(anyone(), 1..20),
        item in 0..3usize,
    ) {
        check::<Uniform>(&pilot, &asked, item);
        check::<Mode>(&pilot, &asked, item);
        check::<Marginal>(&pilot, &asked, item);
        check::<HotDeck>(&pilot, &asked, item);
        check::<NnHotDeck>(&pilot, &asked, item);
        check::<StratumMarginal>(&pilot, &asked, item);
        check::<Ridge>(&pilot, &asked, item);
        check::<Copula>(&pilot, &asked, item);
        check::<HumanFull>(&pilot, &asked, item);
    }
}
