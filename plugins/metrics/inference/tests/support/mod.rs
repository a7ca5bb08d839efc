//! Comparisons with regressions on their card.

#![allow(dead_code)] // not every test uses all of it

use metric_common::testing::Toy;
use pilotbench_plugin_sdk::{Experiment, testing};
use pilotbench_synthetic::{Person, Stream};
use serde_json::json;

/// Quick settings.
pub(crate) fn settings() -> &'static str {
    r#"{"refits": 4, "sizes": [100], "draws": 3}"#
}

/// A toy with complete people and three regressions: a logit of q3, least squares of q0 and an
/// ordinal logit of q2.
pub(crate) fn regressed(seed: u64, people: usize) -> Toy {
    let mut toy = Toy::new(seed, people);
    let item = |i: usize| json!({"name": format!("q{i}"), "parts": [{"kind": "item", "item": i}]});
    let group = json!({"name": "group[2]", "parts": [
        {"kind": "covariate-level", "covariate": 0, "levels": [1]}]});
    let arm = json!({"name": "A", "parts": [{"kind": "arm-factor", "values": [0.0, 1.0, 1.0]}]});
    let product = json!({"name": "A:q2", "parts": [
        {"kind": "arm-factor", "values": [0.0, 1.0, 1.0]}, {"kind": "item", "item": 2}]});
    let regression = |id: &str, family: &str, outcome: usize, terms: Vec<serde_json::Value>| json!({"id": id, "family": family, "formula": "", "outcome": outcome, "terms": terms});
    toy.experiment.regressions = serde_json::from_value(json!([
        regression("action", "logit", 3, vec![item(0), item(2), group.clone(), arm.clone()]),
        regression("belief", "ols", 0, vec![group, arm, product]),
        regression("order", "ordinal-logit", 2, vec![item(0)]),
    ]))
    .expect("regressions");
    let levels: Vec<usize> = toy.experiment.items.iter().map(|item| item.levels.len()).collect();
    for (row, person) in toy.human.iter_mut().chain(&mut toy.simulated).enumerate() {
        for ((item, answer), levels) in person.answers.iter_mut().enumerate().zip(&levels) {
            *answer = answer.or(Some(((row * (7 + item)) % levels) as i32));
        }
        person.covariates[0] = person.covariates[0].or(Some((row % 3) as f64));
    }
    toy
}

/// The embedded experiment on disclosure, as the host sends it.
pub(crate) fn disclosure() -> Experiment {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../datasets/disclosure");
    let loaded = pilotbench_engine::experiment::Experiment::load(folder.as_ref()).expect("a card");
    let json = serde_json::to_value(&loaded.design).expect("a design");
    serde_json::from_value(json).expect("an experiment")
}

/// People of its population; seed 149 and 929 of them are those of its table.
pub(crate) fn population(
    experiment: &Experiment,
    seed: u64,
    people: usize,
) -> Vec<testing::Person> {
    let mut stream = Stream::new(seed);
    (0..people).map(|i| answering(experiment, i, &Person::draw(i, &mut stream))).collect()
}

fn answering(experiment: &Experiment, i: usize, person: &Person) -> testing::Person {
    let level = |id: &str| match id {
        "eth" => person.ethnicity,
        "age" => person.age,
        "fem" => usize::from(person.female),
        "edu" => person.education,
        "pol" => person.politics,
        "benefit" => usize::from(person.beliefs[0]) - 1,
        "risk" => usize::from(person.beliefs[1]) - 1,
        "trust" => usize::from(person.beliefs[2]) - 1,
        "norm" => usize::from(person.beliefs[3]) - 1,
        "act" => usize::from(person.discloses),
        _ => panic!("`{id}` is not of this experiment"),
    };
    let covariates = experiment.covariates.iter().map(|c| Some(level(&c.id) as f64));
    testing::Person {
        id: format!("p{i:06}"),
        arm: Some((i % 8) as i32),
        covariates: covariates.collect(),
        answers: experiment.items.iter().map(|item| Some(level(&item.id) as i32)).collect(),
        probabilities: Vec::new(),
    }
}
