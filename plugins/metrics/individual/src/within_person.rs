//! Whether a simulated person stands above and below the others at the same items as the human.
//!
//! Item means are taken off first, each side's own: without that, everybody who knows which items
//! find much agreement would seem to know the person.

use crate::pairs::Pairs;
use metric_common::{Codes, People, Report, average_ranks, pearson, weighted_means};
use pilotbench_plugin_sdk::{Evaluation, MetricTable};

const SCORES: [&str; 3] =
    ["within_person_correlation", "within_person_rank_correlation", "within_person_excluded"];

pub(crate) fn report(input: &Evaluation, pairs: &Pairs, table: &mut MetricTable) {
    let mut report = Report::new(input, table);
    let everybody = &pairs.groups[0];
    let items = items(pairs);
    if items.len() < 3 {
        for score in SCORES {
            let reason = Err("fewer than three ordered items");
            report.push(score, None, everybody, People::default(), [reason]);
        }
        return;
    }
    let rows = (0..input.human.len()).filter(|row| pairs.twins[*row].is_some());
    let (mut linear, mut ranked, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let correlations = correlations(pairs, &items, row);
        if let Some((pearson, spearman)) = correlations {
            linear.push((row, pearson));
            ranked.push((row, spearman));
        }
        excluded.push((row, f64::from(u8::from(correlations.is_none()))));
    }
    let nobody = "every participant is excluded";
    for (score, rows) in SCORES.iter().zip([linear, ranked, excluded]) {
        let people = People { human: rows.len(), simulated: rows.len() };
        let values = weighted_means(&pairs.side, &rows, nobody);
        report.push(score, None, everybody, people, values);
    }
}

/// An ordered item: values of its levels less the mean, of humans and of simulated people.
struct Item {
    index: usize,
    human: Vec<f64>,
    simulated: Vec<f64>,
}

fn items(pairs: &Pairs) -> Vec<Item> {
    let ordered = pairs.input.experiment.items.iter().enumerate().filter(|(_, i)| i.is_ordered());
    let items = ordered.map(|(index, item)| {
        let values = item.values();
        Item {
            human: centred(&pairs.human[index], &values),
            simulated: centred(&pairs.simulated[index], &values),
            index,
        }
    });
    items.collect()
}

fn centred(answers: &Codes, values: &[f64]) -> Vec<f64> {
    let mut counts = vec![0u32; answers.levels];
    let rows = 0..answers.values.len();
    rows.filter_map(|row| answers.get(row)).for_each(|level| counts[level] += 1);
    let mean = metric_common::Moments::of_counts(&counts, values).map_or(0.0, |m| m.mean);
    values.iter().map(|value| value - mean).collect()
}

/// Pearson and Spearman over the items that both answered; `None` for fewer than three or when one
/// side does not vary.
fn correlations(pairs: &Pairs, items: &[Item], row: usize) -> Option<(f64, f64)> {
    let values = items.iter().filter_map(|item| {
        let (human, simulated) = pairs.answers(row, item.index)?;
        Some((item.human[human], item.simulated[simulated]))
    });
    let (human, simulated): (Vec<f64>, Vec<f64>) = values.unzip();
    if human.len() < 3 {
        return None;
    }
    let linear = pearson(&human, &simulated)?;
    let ranked = pearson(&average_ranks(&human), &average_ranks(&simulated))?;
    Some((linear, ranked))
}
