//! The whole backend against doubles of services.

mod answers;
mod learning;
mod opening;

use crate::{OpenAi, Settings, conditions::Conditions, service::Service};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray, cast::AsArray,
};
use pilotbench_plugin_sdk::{
    Backend, Experiment, Pilot,
    prelude::*,
    testing::{self, Person},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

pub(super) const LEVELS: [&str; 4] =
    ["Strongly agree", "Somewhat agree", "Somewhat disagree", "Strongly disagree"];

pub(super) fn experiment() -> Experiment {
    let levels = |labels: &[&str]| -> Vec<Value> {
        labels.iter().enumerate().map(|(i, label)| json!({"label": label, "value": i})).collect()
    };
    let json = json!({
        "id": "tiny", "title": "Tiny", "arms": [], "covariates": [],
        "items": [
            {"id": "trust", "role": "belief", "kind": "ordinal", "text": "Do you trust it?",
             "levels": levels(&LEVELS)},
            {"id": "buy", "role": "action", "kind": "binary", "text": "Do you buy it?",
             "levels": levels(&["no", "yes"])},
        ],
    });
    testing::experiment(&json.to_string())
}

fn question(experiment: &Experiment, item: usize) -> String {
    let item = &experiment.items[item];
    let labels: Vec<String> =
        item.levels.iter().map(|level| format!("\n- {}", level.label)).collect();
    format!("{}\nAnswer with one of:{}", item.text, labels.concat())
}

/// The interview of person `n` up to an item; all answered with level `answers[i]`.
fn chat(experiment: &Experiment, n: usize, asked: usize, answers: &[Option<usize>]) -> Vec<Value> {
    let mut chat = vec![json!({"role": "system", "content": format!("You are number {n}.")})];
    for item in 0..asked {
        let lead = if item == 0 { "The arm.\n\n" } else { "" };
        let words = format!("{lead}{}", question(experiment, item));
        chat.push(json!({"role": "user", "content": words}));
        if let Some(answer) = answers.get(item) {
            let label = answer.map(|level| experiment.items[item].levels[level].label.as_str());
            chat.push(json!({"role": "assistant", "content": label.unwrap_or("(no answer)")}));
        }
    }
    chat
}

fn people(count: usize) -> Vec<Person> {
    let person = |n: usize| Person {
        id: format!("p{n}"),
        arm: None,
        covariates: Vec::new(),
        answers: vec![None; 2],
        probabilities: Vec::new(),
    };
    (0..count).map(person).collect()
}

fn with_messages(batch: &RecordBatch, messages: Vec<String>) -> RecordBatch {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let mut columns: Vec<(String, ArrayRef)> =
        columns.map(|(field, column)| (field.name().clone(), Arc::clone(column))).collect();
    columns.push(("messages".into(), Arc::new(StringArray::from(messages))));
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

/// Requests that ask so many people an item, each having answered the earlier one with level 1.
pub(super) fn requests(count: usize, item: usize) -> Requests {
    let experiment = experiment();
    let plain = testing::requests(&experiment, &people(count), item).unwrap();
    let earlier = vec![Some(1); item];
    let chats = (0..count).map(|n| json!(chat(&experiment, n, item + 1, &earlier)).to_string());
    Requests::new(&with_messages(plain.batch(), chats.collect()), &experiment).unwrap()
}

/// A pilot of so many people who answered with these levels, and an adapter.
pub(super) fn pilot(answers: &[[Option<usize>; 2]], adapter: Option<Value>, seed: u64) -> Pilot {
    let experiment = experiment();
    let mut people = people(answers.len());
    for (person, answers) in people.iter_mut().zip(answers) {
        person.answers = answers.iter().map(|level| level.map(|level| level as i32)).collect();
    }
    let chats = answers
        .iter()
        .enumerate()
        .map(|(n, answers)| json!(chat(&experiment, 100 + n, 2, answers)).to_string());
    let batch = with_messages(&testing::batch(&experiment, &people), chats.collect());
    let params = json!({"experiment": experiment, "seed": seed, "adapter": adapter});
    Pilot::new(&batch, &params.to_string()).unwrap()
}

/// What came of the answers to requests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) p: Option<Vec<f64>>,
    pub(super) choice: Option<i32>,
    pub(super) text: Option<String>,
    pub(super) refused: bool,
    pub(super) tokens: [i64; 2],
    pub(super) usd: Option<f64>,
    pub(super) by: Option<String>,
}

pub(super) fn rows(batch: &RecordBatch) -> Vec<Row> {
    fn of<A: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> A {
        batch.column_by_name(name).unwrap().as_any().downcast_ref::<A>().unwrap().clone()
    }
    let logs: ListArray = of(batch, "logprobs");
    let (choice, text): (Int32Array, StringArray) = (of(batch, "choice"), of(batch, "text"));
    let refused: BooleanArray = of(batch, "refused");
    let (read, written): (Int64Array, Int64Array) =
        (of(batch, "prompt_tokens"), of(batch, "completion_tokens"));
    let (usd, by): (Float64Array, StringArray) = (of(batch, "usd"), of(batch, "answered_by"));
    let row = |i: usize| Row {
        p: (!logs.is_null(i)).then(|| {
            let logs = logs.value(i);
            logs.as_primitive::<arrow_array::types::Float64Type>()
                .values()
                .iter()
                .map(|l| l.exp())
                .collect()
        }),
        choice: (!choice.is_null(i)).then(|| choice.value(i)),
        text: (!text.is_null(i)).then(|| text.value(i).to_owned()),
        refused: refused.value(i),
        tokens: [read.value(i), written.value(i)],
        usd: (!usd.is_null(i)).then(|| usd.value(i)),
        by: (!by.is_null(i)).then(|| by.value(i).to_owned()),
    };
    (0..batch.num_rows()).map(row).collect()
}

/// A backend at a URL, with small limits.
pub(super) fn open(url: &str, settings: Value, conditions: Conditions) -> Result<OpenAi> {
    open_with(url, settings, conditions, |_| {})
}

pub(super) fn open_with(
    url: &str,
    mut settings: Value,
    conditions: Conditions,
    change: impl FnOnce(&mut Service),
) -> Result<OpenAi> {
    settings["base_url"] = json!(url);
    settings["model"] = json!(settings["model"].as_str().unwrap_or("gpt-double"));
    let settings: Settings = serde_json::from_value(settings).unwrap();
    settings.check()?;
    let mut service = Service::of(&settings, &conditions)?;
    service.limits.attempts = 3;
    service.limits.timeout = Duration::from_secs(5);
    service.limits.poll = Duration::from_millis(5);
    change(&mut service);
    OpenAi::at(settings, conditions, service)
}

/// The answers of so many people to an item, by the model as it is.
pub(super) fn ask(backend: &OpenAi, count: usize, item: usize) -> Result<Vec<Row>> {
    ask_as(backend, &pilot(&[], None, 7), count, item)
}

pub(super) fn ask_as(
    backend: &OpenAi,
    pilot: &Pilot,
    count: usize,
    item: usize,
) -> Result<Vec<Row>> {
    let adapted = backend.adapt(pilot, &Control::none())?;
    answered(backend, &adapted, count, item)
}

pub(super) fn answered(
    backend: &OpenAi,
    adapted: &crate::Adapted,
    count: usize,
    item: usize,
) -> Result<Vec<Row>> {
    let mut answers = Answers::with_capacity(count);
    backend.respond(adapted, &requests(count, item), &mut answers, &Control::none())?;
    Ok(rows(&answers.finish()?))
}

pub(super) fn way(backend: &OpenAi) -> String {
    let facts = backend.provenance();
    facts.into_iter().find(|(name, _)| name == "answers").unwrap().1
}
