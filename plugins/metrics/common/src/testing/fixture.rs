use super::{Toy, rows::score};
use pilotbench_plugin_sdk::{Metric, testing::Person};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    settings: serde_json::Value,
    experiment: serde_json::Value,
    human: Vec<Participant>,
    simulated: Vec<Participant>,
    pilot: Vec<Participant>,
    weights: Vec<Vec<u16>>,
    expected: Vec<Expected>,
}

#[derive(Deserialize)]
struct Participant {
    id: String,
    arm: Option<i32>,
    #[serde(default)]
    covariates: Vec<Option<f64>>,
    answers: Vec<Option<i32>>,
    #[serde(default)]
    probabilities: Vec<Option<Vec<f64>>>,
}

#[derive(Deserialize)]
struct Expected {
    score: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    group: String,
    /// By weight index; null is undefined.
    values: Vec<Option<f64>>,
}

/// Runs a metric on every fixture of a JSON text and compares each expected value to 1e-9.
///
/// # Panics
/// When a value differs.
pub fn check_fixtures<M: Metric>(json: &str) {
    let fixtures: Vec<Fixture> = serde_json::from_str(json).expect("fixtures");
    assert!(!fixtures.is_empty());
    for (number, fixture) in fixtures.into_iter().enumerate() {
        let toy = Toy {
            experiment: serde_json::from_value(fixture.experiment).expect("an experiment"),
            human: people(fixture.human),
            simulated: people(fixture.simulated),
            pilot: people(fixture.pilot),
            weights: fixture.weights,
        };
        let scores = score::<M>(&fixture.settings.to_string(), &toy.evaluation());
        for expected in fixture.expected {
            let row = scores.row(&expected.score, &expected.item, &expected.group);
            let point = row.value.as_ref().ok().copied();
            let found: Vec<Option<f64>> =
                std::iter::once(point).chain(row.resamples.iter().copied()).collect();
            // An undefined score has no resamples; one without resamples has its point only.
            let compared = expected.values.iter().zip(&found);
            for (wanted, value) in compared {
                let same = match (wanted, value) {
                    (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * (1.0 + a.abs()),
                    (a, b) => a.is_none() && b.is_none(),
                };
                assert!(same, "fixture {number}: {row:?}\nexpected {:?}", expected.values);
            }
            let complete = point.is_none() || found.len() == expected.values.len();
            assert!(complete, "fixture {number}: {row:?} lacks resamples");
        }
    }
}

fn people(participants: Vec<Participant>) -> Vec<Person> {
    let person = |p: Participant| Person {
        id: p.id,
        arm: p.arm,
        covariates: p.covariates,
        answers: p.answers,
        probabilities: p.probabilities,
    };
    participants.into_iter().map(person).collect()
}
