//! Worked values of the metric catalogue, through the whole metric.

use metric_common::testing::{Scores, score};
use metric_individual::Individual;
use pilotbench_plugin_sdk::testing::{Person, evaluation, ordinal_experiment};

/// P = (.7,.2,.1), (.1,.6,.3), (.2,.2,.6), answers 0, 2, 2; the likeliest level is taken.
fn people(given: bool) -> (Vec<Person>, Vec<Person>) {
    let rows = [([0.7, 0.2, 0.1], 0, 0), ([0.1, 0.6, 0.3], 2, 1), ([0.2, 0.2, 0.6], 2, 2)];
    let human = rows.iter().enumerate();
    let human = human.map(|(i, (_, y, _))| Person::answering(format!("p{i}"), &[*y])).collect();
    let simulated = rows.iter().enumerate().map(|(i, (p, _, taken))| Person {
        probabilities: vec![given.then(|| p.to_vec())],
        ..Person::answering(format!("p{i}"), &[*taken])
    });
    (human, simulated.collect())
}

fn scores(given: bool) -> Scores {
    let (human, simulated) = people(given);
    let input =
        evaluation(&ordinal_experiment(&[3]), &human, &simulated, &[], &[]).expect("a value");
    score::<Individual>("{}", &input)
}

fn close(scores: &Scores, name: &str, printed: f64) {
    let value = scores.value(name, "q0").expect("a value");
    assert!((value - printed).abs() < 5e-7, "{name} is {value}, not {printed}");
}

#[test]
fn losses() {
    let scores = scores(true);
    assert!((scores.value("accuracy", "q0").unwrap() - 0.6667).abs() < 5e-5);
    close(&scores, "log_loss", 0.690491);
    close(&scores, "brier", 0.413333);
    close(&scores, "rps", 0.133333);
    close(&scores, "balanced_accuracy", 0.75);
    // An empty pilot answers at random.
    close(&scores, "log_loss_skill", 1.0 - 0.690_491_3 / 3f64.ln());
    assert_eq!(scores.value("log_loss_clipped", "q0"), Ok(0.0));
    let few = Err("fewer than three ordered items");
    assert_eq!(scores.value("within_person_correlation", ""), few);
}

#[test]
fn a_bare_choice_is_smoothed() {
    let scores = scores(false);
    // (1 + 1/3)/2 twice, (1/3)/2 once
    let expected = -(2.0 * (2.0f64 / 3.0).ln() + (1.0f64 / 6.0).ln()) / 3.0;
    close(&scores, "log_loss", expected);
}

#[test]
fn impossible_answers_are_clipped_and_counted() {
    let (human, mut simulated) = people(true);
    simulated[1].probabilities = vec![Some(vec![0.0, 1.0, 0.0])];
    let input = evaluation(&ordinal_experiment(&[3]), &human, &simulated, &[], &[]).unwrap();
    let scores = score::<Individual>("{}", &input);
    close(&scores, "log_loss_clipped", 1.0 / 3.0);
    assert!(scores.value("log_loss", "q0").unwrap() > 9.0);
}

#[test]
fn within_person() {
    // Both sides move the same way after item means are taken off, and one person not at all.
    let human = [[0, 1, 2], [2, 1, 0], [1, 1, 1]];
    let simulated = [[1, 2, 3], [3, 2, 1], [2, 2, 2]];
    let people = |rows: [[i32; 3]; 3]| -> Vec<Person> {
        rows.iter().enumerate().map(|(i, row)| Person::answering(format!("p{i}"), row)).collect()
    };
    let (human, simulated) = (people(human), people(simulated));
    let input = evaluation(&ordinal_experiment(&[4, 4, 4]), &human, &simulated, &[], &[]).unwrap();
    let scores = score::<Individual>("{}", &input);
    for name in ["within_person_correlation", "within_person_rank_correlation"] {
        assert!((scores.value(name, "").unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(scores.row(name, "", "").people, (2, 2));
    }
    let excluded = scores.value("within_person_excluded", "").unwrap();
    assert!((excluded - 1.0 / 3.0).abs() < 1e-12);
}
