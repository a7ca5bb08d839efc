//! The baselines on pilots small enough to work out by hand, and what must hold on any pilot.

#![allow(clippy::unwrap_used)] // helpers of tests, not only tests, unwrap

mod copula;
mod hotdeck;
mod marginals;
mod nearest;
mod oracles;
mod properties;
mod ridge;
mod synthetic;
mod timing;

use pilotbench_plugin_sdk::{
    Answers, Backend, Control, Error, Experiment, Pilot, Requests, Result,
    arrow_array::{
        Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
        StringArray,
    },
    testing::{self, Person},
};

/// What came back for one request.
#[derive(Debug, Clone, PartialEq)]
enum Given {
    Probabilities(Vec<f64>),
    Choice(usize),
    Refusal(String),
}

impl Given {
    fn probabilities(&self) -> &[f64] {
        match self {
            Self::Probabilities(p) => p,
            other => panic!("{other:?} where probabilities are due"),
        }
    }
}

/// Answers in the order of the requests, each once.
fn ask<B: Backend>(backend: &B, learned: &B::Adapted, requests: &Requests) -> Result<Vec<Given>> {
    let mut answers = Answers::with_capacity(requests.len());
    backend.respond(learned, requests, &mut answers, &Control::none())?;
    let batch = answers.finish()?;
    let ids: &Int64Array = column(&batch, "request_id");
    let expected: Vec<i64> = (0..requests.len()).map(|row| requests.request_id(row)).collect();
    assert_eq!(ids.values(), expected.as_slice());
    let logs: &ListArray = column(&batch, "logprobs");
    let choice: &Int32Array = column(&batch, "choice");
    let text: &StringArray = column(&batch, "text");
    let refused: &BooleanArray = column(&batch, "refused");
    let given = (0..batch.num_rows()).map(|row| {
        if refused.value(row) {
            Given::Refusal(text.value(row).into())
        } else if choice.is_valid(row) {
            Given::Choice(choice.value(row) as usize)
        } else {
            let list = logs.value(row);
            let values = list.as_any().downcast_ref::<Float64Array>().unwrap();
            Given::Probabilities(values.values().iter().map(|log| log.exp()).collect())
        }
    });
    Ok(given.collect())
}

fn column<'a, A: 'static>(batch: &'a RecordBatch, name: &str) -> &'a A {
    batch.column_by_name(name).unwrap().as_any().downcast_ref().unwrap()
}

/// A backend with settings from JSON, as the host would open it.
fn open<B: Backend>(settings: &str) -> Result<B> {
    B::open(serde_json::from_str(settings).map_err(|e| Error::config("", e.to_string()))?)
}

/// A backend that has learned from a pilot.
struct Ready<B: Backend> {
    backend: B,
    learned: B::Adapted,
    experiment: Experiment,
}

impl<B: Backend> Ready<B> {
    fn with(settings: &str, pilot: &Pilot) -> Self {
        let backend: B = open(settings).unwrap();
        let learned = backend.adapt(pilot, &Control::none()).unwrap();
        Self { backend, learned, experiment: pilot.experiment.clone() }
    }

    fn new(experiment: &Experiment, pilot: &[Person]) -> Self {
        Self::with("{}", &testing::pilot(experiment, pilot, 0).unwrap())
    }

    fn ask(&self, people: &[Person], item: usize) -> Vec<Given> {
        let requests = testing::requests(&self.experiment, people, item).unwrap();
        ask(&self.backend, &self.learned, &requests).unwrap()
    }

    /// Probabilities for one person.
    fn one(&self, person: &Person, item: usize) -> Vec<f64> {
        self.ask(std::slice::from_ref(person), item)[0].probabilities().to_vec()
    }
}

/// A person of these answers; −1 is missing.
fn person(arm: i32, covariates: &[f64], answers: &[i32]) -> Person {
    let code = |value: i32| (value >= 0).then_some(value);
    Person {
        id: format!("{arm} {covariates:?} {answers:?}"),
        arm: code(arm),
        covariates: covariates.iter().map(|v| (!v.is_nan()).then_some(*v)).collect(),
        answers: answers.iter().map(|a| code(*a)).collect(),
        probabilities: Vec::new(),
    }
}

fn answering(answers: &[i32]) -> Person {
    person(-1, &[], answers)
}

/// Two arms; a categorical covariate of three levels, which is a subgroup, and a number; an ordinal
/// item of three levels, a nominal one of three, a binary action.
fn mixed() -> Experiment {
    let levels = |labels: &[&str]| -> Vec<serde_json::Value> {
        let level = |(i, label)| serde_json::json!({"label": label, "value": i + 1});
        labels.iter().enumerate().map(level).collect()
    };
    let item = |id: &str, role: &str, kind: &str, labels: &[&str]| serde_json::json!({"id": id, "role": role, "kind": kind, "levels": levels(labels)});
    let json = serde_json::json!({
        "id": "mixed",
        "title": "Mixed",
        "arms": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}],
        "covariates": [
            {"id": "age", "label": "Age", "kind": "numeric"},
            {"id": "group", "label": "Group", "kind": "categorical",
             "levels": levels(&["x", "y", "z"])},
        ],
        "items": [
            item("belief", "belief", "ordinal", &["low", "mid", "high"]),
            item("party", "belief", "nominal", &["p", "q", "r"]),
            item("act", "action", "binary", &["no", "yes"]),
        ],
        "subgroups": [0, 1],
    });
    testing::experiment(&json.to_string())
}

#[track_caller]
fn near(ours: &[f64], expected: &[f64]) {
    let equal = ours.len() == expected.len()
        && ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(equal, "{ours:?} where {expected:?} is due");
}

#[track_caller]
fn setting_error<B: Backend>(settings: &str, key: &str) {
    match open::<B>(settings).err() {
        Some(Error::Config { key: found, .. }) => assert_eq!(found, key),
        other => panic!("{other:?} where a wrong setting is due"),
    }
}
