//! An item's human and simulated values by participant.

use metric_common::{NO_HUMANS, NO_SIMULATED, Value};
use pilotbench_plugin_sdk::Evaluation;

/// A participant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// Value of the human answer.
    pub(crate) human: f64,
    /// Value expected of the simulation.
    pub(crate) simulated: f64,
}

/// The held-out participants with a human and a simulated value, in an order that depends on their
/// identifiers.
#[derive(Debug)]
pub(crate) struct Values {
    /// The simulated values are less their mean: no estimate depends on a constant, and sums of
    /// squares are then exact.
    pub(crate) pairs: Vec<Pair>,
    /// Of the human values.
    pub(crate) human: Moments,
    /// Of the simulated values.
    pub(crate) simulated: Moments,
    /// Why there are no pairs.
    reason: &'static str,
}

impl Values {
    /// Of one item, for these rows (human, simulated). The simulated value is the expectation under
    /// the probabilities where they were given, else the value of the answer; who has neither, or no
    /// human answer, is left out.
    pub(crate) fn new(input: &Evaluation, item: usize, rows: &[(usize, usize)]) -> Self {
        let levels = input.experiment.items[item].values();
        let simulated = |row: usize| {
            let expected = input.simulated.probabilities(row, item).map(|probabilities| {
                probabilities.iter().zip(&levels).map(|(p, value)| p * value).sum::<f64>()
            });
            let value = expected.or_else(|| Some(levels[input.simulated.answer(row, item)?]));
            value.filter(|value| value.is_finite())
        };
        let humans = (0..input.human.len()).any(|row| input.human.answer(row, item).is_some());
        let pairs = rows.iter().filter_map(|(row, twin)| {
            let human = levels[input.human.answer(*row, item)?];
            Some(Pair { human, simulated: simulated(*twin)? })
        });
        let mut pairs: Vec<Pair> = pairs.collect();
        let human = Moments::new(pairs.iter().map(|pair| pair.human));
        let simulated = Moments::new(pairs.iter().map(|pair| pair.simulated));
        for pair in &mut pairs {
            // Exactly 0 where nothing varies: a mean is rounded.
            let centred = pair.simulated - simulated.mean;
            pair.simulated = if simulated.variance > 0.0 { centred } else { 0.0 };
        }
        let reason = if humans { NO_SIMULATED } else { NO_HUMANS };
        Self { pairs, human, simulated, reason }
    }

    /// Number of participants.
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is a spread of human answers to measure by, or why not.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match self.len() {
            0 => Err(self.reason),
            1 => Err("only one participant"),
            _ if self.human.variance > 0.0 => Ok(()),
            _ => Err("constant human answers"),
        }
    }

    /// (Mean simulated value − mean human value) / standard deviation of the human values.
    pub(crate) fn bias(&self) -> Value {
        self.check()?;
        Ok((self.simulated.mean - self.human.mean) / self.human.variance.sqrt())
    }
}

/// Mean and variance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    /// With `n − 1` in the denominator; exactly 0 where all values are equal, and for fewer than
    /// two.
    pub(crate) variance: f64,
}

impl Moments {
    pub(crate) fn new(values: impl Iterator<Item = f64> + Clone) -> Self {
        let n = values.clone().count() as f64;
        let (low, high) = values
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if n < 2.0 || high - low <= 1e-12 * high.abs().max(low.abs()) {
            return Self { mean: if n > 0.0 { low } else { 0.0 }, variance: 0.0 };
        }
        let mean = values.clone().sum::<f64>() / n;
        let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
        Self { mean, variance: squares / (n - 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_variance() {
        let tenth = Moments::new([0.1; 7].into_iter());
        assert_eq!((tenth.mean, tenth.variance), (0.1, 0.0));
        // 0.1 + 0.2 and 0.3 differ in the last bit only.
        assert_eq!(Moments::new([0.1 + 0.2, 0.3].into_iter()).variance, 0.0);
        assert_eq!(Moments::new([5.0].into_iter()).variance, 0.0);
        let moments = Moments::new([1.0, 2.0, 3.0, 4.0].into_iter());
        assert!((moments.mean - 2.5).abs() < 1e-12);
        assert!((moments.variance - 5.0 / 3.0).abs() < 1e-12);
    }
}
