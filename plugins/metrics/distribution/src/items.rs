//! Distances between the answers to each item.

use metric_common::{
    ItemTables, NOMINAL, Report, Scale, Value, js_corrected, js_divergence, total_variation,
};
use pilotbench_plugin_sdk::{Evaluation, Group};
use std::f64::consts::LN_2;

pub(crate) fn report(input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let scales: Vec<Option<Scale>> = input.experiment.items.iter().map(Scale::new).collect();
    for (g, group) in tables.groups.iter().enumerate() {
        let divergences: Vec<Vec<Divergence>> =
            (0..scales.len()).map(|item| tables.values(g, item, Divergence::new)).collect();
        let people = |item| tables.people(g, item);
        report.by_item("js_distance", group, people, |item| {
            divergences[item].iter().map(|d| d.plain.map(f64::sqrt)).collect()
        });
        report.by_item("js_corrected", group, people, |item| {
            divergences[item].iter().map(|d| d.corrected).collect()
        });
        report.by_item("total_variation", group, people, |item| {
            tables.values(g, item, total_variation)
        });
        report.by_item("w1_normalised", group, people, |item| {
            on_scale(tables, g, item, &scales[item], |scale, human, simulated| {
                if scale.span() == 0.0 {
                    return Err("the levels have one value");
                }
                Ok(scale.wasserstein(human, simulated)? / scale.span())
            })
        });
        if g == 0 {
            overall(tables, &scales, &divergences, group, report);
        }
    }
}

/// The Jensen–Shannon divergence of an item, and the distance less the bias of small groups.
struct Divergence {
    plain: Value,
    corrected: Value,
}

impl Divergence {
    fn new(human: &[u32], simulated: &[u32]) -> Self {
        let plain = js_divergence(human, simulated);
        Self { plain, corrected: js_corrected(human, simulated, plain) }
    }
}

/// What is reported for everybody only.
fn overall(
    tables: &ItemTables,
    scales: &[Option<Scale>],
    divergences: &[Vec<Divergence>],
    everybody: &Group,
    report: &mut Report,
) {
    let people = |item| tables.people(0, item);
    report.by_item("js_distance_base2", everybody, people, |item| {
        divergences[item].iter().map(|d| d.plain.map(|d| (d / LN_2).sqrt())).collect()
    });
    report.by_item("w1", everybody, people, |item| {
        on_scale(tables, 0, item, &scales[item], Scale::wasserstein)
    });
    report.by_item("ks", everybody, people, |item| {
        on_scale(tables, 0, item, &scales[item], Scale::kolmogorov)
    });
}

fn on_scale(
    tables: &ItemTables,
    group: usize,
    item: usize,
    scale: &Option<Scale>,
    score: impl Fn(&Scale, &[u32], &[u32]) -> Value,
) -> Vec<Value> {
    match scale {
        None => vec![Err(NOMINAL); tables.width()],
        Some(scale) => tables.values(group, item, |human, other| score(scale, human, other)),
    }
}
