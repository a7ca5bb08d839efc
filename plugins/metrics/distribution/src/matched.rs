//! Subgroups compared at one size, each less the level that two halves of its humans have.
//!
//! The distance of two small groups is large by chance alone, so groups of unequal size cannot be
//! compared as they are. A draw takes two disjoint sets of `h` participants of the group: the
//! humans of the first are compared once with the humans of the second and once with the simulated
//! people who stand in for the second. Where those answer as humans do, both distances are alike.

use crate::Config;
use metric_common::{Codes, People, Random, Report, Value, js_divergence, order_by_id};
use pilotbench_plugin_sdk::{Evaluation, Group, Resampled};

pub(crate) fn report(config: Config, input: &Evaluation, report: &mut Report) {
    if input.experiment.subgroups.is_empty() {
        return;
    }
    let answers = Answers::new(input);
    for (number, column) in input.experiment.subgroups.iter().enumerate() {
        let id = input.experiment.covariates[*column].id.as_str();
        let groups: Vec<Group> = groups_of_column(input, number);
        let members: Vec<Vec<Pair>> = groups.iter().map(|g| answers.members(input, g)).collect();
        let sizes = members.iter().map(Vec::len).filter(|size| *size >= config.floor);
        let half = sizes.min().map(|size| size / 2);
        let mut excesses = Vec::new();
        for (g, (group, mut members)) in groups.iter().zip(members).enumerate() {
            let people = People { human: members.len(), simulated: members.len() };
            let levels = match half.filter(|_| members.len() >= config.floor) {
                Some(half) => {
                    let mut random = Random::new(
                        input.seed,
                        &[u64::from_le_bytes(*b"matched_"), number as u64, g as u64],
                    );
                    Ok(answers.levels(&mut members, half, config.splits, &mut random))
                }
                None => Err(format!("fewer than {} participants", config.floor)),
            };
            let excess = push_group(report, group, people, levels);
            excesses.extend(excess.map(|excess| (excess, people.human)));
        }
        push_column(report, id, &excesses);
    }
}

/// The groups of one subgroup column: they follow everybody, the arms and the columns before.
fn groups_of_column(input: &Evaluation, number: usize) -> Vec<Group> {
    let experiment = &input.experiment;
    let levels = |number: usize| experiment.covariates[experiment.subgroups[number]].levels.len();
    let arms = if experiment.arms.len() > 1 { experiment.arms.len() } else { 0 };
    let start = 1 + arms + (0..number).map(levels).sum::<usize>();
    input.groups().into_iter().skip(start).take(levels(number)).collect()
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
    people: People,
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
    let people = People { human: count, simulated: count };
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

/// Rows of one participant on both sides.
type Pair = (usize, usize);

struct Answers {
    human: Vec<Codes>,
    simulated: Vec<Codes>,
    /// Participants with rows on both sides, in an order that depends on their identifiers.
    pairs: Vec<Pair>,
}

impl Answers {
    fn new(input: &Evaluation) -> Self {
        let items = || input.experiment.items.iter().enumerate();
        let codes = |people| {
            items().map(|(i, item)| Codes::of_item(people, i, item.levels.len())).collect()
        };
        let twins = input.human.rows_in(input.simulated.people());
        let order = order_by_id(&input.human, 0..input.human.len());
        Self {
            human: codes(&input.human),
            simulated: codes(input.simulated.people()),
            pairs: order.into_iter().filter_map(|row| Some((row, twins[row]?))).collect(),
        }
    }

    fn members(&self, input: &Evaluation, group: &Group) -> Vec<Pair> {
        let pairs = self.pairs.iter().copied();
        pairs.filter(|(human, _)| group.holds(&input.human, *human)).collect()
    }

    /// Both distances, averaged over items and draws.
    fn levels(&self, members: &mut [Pair], half: usize, draws: u64, random: &mut Random) -> Levels {
        let (mut matched, mut split_half) = (Mean::default(), Mean::default());
        for _ in 0..draws {
            random.draw(members, 2 * half);
            let (first, second) = members[..2 * half].split_at(half);
            let (mut to_simulated, mut to_humans) = (Mean::default(), Mean::default());
            for (human, simulated) in self.human.iter().zip(&self.simulated) {
                let own = counts(human, first.iter().map(|(human, _)| *human));
                let humans = counts(human, second.iter().map(|(human, _)| *human));
                let others = counts(simulated, second.iter().map(|(_, simulated)| *simulated));
                to_humans.add(js_divergence(&own, &humans).map(f64::sqrt));
                to_simulated.add(js_divergence(&own, &others).map(f64::sqrt));
            }
            matched.add(to_simulated.value());
            split_half.add(to_humans.value());
        }
        Levels { matched: matched.value(), split_half: split_half.value() }
    }
}

fn counts(column: &Codes, rows: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut counts = vec![0; column.levels];
    rows.filter_map(|row| column.get(row)).for_each(|level| counts[level] += 1);
    counts
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
