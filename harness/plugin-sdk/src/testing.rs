//! For an author's tests: the conformance checks, and tables made by hand.
//!
//! [`check_backend`] and [`check_metric`] ask everything that the host relies on, through the same
//! glue as a loaded library, in an ordinary `cargo test`. What a method should answer is its
//! author's to test: [`pilot`], [`requests`] and [`evaluation`] make the inputs.

use crate::{
    Backend, Evaluation, Experiment, Metric, Pilot, Requests, Result,
    glue::{BackendType, MetricType},
};
use arrow_array::{
    ArrayRef, FixedSizeListArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    UInt16Array,
    builder::{Float64Builder, ListBuilder},
};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

pub use pilotbench_conformance::{Checked, Options, Outcome, Report};

/// Checks a backend opened with these settings (JSON text). The whole takes seconds; where answers
/// take long, [`check_backend_with`] and [`Options::quick`] ask less. Memory is that of the whole
/// process: a test that runs beside must not keep tens of megabytes.
///
/// ```
/// # use pilotbench_plugin_sdk::prelude::*;
/// # struct Uniform;
/// # impl Backend for Uniform {
/// #     const NAME: &'static str = "uniform";
/// #     type Config = NoConfig;
/// #     type Adapted = ();
/// #     fn describe() -> BackendInfo {
/// #         BackendInfo::new("every option equally likely").learns_from(LearnsFrom::Nothing)
/// #     }
/// #     fn open(_: NoConfig) -> Result<Self> { Ok(Self) }
/// #     fn adapt(&self, _: &Pilot, _: &Control) -> Result<()> { Ok(()) }
/// #     fn respond(&self, _: &(), asked: &Requests, answers: &mut Answers, _: &Control) -> Result<()> {
/// #         for request in asked.iter() {
/// #             let levels = request.levels();
/// #             answers.probabilities(request.id(), &vec![1.0 / levels as f64; levels]);
/// #         }
/// #         Ok(())
/// #     }
/// # }
/// use pilotbench_plugin_sdk::testing;
///
/// testing::check_backend::<Uniform>("{}").assert_conforms();
/// ```
pub fn check_backend<B: Backend>(settings: &str) -> Report {
    check_backend_with::<B>(settings, Options::default())
}

/// As [`check_backend`], with the sizes of what is asked.
pub fn check_backend_with<B: Backend>(settings: &str, options: Options) -> Report {
    let subject = Arc::new(BackendType::<B>::default());
    pilotbench_conformance::check_backend(subject, settings, options, &|_| {})
}

/// Checks a metric opened with these settings (JSON text).
pub fn check_metric<M: Metric>(settings: &str) -> Report {
    check_metric_with::<M>(settings, Options::default())
}

/// As [`check_metric`], with the sizes of what is asked.
pub fn check_metric_with<M: Metric>(settings: &str, options: Options) -> Report {
    let subject = Arc::new(MetricType::<M>::default());
    pilotbench_conformance::check_metric(subject, settings, options, &|_| {})
}

/// A participant made by hand. Codes are level indices.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Identifier.
    pub id: String,
    /// Arm.
    pub arm: Option<i32>,
    /// Covariates in the order of the experiment; for a numeric one the value is the number.
    pub covariates: Vec<Option<f64>>,
    /// Answers in the order of the items.
    pub answers: Vec<Option<i32>>,
    /// Probabilities in the order of the items, for simulated participants; may be empty.
    pub probabilities: Vec<Option<Vec<f64>>>,
}

impl Person {
    /// A participant without arm and covariates.
    pub fn answering(id: impl Into<String>, answers: &[i32]) -> Self {
        Self {
            id: id.into(),
            answers: answers.iter().copied().map(Some).collect(),
            ..Self::default()
        }
    }
}

/// An experiment from its JSON text, as the host would send it.
///
/// # Panics
/// When the text is not one.
pub fn experiment(json: &str) -> Experiment {
    serde_json::from_str(json).expect("the JSON text describes an experiment")
}

/// An experiment without arms and covariates, of ordinal items with these numbers of levels
/// (values from 1), beliefs but for the last, which is an action.
pub fn ordinal_experiment(levels: &[usize]) -> Experiment {
    let last = levels.len().saturating_sub(1);
    let items = levels.iter().enumerate().map(|(i, count)| {
        let levels = (1..=*count).map(|v| serde_json::json!({"label": v.to_string(), "value": v}));
        serde_json::json!({
            "id": format!("q{i}"),
            "role": if i == last { "action" } else { "belief" },
            "kind": "ordinal",
            "levels": levels.collect::<Vec<_>>(),
        })
    });
    let items: Vec<_> = items.collect();
    let json = serde_json::json!({
        "id": "toy", "title": "Toy", "arms": [], "covariates": [], "items": items,
    });
    experiment(&json.to_string())
}

/// The batch of these people, with the columns of [`crate::People`] and [`crate::Simulated`].
///
/// # Panics
/// When a person has another number of covariates or answers than the experiment.
pub fn batch(experiment: &Experiment, people: &[Person]) -> RecordBatch {
    let mut columns: Vec<(String, ArrayRef)> = vec![
        (
            "participant_id".into(),
            Arc::new(people.iter().map(|p| Some(p.id.as_str())).collect::<StringArray>()),
        ),
        ("arm".into(), Arc::new(people.iter().map(|p| p.arm).collect::<Int32Array>())),
    ];
    for (i, covariate) in experiment.covariates.iter().enumerate() {
        let values = people.iter().map(|p| p.covariates[i]);
        let column: ArrayRef = match covariate.kind {
            crate::CovariateKind::Numeric => Arc::new(values.collect::<Float64Array>()),
            crate::CovariateKind::Categorical => {
                Arc::new(values.map(|v| v.map(|v| v as i32)).collect::<Int32Array>())
            }
        };
        columns.push((format!("covariate.{}", covariate.id), column));
    }
    for (i, item) in experiment.items.iter().enumerate() {
        let answers: Int32Array = people.iter().map(|p| p.answers[i]).collect();
        columns.push((format!("answer.{}", item.id), Arc::new(answers)));
        let mut lists = ListBuilder::new(Float64Builder::new()).with_field(Field::new(
            "item",
            DataType::Float64,
            false,
        ));
        for person in people {
            let probabilities = person.probabilities.get(i).and_then(Option::as_ref);
            lists.values().append_slice(probabilities.map_or(&[], Vec::as_slice));
            lists.append(probabilities.is_some());
        }
        columns.push((format!("probability.{}", item.id), Arc::new(lists.finish())));
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .expect("columns of one length")
}

/// A pilot of these people.
///
/// # Errors
/// As [`crate::People::new`].
pub fn pilot(experiment: &Experiment, people: &[Person], seed: u64) -> Result<Pilot> {
    Pilot::from_parts(experiment.clone(), &batch(experiment, people), seed)
}

/// Requests that ask each of these people this item. Their `answers` are those given so far.
///
/// # Errors
/// As [`Requests::new`].
pub fn requests(experiment: &Experiment, people: &[Person], item: usize) -> Result<Requests> {
    let batch = batch(experiment, people);
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..people.len() as i64));
    let items: ArrayRef = Arc::new(Int32Array::from(vec![item as i32; people.len()]));
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let mut columns: Vec<(String, ArrayRef)> =
        columns.map(|(f, c)| (f.name().clone(), Arc::clone(c))).collect();
    columns.push(("request_id".into(), ids));
    columns.push(("item".into(), items));
    let batch =
        RecordBatch::try_from_iter(columns).map_err(|e| crate::Error::BadInput(e.to_string()))?;
    Requests::new(&batch, experiment)
}

/// Humans and simulated people to compare, with resample weights by human row (index 0, the 1, is
/// added).
///
/// # Errors
/// As [`Evaluation::new`].
///
/// # Panics
/// When the weights have unequal lengths.
pub fn evaluation(
    experiment: &Experiment,
    human: &[Person],
    simulated: &[Person],
    pilot: &[Person],
    resamples: &[Vec<u16>],
) -> Result<Evaluation> {
    let width = 1 + resamples.first().map_or(0, Vec::len);
    let values: Vec<u16> = (0..human.len())
        .flat_map(|row| std::iter::once(1).chain(resamples.get(row).into_iter().flatten().copied()))
        .collect();
    let field = Arc::new(Field::new("item", DataType::UInt16, false));
    let lists =
        FixedSizeListArray::new(field, width as i32, Arc::new(UInt16Array::from(values)), None);
    let owners: StringArray = human.iter().map(|p| Some(p.id.as_str())).collect();
    let weights = RecordBatch::try_from_iter([
        ("participant_id", Arc::new(owners) as ArrayRef),
        ("weights", Arc::new(lists) as ArrayRef),
    ])
    .expect("columns of one length");
    Evaluation::from_parts(
        experiment.clone(),
        [&batch(experiment, human), &batch(experiment, simulated), &batch(experiment, pilot)],
        &weights,
        149,
    )
}
