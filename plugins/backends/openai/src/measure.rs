//! For benches: the backend's whole way of an answer, at a service on this machine, without a host.

use crate::{Adapted, OpenAi, Settings, conditions::Conditions, service::Service};
use pilotbench_plugin_sdk::{
    Backend, Experiment,
    arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StringArray},
    prelude::*,
    testing::{self, Person},
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// The model.
pub const MODEL: &str = "m";
/// What everybody reads.
const STORY: &str = "A company wants to sell a device that watches how its owner sleeps. The data \
    leave the house and are kept for ten years. The company says that nobody but the owner may look \
    at them, and that a court would have to ask for anything else. A newspaper found that the company \
    had said the same of an earlier device, whose data were sold.";
/// What everybody is asked.
const QUESTION: &str = "Do you trust the company?";
/// The options.
const LEVELS: [&str; 4] =
    ["Strongly agree", "Somewhat agree", "Somewhat disagree", "Strongly disagree"];

/// An open backend.
pub struct Bench {
    backend: OpenAi,
    adapted: Adapted,
    experiment: Experiment,
}

impl Bench {
    /// Opens the backend at a URL, with at most so many requests under way. Answers are kept in this
    /// folder, where there is one.
    ///
    /// # Errors
    /// As the backend's.
    pub fn open(url: &str, in_flight: usize, folder: Option<&Path>) -> Result<Self> {
        let settings = serde_json::from_value(json!({ "base_url": url, "model": MODEL }));
        let settings: Settings = settings.map_err(|e| Error::config("settings", e.to_string()))?;
        let folder = folder.map(Path::to_path_buf);
        let conditions = Conditions { folder, ..Conditions::default() };
        let mut service = Service::of(&settings, &conditions)?;
        service.limits.in_flight = in_flight;
        let backend = OpenAi::at(settings, conditions, service)?;
        let experiment = experiment();
        let pilot = testing::pilot(&experiment, &[], 1)?;
        let adapted = backend.adapt(&pilot, &Control::none())?;
        Ok(Self { backend, adapted, experiment })
    }

    /// Requests to so many people, from this one on.
    ///
    /// # Errors
    /// As [`Requests::new`].
    pub fn requests(&self, first: usize, count: usize) -> Result<Requests> {
        let numbers = first..first + count;
        let people: Vec<Person> = numbers.clone().map(person).collect();
        let plain = testing::requests(&self.experiment, &people, 0)?;
        let batch = plain.batch();
        let columns = batch.schema_ref().fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, column)| (field.name().clone(), Arc::clone(column)));
        let messages = StringArray::from_iter_values(numbers.map(|n| chat(n).to_string()));
        let messages: ArrayRef = Arc::new(messages);
        let columns = columns.chain([("messages".to_owned(), messages)]);
        let batch = RecordBatch::try_from_iter(columns);
        Requests::new(&batch.map_err(|e| Error::BadInput(e.to_string()))?, &self.experiment)
    }

    /// Answers requests as it would a host's.
    ///
    /// # Errors
    /// As the backend's; when anybody is left without probabilities.
    pub fn answer(&self, requests: &Requests) -> Result<()> {
        let mut answers = Answers::with_capacity(requests.len());
        self.backend.respond(&self.adapted, requests, &mut answers, &Control::none())?;
        let batch = answers.finish()?;
        let column = batch.column_by_name("logprobs");
        let logs = column.and_then(|column| column.as_any().downcast_ref::<ListArray>());
        match logs {
            Some(logs) if logs.len() == requests.len() && logs.null_count() == 0 => Ok(()),
            _ => Err(Error::computation("somebody has no probabilities")),
        }
    }

    /// Requests that were sent so far, attempts counted.
    pub fn sent(&self) -> u64 {
        self.backend.sent()
    }
}

fn experiment() -> Experiment {
    let level = |(value, label): (usize, &&str)| json!({ "label": label, "value": value });
    let levels: Vec<Value> = LEVELS.iter().enumerate().map(level).collect();
    let item = json!({
        "id": "trust", "role": "belief", "kind": "ordinal", "text": QUESTION, "levels": levels,
    });
    let whole = json!({
        "id": "bench", "title": "Bench", "arms": [], "covariates": [], "items": [item],
    });
    testing::experiment(&whole.to_string())
}

fn person(number: usize) -> Person {
    Person { answers: vec![None], ..Person::answering(format!("p{number}"), &[]) }
}

/// The interview of a person, as the host writes it.
fn chat(number: usize) -> Value {
    let options: String = LEVELS.iter().map(|label| format!("\n- {label}")).collect();
    let asked = format!("{STORY}\n\n{QUESTION}\nAnswer with one of:{options}");
    json!([
        { "role": "system", "content": format!("You are number {number}.") },
        { "role": "user", "content": asked },
    ])
}
