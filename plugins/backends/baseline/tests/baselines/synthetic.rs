//! `fresh-population`.

use super::{Given, Ready, person};
use backend_baseline::FreshPopulation;
use pilotbench_plugin_sdk::{
    Backend, Control, Error, Experiment,
    testing::{self, Person},
};
use serde_json::json;

const ASKED: [i32; 6] = [-1; 6];

/// The population's items and one more, in another order than the population's own.
fn experiment(population: Option<&str>) -> Experiment {
    let levels = |count: usize| -> Vec<_> {
        (0..count).map(|v| json!({"label": format!("{v}"), "value": v})).collect()
    };
    let item = |id: &str, count| json!({"id": id, "role": "belief", "kind": "ordinal", "levels": levels(count)});
    let covariate = |id: &str, count| json!({"id": id, "label": id, "kind": "categorical", "levels": levels(count)});
    let arm = |arm: u8| json!({"id": format!("{arm}"), "label": "", "factors": {"A": arm & 1, "B": (arm >> 1) & 1, "C": (arm >> 2) & 1}});
    let mut arms: Vec<_> = (0..8).rev().map(arm).collect();
    arms.push(json!({"id": "odd", "label": "", "factors": {"A": 0.5, "B": 0, "C": 1}}));
    let json = json!({
        "id": "synthetic", "title": "", "arms": arms, "population": population,
        "covariates": [covariate("pol", 3), covariate("eth", 5), covariate("age", 5),
                       covariate("edu", 3), covariate("fem", 2)],
        "items": [item("risk", 5), item("benefit", 5), item("trust", 5), item("norm", 5),
                  item("act", 2), item("mood", 4)],
    });
    testing::experiment(&json.to_string())
}

fn ready(seed: u64) -> Ready<FreshPopulation> {
    Ready::with("{}", &testing::pilot(&experiment(Some("disclosure")), &[], seed).unwrap())
}

fn crowd(arm: i32, covariates: [f64; 5]) -> Vec<Person> {
    let one = |i| Person { id: format!("p{i:06}"), ..person(arm, &covariates, &ASKED) };
    (0..4000).map(one).collect()
}

fn levels(given: &[Given]) -> Vec<f64> {
    let level = |given: &Given| match given {
        Given::Choice(level) => *level as f64,
        other => panic!("{other:?} where a choice is due"),
    };
    given.iter().map(level).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// The expectations are those of the law, by quadrature (see `pilotbench-synthetic`): a White
/// Democrat of 25–34 in arm 0, a Republican of Asian origin of 18–24 in arm 7.
#[test]
fn new_people_follow_the_law() {
    let first = (7, [0.0, 0.0, 1.0, 2.0, 1.0], [3.09046, 3.31511, 3.18069, 3.09046, 0.52335]);
    let second = (0, [2.0, 2.0, 0.0, 2.0, 1.0], [3.27046, 3.57775, 2.55229, 3.22565, 0.52450]);
    for (arm, covariates, due) in [first, second] {
        let people = crowd(arm, covariates);
        let ready = ready(1);
        let answers: Vec<Vec<f64>> = (0..5).map(|item| levels(&ready.ask(&people, item))).collect();
        for (item, due) in due.into_iter().enumerate() {
            let found = mean(answers[item].iter().copied()) + if item < 4 { 1.0 } else { 0.0 };
            // Standard errors are about .019 for beliefs and .008 for the action.
            assert!((found - due).abs() < 0.07, "item {item}: {found}, not {due}");
        }
        // All items belong to one person: risk and trust have a common factor, of opposite sign.
        let product = answers[0].iter().zip(&answers[2]).map(|(a, b)| a * b);
        let covariance = mean(product.collect::<Vec<_>>().into_iter())
            - mean(answers[0].iter().copied()) * mean(answers[2].iter().copied());
        assert!((-0.65..-0.25).contains(&covariance), "{covariance}");
    }
}

#[test]
fn the_person_depends_on_seed_and_participant_only() {
    let people = crowd(3, [1.0, 1.0, 2.0, 0.0, 0.0]);
    let (own, other) = (ready(1), ready(2));
    let whole = own.ask(&people, 2);
    assert_eq!(own.ask(&people[1000..1100], 2), whole[1000..1100]);
    let same = whole.iter().zip(other.ask(&people, 2)).filter(|(a, b)| **a == *b).count();
    assert!((800..1500).contains(&same), "{same} of 4000 answers are the same with another seed");
}

#[test]
fn what_is_not_known_is_refused_with_the_reason() {
    let ready = ready(1);
    let refusal = |person: &Person, item| match &ready.ask(std::slice::from_ref(person), item)[0] {
        Given::Refusal(text) => text.clone(),
        other => panic!("{other:?} where a refusal is due"),
    };
    let full = [0.0, 0.0, 0.0, 0.0, 0.0];
    assert!(refusal(&person(0, &full, &ASKED), 5).contains("no such item"));
    assert!(refusal(&person(-1, &full, &ASKED), 0).contains("`arm`"));
    assert!(refusal(&person(8, &full, &ASKED), 0).contains("`arm`"));
    for (place, id) in ["pol", "eth", "age", "edu", "fem"].into_iter().enumerate() {
        let mut covariates = full;
        covariates[place] = f64::NAN;
        assert!(refusal(&person(0, &covariates, &ASKED), 0).contains(&format!("`{id}`")));
    }
}

#[test]
fn another_population_is_an_error() {
    let adapt = |experiment: &Experiment| {
        let pilot = testing::pilot(experiment, &[], 1).unwrap();
        FreshPopulation.adapt(&pilot, &Control::none()).unwrap_err()
    };
    let message = |error: Error| match error {
        Error::Unsupported(message) | Error::BadInput(message) => message,
        other => panic!("{other:?}"),
    };
    assert!(message(adapt(&experiment(None))).contains("`synthetic` names no"));
    assert!(message(adapt(&experiment(Some("voters")))).contains("`voters`"));
    let mut short = experiment(Some("disclosure"));
    short.items[3].levels.pop();
    assert!(message(adapt(&short)).contains("`norm` has 4 levels"));
    let mut other = experiment(Some("disclosure"));
    other.covariates.remove(0);
    assert!(
        FreshPopulation.adapt(&testing::pilot(&other, &[], 1).unwrap(), &Control::none()).is_ok()
    );
}
