//! Subgroups compared at one size, each less the level that two halves of its humans have.
//!
//! The distance of two small groups is large by chance alone, so groups of unequal size cannot be
//! compared as they are. A draw takes two disjoint sets of `h` participants of the group: the
//! humans of the first are compared once with the humans of the second and once with the simulated
//! people who stand in for the second. Where those answer as humans do, both distances are alike.

use crate::Config;
use metric_common::{
    Layout, People as Counts, Random, Report, Structures, Value, js_divergence, order_by_id,
    vectors_by_row,
};
use pilotbench_plugin_sdk::{Evaluation, Group, Resampled};
use std::ops::Range;

pub(crate) fn report(config: Config, input: &Evaluation, report: &mut Report) {
    if input.experiment.subgroups.is_empty() {
        return;
    }
    let answers = Answers::new(input);
    let all = input.groups();
    for (number, (column, places)) in Layout::new(input).columns.into_iter().enumerate() {
        let id = input.experiment.covariates[column].id.as_str();
        let groups = &all[places];
        let members: Vec<Vec<Pair>> = groups.iter().map(|g| answers.members(input, g)).collect();
        let sizes = members.iter().map(Vec::len).filter(|size| *size >= config.floor);
        let half = sizes.min().map(|size| size / 2);
        let mut excesses = Vec::new();
        for (g, (group, mut members)) in groups.iter().zip(members).enumerate() {
            let people = Counts { human: members.len(), simulated: members.len() };
            let levels = match half.filter(|_| members.len() >= config.floor) {
                Some(half) => {
                    let mut random = Random::new(
                        input.seed,
                        &[u64::from_le_bytes(*b"matched_"), number as u64, g as u64],
                    );
                    Ok(answers.levels(&mut members, half, config.splits, &mut random))
                }
                None => Err(format!("fewer than {} complete participants", config.floor)),
            };
            let excess = push_group(report, group, people, levels);
            excesses.extend(excess.map(|excess| (excess, people.human)));
        }
        push_column(report, id, &excesses);
    }
}

/// Mean distances of one group.
struct Levels {
    matched: Value,
    split_half: Value,
}

/// Writes the rows of a group; returns its excess where there is one.
fn push_group(
    report: &mut Report,
    group: &Group,
    people: Counts,
    levels: Result<Levels, String>,
) -> Option<f64> {
    let levels = match levels {
        Ok(levels) => levels,
        Err(reason) => {
            for score in ["js_matched", "js_split_half", "js_excess"] {
                let value = Resampled::undefined(reason.as_str());
                report.push_resampled(score, None, group, people, value);
            }
            return None;
        }
    };
    let excess = levels.matched.and_then(|matched| Ok(matched - levels.split_half?));
    report.push("js_matched", None, group, people, [levels.matched]);
    report.push("js_split_half", None, group, people, [levels.split_half]);
    report.push("js_excess", None, group, people, [excess]);
    excess.ok()
}

fn push_column(report: &mut Report, column: &str, excesses: &[(f64, usize)]) {
    let mut group = Group::everybody();
    group.column = Some(column.to_owned());
    let count = excesses.iter().map(|(_, people)| people).sum();
    let people = Counts { human: count, simulated: count };
    let values = || excesses.iter().map(|(excess, _)| *excess);
    let worst = values().reduce(f64::max).ok_or("no group is large enough");
    let least = values().reduce(f64::min).ok_or("no group is large enough");
    let gap = match excesses.len() {
        1 => Err("only one group is large enough"),
        _ => worst.and_then(|worst| Ok(worst - least?)),
    };
    report.push("js_gap", None, &group, people, [gap]);
    report.push("js_worst", None, &group, people, [worst]);
}

/// What one participant answered on both sides: numbers of answer vectors. These are drawn instead
/// of rows, which lie far apart in a large table.
type Pair = (u32, u32);

struct Answers {
    /// Where the levels of each item stand in a row of indicators.
    levels: Vec<Range<usize>>,
    indicators: Indicators,
    /// Participants with an answer to every item on both sides, by row of the human, in an order that
    /// depends on their identifiers. A missing answer would make one of the compared sets smaller
    /// than the other.
    pairs: Vec<(usize, Pair)>,
}

impl Answers {
    fn new(input: &Evaluation) -> Self {
        let mut end = 0;
        let levels = input.experiment.items.iter().map(|item| {
            let start = end;
            end += item.levels.len();
            start..end
        });
        let levels: Vec<Range<usize>> = levels.collect();
        let items: Vec<usize> = (0..levels.len()).collect();
        let vectors = Structures::of_items(input, &items);
        let human = vectors_by_row(&vectors.human, input.human.len());
        let simulated = vectors_by_row(&vectors.simulated, input.simulated.len());
        let twins = input.human.rows_in(input.simulated.people());
        let order = order_by_id(&input.human, 0..input.human.len());
        let pair = |row: usize| Some((row, (human[row]?, simulated[twins[row]?]?)));
        Self {
            indicators: Indicators::new(input, &vectors, &levels),
            pairs: order.into_iter().filter_map(pair).collect(),
            levels,
        }
    }

    fn members(&self, input: &Evaluation, group: &Group) -> Vec<Pair> {
        let members = self.pairs.iter().filter(|(row, _)| group.holds(&input.human, *row));
        members.map(|(_, pair)| *pair).collect()
    }

    /// Both distances, averaged over items and draws.
    fn levels(&self, members: &mut [Pair], half: usize, draws: u64, random: &mut Random) -> Levels {
        let (mut matched, mut split_half) = (Mean::default(), Mean::default());
        for _ in 0..draws {
            random.draw(members, 2 * half);
            let (first, second) = members[..2 * half].split_at(half);
            let own = self.indicators.counts(first.iter().map(|(human, _)| *human));
            let humans = self.indicators.counts(second.iter().map(|(human, _)| *human));
            let others = self.indicators.counts(second.iter().map(|(_, simulated)| *simulated));
            let (mut to_simulated, mut to_humans) = (Mean::default(), Mean::default());
            for item in &self.levels {
                let distance = |counts: &[u32]| {
                    js_divergence(&own[item.clone()], &counts[item.clone()]).map(f64::sqrt)
                };
                to_humans.add(distance(&humans));
                to_simulated.add(distance(&others));
            }
            matched.add(to_simulated.value());
            split_half.add(to_humans.value());
        }
        Levels { matched: matched.value(), split_half: split_half.value() }
    }
}

/// One row per answer vector: 1 at the level of each answer, 0 elsewhere. Counting people is then
/// adding rows, in whole vectors.
struct Indicators {
    stride: usize,
    values: Vec<u32>,
}

impl Indicators {
    fn new(input: &Evaluation, vectors: &Structures, levels: &[Range<usize>]) -> Self {
        let stride = levels.last().map_or(0, |last| last.end).next_multiple_of(8);
        let mut values = vec![0; vectors.distinct * stride];
        let sides =
            [(&input.human, &vectors.human), (input.simulated.people(), &vectors.simulated)];
        for (people, rows) in sides {
            // Of the people who gave one vector, the first shows it.
            for same in rows.chunk_by(|(a, _), (b, _)| a == b) {
                let (vector, row) = same[0];
                for (item, levels) in levels.iter().enumerate() {
                    if let Some(level) = people.answer(row, item) {
                        values[vector as usize * stride + levels.start + level] = 1;
                    }
                }
            }
        }
        Self { stride, values }
    }

    fn counts(&self, vectors: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut counts = vec![0; self.stride];
        for vector in vectors {
            let own = &self.values[vector as usize * self.stride..][..self.stride];
            counts.iter_mut().zip(own).for_each(|(count, own)| *count += own);
        }
        counts
    }
}

/// A mean of what is defined.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: Value) {
        if let Ok(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(&self) -> Value {
        if self.count == 0 {
            return Err("undefined at every item");
        }
        Ok(self.sum / f64::from(self.count))
    }
}
