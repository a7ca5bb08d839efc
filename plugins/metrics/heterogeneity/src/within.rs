//! How the variance splits into within and between groups.

use metric_common::{ItemTables, Moments, NOMINAL, Report, Value, ratio};
use pilotbench_plugin_sdk::Evaluation;
use std::ops::Range;

pub(crate) fn report(input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let groups = partition(input);
    let score = |pick: fn(&Split) -> Value, zero| {
        let groups = groups.clone();
        move |item: usize| -> Vec<Value> {
            let spec = &input.experiment.items[item];
            let Some(groups) = groups.clone() else {
                return vec![Err("no arms and no subgroup column"); tables.width()];
            };
            if !spec.is_ordered() {
                return vec![Err(NOMINAL); tables.width()];
            }
            let values = spec.values();
            let value = |index| {
                let (human, simulated) = splits(tables, groups.clone(), item, index, &values);
                ratio(pick(&simulated), pick(&human), zero)
            };
            (0..tables.width()).map(value).collect()
        }
    };
    let people = |item| tables.people(0, item);
    let everybody = &tables.groups[0];
    let zero = "human answers do not vary within groups";
    report.by_item("within_variance_ratio", everybody, people, score(Split::within, zero));
    let zero = "human answers do not vary between groups";
    report.by_item("eta_squared_ratio", everybody, people, score(Split::eta_squared, zero));
}

/// The groups that part everybody: arms where there are several, else the first subgroup column.
fn partition(input: &Evaluation) -> Option<Range<usize>> {
    let experiment = &input.experiment;
    // The order of `Evaluation::groups`: everybody, arms, levels of the first column.
    match (experiment.arms.len(), experiment.subgroups.first()) {
        (arms, _) if arms > 1 => Some(1..1 + arms),
        (_, Some(column)) => Some(1..1 + experiment.covariates[*column].levels.len()),
        _ => None,
    }
}

/// Sums of squares of one side.
#[derive(Default)]
struct Split {
    groups: f64,
    n: f64,
    sum: f64,
    within: f64,
    between: f64,
}

impl Split {
    /// Groups come one by one; `about` is the mean about which they vary.
    fn add(&mut self, group: &Moments) {
        self.groups += 1.0;
        self.n += group.n;
        self.sum += group.n * group.mean;
        self.within += group.squares;
    }

    fn add_between(&mut self, group: &Moments) {
        let distance = group.mean - self.sum / self.n;
        self.between += group.n * distance * distance;
    }

    fn within(&self) -> Value {
        if self.groups == 0.0 {
            return Err("no group has two answers on both sides");
        }
        Ok(self.within / (self.n - self.groups))
    }

    fn eta_squared(&self) -> Value {
        let total = self.within + self.between;
        if self.groups < 2.0 {
            return Err("fewer than two groups have two answers on both sides");
        }
        if total == 0.0 {
            return Err("constant answers");
        }
        // Equal group means leave a rounding error, not a share.
        let share = self.between / total;
        Ok(if share < 1e-20 { 0.0 } else { share })
    }
}

/// Both sides over the groups that have at least two answers on each.
fn splits(
    tables: &ItemTables,
    groups: Range<usize>,
    item: usize,
    index: usize,
    values: &[f64],
) -> (Split, Split) {
    let moments = |group| {
        let (human, simulated) = tables.counts(group, item, index);
        let enough = |counts| Moments::of_counts(counts, values).filter(|m| m.n >= 2.0);
        Some((enough(human)?, enough(simulated)?))
    };
    let (mut human, mut simulated) = (Split::default(), Split::default());
    for (h, s) in groups.clone().filter_map(moments) {
        human.add(&h);
        simulated.add(&s);
    }
    for (h, s) in groups.filter_map(moments) {
        human.add_between(&h);
        simulated.add_between(&s);
    }
    (human, simulated)
}
