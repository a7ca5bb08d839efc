//! How the variance splits into within and between groups.

use metric_common::{ItemTables, Layout, Moments, NOMINAL, Report, Value, ratio};
use pilotbench_plugin_sdk::{Evaluation, Item};
use std::ops::Range;

pub(crate) fn report(input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let layout = Layout::new(input);
    let items = input.experiment.items.iter().enumerate();
    let values: Vec<Vec<Ratios>> =
        items.map(|(i, item)| ratios(tables, partition(&layout), i, item)).collect();
    let people = |item| tables.people(0, item);
    let everybody = &tables.groups[0];
    report.by_item("within_variance_ratio", everybody, people, |item| {
        values[item].iter().map(|ratios| ratios.within).collect()
    });
    report.by_item("eta_squared_ratio", everybody, people, |item| {
        values[item].iter().map(|ratios| ratios.eta_squared).collect()
    });
}

/// The groups that part everybody: arms where there are several, else the first subgroup column.
fn partition(layout: &Layout) -> Option<Range<usize>> {
    let column = || layout.columns.first().map(|(_, groups)| groups.clone());
    Some(layout.arms.clone()).filter(|arms| !arms.is_empty()).or_else(column)
}

/// Both scores of an item at one weight index.
#[derive(Clone)]
struct Ratios {
    within: Value,
    eta_squared: Value,
}

fn ratios(
    tables: &ItemTables,
    groups: Option<Range<usize>>,
    index: usize,
    item: &Item,
) -> Vec<Ratios> {
    let all =
        |reason| vec![Ratios { within: Err(reason), eta_squared: Err(reason) }; tables.width()];
    let Some(groups) = groups else { return all("no arms and no subgroup column") };
    if !item.is_ordered() {
        return all(NOMINAL);
    }
    let values = item.values();
    let mut moments = Vec::with_capacity(groups.len());
    let ratios = |weight_index| {
        moments.clear();
        moments.extend(groups.clone().filter_map(|group| {
            let (human, simulated) = tables.counts(group, index, weight_index);
            let enough = |counts| Moments::of_counts(counts, &values).filter(|m| m.n >= 2.0);
            Some((enough(human)?, enough(simulated)?))
        }));
        let human = Split::new(moments.iter().map(|(human, _)| human));
        let simulated = Split::new(moments.iter().map(|(_, simulated)| simulated));
        let zero = "human answers do not vary within groups";
        let within = ratio(simulated.within(), human.within(), zero);
        let zero = "human answers do not vary between groups";
        Ratios { within, eta_squared: ratio(simulated.eta_squared(), human.eta_squared(), zero) }
    };
    (0..tables.width()).map(ratios).collect()
}

/// Sums of squares of one side, over the groups with at least two answers on both sides.
struct Split {
    groups: f64,
    n: f64,
    within: f64,
    between: f64,
}

impl Split {
    fn new<'a>(groups: impl Iterator<Item = &'a Moments> + Clone) -> Self {
        let n: f64 = groups.clone().map(|group| group.n).sum();
        let mean = groups.clone().map(|group| group.n * group.mean).sum::<f64>() / n;
        let between = |group: &Moments| group.n * (group.mean - mean) * (group.mean - mean);
        Self {
            groups: groups.clone().count() as f64,
            n,
            within: groups.clone().map(|group| group.squares).sum(),
            between: groups.map(between).sum(),
        }
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
