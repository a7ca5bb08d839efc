//! Values that other software computed, see `fixtures/make.py`.

use metric_common::testing::score;
use metric_peers::Peers;
use pilotbench_plugin_sdk::testing::{Person, evaluation, ordinal_experiment};
use serde::Deserialize;

#[test]
fn other_software_agrees() {
    metric_common::testing::check_fixtures::<Peers>(include_str!("fixtures/expected.json"));
}

#[derive(Deserialize)]
struct Exact {
    human: Vec<usize>,
    simulated: Vec<usize>,
    p: f64,
}

fn people(counts: &[usize]) -> Vec<Person> {
    let levels = counts.iter().enumerate().flat_map(|(level, count)| vec![level as i32; *count]);
    levels.enumerate().map(|(i, level)| Person::answering(format!("p{i}"), &[level])).collect()
}

#[test]
fn random_tables_are_near_the_exact_p_value() {
    let exact: Vec<Exact> = serde_json::from_str(include_str!("fixtures/exact.json")).unwrap();
    assert!(exact.iter().any(|table| table.p < 0.05));
    for table in exact {
        let experiment = ordinal_experiment(&[table.human.len()]);
        let (human, simulated) = (people(&table.human), people(&table.simulated));
        let input = evaluation(&experiment, &human, &simulated, &[], &[]).unwrap();
        let scores = score::<Peers>(r#"{"permutations": 20000}"#, &input);
        let p = scores.value("radius_style_distribution_p", "q0").unwrap();
        let sd = (table.p * (1.0 - table.p) / 20_000.0).sqrt();
        assert!((p - table.p).abs() < 4.0 * sd + 1e-4, "{p} is not {}", table.p);
    }
}
