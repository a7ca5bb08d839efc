//! What a metric is called with, as the host does it: humans, simulated people, weights.

use super::population::Population;
use arrow_array::{
    ArrayRef, FixedSizeListArray, Int32Array, ListArray, RecordBatch, StringArray, UInt16Array,
    types::Float64Type,
};
use arrow_schema::{DataType, Field};
use pilotbench_engine::{
    experiment::{Columns, Design},
    identity::canonical_json,
    plugin::{Executor, MetricSession, Plugins, Reference, Search, Tables},
    random::SplitMix64,
};
use serde_json::json;
use std::sync::{Arc, atomic::AtomicBool};

/// Seeds of the humans, which at 929 people are those of `datasets/disclosure`, and of the simulated
/// people, who are a fresh draw: a perfect simulator.
pub(crate) const SEEDS: [u64; 2] = [149, 150];

/// Two populations of one size with resamples. Everybody, eight arms and the levels of five columns
/// are 27 groups.
pub(crate) struct Comparison {
    tables: Tables,
}

impl Comparison {
    /// `weights` are resamples of participants as [`weights`] draws them.
    pub(crate) fn new(
        human: &Population,
        simulated: &Population,
        weights: Vec<u16>,
        resamples: usize,
    ) -> Self {
        let mut design = super::disclosure().design;
        design.subgroups = (0..design.covariates.len()).collect();
        let ids: StringArray = (1..=human.len()).map(|i| Some(format!("p{i:07}"))).collect();
        let mut others = columns(&design, &ids, human, simulated);
        for item in &design.items {
            let none = std::iter::repeat_n(None::<Vec<Option<f64>>>, simulated.len());
            let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(none);
            others.push(format!("probability.{}", item.id), Arc::new(lists));
        }
        let humans = columns(&design, &ids, human, human).batch();
        let nobody = humans.slice(0, 0);
        let weights = weights_table(&ids, weights, 1 + resamples);
        let reference = Arc::new(Reference::new(humans, weights));
        let context = canonical_json(&json!({ "experiment": design, "seed": 1 }));
        Self { tables: Tables::new(reference, others.batch(), nobody, context) }
    }

    /// A comparison of this size with its own weights.
    pub(crate) fn of(people: usize, resamples: usize) -> Self {
        let [human, simulated] = SEEDS.map(|seed| Population::new(seed, people));
        Self::new(&human, &simulated, weights(people, resamples), resamples)
    }

    /// One evaluation.
    pub(crate) fn evaluate(&self, metric: &dyn MetricSession) -> RecordBatch {
        let stop = AtomicBool::new(false);
        metric.evaluate(&self.tables, &stop).unwrap()
    }
}

/// A built-in metric with its usual settings.
pub(crate) fn metric(name: &str) -> Arc<dyn MetricSession> {
    let plugins = Plugins::new(Search::usual(Vec::new()).run().unwrap(), Executor::InProcess);
    plugins.open_metric(name, &json!({})).unwrap()
}

/// Who the people are, from the first population, and what they answered, from the second.
fn columns(
    design: &Design,
    ids: &StringArray,
    who: &Population,
    answering: &Population,
) -> Columns {
    let codes = |codes: Vec<i32>| Arc::new(Int32Array::from(codes)) as ArrayRef;
    let mut columns = Columns::default();
    columns.push("participant_id", Arc::new(ids.clone()));
    columns.push("arm", codes(who.arms().collect()));
    for (covariate, levels) in design.covariates.iter().zip(who.covariates()) {
        columns.push(format!("covariate.{}", covariate.id), codes(levels));
    }
    for (item, levels) in design.items.iter().zip(answering.answers()) {
        columns.push(format!("answer.{}", item.id), codes(levels));
    }
    columns
}

fn weights_table(ids: &StringArray, values: Vec<u16>, width: usize) -> RecordBatch {
    let field = Arc::new(Field::new("item", DataType::UInt16, false));
    let values = Arc::new(UInt16Array::from(values));
    let mut columns = Columns::default();
    columns.push("participant_id", Arc::new(ids.clone()));
    columns.push("weights", Arc::new(FixedSizeListArray::new(field, width as i32, values, None)));
    columns.batch()
}

/// How often each person is drawn in each resample, person by person; index 0 is 1.
pub(crate) fn weights(people: usize, resamples: usize) -> Vec<u16> {
    let width = 1 + resamples;
    let mut weights = vec![0; people * width];
    weights.iter_mut().step_by(width).for_each(|weight| *weight = 1);
    for resample in 1..width {
        let mut stream = SplitMix64::of(&["bench", &resample.to_string()]);
        (0..people).for_each(|_| weights[stream.below(people) * width + resample] += 1);
    }
    weights
}
