//! `uniform`, `mode`, `marginal` and `stratum-marginal`.

use super::{Ready, answering, mixed, near, person, setting_error};
use backend_baseline::{Marginal, Mode, StratumMarginal, Uniform};
use pilotbench_plugin_sdk::{Backend, Control, Error, testing};

const NAN: f64 = f64::NAN;

#[test]
fn uniform_needs_nobody() {
    let experiment = testing::ordinal_experiment(&[4, 2]);
    let ready = Ready::<Uniform>::new(&experiment, &[]);
    near(&ready.one(&answering(&[-1, -1]), 0), &[0.25; 4]);
    near(&ready.one(&answering(&[3, -1]), 1), &[0.5; 2]);
}

#[test]
fn mode_takes_the_lowest_of_ties_and_ignores_missing_answers() {
    let experiment = testing::ordinal_experiment(&[3, 3, 3]);
    let pilot: Vec<_> = [[2, 1, -1], [2, 2, -1], [0, 1, -1], [-1, 2, -1]]
        .iter()
        .map(|answers| answering(answers))
        .collect();
    let ready = Ready::<Mode>::new(&experiment, &pilot);
    let anyone = answering(&[-1, -1, -1]);
    near(&ready.one(&anyone, 0), &[0.0, 0.0, 1.0]);
    near(&ready.one(&anyone, 1), &[0.0, 1.0, 0.0]);
    near(&ready.one(&anyone, 2), &[1.0 / 3.0; 3]);
}

#[test]
fn marginal_adds_one_answer_in_all() {
    let experiment = testing::ordinal_experiment(&[4, 2]);
    let pilot: Vec<_> =
        [[0, -1], [0, -1], [1, -1], [-1, -1]].iter().map(|a| answering(a)).collect();
    let ready = Ready::<Marginal>::new(&experiment, &pilot);
    let anyone = answering(&[-1, -1]);
    near(&ready.one(&anyone, 0), &[2.25 / 4.0, 1.25 / 4.0, 0.25 / 4.0, 0.25 / 4.0]);
    near(&ready.one(&anyone, 1), &[0.5, 0.5]);

    let pilot = testing::pilot(&experiment, &pilot, 0).unwrap();
    let raw = Ready::<Marginal>::with(r#"{"alpha": 0}"#, &pilot);
    near(&raw.one(&anyone, 0), &[2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0]);
    near(&raw.one(&anyone, 1), &[0.5, 0.5]);
    let one = Ready::<Marginal>::with(r#"{"alpha": 1}"#, &pilot);
    near(&one.one(&anyone, 0), &[3.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0]);
}

#[test]
fn strata_shrink_to_the_marginal() {
    // Arm by group; the number in `subgroups` cannot make strata and is passed over.
    let experiment = mixed();
    let pilot = [
        person(0, &[NAN, 0.0], &[0, 0, 1]),
        person(0, &[NAN, 0.0], &[2, 0, 1]),
        person(0, &[NAN, 1.0], &[2, 0, 0]),
        person(1, &[NAN, 0.0], &[1, 0, 0]),
        person(1, &[NAN, NAN], &[-1, 0, 1]),
    ];
    let ready = Ready::<StratumMarginal>::new(&experiment, &pilot);
    let pooled = [(1.0 + 1.0 / 3.0) / 5.0, (1.0 + 1.0 / 3.0) / 5.0, (2.0 + 1.0 / 3.0) / 5.0];
    let shrunk = |counts: [f64; 3], k: f64| {
        let n: f64 = counts.iter().sum();
        let p: Vec<f64> = (0..3).map(|i| (counts[i] + k * pooled[i]) / (n + k)).collect();
        p
    };
    let ask = |arm, group| person(arm, &[30.0, group], &[-1, -1, -1]);
    near(&ready.one(&ask(0, 0.0), 0), &shrunk([1.0, 0.0, 1.0], 5.0));
    near(&ready.one(&ask(0, 1.0), 0), &shrunk([0.0, 0.0, 1.0], 5.0));
    near(&ready.one(&ask(1, 2.0), 0), &pooled); // nobody there
    near(&ready.one(&ask(1, NAN), 0), &pooled); // somebody, who did not answer
    // A missing group is a stratum: pooled act is (2 no, 3 yes) + ½ each, one of them here said yes.
    near(&ready.one(&ask(1, NAN), 2), &[5.0 * 2.5 / 6.0 / 6.0, (1.0 + 5.0 * 3.5 / 6.0) / 6.0]);

    let pilot = testing::pilot(&experiment, &pilot, 0).unwrap();
    let arms = Ready::<StratumMarginal>::with(r#"{"by": ["arm"], "shrink": 0}"#, &pilot);
    near(&arms.one(&ask(0, 2.0), 0), &[1.0 / 3.0, 0.0, 2.0 / 3.0]);
    let none = Ready::<StratumMarginal>::with(r#"{"by": []}"#, &pilot);
    near(&none.one(&ask(0, 0.0), 1), &shrink_all());
    let unknown: StratumMarginal = super::open(r#"{"by": ["age"]}"#).unwrap();
    match unknown.adapt(&pilot, &Control::none()).unwrap_err() {
        Error::Config { key, message } => {
            assert_eq!(key, "by");
            assert!(message.contains("`age`"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

/// One stratum of everybody: five of five at the first of three levels.
fn shrink_all() -> [f64; 3] {
    let pooled = [(5.0 + 1.0 / 3.0) / 6.0, 1.0 / 18.0, 1.0 / 18.0];
    [(5.0 + 5.0 * pooled[0]) / 10.0, pooled[1] / 2.0, pooled[2] / 2.0]
}

#[test]
fn wrong_settings_are_named() {
    setting_error::<Marginal>(r#"{"alpha": -0.5}"#, "alpha");
    setting_error::<Marginal>(r#"{"aplha": 1}"#, "");
    setting_error::<StratumMarginal>(r#"{"shrink": -1}"#, "shrink");
    setting_error::<StratumMarginal>(r#"{"by": ["arm", "x", "arm"]}"#, "by");
    setting_error::<Uniform>(r#"{"alpha": 1}"#, "");
}
