use super::{Ready, answering, mixed, near, person, setting_error};
use backend_baseline::{Marginal, Ridge};
use pilotbench_plugin_sdk::testing::{self, Person};
use serde_json::Value;

const NAN: f64 = f64::NAN;

fn people(value: &Value) -> Vec<Person> {
    let number = |v: &Value| v.as_f64().unwrap_or(NAN);
    let one = |row: &Value| {
        let row: Vec<f64> = row.as_array().unwrap().iter().map(number).collect();
        let code = |v: f64| if v.is_nan() { -1 } else { v as i32 };
        let answers: Vec<i32> = row[3..].iter().map(|v| code(*v)).collect();
        person(code(row[0]), &row[1..3], &answers)
    };
    value.as_array().unwrap().iter().map(one).collect()
}

/// `fixtures/make.py` has the reference: scikit-learn for the binary and the nominal item, scipy for
/// the ordinal one, on predictors that it standardises itself.
#[test]
fn probabilities_are_those_of_the_reference() {
    let json: Value = serde_json::from_str(include_str!("../fixtures/ridge.json")).unwrap();
    let pilot = testing::pilot(&mixed(), &people(&json["pilot"]), 0).unwrap();
    let asked = people(&json["asked"]);
    for case in json["cases"].as_array().unwrap() {
        let settings = serde_json::json!({"penalties": [case["penalty"]]}).to_string();
        let ready = Ready::<Ridge>::with(&settings, &pilot);
        let item = case["item"].as_u64().unwrap() as usize;
        let expected = case["probabilities"].as_array().unwrap();
        assert_eq!(expected.len(), asked.len());
        for (given, expected) in ready.ask(&asked, item).iter().zip(expected) {
            for (p, q) in given.probabilities().iter().zip(expected.as_array().unwrap()) {
                let gap = (p - q.as_f64().unwrap()).abs();
                assert!(gap < 1e-6, "item {item}, penalty {}: {p} against {q}", case["penalty"]);
            }
        }
    }
}

#[test]
fn a_level_that_is_absent_makes_it_the_marginal() {
    let experiment = mixed();
    let pilot: Vec<Person> = (0..20)
        .map(|i| person(i % 2, &[f64::from(20 + i), f64::from(i % 3)], &[i % 2, 0, i % 2]))
        .collect();
    let ridge = Ready::<Ridge>::new(&experiment, &pilot);
    let marginal = Ready::<Marginal>::new(&experiment, &pilot);
    let asked = person(1, &[33.0, 2.0], &[-1, -1, -1]);
    for item in [0, 1] {
        near(&ridge.one(&asked, item), &marginal.one(&asked, item));
    }
}

#[test]
fn without_anything_that_varies_it_is_the_marginal() {
    let experiment = testing::ordinal_experiment(&[2, 2]);
    let pilot = [answering(&[0, 0]), answering(&[0, 1]), answering(&[1, 1])];
    let ridge = Ready::<Ridge>::new(&experiment, &pilot);
    near(&ridge.one(&answering(&[-1, -1]), 0), &[2.5 / 4.0, 1.5 / 4.0]);
}

#[test]
fn a_missing_predictor_is_at_the_mean() {
    let experiment = mixed();
    let pilot: Vec<Person> = (0..40)
        .map(|i| person(i % 2, &[f64::from(20 + i % 10), 0.0], &[i % 3, 0, (i / 3) % 2]))
        .collect();
    let ridge = Ready::<Ridge>::new(&experiment, &pilot);
    let mean = 20.0 + 4.5;
    let known = ridge.one(&person(0, &[mean, 0.0], &[-1, -1, -1]), 0);
    near(&ridge.one(&person(0, &[NAN, 0.0], &[-1, -1, -1]), 0), &known);
    // A level that the pilot does not vary in has no say.
    near(&ridge.one(&person(0, &[mean, 2.0], &[-1, -1, -1]), 0), &known);
}

/// Leave-one-out takes a weak penalty where an earlier answer decides, and a strong one where
/// nothing does.
#[test]
fn the_penalty_follows_the_signal() {
    let experiment = testing::ordinal_experiment(&[2, 2, 2]);
    // The second item repeats the first but for one in ten; the third is unrelated to both.
    let pilot: Vec<Person> = (0..80)
        .map(|i| {
            let first = i % 2;
            let second = if i % 10 < 9 { first } else { 1 - first };
            answering(&[first, second, (i / 2) % 2])
        })
        .collect();
    let ridge = Ready::<Ridge>::new(&experiment, &pilot);
    assert!(ridge.one(&answering(&[1, -1, -1]), 1)[1] > 0.75);
    assert!(ridge.one(&answering(&[0, -1, -1]), 1)[1] < 0.25);
    let unrelated = ridge.one(&answering(&[1, 1, -1]), 2);
    assert!((unrelated[1] - 0.5).abs() < 0.02, "{unrelated:?}");
}

#[test]
fn wrong_settings_are_named() {
    for settings in [r#"{"penalties": []}"#, r#"{"penalties": [0]}"#, r#"{"penalties": [1, -1]}"#] {
        setting_error::<Ridge>(settings, "penalties");
    }
    setting_error::<Ridge>(r#"{"penalty": 1}"#, "");
}
