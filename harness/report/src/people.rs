//! The stored answers of one replicate, joined with the people they stand in for.

use crate::run::Run;
use arrow_array::{
    Array, DictionaryArray, Float64Array, Int32Array, ListArray, RecordBatch, StringArray,
    types::Int8Type,
};
use pilotbench_engine::{
    experiment::{Experiment, code},
    fault::{Fault, Result},
    plan::Replicate,
    record,
    score::Cell,
};
use std::collections::HashMap;

/// What was simulated for the people of one replicate.
pub(crate) struct Answered {
    /// Seed of the replicate.
    pub(crate) seed: u32,
    /// Rows of the people in the experiment's table.
    pub(crate) rows: Vec<usize>,
    /// By item.
    pub(crate) items: Vec<ItemAnswers>,
}

/// The answers to one item, in the order of the people.
pub(crate) struct ItemAnswers {
    /// Level, or nothing.
    pub(crate) levels: Vec<Option<usize>>,
    /// What became of the request where there is no level.
    pub(crate) status: Vec<Option<String>>,
    /// How likely the method said the human's answer is.
    pub(crate) of_human: Vec<Option<f64>>,
    /// Words of the model.
    pub(crate) texts: Vec<Option<String>>,
}

/// The answers of the first replicate of a cell that is committed.
///
/// # Errors
/// When the record is damaged.
pub(crate) fn first(run: &Run, experiment: &Experiment, cell: &Cell) -> Result<Option<Answered>> {
    for replicate in &cell.replicates {
        if let Some(manifest) = run.record.manifest(replicate)? {
            let batch = record::decode(run.record.answers(&manifest)?)?;
            return joined(experiment, replicate, &batch).map(Some);
        }
    }
    Ok(None)
}

fn joined(experiment: &Experiment, replicate: &Replicate, batch: &RecordBatch) -> Result<Answered> {
    let fault = |message: &str| Fault::store(format!("replicate {}", replicate.id), message);
    let people = &experiment.people;
    let places: HashMap<&str, usize> =
        people.ids.iter().enumerate().filter_map(|(row, id)| Some((id?, row))).collect();
    let ids = column::<StringArray>(batch, "participant_id").ok_or_else(|| fault("no ids"))?;
    let rows = ids.iter().map(|id| places.get(id?).copied());
    let rows: Vec<usize> =
        rows.collect::<Option<_>>().ok_or_else(|| fault("answers of people who are not there"))?;
    let items = experiment.design.items.iter().enumerate().map(|(place, item)| {
        let levels = column::<Int32Array>(batch, &format!("answer.{}", item.id))
            .ok_or_else(|| fault("an item has no answers"))?;
        Ok(ItemAnswers {
            levels: (0..rows.len()).map(|row| code(levels, row)).collect(),
            status: status(batch, &item.id, rows.len()),
            of_human: of_human(batch, &item.id, &people.answers[place], &rows),
            texts: texts(batch, &item.id, rows.len()),
        })
    });
    let items = items.collect::<Result<_>>()?;
    Ok(Answered { seed: replicate.seed, rows, items })
}

fn column<'a, A: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a A> {
    batch.column_by_name(name)?.as_any().downcast_ref()
}

fn status(batch: &RecordBatch, item: &str, people: usize) -> Vec<Option<String>> {
    let found = column::<DictionaryArray<Int8Type>>(batch, &format!("status.{item}"));
    let typed = found.and_then(|column| column.downcast_dict::<StringArray>());
    match typed {
        Some(words) => {
            let word = |word: Option<&str>| word.filter(|w| *w != "ok").map(str::to_owned);
            words.into_iter().map(word).collect()
        }
        None => vec![None; people],
    }
}

fn of_human(
    batch: &RecordBatch,
    item: &str,
    humans: &Int32Array,
    rows: &[usize],
) -> Vec<Option<f64>> {
    let lists = column::<ListArray>(batch, &format!("probability.{item}"));
    let share = |(place, row): (usize, &usize)| {
        let lists = lists.filter(|lists| !lists.is_null(place))?;
        let list = lists.value(place);
        let list = list.as_any().downcast_ref::<Float64Array>()?;
        let level = code(humans, *row).filter(|level| *level < list.len())?;
        Some(list.value(level))
    };
    rows.iter().enumerate().map(share).collect()
}

fn texts(batch: &RecordBatch, item: &str, people: usize) -> Vec<Option<String>> {
    match column::<StringArray>(batch, &format!("text.{item}")) {
        Some(texts) => texts.iter().map(|text| text.map(str::to_owned)).collect(),
        None => vec![None; people],
    }
}
