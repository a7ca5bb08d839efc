//! A metric's table, read as the host reads it.

use super::{bench::Info, comparison::Comparison};
use arrow_array::{Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use serde_json::Value;
use std::collections::BTreeMap;

/// Values may miss the end of their range by this much, as in the host.
const RANGE_TOLERANCE: f64 = 1e-9;

/// What a row is of: score, item, column and level of the group.
pub(super) type Key = (String, Option<String>, Option<String>, Option<String>);

/// A row as it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) key: Key,
    pub(super) value: Option<f64>,
    pub(super) undefined: Option<String>,
    pub(super) resamples: Vec<Option<f64>>,
    pub(super) people: [Option<i64>; 2],
}

/// A key in words.
pub(super) fn name((score, item, column, level): &Key) -> String {
    let mut name = format!("`{score}`");
    if let Some(item) = item {
        name += &format!(", item `{item}`");
    }
    if let Some(column) = column {
        name += &format!(", {column}={}", level.as_deref().unwrap_or("(all)"));
    }
    name
}

/// A table as it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table(pub(super) Vec<Row>);

type Checked = Result<(), String>;

impl Table {
    /// Reads the columns.
    pub(super) fn read(batch: &RecordBatch) -> Result<Self, String> {
        let text = |name| column::<StringArray>(batch, name);
        let (score, item) = (text("score")?, text("item")?);
        let (group_column, group_level) = (text("group_column")?, text("group_level")?);
        let undefined = text("undefined")?;
        let value = column::<Float64Array>(batch, "value")?;
        let lists = column::<ListArray>(batch, "resamples")?;
        let list_values = lists.values().as_any().downcast_ref::<Float64Array>();
        let list_values = list_values.ok_or("column `resamples` is not list<float64>")?;
        let counts = [column(batch, "n_human")?, column(batch, "n_simulated")?];
        let count = |column: &Int64Array, row| (!column.is_null(row)).then(|| column.value(row));
        let at = |texts: &StringArray, row: usize| {
            (!texts.is_null(row)).then(|| texts.value(row).to_owned())
        };
        let number = |values: &Float64Array, row| (!values.is_null(row)).then(|| values.value(row));
        let row = |row: usize| {
            let offsets = lists.value_offsets();
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            let key = (
                at(score, row).unwrap_or_default(),
                at(item, row),
                at(group_column, row),
                at(group_level, row),
            );
            Row {
                key,
                value: number(value, row),
                undefined: at(undefined, row),
                resamples: range.map(|i| number(list_values, i)).collect(),
                people: counts.map(|column| count(column, row)),
            }
        };
        Ok(Self((0..batch.num_rows()).map(row).collect()))
    }

    /// Rows by key.
    pub(super) fn by_key(&self) -> BTreeMap<&Key, &Row> {
        self.0.iter().map(|row| (&row.key, row)).collect()
    }

    fn each(&self, check: impl Fn(&Row) -> Checked) -> Checked {
        self.0.iter().try_for_each(|row| {
            check(row).map_err(|message| format!("{}: {message}", name(&row.key)))
        })
    }

    /// Only described scores, known items and groups.
    pub(super) fn described(&self, info: &Info, design: &Value) -> Checked {
        let has = |list: &Value, key: &str, wanted: &str| {
            list.as_array().is_some_and(|all| all.iter().any(|one| one[key] == wanted))
        };
        let find = |list: &Value, id: &str| {
            list.as_array().and_then(|all| all.iter().find(|one| one["id"] == id)).cloned()
        };
        self.each(|Row { key: (score, item, column, level), .. }| {
            if info.score(score).is_none() {
                return Err("the score was not described".into());
            }
            if item.as_ref().is_some_and(|item| !has(&design["items"], "id", item)) {
                return Err("the experiment has no such item".into());
            }
            let known = match (column.as_deref(), level.as_deref()) {
                (None, None) => true,
                (None, Some(_)) => false,
                (Some("arm"), level) => level.is_none_or(|id| has(&design["arms"], "id", id)),
                (Some(column), level) => match find(&design["covariates"], column) {
                    Some(found) => level.is_none_or(|label| has(&found["levels"], "label", label)),
                    None => false,
                },
            };
            known.then_some(()).ok_or_else(|| "the experiment has no such group".into())
        })
    }

    /// A row for a key.
    pub(super) fn once(&self) -> Checked {
        let mut seen = std::collections::BTreeSet::new();
        match self.0.iter().find(|row| !seen.insert(&row.key)) {
            Some(row) => Err(format!("{} stands twice", name(&row.key))),
            None => Ok(()),
        }
    }

    /// A value or a reason.
    pub(super) fn valued(&self) -> Checked {
        self.each(|row| match (row.value, row.undefined.as_deref()) {
            (Some(_), None) => Ok(()),
            (None, Some(reason)) if !reason.trim().is_empty() => Ok(()),
            (None, Some(_)) => Err("no value, and the reason is empty".into()),
            (Some(value), Some(reason)) => Err(format!(
                "the value {value} and the reason `{reason}`; it should be one of them"
            )),
            (None, None) => Err("neither value nor reason".into()),
        })
    }

    /// Finite and in range.
    pub(super) fn range(&self, info: &Info) -> Checked {
        self.each(|row| {
            let Some(score) = info.score(&row.key.0) else { return Ok(()) };
            let (min, max) = (score.min.unwrap_or(f64::MIN), score.max.unwrap_or(f64::MAX));
            let all = row.value.iter().chain(row.resamples.iter().flatten());
            let inside = (min - RANGE_TOLERANCE)..=(max + RANGE_TOLERANCE);
            match all.copied().find(|value| !value.is_finite() || !inside.contains(value)) {
                Some(value) => Err(format!("the value {value} is not from {min:?} to {max:?}")),
                None => Ok(()),
            }
        })
    }

    /// As many resamples as weights, or none.
    pub(super) fn resamples(&self) -> Checked {
        let wanted = Comparison::resamples();
        self.each(|row| match row.resamples.len() {
            0 => Ok(()),
            n if n == wanted => Ok(()),
            n => Err(format!("{n} resamples; it should be {wanted}, or none")),
        })
    }

    /// Counts between nobody and all, and somebody behind a value.
    pub(super) fn people(&self, all: [usize; 2]) -> Checked {
        self.each(|row| {
            let words = ["n_human", "n_simulated"];
            for ((count, all), word) in row.people.iter().zip(all).zip(words) {
                let Some(count) = count else { return Err(format!("{word} is null")) };
                if usize::try_from(*count).is_ok_and(|count| count <= all) {
                    continue;
                }
                return Err(format!("{word} is {count}; there are {all}"));
            }
            match row.people == [Some(0), Some(0)] && row.value.is_some() && all != [0, 0] {
                true => Err("a value, and nobody behind it".into()),
                false => Ok(()),
            }
        })
    }

    /// All of the above.
    pub(super) fn sound(&self, info: &Info, comparison: &Comparison) -> Checked {
        self.described(info, &comparison.world.design)?;
        self.once()?;
        self.valued()?;
        self.range(info)?;
        self.resamples()?;
        self.people([comparison.human.len(), comparison.simulated.len()])
    }

    /// Whether another table has the same rows, numbers up to a relative tolerance.
    pub(super) fn same(&self, other: &Self, tolerance: f64) -> Checked {
        let like = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => {
                a.to_bits() == b.to_bits() || (a - b).abs() <= tolerance * (1.0 + a.abs())
            }
            (a, b) => a.is_none() && b.is_none(),
        };
        if self.0.len() != other.0.len() {
            return Err(format!("{} rows, before {}", other.0.len(), self.0.len()));
        }
        let others = other.by_key();
        self.each(|row| {
            let Some(twin) = others.get(&row.key) else { return Err("the row is gone".into()) };
            if !like(row.value, twin.value) {
                return Err(format!("was {:?}, now {:?}", row.value, twin.value));
            }
            let pairs = row.resamples.iter().zip(&twin.resamples);
            let mut differing = pairs.enumerate().filter(|(_, (a, b))| !like(**a, **b));
            match differing.next() {
                Some((i, (a, b))) => Err(format!("resample {i} was {a:?}, now {b:?}")),
                None if row.people != twin.people => {
                    Err(format!("people were {:?}, now {:?}", row.people, twin.people))
                }
                None => Ok(()),
            }
        })
    }
}

fn column<'a, A: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a A, String> {
    let column = batch.column_by_name(name).ok_or(format!("column `{name}` is missing"))?;
    column
        .as_any()
        .downcast_ref()
        .ok_or_else(|| format!("column `{name}` has type {}", column.data_type()))
}
