//! How strongly the answers to two items go together, over all pairs of items.

use metric_common::{
    Codes, ItemMeans, Layout, MISSING, NOMINAL, People as Counts, Report, Side, Tally, Value, gap,
    levels_by_value, ratio, spearman_of_cross_table,
};
use pilotbench_plugin_sdk::{Evaluation, Group, Item, People};

/// Everybody only: the cells of a cross table are too few people in a group.
pub(crate) fn report(input: &Evaluation, report: &mut Report) {
    let (layout, everybody) = (Layout::everybody(), Group::everybody());
    let sides = [Side::human(input, &layout), Side::simulated(input, &layout)];
    let people = Counts {
        human: with_pairs(input, &input.human),
        simulated: with_pairs(input, input.simulated.people()),
    };
    let width = input.human_weights.width();
    let [mut errors, mut human, mut simulated, mut human_of_both, mut simulated_of_both] =
        [(); 5].map(|()| ItemMeans::new(width));
    for (first, second) in pairs(&input.experiment.items) {
        let pair = Pair::new(input, &sides, first, second);
        errors.add(&pair.each(|i| pair.rank_correlation_error(i)));
        let v_human = pair.each(|i| pair.cramers_v(&pair.human, i));
        let v_simulated = pair.each(|i| pair.cramers_v(&pair.simulated, i));
        human.add(&v_human);
        simulated.add(&v_simulated);
        human_of_both.add(&where_defined(&v_human, &v_simulated));
        simulated_of_both.add(&where_defined(&v_simulated, &v_human));
    }
    let mut push = |score, values: Vec<Value>| report.push(score, None, &everybody, people, values);
    push("rank_correlation_error", means(errors));
    push("cramers_v_human", means(human));
    push("cramers_v_simulated", means(simulated));
    let zero = "human answers do not go together";
    let both = means(simulated_of_both).into_iter().zip(means(human_of_both));
    push("cramers_v_ratio", both.map(|(s, h)| ratio(s, h, zero)).collect());
}

fn means(means: ItemMeans) -> Vec<Value> {
    // The means are of pairs here, not of items.
    let reason = |reason| match reason {
        "no items" => "no pair of items",
        "undefined at every item" => "undefined at every pair of items",
        reason => reason,
    };
    means.finish().map(|value| value.map_err(reason)).collect()
}

/// Values where the others are defined too.
fn where_defined(values: &[Value], others: &[Value]) -> Vec<Value> {
    values.iter().zip(others).map(|(value, other)| other.and(*value)).collect()
}

/// Pairs whose cells can be numbered; more than 65 534 cells would be empty anyway.
fn pairs(items: &[Item]) -> impl Iterator<Item = (usize, usize)> {
    let fits = |(first, second): &(usize, usize)| {
        let cells = items[*first].levels.len() * items[*second].levels.len();
        (1..usize::from(MISSING)).contains(&cells)
    };
    (0..items.len()).flat_map(|second| (0..second).map(move |first| (first, second))).filter(fits)
}

/// People who answered two items or more.
fn with_pairs(input: &Evaluation, people: &People) -> usize {
    let answers = |row: usize| {
        (0..input.experiment.items.len()).filter(move |i| people.answer(row, *i).is_some()).count()
    };
    (0..people.len()).filter(|row| answers(*row) >= 2).count()
}

/// The cross tables of two items. One pair at a time, for all of them would be much memory.
struct Pair<'a> {
    items: [&'a Item; 2],
    orders: [Vec<usize>; 2],
    human: Tally,
    simulated: Tally,
}

impl<'a> Pair<'a> {
    fn new(input: &'a Evaluation, sides: &[Side; 2], first: usize, second: usize) -> Self {
        let items = [first, second].map(|item| &input.experiment.items[item]);
        let [human, simulated] = sides.each_ref().map(|side| {
            let codes = |item: usize| {
                Codes::of_item(side.people, item, input.experiment.items[item].levels.len())
            };
            Tally::new(side, &[Codes::cross(&codes(first), &codes(second))])
        });
        Self { orders: items.map(levels_by_value), items, human, simulated }
    }

    fn each(&self, value: impl Fn(usize) -> Value) -> Vec<Value> {
        (0..self.human.width()).map(value).collect()
    }

    /// `|r_s - r_h|`, Spearman correlations with average ranks for ties (Spearman 1904).
    fn rank_correlation_error(&self, index: usize) -> Value {
        if !self.items.iter().all(|item| item.is_ordered()) {
            return Err(NOMINAL);
        }
        let correlation = |tally: &Tally| {
            let [first, second] = &self.orders;
            spearman_of_cross_table(tally.counts(0, 0, index), first, second)
        };
        gap(correlation(&self.simulated), correlation(&self.human))
    }

    fn cramers_v(&self, tally: &Tally, index: usize) -> Value {
        cramers_v(tally.counts(0, 0, index), self.items[1].levels.len())
    }
}

/// Cramér's V, `√(χ²/n / min(r - 1, c - 1))`, of a table of counts with `columns` columns (Cramér
/// 1946, section 21.9), in `[0, 1]`. Levels nobody took do not count among `r` and `c`.
///
/// # Errors
/// When nobody is counted, or all took one level.
fn cramers_v(table: &[u32], columns: usize) -> Value {
    let rows: Vec<f64> = table.chunks_exact(columns).map(|row| sum(row.iter())).collect();
    let columns: Vec<f64> = (0..columns).map(|c| sum(table[c..].iter().step_by(columns))).collect();
    let n: f64 = rows.iter().sum();
    if n == 0.0 {
        return Err("no answers");
    }
    let taken = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count();
    let freedom = taken(&rows).min(taken(&columns)) - 1;
    if freedom == 0 {
        return Err("constant answers");
    }
    let mut counts = table.iter().map(|count| f64::from(*count));
    let mut squares = 0.0;
    for row in &rows {
        for (column, count) in columns.iter().zip(&mut counts) {
            // Whole numbers until the division: independent answers differ by exactly 0.
            let margins = row * column;
            if margins > 0.0 {
                let difference = count * n - margins;
                squares += difference * difference / margins;
            }
        }
    }
    Ok((squares / (n * n * freedom as f64)).sqrt().min(1.0))
}

fn sum<'a>(counts: impl Iterator<Item = &'a u32>) -> f64 {
    counts.map(|count| f64::from(*count)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn association_at_the_ends() {
        assert_eq!(cramers_v(&[5, 0, 0, 7], 2), Ok(1.0));
        assert_eq!(cramers_v(&[2, 4, 6, 3, 6, 9], 3), Ok(0.0));
        assert_eq!(cramers_v(&[0, 0, 0, 0], 2), Err("no answers"));
        assert_eq!(cramers_v(&[3, 0, 4, 0], 2), Err("constant answers"));
        // scipy.stats.contingency.association([[4, 1, 0], [2, 3, 5]], method="cramer")
        let value = cramers_v(&[4, 1, 0, 2, 3, 5], 3).unwrap();
        assert!((value - 0.6123724356957945).abs() < 1e-12, "{value}");
        // An empty row and an empty column change nothing.
        assert_eq!(cramers_v(&[4, 0, 1, 0, 0, 0, 0, 0, 2, 0, 3, 5], 4), Ok(value));
    }
}
