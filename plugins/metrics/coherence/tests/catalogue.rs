//! Worked values of the metric catalogue, through the whole metric.

use metric_coherence::Coherence;
use metric_common::testing::{Scores, Toy, score};
use pilotbench_plugin_sdk::{
    Experiment,
    testing::{Person, evaluation, experiment},
};

/// Implied: benefit above risk.
fn toy() -> Experiment {
    let levels: Vec<String> =
        (1..=5).map(|v| format!(r#"{{"label": "{v}", "value": {v}}}"#)).collect();
    let item = |id: &str, role: &str, kind: &str, count: usize| {
        let levels = levels[..count].join(",");
        format!(r#"{{"id": "{id}", "role": "{role}", "kind": "{kind}", "levels": [{levels}]}}"#)
    };
    let items = [
        item("benefit", "belief", "ordinal", 5),
        item("risk", "belief", "ordinal", 5),
        item("act", "action", "binary", 2),
    ];
    experiment(&format!(
        r#"{{"id": "toy", "title": "Toy", "arms": [], "covariates": [], "items": [{}],
            "implied_action": {{"action": 2, "rule": "linear", "centre": 0, "positive": 1,
                "negative": 0, "tie": "excluded",
                "terms": [{{"item": 0, "weight": 1}}, {{"item": 1, "weight": -1}}]}}}}"#,
        items.join(",")
    ))
}

fn scores(act: [i32; 6]) -> Scores {
    let beliefs = [(5, 1), (4, 2), (2, 4), (3, 3), (1, 5), (5, 2)];
    let rows = beliefs.iter().zip(act).enumerate();
    let people: Vec<Person> = rows
        .map(|(i, ((benefit, risk), act))| {
            Person::answering(format!("p{i}"), &[benefit - 1, risk - 1, act])
        })
        .collect();
    let input = evaluation(&toy(), &people, &people, &[], &[]).expect("a value");
    score::<Coherence>("{}", &input)
}

#[test]
fn offset_and_kappa() {
    let scores = scores([1, 0, 0, 1, 1, 1]);
    assert_eq!(scores.value("offset_declared_human", ""), Ok(0.4));
    assert!((scores.value("kappa_declared_human", "").unwrap() - 0.1667).abs() < 5e-5);
    assert!((scores.value("offset_declared_ties_human", "").unwrap() - 1.0 / 6.0).abs() < 1e-12);
    assert_eq!(scores.row("offset_declared_human", "", "").people, (5, 5));
    assert_eq!(scores.value("offset_declared_gap", ""), Ok(0.0));
}

#[test]
fn constant_action() {
    let scores = scores([1; 6]);
    assert_eq!(scores.value("kappa_declared_human", ""), Err("constant action"));
    assert_eq!(scores.value("correlation_gap", "risk"), Err("constant answers"));
    assert_eq!(scores.value("offset_monotone_human", ""), Err("no belief goes with the action"));
    assert_eq!(scores.value("pseudo_r2_ratio", ""), Err("an action was never taken"));
}

#[test]
fn no_rule_no_action() {
    let mut experiment = toy();
    experiment.implied_action = None;
    let person = [Person::answering("p0", &[1, 2, 1])];
    let input = evaluation(&experiment, &person, &person, &[], &[]).unwrap();
    let scores = score::<Coherence>("{}", &input);
    let none = Err("the experiment declares no rule");
    assert_eq!(scores.value("offset_declared_gap", ""), none);
    experiment.items.pop();
    let person = [Person::answering("p0", &[1, 2])];
    let input = evaluation(&experiment, &person, &person, &[], &[]).unwrap();
    let scores = score::<Coherence>("{}", &input);
    assert_eq!(scores.value("correlation_gap", ""), Err("no action item"));
    assert_eq!(scores.value("offset_model_gap", ""), Err("no action item"));
}

#[test]
fn disclosure_population() {
    let scores = score::<Coherence>("{}", &Toy::disclosure(0).evaluation());
    assert_eq!(scores.value("offset_declared_human", ""), Ok(229.0 / 929.0));
    let close = |name: &str, printed: f64| {
        let value = scores.value(name, "").unwrap();
        assert!((value - printed).abs() < 5e-4, "{name} is {value}, not {printed}");
    };
    close("offset_declared_human", 0.2465);
    close("kappa_declared_human", 0.505);
    close("offset_declared_independence_human", 0.498);
}
