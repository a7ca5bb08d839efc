//! Cases that can be worked out by hand, through the whole metric.

#![allow(clippy::unwrap_used)] // helpers of tests, not only tests, unwrap

use metric_common::testing::{Scores, Toy, score};
use metric_usefulness::{Config, Usefulness};
use pilotbench_plugin_sdk::{
    Error, Metric,
    testing::{Person, evaluation, experiment, ordinal_experiment},
};

const SETTINGS: &str = r#"{"labelled": 10, "draws": 5, "folds": 5}"#;

/// 40 people who answer 1, 2, 3, 4, 5, 1, … to one item, and what is simulated for them.
fn scores(simulated: impl Fn(i32) -> i32, pilot: usize) -> Scores {
    let people = |answer: &dyn Fn(i32) -> i32, count: i32| -> Vec<Person> {
        (0..count).map(|i| Person::answering(format!("p{i:02}"), &[answer(i % 5)])).collect()
    };
    let human = people(&|level| level, 40);
    let simulated = people(&simulated, 40);
    let pilot = people(&|level| level, pilot as i32);
    let input = evaluation(&ordinal_experiment(&[5]), &human, &simulated, &pilot, &[]).unwrap();
    score::<Usefulness>(SETTINGS, &input)
}

#[test]
fn a_constant_adds_nothing() {
    let scores = scores(|_| 4, 10);
    let value = |name| scores.value(name, "q0");
    assert_eq!(value("ppi_ess_gain"), Ok(1.0));
    assert_eq!(value("ppi_tuned_ess_gain"), Ok(1.0));
    assert_eq!(value("ppi_ess"), Ok(10.0));
    assert_eq!(value("ppi_budget_gain"), Ok(0.5));
    assert_eq!(value("ppi_coverage"), value("classical_coverage"));
    assert_eq!(value("ppi_tuned_coverage"), value("classical_coverage"));
    assert_eq!(value("ppi_tuned_lambda"), Err("constant simulated values"));
    // Mean 5 against 3; the variance of eight each of 1 to 5 is 80/39.
    let bias = value("simulation_bias").unwrap();
    assert!((bias - 2.0 / (80f64 / 39.0).sqrt()).abs() < 1e-12);
    let row = scores.row("ppi_ess_gain", "q0", "");
    assert_eq!(row.people, (40, 40));
}

#[test]
fn knowing_every_answer_leaves_the_unlabelled_to_chance() {
    let scores = scores(|level| level, 0);
    let value = |name| scores.value(name, "q0").unwrap();
    assert_eq!(value("simulation_bias"), 0.0);
    // var(Y)/10 against var(Y)/30, each of its own people.
    assert!((2.0..4.0).contains(&value("ppi_ess_gain")), "{}", value("ppi_ess_gain"));
    assert_eq!(value("ppi_budget_gain"), value("ppi_ess_gain"));
    // λ* = 1 / (1 + 10/30), but for the spread of each fold's covariance.
    assert!((value("ppi_tuned_lambda") - 0.75).abs() < 0.15);
}

#[test]
fn answers_that_point_the_wrong_way_are_not_used() {
    let scores = scores(|level| 4 - level, 0);
    assert_eq!(scores.value("ppi_tuned_lambda", "q0"), Ok(0.0));
    assert_eq!(scores.value("ppi_tuned_ess_gain", "q0"), Ok(1.0));
    assert!(scores.value("ppi_ess_gain", "q0").unwrap() < 0.4);
}

#[test]
fn probabilities_come_before_the_answer() {
    let people: Vec<Person> =
        (0..40).map(|i| Person::answering(format!("p{i:02}"), &[i % 2])).collect();
    let mut simulated = people.clone();
    for person in &mut simulated {
        person.probabilities = vec![Some(vec![0.25, 0.75])];
    }
    let input = evaluation(&ordinal_experiment(&[2]), &people, &simulated, &[], &[]).unwrap();
    let scores = score::<Usefulness>(SETTINGS, &input);
    let bias = scores.value("simulation_bias", "q0").unwrap();
    assert!((bias - 0.25 / (10f64 / 39.0).sqrt()).abs() < 1e-12);
    assert_eq!(scores.value("ppi_ess_gain", "q0"), Ok(1.0));
}

#[test]
fn what_has_no_value_says_why() {
    let scores = score::<Usefulness>(r#"{"labelled": 30}"#, &Toy::new(1, 50).evaluation());
    let few = Err("fewer held-out participants than twice the labelled");
    assert_eq!(scores.value("ppi_ess_gain", "q0"), few);
    assert_eq!(scores.value("classical_coverage", "q3"), few);
    assert_eq!(scores.value("ppi_bias", "q1"), Err("nominal item"));
    assert_eq!(scores.value("ppi_ess", ""), Err("undefined at every item"));
    assert!(scores.value("simulation_bias", "").is_ok());

    let json = r#"{"id": "toy", "title": "Toy", "arms": [], "covariates": [], "items": [
        {"id": "q0", "role": "belief", "kind": "binary", "levels": [
            {"label": "a", "value": 0}, {"label": "b", "value": 1}]}]}"#;
    let reason = |human: &[Person], simulated: &[Person]| {
        let input = evaluation(&experiment(json), human, simulated, &[], &[]).unwrap();
        let scores = score::<Usefulness>("{}", &input);
        let reasons = ["ppi_ess_gain", "simulation_bias"]
            .map(|name| scores.value(name, "").unwrap_err().to_owned());
        assert_eq!(reasons[0], reasons[1]);
        reasons[0].clone()
    };
    let person = |i: i32, level| Person::answering(format!("p{i}"), &[level]);
    let yes: Vec<Person> = (0..200).map(|i| person(i, 1)).collect();
    let unknown = [Person { answers: vec![None], ..person(0, 0) }];
    assert_eq!(reason(&yes, &yes), "constant human answers");
    assert_eq!(reason(&yes, &[]), "no simulated answers");
    assert_eq!(reason(&[], &yes), "no human answers");
    assert_eq!(reason(&unknown, &yes), "no human answers");
    assert_eq!(reason(&yes[..1], &yes[..1]), "only one participant");
}

#[test]
fn the_pilot_is_part_of_the_budget() {
    let scores = score::<Usefulness>("{}", &Toy::disclosure(0).evaluation());
    let gain = |name, item| scores.value(name, item).unwrap();
    for item in ["benefit", "risk", "trust", "norm", "act", ""] {
        let share = gain("ppi_budget_gain", item) / gain("ppi_ess_gain", item);
        assert!((share - 60.0 / 90.0).abs() < 1e-9);
        assert!((gain("ppi_ess", item) - 60.0 * gain("ppi_ess_gain", item)).abs() < 1e-9);
    }
}

#[test]
fn wrong_settings_are_named() {
    let key = |config| match Usefulness::open(config) {
        Err(Error::Config { key, .. }) => key,
        other => panic!("{other:?} where a wrong setting is due"),
    };
    let config = Config::default();
    assert_eq!(key(Config { draws: 0, ..config }), "draws");
    assert_eq!(key(Config { folds: 1, ..config }), "folds");
    assert_eq!(key(Config { labelled: 9, ..config }), "labelled");
    assert_eq!(key(Config { folds: 31, ..config }), "labelled");
    assert!(Usefulness::open(config).is_ok());
}
