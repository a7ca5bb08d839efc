use crate::Pair;
use pilotbench_plugin_sdk::Item;

/// Level indices by rising value.
pub fn levels_by_value(item: &Item) -> Vec<usize> {
    let values = item.values();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    order
}

/// The places of an ordered item's levels.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Level indices by rising value.
    order: Vec<usize>,
    /// Whether they are already in that order.
    is_rising: bool,
    /// Distance from each level in `order` to the next.
    gaps: Vec<f64>,
    span: f64,
}

impl Scale {
    /// The scale of an item; `None` when its levels have no order.
    pub fn new(item: &Item) -> Option<Self> {
        if !item.is_ordered() {
            return None;
        }
        let (values, order) = (item.values(), levels_by_value(item));
        let gaps: Vec<f64> = order.windows(2).map(|w| values[w[1]] - values[w[0]]).collect();
        Some(Self { span: gaps.iter().sum(), is_rising: order.is_sorted(), order, gaps })
    }

    /// Distance between the ends.
    pub fn span(&self) -> f64 {
        self.span
    }

    /// Wasserstein distance of order 1, in units of the values.
    #[inline]
    pub fn wasserstein(&self, pair: Pair) -> f64 {
        let mut sum = 0.0;
        self.cumulative(pair, |difference, gap| sum += difference * gap);
        sum.min(self.span)
    }

    /// Kolmogorov–Smirnov distance: the largest difference of the cumulative shares.
    #[inline]
    pub fn kolmogorov(&self, pair: Pair) -> f64 {
        let mut largest: f64 = 0.0;
        self.cumulative(pair, |difference, gap| {
            // Between levels of one value nothing is cumulated yet.
            if gap > 0.0 {
                largest = largest.max(difference);
            }
        });
        largest
    }

    #[inline]
    fn cumulative(&self, pair: Pair, mut each: impl FnMut(f64, f64)) {
        let (n_human, n_simulated) = pair.sizes();
        let scale = 1.0 / (n_human * n_simulated);
        let mut difference = 0.0;
        let mut step = |(human, simulated), gap| {
            // Whole numbers until the end: equal distributions differ by exactly 0.
            difference += f64::from(human) * n_simulated - f64::from(simulated) * n_human;
            each(difference.abs() * scale, gap);
        };
        if self.is_rising {
            pair.levels().zip(&self.gaps).for_each(|(level, gap)| step(level, *gap));
        } else {
            let levels = self.order.iter().zip(&self.gaps);
            levels.for_each(|(level, gap)| step(pair.level(*level), *gap));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pilotbench_plugin_sdk::testing::ordinal_experiment;

    #[test]
    fn catalogue_values() {
        let experiment = ordinal_experiment(&[5]);
        let scale = Scale::new(&experiment.items[0]).unwrap();
        let (p, q) = ([1, 2, 4, 2, 1], [0, 1, 3, 4, 2]);
        let pair = Pair::new(&p, &q).unwrap();
        let w1 = scale.wasserstein(pair);
        assert!((w1 - 0.7).abs() < 1e-12);
        assert!((w1 / scale.span() - 0.175).abs() < 1e-12);
        assert!((scale.kolmogorov(pair) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn levels_in_falling_order_are_the_same_scale() {
        let mut experiment = ordinal_experiment(&[3]);
        experiment.items[0].levels.reverse();
        let scale = Scale::new(&experiment.items[0]).unwrap();
        assert!(
            (scale.wasserstein(Pair::new(&[4, 0, 0], &[0, 0, 2]).unwrap()) - 2.0).abs() < 1e-12
        );
        assert!((scale.kolmogorov(Pair::new(&[1, 1, 0], &[0, 1, 1]).unwrap()) - 0.5).abs() < 1e-12);
    }
}
