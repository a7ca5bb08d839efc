//! A table of answers as it came, value by value.

use crate::{
    experiment::{Experiment, Item},
    interview::{ItemAnswers, Status, Transcript},
};
use arrow_array::{
    Array, ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, StringArray, cast::AsArray,
    types::Int8Type,
};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

/// Probabilities may miss 1 by this much.
const SUM_TOLERANCE: f64 = 1e-5;
/// Longest text of an answer.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The answers in a table that has the columns of an experiment's answers and nothing else, is of
/// these people in this order, and holds nothing but answers. Made anew from its values alone.
///
/// # Errors
/// What is wrong.
pub(super) fn read(
    table: &RecordBatch,
    experiment: &Experiment,
    asked: &StringArray,
) -> Result<Transcript, String> {
    let mut columns = Columns { table, next: 0 };
    let ids = columns.take("participant_id", &DataType::Utf8)?;
    let ids = ids.as_string_opt::<i32>().ok_or("`participant_id` is not text")?;
    if ids.len() != asked.len() {
        return Err(format!("{} participants answered, {} are held out", ids.len(), asked.len()));
    }
    if let Some(row) =
        (0..ids.len()).find(|row| ids.is_null(*row) || ids.value(*row) != asked.value(*row))
    {
        return Err(format!(
            "row {} is not of participant `{}`, whom the protocol asks there",
            row + 1,
            asked.value(row)
        ));
    }
    let mut items = Vec::new();
    for item in &experiment.design.items {
        let answers = of_item(item, &mut columns);
        items.push(answers.map_err(|message| format!("item `{}`: {message}", item.id))?);
    }
    match table.num_columns() > columns.next {
        true => Err(format!("there are {} columns more", table.num_columns() - columns.next)),
        false => Ok(Transcript { ids: asked.clone(), items }),
    }
}

/// The columns of a table, one after the other.
struct Columns<'a> {
    table: &'a RecordBatch,
    next: usize,
}

impl<'a> Columns<'a> {
    fn has(&self, name: &str) -> bool {
        self.table.schema_ref().fields().get(self.next).is_some_and(|field| field.name() == name)
    }

    /// The next column, which must be this one.
    fn take(&mut self, name: &str, wanted: &DataType) -> Result<&'a ArrayRef, String> {
        if !self.has(name) {
            return Err(format!("column `{name}` is not in its place"));
        }
        let column = self.table.column(self.next);
        self.next += 1;
        match column.data_type() == wanted
            || matches!((column.data_type(), wanted), (DataType::List(_), DataType::List(_)))
        {
            true => Ok(column),
            false => Err(format!("column `{name}` has type {}", column.data_type())),
        }
    }
}

fn of_item(item: &Item, columns: &mut Columns) -> Result<ItemAnswers, String> {
    let id = &item.id;
    let levels = columns.take(&format!("answer.{id}"), &DataType::Int32)?;
    let levels = levels.as_any().downcast_ref::<Int32Array>().ok_or("no levels")?;
    let words = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let status = columns.take(&format!("status.{id}"), &words)?;
    let status = statuses(status)?;
    for (row, status) in status.iter().enumerate() {
        let level = (!levels.is_null(row)).then(|| levels.value(row));
        let in_range = |level: i32| usize::try_from(level).is_ok_and(|l| l < item.levels.len());
        match (*status == Status::Ok, level) {
            (true, Some(level)) if in_range(level) => {}
            (false, None) => {}
            (true, Some(level)) => {
                return Err(format!("row {}: there is no level {level}", row + 1));
            }
            (true, None) => return Err(format!("row {}: answered without a level", row + 1)),
            (false, Some(_)) => return Err(format!("row {}: a level without an answer", row + 1)),
        }
    }
    let lists = DataType::new_list(DataType::Float64, false);
    let lists = columns.take(&format!("probability.{id}"), &lists)?;
    let lists = lists.as_list_opt::<i32>().ok_or("no probabilities")?;
    let probabilities = probabilities(lists, item.levels.len())?;
    let mut texts = None;
    if columns.has(&format!("text.{id}")) {
        let told = columns.take(&format!("text.{id}"), &DataType::Utf8)?;
        let told = told.as_string_opt::<i32>().ok_or("no texts")?;
        if told.iter().flatten().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(format!("a text of more than {TEXT_BYTES_MAX} bytes"));
        }
        texts = Some(told.clone());
    }
    Ok(ItemAnswers { levels: levels.clone(), status, probabilities, texts })
}

/// What became of each request.
fn statuses(column: &ArrayRef) -> Result<Vec<Status>, String> {
    let statuses = column.as_dictionary_opt::<Int8Type>().ok_or("no statuses")?;
    let words = statuses.values().as_string_opt::<i32>().ok_or("statuses are not words")?;
    let word = |key: Option<i8>| {
        let key =
            usize::try_from(key.ok_or("a request without status")?).map_err(|e| e.to_string())?;
        let word = (key < words.len() && !words.is_null(key)).then(|| words.value(key));
        let known = Status::ALL.into_iter().find(|status| word == Some(status.name()));
        known.ok_or_else(|| "a status that is none of ok, refused, invalid".to_owned())
    };
    statuses.keys().iter().map(word).collect()
}

fn probabilities(lists: &ListArray, levels: usize) -> Result<ListArray, String> {
    let values = lists.values().as_any().downcast_ref::<Float64Array>();
    let values = values.ok_or("probabilities are not numbers")?;
    for row in (0..lists.len()).filter(|row| !lists.is_null(*row)) {
        let offsets = lists.value_offsets();
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        if range.len() != levels {
            let found = range.len();
            return Err(format!("row {}: {found} probabilities of {levels} levels", row + 1));
        }
        if range.clone().any(|at| values.is_null(at)) {
            return Err(format!("row {}: a probability is missing", row + 1));
        }
        let row_values = &values.values()[range];
        let sum: f64 = row_values.iter().sum();
        let is_share = |p: &f64| (0.0..=1.0 + SUM_TOLERANCE).contains(p);
        if !row_values.iter().all(is_share) || (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(format!("row {}: probabilities that are none", row + 1));
        }
    }
    let field = Arc::new(Field::new("item", DataType::Float64, false));
    let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
    ListArray::try_new(field, offsets, Arc::new(values.clone()), nulls).map_err(|e| e.to_string())
}
