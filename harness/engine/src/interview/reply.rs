//! A backend's reply, checked whole and brought into the order of the requests.

use super::{ItemAnswers, Status, draw::Draws, parse};
use crate::{
    adapter::Calibration,
    experiment::Item,
    fault::{Fault, Result},
};
use arrow_array::{
    Array, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
    builder::{Float64Builder, ListBuilder},
};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

/// Probabilities may miss 1 by this much.
const SUM_TOLERANCE: f64 = 1e-6;
/// Longest text kept of a reply.
const TEXT_BYTES_MAX: usize = 1 << 16;

/// A reply with its columns.
pub(crate) struct Reply {
    pub(crate) ids: Int64Array,
    pub(crate) logprobs: Option<ListArray>,
    pub(crate) choice: Option<Int32Array>,
    pub(crate) text: Option<StringArray>,
    pub(crate) refused: Option<BooleanArray>,
}

impl Reply {
    /// Reads the columns of a reply.
    pub(crate) fn read(batch: &RecordBatch) -> Result<Self> {
        let ids = column::<Int64Array>(batch, "request_id")?;
        let ids = ids.ok_or_else(|| broken("column `request_id` is missing"))?;
        let logprobs = column::<ListArray>(batch, "logprobs")?;
        let is_sound = |lists: &ListArray| {
            lists.value_type() == DataType::Float64 && lists.values().null_count() == 0
        };
        if logprobs.as_ref().is_some_and(|lists| !is_sound(lists)) {
            return Err(broken("column `logprobs` is not list<float64> without nulls"));
        }
        Ok(Self {
            ids,
            logprobs,
            choice: column(batch, "choice")?,
            text: column(batch, "text")?,
            refused: column(batch, "refused")?,
        })
    }

    /// Log-probabilities in a row, as they came.
    pub(crate) fn logs(&self, row: usize) -> Option<Vec<f64>> {
        let values = present(self.logprobs.as_ref(), row)?.value(row);
        let values = values.as_any().downcast_ref::<Float64Array>();
        Some(values.expect("the type was checked").values().to_vec())
    }

    /// Whether a row is a refusal.
    pub(crate) fn is_refused(&self, row: usize) -> bool {
        is_true(self.refused.as_ref(), row)
    }

    /// The row of the reply for each request `0..asked`.
    fn rows(&self, asked: usize) -> Result<Vec<usize>> {
        let mut rows = vec![usize::MAX; asked];
        for (row, id) in self.ids.iter().enumerate() {
            let id = id.ok_or_else(|| broken(format!("row {row} has no request_id")))?;
            let slot = usize::try_from(id).ok().and_then(|id| rows.get_mut(id));
            match slot {
                None => return Err(broken(format!("request_id {id} was not asked"))),
                Some(slot) if *slot != usize::MAX => {
                    return Err(broken(format!("request_id {id} is answered twice")));
                }
                Some(slot) => *slot = row,
            }
        }
        match rows.iter().filter(|row| **row == usize::MAX).count() {
            0 => Ok(rows),
            n => Err(broken(format!("{n} of {asked} requests are not answered"))),
        }
    }

    /// Log-probabilities of the levels by request, checked; `None` where there are none.
    pub(super) fn log_probabilities(
        &self,
        item: &Item,
        asked: usize,
    ) -> Result<Vec<Option<Vec<f64>>>> {
        let mut checked = Collected::new(0, item.levels.len());
        let of = |row: usize| -> Result<Option<Vec<f64>>> {
            let Some(values) = self.logs(row).filter(|_| !self.is_refused(row)) else {
                return Ok(None);
            };
            checked
                .probabilities(&values)
                .map_err(|message| broken(format!("item `{}`: {message}", item.id)))?;
            Ok(Some(values))
        };
        self.rows(asked)?.into_iter().map(of).collect()
    }

    /// The answers to one item, drawn where the backend gave probabilities.
    pub(super) fn answers(
        &self,
        item: &Item,
        index: usize,
        draws: &Draws,
        asked: usize,
        calibration: Option<&Calibration>,
    ) -> Result<ItemAnswers> {
        let rows = self.rows(asked)?;
        let levels = item.levels.len();
        let mut collected = Collected::new(asked, levels);
        let values = self.logprobs.as_ref().map(|lists| {
            let values = lists.values().as_any().downcast_ref::<Float64Array>();
            values.expect("the type was checked").values()
        });
        for (request, row) in rows.into_iter().enumerate() {
            if is_true(self.refused.as_ref(), row) {
                collected.push(Status::Refused, None, false, value_of(self.text.as_ref(), row));
            } else if let (Some(lists), Some(values)) =
                (present(self.logprobs.as_ref(), row), values)
            {
                let offsets = lists.value_offsets();
                let logprobs = &values[offsets[row] as usize..offsets[row + 1] as usize];
                let wrong =
                    |message| broken(format!("request {request}, item `{}`: {message}", item.id));
                collected.probabilities(logprobs).map_err(wrong)?;
                if let Some(calibration) = calibration {
                    let mut scaled = logprobs.to_vec();
                    calibration.apply(&mut scaled);
                    collected.probabilities(&scaled).map_err(wrong)?;
                }
                let level = draws.level(request, index, &collected.scratch);
                collected.push(Status::Ok, Some(level), true, None);
            } else if let Some(choice) = present(self.choice.as_ref(), row).map(|c| c.value(row)) {
                let level = usize::try_from(choice).ok().filter(|level| *level < levels);
                let level = level.ok_or_else(|| {
                    broken(format!(
                        "choice {choice} of item `{}`, which has {levels} levels",
                        item.id
                    ))
                })?;
                collected.push(Status::Ok, Some(level), false, None);
            } else if let Some(text) = value_of(self.text.as_ref(), row) {
                let level = parse::level(text, &item.levels);
                let status = if level.is_some() { Status::Ok } else { Status::Invalid };
                collected.push(status, level, false, Some(text));
            } else {
                let message = "has neither logprobs, choice, text nor refusal";
                return Err(broken(format!("request {request}, item `{}` {message}", item.id)));
            }
        }
        Ok(collected.finish())
    }
}

/// Answers as they come in.
struct Collected {
    levels: Vec<Option<i32>>,
    status: Vec<Status>,
    probabilities: ListBuilder<Float64Builder>,
    texts: Vec<Option<String>>,
    /// Probabilities of the answer in hand.
    scratch: Vec<f64>,
    count: usize,
}

impl Collected {
    fn new(asked: usize, levels: usize) -> Self {
        let values = Float64Builder::with_capacity(asked * levels);
        let field = Arc::new(Field::new("item", DataType::Float64, false));
        Self {
            levels: Vec::with_capacity(asked),
            status: Vec::with_capacity(asked),
            probabilities: ListBuilder::with_capacity(values, asked).with_field(field),
            texts: Vec::new(),
            scratch: vec![0.0; levels],
            count: levels,
        }
    }

    /// Takes log-probabilities, which must be as many as levels and sum to 1 as probabilities.
    fn probabilities(&mut self, logprobs: &[f64]) -> std::result::Result<(), String> {
        if logprobs.len() != self.count {
            return Err(format!("{} log-probabilities for {} levels", logprobs.len(), self.count));
        }
        let mut sum = 0.0;
        for (p, logprob) in self.scratch.iter_mut().zip(logprobs) {
            *p = logprob.exp();
            sum += *p;
        }
        // A NaN or +∞ among them shows in the sum.
        match (sum - 1.0).abs() <= SUM_TOLERANCE {
            true => Ok(()),
            false => Err(format!("probabilities sum to {sum}")),
        }
    }

    fn push(&mut self, status: Status, level: Option<usize>, drawn: bool, text: Option<&str>) {
        let row = self.status.len();
        self.levels.push(level.map(|level| level as i32));
        self.status.push(status);
        if drawn {
            self.probabilities.values().append_slice(&self.scratch);
        }
        self.probabilities.append(drawn);
        if let Some(text) = text {
            self.texts.resize(row, None);
            self.texts.push(Some(shortened(text)));
        }
    }

    fn finish(mut self) -> ItemAnswers {
        let texts = (!self.texts.is_empty()).then(|| {
            self.texts.resize(self.status.len(), None);
            StringArray::from(self.texts)
        });
        ItemAnswers {
            levels: self.levels.into(),
            status: self.status,
            probabilities: self.probabilities.finish(),
            texts,
        }
    }
}

fn shortened(text: &str) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

pub(super) fn present<A: Array>(array: Option<&A>, row: usize) -> Option<&A> {
    array.filter(|array| !array.is_null(row))
}

pub(super) fn value_of(texts: Option<&StringArray>, row: usize) -> Option<&str> {
    present(texts, row).map(|texts| texts.value(row))
}

fn is_true(flags: Option<&BooleanArray>, row: usize) -> bool {
    present(flags, row).is_some_and(|flags| flags.value(row))
}

/// A column of the expected type; `None` when it is not there.
pub(super) fn column<A: Array + Clone + 'static>(
    batch: &RecordBatch,
    name: &str,
) -> Result<Option<A>> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    let typed = column.as_any().downcast_ref::<A>().cloned();
    let wrong = || broken(format!("column `{name}` has type {}", column.data_type()));
    typed.map(Some).ok_or_else(wrong)
}

pub(super) fn broken(message: impl std::fmt::Display) -> Fault {
    Fault::plugin("reply", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing::experiment;
    use arrow_array::ArrayRef;

    fn lists(rows: &[Option<&[f64]>]) -> ArrayRef {
        let mut lists = ListBuilder::new(Float64Builder::new());
        for row in rows {
            lists.values().append_slice(row.unwrap_or_default());
            lists.append(row.is_some());
        }
        Arc::new(lists.finish())
    }

    fn answers(columns: Vec<(&str, ArrayRef)>, asked: usize) -> Result<ItemAnswers> {
        let experiment = experiment(20);
        let people = experiment.people.take(&(0..asked as u32).collect::<Vec<_>>());
        let draws = Draws::new(&experiment.design, &people, 1);
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        Reply::read(&batch)?.answers(&experiment.design.items[0], 0, &draws, asked, None)
    }

    fn ids(ids: &[i64]) -> (&'static str, ArrayRef) {
        ("request_id", Arc::new(Int64Array::from(ids.to_vec())))
    }

    fn refusal_of(columns: Vec<(&str, ArrayRef)>) -> String {
        answers(columns, 2).unwrap_err().message
    }

    #[test]
    fn answers_are_joined_by_id() {
        let sure = [
            [f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0],
            [0.0, f64::NEG_INFINITY, f64::NEG_INFINITY],
        ];
        let given = lists(&[Some(&sure[0]), Some(&sure[1])]);
        let found = answers(vec![ids(&[1, 0]), ("logprobs", given)], 2).unwrap();
        assert_eq!(found.levels, Int32Array::from(vec![0, 2]));
        assert_eq!(found.status, [Status::Ok, Status::Ok]);
    }

    #[test]
    fn ids_are_complete_and_unique() {
        let choice = |n: usize| ("choice", Arc::new(Int32Array::from(vec![0; n])) as ArrayRef);
        assert_eq!(refusal_of(vec![ids(&[0]), choice(1)]), "1 of 2 requests are not answered");
        assert_eq!(refusal_of(vec![ids(&[0, 0]), choice(2)]), "request_id 0 is answered twice");
        assert_eq!(refusal_of(vec![ids(&[0, 2]), choice(2)]), "request_id 2 was not asked");
        assert_eq!(refusal_of(vec![ids(&[0, -1]), choice(2)]), "request_id -1 was not asked");
        assert_eq!(refusal_of(vec![choice(2)]), "column `request_id` is missing");
    }

    #[test]
    fn probabilities_are_checked() {
        let with = |row: &[f64]| {
            refusal_of(vec![ids(&[0, 1]), ("logprobs", lists(&[Some(row), Some(row)]))])
        };
        assert!(with(&[0.0, 0.0]).contains("2 log-probabilities for 3 levels"));
        assert!(with(&[0.0, 0.0, 0.0]).contains("probabilities sum to 3"));
        assert!(with(&[f64::NAN, 0.0, 0.0]).contains("probabilities sum to NaN"));
        assert!(with(&[f64::INFINITY, 0.0, 0.0]).contains("probabilities sum to inf"));
    }

    #[test]
    fn choices_lie_within_the_levels() {
        let choice = |level| ("choice", Arc::new(Int32Array::from(vec![level; 2])) as ArrayRef);
        assert!(refusal_of(vec![ids(&[0, 1]), choice(3)]).contains("choice 3"));
        assert!(refusal_of(vec![ids(&[0, 1]), choice(-1)]).contains("choice -1"));
        assert!(refusal_of(vec![ids(&[0, 1])]).contains("neither"));
    }

    #[test]
    fn refused_and_unreadable_answers_stay_missing() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["no way", "much", "dunno"]));
        let refused: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, false]));
        let found =
            answers(vec![ids(&[0, 1, 2]), ("text", text), ("refused", refused)], 3).unwrap();
        assert_eq!(found.status, [Status::Refused, Status::Ok, Status::Invalid]);
        assert_eq!(found.levels, Int32Array::from(vec![None, Some(2), None]));
        assert_eq!(found.texts.unwrap().value(2), "dunno");
    }
}
