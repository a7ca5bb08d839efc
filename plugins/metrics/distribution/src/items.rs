//! Distances between the answers to each item.

use metric_common::{ItemTables, NOMINAL, Pair, Report, Scale, Value};
use pilotbench_plugin_sdk::{Evaluation, Group};
use std::f64::consts::LN_2;

pub(crate) fn report(input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let scales: Vec<Option<Scale>> = input.experiment.items.iter().map(Scale::new).collect();
    for (g, group) in tables.groups.iter().enumerate() {
        let of_item = |(item, scale): (usize, &Option<Scale>)| {
            let scale = match scale {
                None => Err(NOMINAL),
                Some(scale) if scale.span() == 0.0 => Err("the levels have one value"),
                Some(scale) => Ok(scale),
            };
            tables.values(g, item, |human, other| Distances::new(human, other, scale))
        };
        let distances: Vec<Vec<Distances>> = scales.iter().enumerate().map(of_item).collect();
        let people = |item| tables.people(g, item);
        report.by_item("js_distance", group, people, |item| {
            distances[item].iter().map(|d| d.divergence.map(f64::sqrt)).collect()
        });
        report.by_item("js_corrected", group, people, |item| {
            distances[item].iter().map(|d| d.corrected).collect()
        });
        report.by_item("total_variation", group, people, |item| {
            distances[item].iter().map(|d| d.total_variation).collect()
        });
        report.by_item("w1_normalised", group, people, |item| {
            distances[item].iter().map(|d| d.w1_normalised).collect()
        });
        if g == 0 {
            report.by_item("js_distance_base2", group, people, |item| {
                distances[item].iter().map(|d| d.divergence.map(|d| (d / LN_2).sqrt())).collect()
            });
            overall(tables, &scales, group, report);
        }
    }
}

/// The distances of an item at one weight index. Computed together: all need the sizes of both sides.
struct Distances {
    /// Jensen–Shannon divergence.
    divergence: Value,
    corrected: Value,
    total_variation: Value,
    w1_normalised: Value,
}

impl Distances {
    #[inline(always)]
    fn new(human: &[u32], simulated: &[u32], scale: Result<&Scale, &'static str>) -> Self {
        let pair = Pair::new(human, simulated);
        let divergence = pair.map(Pair::js_divergence);
        Self {
            divergence,
            corrected: pair.and_then(|pair| Ok(pair.js_corrected(divergence?))),
            total_variation: pair.map(Pair::total_variation),
            w1_normalised: scale.and_then(|scale| Ok(scale.wasserstein(pair?) / scale.span())),
        }
    }
}

/// What is reported for everybody only.
fn overall(tables: &ItemTables, scales: &[Option<Scale>], everybody: &Group, report: &mut Report) {
    let people = |item| tables.people(0, item);
    let on_scale = |item: usize, score: fn(&Scale, Pair) -> f64| match &scales[item] {
        None => vec![Err(NOMINAL); tables.width()],
        Some(scale) => tables.values(0, item, |human, simulated| {
            Pair::new(human, simulated).map(|pair| score(scale, pair))
        }),
    };
    report.by_item("w1", everybody, people, |item| on_scale(item, Scale::wasserstein));
    report.by_item("ks", everybody, people, |item| on_scale(item, Scale::kolmogorov));
}
