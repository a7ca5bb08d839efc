//! Worked values of the metric catalogue, through the whole metric.

use metric_common::testing::{Scores, Toy, score};
use metric_distribution::Distribution;
use pilotbench_plugin_sdk::testing::{Person, evaluation, experiment, ordinal_experiment};

fn people(counts: [usize; 5]) -> Vec<Person> {
    let levels = counts.iter().enumerate().flat_map(|(level, count)| vec![level as i32; *count]);
    levels.enumerate().map(|(i, level)| Person::answering(format!("p{i}"), &[level])).collect()
}

fn close(scores: &Scores, name: &str, printed: f64) {
    let value = scores.value(name, "q0").expect("a value");
    assert!((value - printed).abs() < 5e-7, "{name} is {value}, not {printed}");
}

#[test]
fn five_levels() {
    // P = (.1,.2,.4,.2,.1), Q = (0,.1,.3,.4,.2)
    let (human, simulated) = (people([1, 2, 4, 2, 1]), people([0, 1, 3, 4, 2]));
    let input = evaluation(&ordinal_experiment(&[5]), &human, &simulated, &[], &[]).unwrap();
    let scores = score::<Distribution>("{}", &input);
    close(&scores, "js_distance", 0.268739);
    close(&scores, "js_distance_base2", 0.322789);
    close(&scores, "total_variation", 0.3);
    close(&scores, "w1", 0.7);
    close(&scores, "w1_normalised", 0.175);
    close(&scores, "ks", 0.3);
    assert_eq!(scores.value("js_joint", ""), Err("no belief items"));
}

#[test]
fn disjoint_answers_are_the_farthest() {
    let (human, simulated) = (people([5, 0, 0, 0, 0]), people([0, 0, 0, 0, 9]));
    let input = evaluation(&ordinal_experiment(&[5]), &human, &simulated, &[], &[]).unwrap();
    let scores = score::<Distribution>("{}", &input);
    close(&scores, "js_distance", 0.832555);
    close(&scores, "js_distance_base2", 1.0);
}

#[test]
fn what_has_no_value_says_why() {
    let nominal = r#"{"id": "toy", "title": "Toy", "arms": [], "covariates": [], "items": [
        {"id": "q0", "role": "belief", "kind": "nominal", "levels": [
            {"label": "a", "value": 1}, {"label": "b", "value": 2}]}]}"#;
    let human = [Person::answering("p0", &[0])];
    let input = evaluation(&experiment(nominal), &human, &[], &[], &[]).unwrap();
    let scores = score::<Distribution>("{}", &input);
    assert_eq!(scores.value("js_distance", "q0"), Err("no simulated answers"));
    assert_eq!(scores.value("w1_normalised", "q0"), Err("nominal item"));
    assert_eq!(scores.value("w1_normalised", ""), Err("nominal item"));
    assert_eq!(scores.value("js_joint", ""), Err("no simulated answers"));
    let reason = "fewer than two participants with complete beliefs";
    assert_eq!(scores.value("js_joint_split_half", ""), Err(reason));
}

#[test]
fn other_people_of_the_same_population_have_no_excess() {
    let scores = score::<Distribution>("{}", &Toy::disclosure(0).evaluation());
    let excess = |group: &str| *scores.row("js_excess", "", group).value.as_ref().unwrap();
    let groups = ["eth=0", "eth=1", "eth=2", "eth=3", "eth=4", "fem=0", "fem=1", "pol=2"];
    let mean = groups.iter().map(|group| excess(group)).sum::<f64>() / groups.len() as f64;
    assert!(mean.abs() < 0.02, "{mean}");
    // The plain distance shows the size of the groups instead.
    let plain = |group: &str| *scores.row("js_distance", "", group).value.as_ref().unwrap();
    assert!(plain("eth=4") > 1.5 * plain("eth=0"));
    assert!(scores.row("js_worst", "", "eth").value.as_ref().is_ok_and(|worst| *worst < 0.05));
}

#[test]
fn small_groups_are_not_compared() {
    let scores = score::<Distribution>(r#"{"floor": 50}"#, &Toy::disclosure(0).evaluation());
    let small = &scores.row("js_matched", "", "eth=4").value;
    assert_eq!(small.as_ref().unwrap_err(), "fewer than 50 complete participants");
    assert!(scores.row("js_gap", "", "eth").value.is_ok());
    let scores = score::<Distribution>(r#"{"floor": 200}"#, &Toy::disclosure(0).evaluation());
    let gap = &scores.row("js_gap", "", "eth").value;
    assert_eq!(gap.as_ref().unwrap_err(), "only one group is large enough");
    assert!(scores.row("js_worst", "", "eth").value.is_ok());
}
