//! Losses of probabilities against the level that was taken, summed for all weights at once.

use crate::pairs::Pairs;

/// Smallest probability that a logarithm sees.
pub(crate) const CLIP: f64 = 1e-12;

/// Negative logarithm of the probability of the level taken, in nats.
pub(crate) fn log_loss(probabilities: &[f64], taken: usize) -> f64 {
    (-probabilities[taken].max(CLIP).ln()).max(0.0)
}

/// Brier's score over all levels, in `[0, 2]`.
pub(crate) fn brier(probabilities: &[f64], taken: usize) -> f64 {
    let terms = probabilities.iter().enumerate().map(|(level, p)| {
        let distance = p - if level == taken { 1.0 } else { 0.0 };
        distance * distance
    });
    terms.sum::<f64>().min(2.0)
}

/// Ranked probability score, in `[0, 1]`; `order` holds the levels by rising value.
pub(crate) fn rps(probabilities: &[f64], taken: usize, order: &[usize]) -> f64 {
    let (mut below, mut sum, mut passed) = (0.0, 0.0, false);
    for level in &order[..order.len() - 1] {
        below += probabilities[*level];
        passed |= *level == taken;
        let distance: f64 = if passed { below - 1.0 } else { below };
        sum += distance * distance;
    }
    (sum / (order.len() - 1) as f64).min(1.0)
}

/// Levels by rising value; `None` where the levels of an item have no order or there is but one.
pub(crate) fn order(item: &pilotbench_plugin_sdk::Item) -> Option<Vec<usize>> {
    let values = item.values();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    (item.is_ordered() && order.len() > 1).then_some(order)
}

/// Probabilities of one simulated answer: those the backend gave; where it gave only a choice, the
/// choice and `1/K` of a person per level beside it.
pub(crate) fn smoothed(choice: usize, levels: usize, buffer: &mut Vec<f64>) {
    let share = 0.5 / levels as f64;
    buffer.clear();
    buffer.resize(levels, share);
    buffer[choice] += 0.5;
}

/// Sums of losses by item and weight index, the logarithmic one by group too.
pub(crate) struct Sums {
    stride: usize,
    items: usize,
    log_loss: Vec<f64>,
    brier: Vec<f64>,
    rps: Vec<f64>,
    /// By item and human row: whether a probability was clipped.
    pub(crate) clipped: Vec<Vec<bool>>,
}

impl Sums {
    pub(crate) fn new(pairs: &Pairs, orders: &[Option<Vec<usize>>]) -> Self {
        let (items, rows) = (pairs.human.len(), pairs.input.human.len());
        let width = pairs.side.weights.width();
        // Whole vectors only: the rest of a row would cost as much as the row.
        let stride = width.next_multiple_of(8);
        let mut sums = Self {
            stride,
            items,
            log_loss: vec![0.0; pairs.groups.len() * items * stride],
            brier: vec![0.0; items * stride],
            rps: vec![0.0; items * stride],
            clipped: vec![vec![false; rows]; items],
        };
        let (mut buffer, mut weights) = (Vec::new(), vec![0.0; stride]);
        for row in 0..rows {
            let own = pairs.side.weights.row(row).iter();
            weights.iter_mut().zip(own).for_each(|(weight, own)| *weight = f64::from(*own));
            for (item, order) in orders.iter().enumerate() {
                sums.add(pairs, row, item, order.as_deref(), &weights, &mut buffer);
            }
        }
        sums
    }

    fn add(
        &mut self,
        pairs: &Pairs,
        row: usize,
        item: usize,
        order: Option<&[usize]>,
        weights: &[f64],
        buffer: &mut Vec<f64>,
    ) {
        let (Some((taken, choice)), Some(twin)) = (pairs.answers(row, item), pairs.twins[row])
        else {
            return;
        };
        let probabilities = match pairs.input.simulated.probabilities(twin, item) {
            Some(probabilities) => probabilities,
            None => {
                smoothed(choice, pairs.human[item].levels, buffer);
                buffer
            }
        };
        self.clipped[item][row] = probabilities[taken] < CLIP;
        let loss = log_loss(probabilities, taken);
        for group in pairs.side.groups_of(row) {
            let at = (usize::from(*group) * self.items + item) * self.stride;
            add_scaled(&mut self.log_loss[at..at + self.stride], weights, loss);
        }
        let here = item * self.stride..(item + 1) * self.stride;
        add_scaled(&mut self.brier[here.clone()], weights, brier(probabilities, taken));
        if let Some(order) = order {
            add_scaled(&mut self.rps[here], weights, rps(probabilities, taken, order));
        }
    }

    pub(crate) fn log_loss(&self, group: usize, item: usize, index: usize) -> f64 {
        self.log_loss[(group * self.items + item) * self.stride + index]
    }

    pub(crate) fn brier(&self, item: usize, index: usize) -> f64 {
        self.brier[item * self.stride + index]
    }

    pub(crate) fn rps(&self, item: usize, index: usize) -> f64 {
        self.rps[item * self.stride + index]
    }
}

fn add_scaled(sums: &mut [f64], weights: &[f64], value: f64) {
    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_values() {
        let people = [([0.7, 0.2, 0.1], 0), ([0.1, 0.6, 0.3], 2), ([0.2, 0.2, 0.6], 2)];
        let mean = |loss: &dyn Fn(&[f64], usize) -> f64| {
            people.iter().map(|(p, taken)| loss(p, *taken)).sum::<f64>() / 3.0
        };
        let close = |value: f64, printed: f64| assert!((value - printed).abs() < 5e-7, "{value}");
        close(mean(&log_loss), 0.690491);
        close(mean(&brier), 0.413333);
        close(mean(&|p, taken| rps(p, taken, &[0, 1, 2])), 0.133333);
        close(mean(&|p, taken| rps(p, 2 - taken, &[2, 1, 0]) - rps(p, 2 - taken, &[0, 1, 2])), 0.0);
    }

    #[test]
    fn extremes() {
        assert_eq!(log_loss(&[0.0, 1.0], 1), 0.0);
        assert!((log_loss(&[0.0, 1.0], 0) - 27.631_021_115_928_547).abs() < 1e-12);
        assert_eq!(brier(&[1.0, 0.0], 1), 2.0);
        assert_eq!(rps(&[1.0, 0.0, 0.0], 2, &[0, 1, 2]), 1.0);
        let mut buffer = Vec::new();
        smoothed(1, 4, &mut buffer);
        assert_eq!(buffer, [0.125, 0.625, 0.125, 0.125]);
    }
}
