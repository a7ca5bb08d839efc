//! A metric's reply, checked and typed.

use crate::plugin::ScoreInfo;
use arrow_array::{Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use serde::{Deserialize, Serialize};

/// What a value is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// What the rows of a reply are of. The replicates of a cell have the same as a rule, so they are
/// compared as a whole before any of them is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Names {
    score: StringArray,
    item: StringArray,
    group_column: StringArray,
    group_level: StringArray,
}

impl Names {
    fn read(batch: &RecordBatch) -> std::result::Result<Self, String> {
        let text = |name| column::<StringArray>(batch, name).cloned();
        Ok(Self {
            score: text("score")?,
            item: text("item")?,
            group_column: text("group_column")?,
            group_level: text("group_level")?,
        })
    }

    /// The row of a score over all items and everybody.
    pub(super) fn overall(&self, score: &str) -> Option<usize> {
        (0..self.score.len()).find(|row| {
            self.item.is_null(*row)
                && self.group_column.is_null(*row)
                && at(&self.score, *row) == Some(score)
        })
    }

    /// The keys of all rows; each stands once.
    pub(super) fn keys(&self) -> std::result::Result<Vec<ScoreKey>, String> {
        let key = |row| ScoreKey {
            score: at(&self.score, row).unwrap_or_default().to_owned(),
            item: at(&self.item, row).map(str::to_owned),
            group_column: at(&self.group_column, row).map(str::to_owned),
            group_level: at(&self.group_level, row).map(str::to_owned),
        };
        let keys: Vec<ScoreKey> = (0..self.score.len()).map(key).collect();
        let mut sorted: Vec<&ScoreKey> = keys.iter().collect();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("`{}` stands twice for one item and group", pair[0].score)),
            None => Ok(keys),
        }
    }
}

/// One value of one replicate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    /// The value, or why there is none.
    pub(super) value: std::result::Result<f64, String>,
    /// Values in the resamples, NaN where there is none; empty when the metric gives none.
    pub(super) resamples: Vec<f64>,
    pub(super) n_human: i64,
    pub(super) n_simulated: i64,
}

/// A metric's table, its columns checked.
pub(super) struct Reply<'a> {
    pub(super) names: Names,
    value: &'a Float64Array,
    undefined: &'a StringArray,
    lists: &'a ListArray,
    list_values: &'a Float64Array,
    n_human: &'a Int64Array,
    n_simulated: &'a Int64Array,
}

impl<'a> Reply<'a> {
    /// The columns of a reply; what is wrong with them otherwise.
    pub(super) fn read(batch: &'a RecordBatch) -> std::result::Result<Self, String> {
        let lists = column::<ListArray>(batch, "resamples")?;
        let list_values = lists.values().as_any().downcast_ref::<Float64Array>();
        let reply = Self {
            names: Names::read(batch)?,
            value: column(batch, "value")?,
            undefined: column(batch, "undefined")?,
            lists,
            list_values: list_values.ok_or("column `resamples` is not list<float64>")?,
            n_human: column(batch, "n_human")?,
            n_simulated: column(batch, "n_simulated")?,
        };
        match reply.n_human.null_count() + reply.n_simulated.null_count() {
            0 => Ok(reply),
            _ => Err("nulls in `n_human` or `n_simulated`".to_owned()),
        }
    }

    /// Reads a row into `into`, whose memory is used again. The value must lie in the range that
    /// was described, and have so many resamples or none.
    pub(super) fn row(
        &self,
        row: usize,
        info: &ScoreInfo,
        resamples: usize,
        into: &mut Value,
    ) -> std::result::Result<(), String> {
        let number = (!self.value.is_null(row)).then(|| self.value.value(row));
        into.value = match (number, at(self.undefined, row)) {
            (Some(number), None) if !info.allows(number) => {
                return Err(format!("`{}` is {number}, outside of its range", info.name));
            }
            (Some(number), None) if number.is_finite() => Ok(number),
            (None, Some(reason)) => Err(reason.to_owned()),
            _ => return Err(format!("`{}` needs a finite value or a reason", info.name)),
        };
        let offsets = self.lists.value_offsets();
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        if !range.is_empty() && range.len() != resamples {
            let found = range.len();
            return Err(format!("`{}` has {found} resamples of {resamples}", info.name));
        }
        into.resamples.clear();
        into.resamples.extend_from_slice(&self.list_values.values()[range.clone()]);
        let nulls = self.list_values.nulls().filter(|nulls| nulls.null_count() > 0);
        for (place, value) in into.resamples.iter_mut().enumerate() {
            let is_null = nulls.is_some_and(|nulls| nulls.is_null(range.start + place));
            if is_null || !value.is_finite() {
                *value = f64::NAN;
            }
        }
        into.n_human = self.n_human.value(row);
        into.n_simulated = self.n_simulated.value(row);
        Ok(())
    }
}

impl Default for Value {
    fn default() -> Self {
        Self { value: Ok(0.0), resamples: Vec::new(), n_human: 0, n_simulated: 0 }
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
