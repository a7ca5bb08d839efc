//! A metric's reply, checked and typed.

use crate::{
    fault::{Fault, Result},
    plugin::MetricDescription,
};
use arrow_array::{Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};

/// What a value is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreKey {
    /// Score.
    pub score: String,
    /// Item; `None` over all items.
    pub item: Option<String>,
    /// `arm` or a covariate's id; `None` for everybody.
    pub group_column: Option<String>,
    /// The arm's id or the level's label.
    pub group_level: Option<String>,
}

impl ScoreKey {
    /// A score over all items and everybody.
    pub fn overall(score: &str) -> Self {
        Self { score: score.to_owned(), item: None, group_column: None, group_level: None }
    }

    /// Whether it is over all items and everybody.
    pub fn is_overall(&self) -> bool {
        self.item.is_none() && self.group_column.is_none()
    }
}

/// One value of one replicate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    pub(super) key: ScoreKey,
    /// The value, or why there is none.
    pub(super) value: std::result::Result<f64, String>,
    /// Values in the resamples; empty when the metric gives none.
    pub(super) resamples: Vec<Option<f64>>,
    pub(super) n_human: i64,
    pub(super) n_simulated: i64,
}

/// Reads a metric's table. Every score must be one that the metric described, and stand once.
pub(super) fn read(
    batch: &RecordBatch,
    described: &MetricDescription,
    resamples: usize,
) -> Result<Vec<Value>> {
    let fault =
        |message: String| Fault::plugin(format!("{}.evaluate: reply", described.name), message);
    let text = |name| column::<StringArray>(batch, name).map_err(fault);
    let (score, item) = (text("score")?, text("item")?);
    let (group_column, group_level) = (text("group_column")?, text("group_level")?);
    let undefined = text("undefined")?;
    let value = column::<Float64Array>(batch, "value").map_err(fault)?;
    let lists = column::<ListArray>(batch, "resamples").map_err(fault)?;
    let list_values = lists.values().as_any().downcast_ref::<Float64Array>();
    let list_values =
        list_values.ok_or_else(|| fault("column `resamples` is not list<float64>".into()))?;
    let n_human = column::<Int64Array>(batch, "n_human").map_err(fault)?;
    let n_simulated = column::<Int64Array>(batch, "n_simulated").map_err(fault)?;
    if n_human.null_count() + n_simulated.null_count() > 0 {
        return Err(fault("nulls in `n_human` or `n_simulated`".into()));
    }
    let mut rows = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let key = ScoreKey {
            score: at(score, row).unwrap_or_default().to_owned(),
            item: at(item, row).map(str::to_owned),
            group_column: at(group_column, row).map(str::to_owned),
            group_level: at(group_level, row).map(str::to_owned),
        };
        let info = described.score(&key.score).ok_or_else(|| {
            fault(format!("score `{}` was not described", key.score.escape_debug()))
        })?;
        let number = (!value.is_null(row)).then(|| value.value(row));
        let value = match (number, at(undefined, row)) {
            (Some(number), None) if !info.allows(number) => {
                let message = format!("`{}` is {number}, outside of its range", key.score);
                return Err(fault(message));
            }
            (Some(number), None) if number.is_finite() => Ok(number),
            (None, Some(reason)) => Err(reason.to_owned()),
            _ => {
                let message = format!("`{}` needs a finite value or a reason", key.score);
                return Err(fault(message));
            }
        };
        let offsets = lists.value_offsets();
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        if !range.is_empty() && range.len() != resamples {
            let message = format!("`{}` has {} resamples of {resamples}", key.score, range.len());
            return Err(fault(message));
        }
        let in_resample = |i: usize| {
            (!list_values.is_null(i)).then(|| list_values.value(i)).filter(|v| v.is_finite())
        };
        rows.push(Value {
            key,
            value,
            resamples: range.map(in_resample).collect(),
            n_human: n_human.value(row),
            n_simulated: n_simulated.value(row),
        });
    }
    check_unique(&rows).map_err(fault)?;
    Ok(rows)
}

fn check_unique(rows: &[Value]) -> std::result::Result<(), String> {
    let mut keys: Vec<&ScoreKey> = rows.iter().map(|row| &row.key).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("`{}` stands twice for one item and group", pair[0].score)),
        None => Ok(()),
    }
}

fn at(texts: &StringArray, row: usize) -> Option<&str> {
    (!texts.is_null(row)).then(|| texts.value(row))
}

fn column<'a, A: Array + 'static>(
    batch: &'a RecordBatch,
    name: &str,
) -> std::result::Result<&'a A, String> {
    let column = batch.column_by_name(name).ok_or(format!("column `{name}` is missing"))?;
    column
        .as_any()
        .downcast_ref()
        .ok_or_else(|| format!("column `{name}` has type {}", column.data_type()))
}
