//! Distributions over the levels of items, and their logarithms ready to hand out.

use pilotbench_plugin_sdk::{Answers, Control, Experiment, People, Requests, Result};

/// How many of these people gave each level of an item.
pub(crate) fn counts(people: &People, item: usize, levels: usize) -> Vec<f64> {
    counts_of(people, 0..people.len(), item, levels)
}

/// How many of the people in these rows gave each level of an item.
pub(crate) fn counts_of(
    people: &People,
    rows: impl Iterator<Item = usize>,
    item: usize,
    levels: usize,
) -> Vec<f64> {
    let mut counts = vec![0.0; levels];
    for level in rows.filter_map(|row| people.answer(row, item)) {
        counts[level] += 1.0;
    }
    counts
}

/// `(c + alpha) / (n + K alpha)`; all levels alike when there is nothing to divide by.
pub(crate) fn smoothed(counts: &[f64], alpha: f64) -> Vec<f64> {
    let levels = counts.len() as f64;
    let total = counts.iter().sum::<f64>() + levels * alpha;
    if total > 0.0 {
        counts.iter().map(|count| (count + alpha) / total).collect()
    } else {
        vec![1.0 / levels; counts.len()]
    }
}

/// One distribution per item, as natural logarithms.
#[derive(Debug)]
pub struct ByItem {
    logs: Vec<f64>,
    /// Where each item's levels start; one more entry than items.
    starts: Vec<usize>,
}

impl ByItem {
    /// From the probabilities of each item, given its index and number of levels.
    pub(crate) fn new(experiment: &Experiment, of: impl Fn(usize, usize) -> Vec<f64>) -> Self {
        let (mut logs, mut starts) = (Vec::new(), vec![0]);
        for (index, item) in experiment.items.iter().enumerate() {
            logs.extend(of(index, item.levels.len()).iter().map(|p| p.ln()));
            starts.push(logs.len());
        }
        Self { logs, starts }
    }

    /// Log-probabilities of an item's levels.
    pub(crate) fn get(&self, item: usize) -> &[f64] {
        &self.logs[self.starts[item]..self.starts[item + 1]]
    }

    /// Answers every request from the table, whoever asks and whatever came before.
    pub(crate) fn answer(
        &self,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        control.check()?;
        for row in 0..requests.len() {
            let logs = self.get(requests.item_index(row));
            answers.log_probabilities(requests.request_id(row), logs);
        }
        Ok(())
    }
}
