//! The rule of a belief index: above the human median the higher action, below it the lower.

use crate::{
    beliefs::Question,
    implied::{Implied, Verdict},
};
use metric_common::{Codes, levels_by_value, mean_and_sd};
use pilotbench_plugin_sdk::People;

/// Distances from the median below this are rounding.
const TIE: f64 = 1e-9;

/// Verdicts with signs, means, deviations and median of the humans as they are: frozen in
/// resamples and for simulated people.
pub(crate) fn implied(question: &Question) -> Result<Implied, &'static str> {
    let action = question.item(question.action);
    if action.levels.len() != 2 {
        return Err("the action has not two levels");
    }
    let summands = summands(question);
    if summands.is_empty() {
        return Err("no belief goes with the action");
    }
    let index = |people: &People, row: usize| -> Option<f64> {
        let mut sum = 0.0;
        for (item, by_level) in &summands {
            sum += by_level[people.answer(row, *item)?];
        }
        Some(sum)
    };
    let input = question.input;
    let humans = 0..input.human.len();
    let mut indices: Vec<f64> = humans.filter_map(|row| index(&input.human, row)).collect();
    let median = median(&mut indices).ok_or("no human has complete beliefs")?;
    let order = levels_by_value(action);
    Ok(Implied::new(input, question.action, |people, row| match index(people, row) {
        None => Verdict::Missing,
        Some(index) if (index - median).abs() < TIE => Verdict::Tie,
        Some(index) => Verdict::Level(order[usize::from(index > median)]),
    }))
}

/// What each level of each belief adds to the index: its standardised value with the sign of the
/// belief's correlation with the action.
fn summands(question: &Question) -> Vec<(usize, Vec<f64>)> {
    let summand = |(place, item): (usize, &usize)| {
        let sign = match question.correlation(&question.human, place, 0).ok()? {
            0.0 => return None,
            correlation => correlation.signum(),
        };
        let values = question.item(*item).values();
        let answers = Codes::of_item(&question.input.human, *item, values.len());
        let mut counts = vec![0u32; values.len()];
        let rows = 0..question.input.human.len();
        rows.filter_map(|row| answers.get(row)).for_each(|level| counts[level] += 1);
        let (mean, sd) = mean_and_sd(&counts, &values)?;
        Some((*item, values.iter().map(|value| sign * (value - mean) / sd).collect()))
    };
    question.beliefs.iter().enumerate().filter_map(summand).collect()
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
    }
}
