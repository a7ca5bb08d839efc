use super::complete_pairs;
use metric_common::mean_and_sd;
use pilotbench_plugin_sdk::{Evaluation, People};
use std::ops::Range;

/// What the classifier sees of a row: an indicator for each level of each item, and the products
/// of all pairs of standardised ordered items, so that it sees how items hang together and not
/// their distributions alone.
pub(super) struct Features {
    columns: usize,
    people: usize,
    /// Human rows, then simulated ones.
    values: Vec<f64>,
}

impl Features {
    pub(super) fn new(input: &Evaluation) -> Self {
        let pairs = complete_pairs(input);
        let sides: [(&People, Vec<usize>); 2] = [
            (&input.human, pairs.iter().map(|(human, _)| *human).collect()),
            (input.simulated.people(), pairs.iter().map(|(_, simulated)| *simulated).collect()),
        ];
        let columns = Columns::new(input, &sides);
        let mut values = vec![0.0; 2 * pairs.len() * columns.count];
        let rows = sides.iter().flat_map(|(people, rows)| rows.iter().map(|row| (*people, *row)));
        if columns.count > 0 {
            for (features, (people, row)) in values.chunks_exact_mut(columns.count).zip(rows) {
                columns.fill(people, row, features);
            }
        }
        Self { columns: columns.count, people: pairs.len(), values }
    }

    /// Number of participants with a row on each side.
    pub(super) fn people(&self) -> usize {
        self.people
    }

    pub(super) fn human(&self, member: usize) -> &[f64] {
        &self.values[member * self.columns..(member + 1) * self.columns]
    }

    pub(super) fn simulated(&self, member: usize) -> &[f64] {
        self.human(self.people + member)
    }
}

struct Columns {
    /// Places of the levels, by item.
    levels: Vec<Range<usize>>,
    /// Ordered items, with the standardised value of each level.
    ordered: Vec<(usize, Vec<f64>)>,
    count: usize,
}

impl Columns {
    /// Standardised by both sides together, which says nothing of the labels.
    fn new(input: &Evaluation, sides: &[(&People, Vec<usize>)]) -> Self {
        let mut end = 0;
        let (mut levels, mut ordered) = (Vec::new(), Vec::new());
        for (index, item) in input.experiment.items.iter().enumerate() {
            levels.push(end..end + item.levels.len());
            end += item.levels.len();
            if !item.is_ordered() {
                continue;
            }
            let values = item.values();
            let mut counts = vec![0; values.len()];
            for (people, rows) in sides {
                let answers = rows.iter().filter_map(|row| people.answer(*row, index));
                answers.for_each(|level| counts[level] += 1);
            }
            // What does not vary tells nothing, alone or in a product.
            if let Some((mean, sd)) = mean_and_sd(&counts, &values) {
                ordered.push((index, values.iter().map(|value| (value - mean) / sd).collect()));
            }
        }
        let products = ordered.len() * ordered.len().saturating_sub(1) / 2;
        Self { levels, ordered, count: end + products }
    }

    fn fill(&self, people: &People, row: usize, features: &mut [f64]) {
        for (item, levels) in self.levels.iter().enumerate() {
            if let Some(level) = people.answer(row, item) {
                features[levels.start + level] = 1.0;
            }
        }
        let value = |(item, values): &(usize, Vec<f64>)| {
            people.answer(row, *item).map_or(0.0, |level| values[level])
        };
        let values: Vec<f64> = self.ordered.iter().map(value).collect();
        let mut place = self.levels.last().map_or(0, |last| last.end);
        for (second, value) in values.iter().enumerate() {
            for other in &values[..second] {
                features[place] = value * other;
                place += 1;
            }
        }
    }
}
