use crate::Value;
use pilotbench_plugin_sdk::{Evaluation, Group, MetricTable, Resampled, Row};

/// Humans and simulated people behind a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct People {
    /// Humans.
    pub human: usize,
    /// Simulated people.
    pub simulated: usize,
}

/// Unweighted means over items at every weight index; items without a value are left out.
#[derive(Debug)]
pub struct ItemMeans {
    sums: Vec<f64>,
    defined: Vec<u32>,
    reason: Option<&'static str>,
}

impl ItemMeans {
    /// No items yet.
    pub fn new(width: usize) -> Self {
        Self { sums: vec![0.0; width], defined: vec![0; width], reason: None }
    }

    /// Adds an item.
    pub fn add(&mut self, values: &[Value]) {
        for ((sum, defined), value) in self.sums.iter_mut().zip(&mut self.defined).zip(values) {
            if let Ok(value) = value {
                *sum += value;
                *defined += 1;
            }
        }
        if let Some(Err(reason)) = values.first() {
            let common = self.reason.is_none_or(|known| known == *reason);
            self.reason = Some(if common { reason } else { "undefined at every item" });
        }
    }

    /// The means; where every item is undefined, so is the mean, for their common reason if any.
    pub fn finish(self) -> impl Iterator<Item = Value> {
        let reason = self.reason.unwrap_or("no items");
        self.sums.into_iter().zip(self.defined).map(move |(sum, defined)| match defined {
            0 => Err(reason),
            defined => Ok(sum / f64::from(defined)),
        })
    }
}

/// Writes rows.
#[derive(Debug)]
pub struct Report<'a> {
    table: &'a mut MetricTable,
    input: &'a Evaluation,
}

impl<'a> Report<'a> {
    /// Rows go to this table.
    pub fn new(input: &'a Evaluation, table: &'a mut MetricTable) -> Self {
        Self { table, input }
    }

    /// One row from the values by weight index.
    pub fn push(
        &mut self,
        score: &str,
        item: Option<usize>,
        group: &Group,
        people: People,
        values: impl IntoIterator<Item = Value>,
    ) {
        let mut values = values.into_iter();
        let value = match values.next() {
            // Without a point estimate the resamples are of no use.
            Some(Err(reason)) => Resampled::undefined(reason),
            first => Resampled::from_results(first.into_iter().chain(values)),
        };
        self.push_resampled(score, item, group, people, value);
    }

    /// One row.
    pub fn push_resampled(
        &mut self,
        score: &str,
        item: Option<usize>,
        group: &Group,
        people: People,
        value: Resampled,
    ) {
        let item = item.map(|item| self.input.experiment.items[item].id.as_str());
        let People { human: n_human, simulated: n_simulated } = people;
        self.table.push(Row { score, item, group, value, n_human, n_simulated });
    }

    /// One row per item, and their mean.
    pub fn by_item(
        &mut self,
        score: &str,
        group: &Group,
        people: impl Fn(Option<usize>) -> People,
        values: impl Fn(usize) -> Vec<Value>,
    ) {
        let mut means: Option<ItemMeans> = None;
        for item in 0..self.input.experiment.items.len() {
            let values = values(item);
            means.get_or_insert_with(|| ItemMeans::new(values.len())).add(&values);
            self.push(score, Some(item), group, people(Some(item)), values);
        }
        let means = means.unwrap_or_else(|| ItemMeans::new(1));
        self.push(score, None, group, people(None), means.finish());
    }
}
