//! A metric's table, read as it is.

use crate::answers::{Sameness, column};
use arrow_array::{Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use std::fmt;

/// What a row is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) score: String,
    pub(crate) item: Option<String>,
    pub(crate) group: (Option<String>, Option<String>),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.score)?;
        if let Some(item) = &self.item {
            write!(f, " of item `{item}`")?;
        }
        match &self.group {
            (None, None) => Ok(()),
            (column, level) => {
                let word = |part: &Option<String>| part.clone().unwrap_or_default();
                write!(f, " in `{}` `{}`", word(column), word(level))
            }
        }
    }
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) value: Option<f64>,
    pub(crate) reason: Option<String>,
    pub(crate) resamples: Vec<Option<f64>>,
    pub(crate) people: (i64, i64),
}

/// Reads a table; says which column is not what it should be.
pub(crate) fn read(batch: &RecordBatch) -> Result<Vec<Row>, String> {
    let text = |name| needed::<StringArray>(batch, name);
    let (score, item) = (text("score")?, text("item")?);
    let (group_column, group_level) = (text("group_column")?, text("group_level")?);
    let reason = text("undefined")?;
    let value = needed::<Float64Array>(batch, "value")?;
    let lists = needed::<ListArray>(batch, "resamples")?;
    let values = lists.values().as_any().downcast_ref::<Float64Array>();
    let values = values.ok_or("column `resamples` is not list<float64>")?;
    let human = needed::<Int64Array>(batch, "n_human")?;
    let simulated = needed::<Int64Array>(batch, "n_simulated")?;
    if human.null_count() + simulated.null_count() > 0 {
        return Err("nulls in `n_human` or `n_simulated`".into());
    }
    let at = |texts: &StringArray, row| (!texts.is_null(row)).then(|| texts.value(row).to_owned());
    let number = |numbers: &Float64Array, i| (!numbers.is_null(i)).then(|| numbers.value(i));
    let offsets = lists.value_offsets();
    let row = |row: usize| Row {
        key: Key {
            score: at(score, row).unwrap_or_default(),
            item: at(item, row),
            group: (at(group_column, row), at(group_level, row)),
        },
        value: number(value, row),
        reason: at(reason, row),
        resamples: (offsets[row] as usize..offsets[row + 1] as usize)
            .map(|i| number(values, i))
            .collect(),
        people: (human.value(row), simulated.value(row)),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn needed<'a, A: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a A, String> {
    column(batch, name)?.ok_or_else(|| format!("column `{name}` is missing"))
}

/// The first difference between two tables, whose rows may stand in any order.
pub(crate) fn difference(one: &[Row], other: &[Row], same: Sameness) -> Option<String> {
    let sorted = |rows: &[Row]| {
        let mut rows = rows.to_vec();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        rows
    };
    let (one, other) = (sorted(one), sorted(other));
    if one.len() != other.len() {
        return Some(format!("{} rows against {}", one.len(), other.len()));
    }
    let mut pairs = one.iter().zip(&other);
    pairs.find_map(|(a, b)| {
        if a.key != b.key {
            return Some(format!("{} against {}", a.key, b.key));
        }
        let equal = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => same.holds(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        let resamples = a.resamples.len() == b.resamples.len()
            && a.resamples.iter().zip(&b.resamples).all(|(a, b)| equal(*a, *b));
        if !equal(a.value, b.value) {
            let shown = |v: Option<f64>| v.map_or_else(|| "undefined".into(), |v| v.to_string());
            return Some(format!("{}: {} against {}", a.key, shown(a.value), shown(b.value)));
        }
        if !resamples || a.people != b.people {
            return Some(format!("{}: its resamples or numbers of people", a.key));
        }
        None
    })
}
