//! Time per call, printed, on demand only:
//! `cargo test --release -p backend-baseline -- --ignored --nocapture time_per_call`.

#![allow(clippy::print_stdout)] // printing is what it is for

use super::open;
use backend_baseline::{
    Copula, HotDeck, HumanFull, Marginal, Mode, NnHotDeck, Ridge, StratumMarginal, Uniform,
};
use pilotbench_plugin_sdk::{
    Answers, Backend, Control, Experiment,
    testing::{self, Person},
};
use std::time::Instant;

/// Eight arms, demographics of 5, 5, 2, 3 and 3 levels, four beliefs of five levels, an action.
fn experiment(nominal: bool) -> Experiment {
    let levels = |count: usize| -> Vec<_> {
        (1..=count).map(|v| serde_json::json!({"label": format!("{v}"), "value": v})).collect()
    };
    let arm = |i| serde_json::json!({"id": format!("{i}"), "label": format!("{i}")});
    let covariate = |(i, count): (usize, &usize)| {
        serde_json::json!({"id": format!("c{i}"), "label": "", "kind": "categorical",
                           "levels": levels(*count)})
    };
    let item = |i: usize| {
        let (role, kind, count) = match (i, nominal) {
            (4, _) => ("action", "binary", 2),
            (3, true) => ("belief", "nominal", 5),
            _ => ("belief", "ordinal", 5),
        };
        serde_json::json!({"id": format!("q{i}"), "role": role, "kind": kind,
                           "levels": levels(count)})
    };
    let covariates: Vec<_> = [5, 5, 2, 3, 3].iter().enumerate().map(covariate).collect();
    let json = serde_json::json!({
        "id": "big", "title": "", "arms": (0..8).map(arm).collect::<Vec<_>>(),
        "covariates": covariates,
        "items": (0..5).map(item).collect::<Vec<_>>(), "subgroups": [0],
    });
    testing::experiment(&json.to_string())
}

/// People with some structure: on pure noise the search for a penalty ends early.
fn people(count: usize, seed: u64) -> Vec<Person> {
    let mut state = seed;
    let mut below = |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % n) as i32
    };
    (0..count)
        .map(|i| {
            let arm = below(8);
            let covariates = [5, 5, 2, 3, 3].map(&mut below);
            // Beliefs hang together and on arm and age; the action follows from them.
            let lean = (below(5) + i32::from(arm > 3) + covariates[0] / 2) / 2;
            let beliefs = [0; 4].map(|_| (lean + below(3)).min(4));
            let act = i32::from(beliefs.iter().sum::<i32>() + below(7) > 12);
            Person {
                id: format!("participant-{seed}-{i}"),
                arm: Some(arm),
                covariates: covariates.iter().map(|c| Some(f64::from(*c))).collect(),
                answers: beliefs.iter().chain([&act]).copied().map(Some).collect(),
                probabilities: Vec::new(),
            }
        })
        .collect()
}

fn time<B: Backend>(experiment: &Experiment, note: &str) {
    let pilot = testing::pilot(experiment, &people(120, 1), 0).unwrap();
    let asked: Vec<_> =
        (0..5).map(|item| testing::requests(experiment, &people(1000, 2), item).unwrap()).collect();
    let backend: B = open("{}").unwrap();
    let control = Control::none();
    let rounds = 20;
    let start = Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(backend.adapt(&pilot, &control).unwrap());
    }
    let adapt = start.elapsed().as_secs_f64() / f64::from(rounds) * 1e6;
    let learned = backend.adapt(&pilot, &control).unwrap();
    let start = Instant::now();
    for requests in asked.iter().cycle().take(5 * rounds as usize) {
        let mut answers = Answers::with_capacity(requests.len());
        backend.respond(&learned, requests, &mut answers, &control).unwrap();
        std::hint::black_box(answers);
    }
    let respond = start.elapsed().as_secs_f64() / f64::from(5 * rounds) * 1e6;
    println!("{:>18}{note}: adapt {adapt:>8.0} µs, respond {respond:>6.0} µs", B::NAME);
}

#[test]
#[ignore = "prints times; run it in release"]
fn time_per_call() {
    let ordinal = experiment(false);
    time::<Uniform>(&ordinal, "");
    time::<Mode>(&ordinal, "");
    time::<Marginal>(&ordinal, "");
    time::<HotDeck>(&ordinal, "");
    time::<NnHotDeck>(&ordinal, "");
    time::<StratumMarginal>(&ordinal, "");
    time::<HumanFull>(&ordinal, "");
    time::<Ridge>(&ordinal, "");
    time::<Copula>(&ordinal, "");
    time::<Ridge>(&experiment(true), " (one nominal)");
}
