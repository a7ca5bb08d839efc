//! Scores of one item over random labelled sets.

use crate::{
    Config,
    ppi::{Estimate, Unlabelled, best_lambda},
    values::{Pair, Values},
};
use metric_common::{Random, Value};

/// Half the width of a 95 % interval in standard errors: the normal quantile of .975.
const REACH: f64 = 1.959_963_984_540_054;

/// How a score follows from an outcome.
pub(crate) type Score = Box<dyn Fn(&Outcome) -> Value>;

/// Means over the labelled sets.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    classical: Method,
    powered: Method,
    tuned: Method,
    /// Power-tuning parameter; `None` where the simulated values do not vary.
    lambda: Option<f64>,
}

/// What one way of estimating comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Method {
    variance: f64,
    coverage: f64,
    /// Error in true standard errors of the classical mean.
    error: f64,
}

impl Outcome {
    /// # Errors
    /// When there are too few people, or no spread to speak of.
    pub(crate) fn new(values: &Values, config: Config, seed: u64) -> Result<Self, &'static str> {
        values.check()?;
        let Config { labelled, draws, folds } = config;
        if values.len() < 2 * labelled {
            return Err("fewer held-out participants than twice the labelled");
        }
        let (n, all) = (labelled as f64, values.len() as f64);
        let (share, squares) = (n / (all - n), values.simulated.variance * (all - 1.0));
        let sd = values.human.variance.sqrt();
        let ruler = Ruler { mean: values.human.mean, sd, se: sd * ((1.0 - n / all) / n).sqrt() };
        let mut random = Random::new(seed, &[u64::from_le_bytes(*b"labelled")]);
        let mut pairs = values.pairs.clone();
        let mut outcome = Self::default();
        let mut sum = 0.0;
        for _ in 0..draws {
            random.draw(&mut pairs, labelled);
            let drawn = &pairs[..labelled];
            let others = rest(drawn, all, squares);
            let tuned: Vec<f64> = (0..folds)
                .map(|fold| tune(drawn, fold, folds, values.simulated.variance, share))
                .collect();
            let lambda = |i: usize| tuned[i % folds];
            sum += (0..labelled).map(lambda).sum::<f64>() / n;
            outcome.classical.add(&ruler, Estimate::new(drawn, |_| 0.0, &others));
            outcome.powered.add(&ruler, Estimate::new(drawn, |_| 1.0, &others));
            outcome.tuned.add(&ruler, Estimate::new(drawn, lambda, &others));
        }
        let draws = draws as f64;
        for method in [&mut outcome.classical, &mut outcome.powered, &mut outcome.tuned] {
            method.divide(draws);
        }
        outcome.lambda = (values.simulated.variance > 0.0).then_some(sum / draws);
        Ok(outcome)
    }

    /// Names of the scores and how they follow from the means.
    pub(crate) fn scores(labelled: usize, pilot: usize) -> Vec<(&'static str, Score)> {
        let n = labelled as f64;
        let spent = n + pilot as f64;
        vec![
            ("ppi_ess_gain", Box::new(|o: &Self| o.gain(&o.powered))),
            ("ppi_tuned_ess_gain", Box::new(|o: &Self| o.gain(&o.tuned))),
            ("ppi_tuned_lambda", Box::new(|o: &Self| o.lambda.ok_or("constant simulated values"))),
            ("ppi_ess", Box::new(move |o: &Self| Ok(n * o.gain(&o.powered)?))),
            ("ppi_budget_gain", Box::new(move |o: &Self| Ok(n * o.gain(&o.powered)? / spent))),
            ("ppi_coverage", Box::new(|o: &Self| Ok(o.powered.coverage))),
            ("ppi_tuned_coverage", Box::new(|o: &Self| Ok(o.tuned.coverage))),
            ("classical_coverage", Box::new(|o: &Self| Ok(o.classical.coverage))),
            ("ppi_bias", Box::new(|o: &Self| Ok(o.powered.error))),
        ]
    }

    /// Ratio of the mean variances, which a labelled set where nobody differs does not spoil.
    fn gain(&self, method: &Method) -> Value {
        if method.variance > 0.0 {
            Ok(self.classical.variance / method.variance)
        } else {
            Err("the labelled answers do not vary")
        }
    }
}

/// What errors are measured by.
struct Ruler {
    mean: f64,
    sd: f64,
    /// True standard error of the classical mean.
    se: f64,
}

impl Method {
    fn add(&mut self, ruler: &Ruler, estimate: Estimate) {
        let error = estimate.value - ruler.mean;
        // An interval of no width covers what it meets up to rounding.
        let covers = error.abs() <= REACH * estimate.finite.sqrt() + 1e-9 * ruler.sd;
        self.variance += estimate.variance;
        self.coverage += f64::from(u8::from(covers));
        self.error += error / ruler.se;
    }

    fn divide(&mut self, draws: f64) {
        self.variance /= draws;
        self.coverage /= draws;
        self.error /= draws;
    }
}

/// The unlabelled: everybody, whose simulated values have mean 0 and this sum of squares, less the
/// labelled.
fn rest(labelled: &[Pair], all: f64, squares: f64) -> Unlabelled {
    let count = all - labelled.len() as f64;
    let (sum, square) = labelled.iter().fold((0.0, 0.0), |(sum, square), pair| {
        (sum + pair.simulated, square + pair.simulated * pair.simulated)
    });
    let mean = -sum / count;
    let left = squares - square - count * mean * mean;
    Unlabelled { count, mean, variance: left.max(0.0) / (count - 1.0) }
}

/// The power-tuning parameter of a fold, from the labelled people outside it. Fold `k` holds those at
/// places `k`, `k + folds`, … of a random order.
fn tune(labelled: &[Pair], fold: usize, folds: usize, simulated: f64, share: f64) -> f64 {
    let others =
        labelled.iter().enumerate().filter(move |(i, _)| i % folds != fold).map(|(_, pair)| pair);
    best_lambda(others, simulated, share).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Moments;

    #[test]
    fn the_rest_is_everybody_less_the_labelled() {
        let values = [-2.0, 1.5, 0.25, -0.5, 0.75, 0.0];
        let pair = |simulated: &f64| Pair { human: 0.0, simulated: *simulated };
        let pairs: Vec<Pair> = values.iter().map(pair).collect();
        let squares = values.iter().map(|v| v * v).sum();
        let found = rest(&pairs[..2], 6.0, squares);
        let due = Moments::new(values[2..].iter().copied());
        assert!((found.mean - due.mean).abs() < 1e-12);
        assert!((found.variance - due.variance).abs() < 1e-12);
    }

    #[test]
    fn no_label_tunes_its_own_parameter() {
        let mut pairs: Vec<Pair> = (0..20)
            .map(|i| f64::from(i % 7) - 3.0)
            .map(|f| Pair { human: 0.4 * f, simulated: f })
            .collect();
        let before: Vec<f64> = (0..5).map(|fold| tune(&pairs, fold, 5, 4.0, 0.1)).collect();
        pairs[8].human += 2.5; // place 8 is in fold 3
        for (fold, before) in before.iter().enumerate() {
            let after = tune(&pairs, fold, 5, 4.0, 0.1);
            assert_eq!(after == *before, fold == 3, "fold {fold}");
        }
    }
}
