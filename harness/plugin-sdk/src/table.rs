use crate::{Error, Group, Item, Resampled, Result};
use arrow_array::{
    Array, RecordBatch,
    builder::{Float64Builder, Int64Builder, ListBuilder, StringBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// One row of a metric's table.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Name of the score, one of [`MetricInfo::scores`](crate::MetricInfo::scores).
    pub score: &'a str,
    /// The item's id; `None` for a score over all items.
    pub item: Option<&'a str>,
    /// The group.
    pub group: &'a Group,
    /// The value.
    pub value: Resampled,
    /// Humans behind the value.
    pub n_human: usize,
    /// Simulated participants behind the value.
    pub n_simulated: usize,
}

/// A row under construction; one of the last four methods writes it.
#[derive(Debug)]
#[must_use = "nothing is written until the row has a value or a reason"]
pub struct RowBuilder<'t> {
    table: &'t mut MetricTable,
    score: &'t str,
    item: Option<&'t str>,
    group: Option<&'t Group>,
    people: (usize, usize),
}

impl<'t> RowBuilder<'t> {
    /// Of this item.
    pub fn item(mut self, item: &'t Item) -> Self {
        self.item = Some(&item.id);
        self
    }

    /// Of this group.
    pub fn over(mut self, group: &'t Group) -> Self {
        self.group = Some(group);
        self
    }

    /// Humans and simulated participants behind the value.
    pub fn people(mut self, humans: usize, simulated: usize) -> Self {
        self.people = (humans, simulated);
        self
    }

    /// Writes a value without resamples.
    pub fn value(self, value: f64) {
        self.resampled(Resampled::point(value));
    }

    /// Writes that there is no value, and why.
    pub fn undefined(self, reason: impl Into<String>) {
        self.resampled(Resampled::undefined(reason));
    }

    /// Writes the values by weight index, as [`Resampled::from_results`] takes them.
    pub fn values<R: ToString>(
        self,
        values: impl IntoIterator<Item = std::result::Result<f64, R>>,
    ) {
        self.resampled(Resampled::from_results(values));
    }

    /// Writes a score with its resamples.
    pub fn resampled(self, value: Resampled) {
        let everybody = Group::everybody();
        let Self { table, score, item, group, people: (n_human, n_simulated) } = self;
        let group = group.unwrap_or(&everybody);
        table.push(Row { score, item, group, value, n_human, n_simulated });
    }
}

/// Collects the rows of a metric.
///
/// Columns of the batch that crosses: `score`, `item?`, `group_column?`, `group_level?`: utf8;
/// `value: float64?`, `undefined: utf8?` (exactly one of the two), `resamples: list<float64?>`,
/// `n_human`, `n_simulated: int64`.
#[derive(Debug, Default)]
pub struct MetricTable {
    score: StringBuilder,
    item: StringBuilder,
    group_column: StringBuilder,
    group_level: StringBuilder,
    value: Float64Builder,
    undefined: StringBuilder,
    resamples: ListBuilder<Float64Builder>,
    n_human: Int64Builder,
    n_simulated: Int64Builder,
}

impl MetricTable {
    /// Begins a row of this score, over all items and everybody unless said otherwise:
    ///
    /// ```
    /// # use pilotbench_plugin_sdk::prelude::*;
    /// # fn rows(table: &mut MetricTable, item: &Item, group: &Group) {
    /// table.score("mean_gap").item(item).over(group).people(40, 40).value(0.25);
    /// table.score("mean_gap").people(0, 0).undefined("nobody answered");
    /// # }
    /// ```
    pub fn score<'t>(&'t mut self, score: &'t str) -> RowBuilder<'t> {
        RowBuilder { table: self, score, item: None, group: None, people: (0, 0) }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) {
        self.score.append_value(row.score);
        self.item.append_option(row.item);
        self.group_column.append_option(row.group.column.as_deref());
        self.group_level.append_option(row.group.level.as_deref());
        self.value.append_option(row.value.value().ok());
        self.undefined.append_option(row.value.value().err());
        for value in row.value.resamples() {
            self.resamples.values().append_option(*value);
        }
        self.resamples.append(true);
        self.n_human.append_value(row.n_human as i64);
        self.n_simulated.append_value(row.n_simulated as i64);
    }

    /// The batch that crosses.
    ///
    /// # Errors
    /// Never in practice: the columns have one length by construction.
    pub fn finish(mut self) -> Result<RecordBatch> {
        let resamples = self.resamples.finish();
        let utf8 = |name, nullable| Field::new(name, DataType::Utf8, nullable);
        let schema = Schema::new(vec![
            utf8("score", false),
            utf8("item", true),
            utf8("group_column", true),
            utf8("group_level", true),
            Field::new("value", DataType::Float64, true),
            utf8("undefined", true),
            Field::new("resamples", resamples.data_type().clone(), false),
            Field::new("n_human", DataType::Int64, false),
            Field::new("n_simulated", DataType::Int64, false),
        ]);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(self.score.finish()),
                Arc::new(self.item.finish()),
                Arc::new(self.group_column.finish()),
                Arc::new(self.group_level.finish()),
                Arc::new(self.value.finish()),
                Arc::new(self.undefined.finish()),
                Arc::new(resamples),
                Arc::new(self.n_human.finish()),
                Arc::new(self.n_simulated.finish()),
            ],
        )
        .map_err(|e| Error::Computation(e.to_string()))
    }
}
