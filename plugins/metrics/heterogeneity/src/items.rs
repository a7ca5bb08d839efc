//! Entropy and variance of each item.

use metric_common::{
    ItemTables, Moments, NO_HUMANS, NO_SIMULATED, NOMINAL, Report, Value, entropy, ratio,
};
use pilotbench_plugin_sdk::{Evaluation, Item};

pub(crate) fn report(input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let items = &input.experiment.items;
    for (g, group) in tables.groups.iter().enumerate() {
        let people = |item| tables.people(g, item);
        report.by_item("entropy_ratio", group, people, |item| {
            tables.values(g, item, |human, simulated| {
                let human = normalised_entropy(human, NO_HUMANS);
                let simulated = normalised_entropy(simulated, NO_SIMULATED);
                ratio(simulated, human, "constant human answers")
            })
        });
        report.by_item("variance_ratio", group, people, |item| {
            variance_ratio(&items[item], tables, g, item)
        });
    }
    let people = |item| tables.people(0, item);
    let group = &tables.groups[0];
    report.by_item("entropy_human", group, people, |item| {
        tables.values(0, item, |human, _| normalised_entropy(human, NO_HUMANS))
    });
    report.by_item("entropy_simulated", group, people, |item| {
        tables.values(0, item, |_, simulated| normalised_entropy(simulated, NO_SIMULATED))
    });
}

fn normalised_entropy(counts: &[u32], empty: &'static str) -> Value {
    if counts.len() < 2 {
        return Err("the item has one level");
    }
    let entropy = entropy(counts).ok_or(empty)?;
    Ok((entropy / (counts.len() as f64).ln()).min(1.0))
}

fn variance_ratio(item: &Item, tables: &ItemTables, group: usize, index: usize) -> Vec<Value> {
    if !item.is_ordered() {
        return vec![Err(NOMINAL); tables.width()];
    }
    let values = item.values();
    let variance = |counts: &[u32], empty| {
        let moments = Moments::of_counts(counts, &values).ok_or(empty)?;
        moments.variance().ok_or("fewer than two answers")
    };
    tables.values(group, index, |human, simulated| {
        let (human, simulated) = (variance(human, NO_HUMANS), variance(simulated, NO_SIMULATED));
        ratio(simulated, human, "constant human answers")
    })
}
