//! Worked values of the metric catalogue, through the whole metric.

use metric_common::testing::{Scores, Toy, score};
use metric_heterogeneity::Heterogeneity;
use pilotbench_plugin_sdk::testing::{Person, evaluation, ordinal_experiment};

fn scores(levels: &[usize], human: &[Vec<i32>], simulated: &[Vec<i32>]) -> Scores {
    let people = |side: &[Vec<i32>]| -> Vec<Person> {
        let rows = side.iter().enumerate();
        rows.map(|(i, answers)| Person::answering(format!("p{i}"), answers)).collect()
    };
    let (human, simulated) = (people(human), people(simulated));
    let input =
        evaluation(&ordinal_experiment(levels), &human, &simulated, &[], &[]).expect("a value");
    score::<Heterogeneity>("{}", &input)
}

fn one_item(values: &[i32]) -> Vec<Vec<i32>> {
    values.iter().map(|value| vec![value - 1]).collect()
}

#[test]
fn entropy() {
    // P = (.1,.2,.4,.2,.1), Q = (0,.1,.3,.4,.2)
    let human = one_item(&[1, 2, 2, 3, 3, 3, 3, 4, 4, 5]);
    let simulated = one_item(&[2, 3, 3, 3, 4, 4, 4, 4, 5, 5]);
    let scores = scores(&[5], &human, &simulated);
    let close = |name: &str, printed: f64| {
        let value = scores.value(name, "q0").unwrap();
        assert!((value - printed).abs() < 5e-5, "{name} is {value}, not {printed}");
    };
    close("entropy_human", 0.9139);
    close("entropy_simulated", 0.7952);
    close("entropy_ratio", 0.8702);
    close("variance_ratio", 0.675);
}

#[test]
fn variance() {
    let (human, simulated) = ([1, 2, 2, 3, 3, 3, 4, 5], [3, 3, 3, 3, 4, 4, 4, 4]);
    let scores = scores(&[5], &one_item(&human), &one_item(&simulated));
    assert!((scores.value("variance_ratio", "q0").unwrap() - 0.1839).abs() < 5e-5);
    assert_eq!(scores.value("unique_ratio", ""), Err("no belief items"));
    let none = "no arms and no subgroup column";
    assert_eq!(scores.value("within_variance_ratio", "q0"), Err(none));
}

#[test]
fn structures() {
    let (a, b, c, d) = (vec![0, 0, 0], vec![0, 1, 0], vec![1, 0, 0], vec![1, 1, 0]);
    let human = [a.clone(), a, b.clone(), c.clone(), d, b.clone()];
    let simulated = [c.clone(), c.clone(), c.clone(), c, b.clone(), b];
    let scores = scores(&[2, 2, 2], &human, &simulated);
    assert_eq!(scores.value("unique_structures_human", ""), Ok(4.0));
    assert_eq!(scores.value("unique_structures_simulated", ""), Ok(2.0));
    assert_eq!(scores.value("unique_ratio", ""), Ok(0.5));
    assert_eq!(scores.value("unique_log_ratio", ""), Ok(0.5f64.ln()));
    assert_eq!(scores.value("structure_coverage", ""), Ok(0.5));
    assert_eq!(scores.value("structure_novelty", ""), Ok(0.0));
}

#[test]
fn unequal_numbers_are_rarefied() {
    let (a, b, c, d) = (vec![0, 0, 0], vec![0, 1, 0], vec![1, 0, 0], vec![1, 1, 0]);
    let human = [a.clone(), a, b.clone(), c.clone(), d.clone(), b.clone()];
    let scores = scores(&[2, 2, 2], &human, &[b, c, d]);
    assert!((scores.value("unique_ratio", "").unwrap() - 3.0 / 2.6).abs() < 1e-12);
}

#[test]
fn constant_humans_leave_ratios_undefined() {
    let scores = scores(&[5], &one_item(&[2, 2]), &one_item(&[1, 2]));
    assert_eq!(scores.value("entropy_human", "q0"), Ok(0.0));
    assert_eq!(scores.value("entropy_ratio", "q0"), Err("constant human answers"));
    assert_eq!(scores.value("variance_ratio", ""), Err("constant human answers"));
}

#[test]
fn disclosure_population() {
    let scores = score::<Heterogeneity>("{}", &Toy::disclosure(0).evaluation());
    assert_eq!(scores.value("unique_structures_human", ""), Ok(340.0));
}
