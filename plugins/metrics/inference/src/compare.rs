//! Two sets of coefficients: do they lead to the same conclusions?

use metric_common::Value;
use pilotbench_regression::{Coefficient, normal_quantile};

/// What a test says of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Significantly below 0.
    Negative,
    /// Not significant.
    Zero,
    /// Significantly above 0.
    Positive,
}

impl Sign {
    /// The sign of an estimate that is significant at `alpha`, else zero.
    pub fn of(value: f64, p_value: f64, alpha: f64) -> Self {
        if p_value < alpha { Self::of_number(value) } else { Self::Zero }
    }

    /// The sign of a number that is known.
    pub fn of_number(value: f64) -> Self {
        match value {
            value if value > 0.0 => Self::Positive,
            value if value < 0.0 => Self::Negative,
            _ => Self::Zero,
        }
    }
}

/// What is right of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// As the humans have it.
    Estimate(Coefficient),
    /// As the population has it.
    Truth(f64),
}

impl Reference {
    fn value(&self) -> f64 {
        match self {
            Self::Estimate(coefficient) => coefficient.value,
            Self::Truth(value) => *value,
        }
    }

    fn raw_sign(&self) -> Sign {
        match self {
            Self::Estimate(coefficient) => raw_sign(coefficient),
            Self::Truth(value) => Sign::of_number(*value),
        }
    }

    fn sign(&self, alpha: f64) -> Sign {
        match self {
            Self::Estimate(coefficient) => {
                Sign::of(coefficient.value, coefficient.p_value(), alpha)
            }
            Self::Truth(value) => Sign::of_number(*value),
        }
    }
}

/// The sign of an estimate; one that is a billion times smaller than its error is 0, for groups with
/// equal means differ by rounding.
fn raw_sign(coefficient: &Coefficient) -> Sign {
    match coefficient.value.abs() > 1e-9 * coefficient.error {
        true => Sign::of_number(coefficient.value),
        false => Sign::Zero,
    }
}

/// One coefficient on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// What it should be.
    pub reference: Reference,
    /// What the simulated people make of it.
    pub simulated: Coefficient,
}

/// How often the signs of coefficients agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Confusion {
    /// `counts[human][simulated]` in the order of [`Sign`].
    counts: [[u32; 3]; 3],
}

const ZERO: usize = Sign::Zero as usize;

impl Confusion {
    /// Counts pairs (human, simulated).
    pub fn of(signs: impl IntoIterator<Item = (Sign, Sign)>) -> Self {
        let mut confusion = Self::default();
        for (human, simulated) in signs {
            confusion.counts[human as usize][simulated as usize] += 1;
        }
        confusion
    }

    fn count(&self, holds: impl Fn(usize, usize) -> bool) -> u32 {
        let cells = (0..3).flat_map(|human| (0..3).map(move |simulated| (human, simulated)));
        cells.filter(|(h, s)| holds(*h, *s)).map(|(h, s)| self.counts[h][s]).sum()
    }

    /// Effects found with their sign.
    pub fn true_positives(&self) -> u32 {
        self.count(|human, simulated| human != ZERO && human == simulated)
    }

    /// Effects claimed that the humans do not have, or have with the other sign.
    pub fn false_positives(&self) -> u32 {
        self.count(|human, simulated| simulated != ZERO && human != simulated)
    }

    /// Effects of the humans that are not found, or with the other sign.
    pub fn false_negatives(&self) -> u32 {
        self.count(|human, simulated| human != ZERO && human != simulated)
    }

    /// Effects on neither side.
    pub fn true_negatives(&self) -> u32 {
        self.counts[ZERO][ZERO]
    }

    /// Effects on both sides with opposite signs: each is a false positive and a false negative.
    pub fn wrong_signs(&self) -> u32 {
        self.count(|human, simulated| human != ZERO && simulated != ZERO && human != simulated)
    }

    /// `2 TP / (2 TP + FP + FN)`.
    ///
    /// # Errors
    /// When neither side has an effect.
    pub fn f1(&self) -> Value {
        f1(self.true_positives(), self.false_positives(), self.false_negatives())
            .ok_or("no coefficient is significant on either side")
    }

    /// Share of the coefficients without an effect among humans that have one among the simulated.
    ///
    /// # Errors
    /// When all have an effect among humans.
    pub fn false_positive_rate(&self) -> Value {
        let zeros: u32 = self.counts[ZERO].iter().sum();
        let false_positives = zeros - self.counts[ZERO][ZERO];
        if zeros == 0 {
            return Err("every reference coefficient has a sign");
        }
        Ok(f64::from(false_positives) / f64::from(zeros))
    }

    /// Unweighted mean of the F1 of the classes −, 0 and + that occur on either side.
    ///
    /// # Errors
    /// When there are no coefficients.
    pub fn macro_f1(&self) -> Value {
        let of_class = |class: usize| {
            let own = self.counts[class][class];
            let claimed = self.count(|human, simulated| simulated == class && human != class);
            let missed = self.count(|human, simulated| human == class && simulated != class);
            f1(own, claimed, missed)
        };
        mean((0..3).filter_map(of_class))
    }
}

fn f1(hits: u32, false_positives: u32, false_negatives: u32) -> Option<f64> {
    let all = 2 * hits + false_positives + false_negatives;
    (all > 0).then(|| f64::from(2 * hits) / f64::from(all))
}

const NO_COEFFICIENTS: &str = "no coefficient has an estimate on both sides";
const TRUTH: &str = "a true coefficient has no interval";

/// Mean share of two intervals that lies in both (Karr et al. 2006, p. 226): 1 for equal ones,
/// negative where they do not meet, by how far they are apart.
pub fn interval_overlap(a: (f64, f64), b: (f64, f64)) -> f64 {
    let both = a.1.min(b.1) - a.0.max(b.0);
    0.5 * (both / (a.1 - a.0) + both / (b.1 - b.0))
}

/// Pairs of one regression, or of several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pairs<'a> {
    pub(crate) by_regression: &'a [&'a [Pair]],
    pub(crate) alpha: f64,
}

impl Pairs<'_> {
    fn all(&self) -> impl Iterator<Item = &Pair> {
        self.by_regression.iter().copied().flatten()
    }

    pub(crate) fn confusion(&self) -> Confusion {
        Confusion::of(self.all().map(|pair| {
            let Coefficient { value, .. } = pair.simulated;
            let simulated = Sign::of(value, pair.simulated.p_value(), self.alpha);
            (pair.reference.sign(self.alpha), simulated)
        }))
    }

    /// A count, where there is anything to count.
    pub(crate) fn count(&self, count: impl Fn(&Confusion) -> u32) -> Value {
        match self.all().next() {
            None => Err(NO_COEFFICIENTS),
            Some(_) => Ok(f64::from(count(&self.confusion()))),
        }
    }

    /// The simulated interval, and the human one if the reference has one.
    fn intervals(&self, quantile: f64, pair: &Pair) -> ((f64, f64), Option<(f64, f64)>) {
        let around = |c: &Coefficient| (c.value - quantile * c.error, c.value + quantile * c.error);
        let human = match &pair.reference {
            Reference::Estimate(human) => Some(around(human)),
            Reference::Truth(_) => None,
        };
        (around(&pair.simulated), human)
    }

    /// Mean over coefficients of something of the intervals (simulated, human).
    fn of_human_intervals(&self, score: impl Fn(&Pair, (f64, f64), (f64, f64)) -> f64) -> Value {
        let quantile = normal_quantile(self.alpha);
        let scores = self.all().map(|pair| {
            let (simulated, human) = self.intervals(quantile, pair);
            Some(score(pair, simulated, human?))
        });
        mean(scores.collect::<Option<Vec<f64>>>().ok_or(TRUTH)?.into_iter())
    }

    /// Share of the estimates that have the sign of the reference, significant or not. What is 0,
    /// up to rounding for an estimate, has none: a reference of 0 is left out.
    pub(crate) fn agreement(&self) -> Value {
        self.all().next().ok_or(NO_COEFFICIENTS)?;
        let zero = Sign::Zero;
        let signs = self.all().map(|pair| (pair.reference.raw_sign(), raw_sign(&pair.simulated)));
        let signed = signs.filter(|(reference, _)| *reference != zero);
        mean(signed.map(|(reference, simulated)| f64::from(u8::from(reference == simulated))))
            .map_err(|_| "every reference coefficient is 0")
    }

    pub(crate) fn overlap(&self) -> Value {
        self.of_human_intervals(|_, simulated, human| interval_overlap(simulated, human))
    }

    /// Share of the simulated coefficients inside the human interval.
    pub(crate) fn coverage_of_simulated(&self) -> Value {
        self.of_human_intervals(|pair, _, human| inside(pair.simulated.value, human))
    }

    /// Share of the reference coefficients inside the simulated interval.
    pub(crate) fn coverage_of_reference(&self) -> Value {
        let quantile = normal_quantile(self.alpha);
        let share = |pair: &Pair| inside(pair.reference.value(), self.intervals(quantile, pair).0);
        mean(self.all().map(share))
    }

    /// Mean distance in standard errors of the humans, or, from a true coefficient, in those of the
    /// simulated people.
    pub(crate) fn standardised_error(&self) -> Value {
        mean(self.all().map(|pair| {
            let (value, error) = match pair.reference {
                Reference::Estimate(human) => (human.value, human.error),
                Reference::Truth(value) => (value, pair.simulated.error),
            };
            (pair.simulated.value - value).abs() / error
        }))
    }

    /// Mean over regressions of the least-squares slope of the simulated coefficients on those of
    /// the reference.
    pub(crate) fn slope(&self) -> Value {
        let slopes: Vec<Value> = self.by_regression.iter().map(|pairs| slope(pairs)).collect();
        match slopes.iter().all(Result::is_err) {
            true => slopes.first().copied().unwrap_or(Err(NO_COEFFICIENTS)),
            false => mean(slopes.into_iter().flatten()),
        }
    }
}

fn inside(value: f64, (low, high): (f64, f64)) -> f64 {
    f64::from(u8::from(low <= value && value <= high))
}

fn mean(values: impl Iterator<Item = f64>) -> Value {
    let (sum, n) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
    if n == 0 { Err(NO_COEFFICIENTS) } else { Ok(sum / f64::from(n)) }
}

fn slope(pairs: &[Pair]) -> Value {
    if pairs.len() < 2 {
        return Err("fewer than two coefficients");
    }
    let n = pairs.len() as f64;
    let (x, y) = (|p: &Pair| p.reference.value(), |p: &Pair| p.simulated.value);
    let (mean_x, mean_y) =
        (pairs.iter().map(x).sum::<f64>() / n, pairs.iter().map(y).sum::<f64>() / n);
    let (mut xy, mut xx, mut size) = (0.0, 0.0, 0.0);
    for pair in pairs {
        xy += (x(pair) - mean_x) * (y(pair) - mean_y);
        xx += (x(pair) - mean_x) * (x(pair) - mean_x);
        size += x(pair) * x(pair);
    }
    if xx <= 1e-20 * size { Err("the reference coefficients are equal") } else { Ok(xy / xx) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_coefficients_have_no_interval() {
        let simulated = Coefficient { value: 0.5, error: 0.2 };
        let pairs = [0.0, 0.4, 1.5].map(|v| Pair { reference: Reference::Truth(v), simulated });
        let pairs = Pairs { by_regression: &[&pairs], alpha: 0.05 };
        assert_eq!(pairs.overlap(), Err(TRUTH));
        assert_eq!(pairs.coverage_of_simulated(), Err(TRUTH));
        assert_eq!(pairs.coverage_of_reference(), Ok(1.0 / 3.0));
        assert_eq!(pairs.standardised_error(), Ok((2.5 + 0.5 + 5.0) / 3.0));
        assert_eq!(pairs.confusion().false_positive_rate(), Ok(1.0));
        assert_eq!(pairs.slope(), Ok(0.0));
        assert_eq!(pairs.agreement(), Ok(1.0), "0 has no sign");
    }

    #[test]
    fn catalogue_values() {
        // Estimates and p-values of section 6.4; a standard error is what gives the p-value.
        let estimate =
            |value: f64, p: f64| Coefficient { value, error: value.abs() / normal_quantile(p) };
        let human = [0.5, -0.4, 0.02, 0.3, -0.1, 0.6].into_iter();
        let human = human.zip([0.001, 0.01, 0.8, 0.03, 0.4, 0.2]);
        let simulated = [0.6, 0.3, 0.4, 0.25, -0.2, 0.1].into_iter();
        let simulated = simulated.zip([0.001, 0.02, 0.01, 0.2, 0.5, 0.6]);
        let pairs: Vec<Pair> = human
            .zip(simulated)
            .map(|((h, p), (s, q))| Pair {
                reference: Reference::Estimate(estimate(h, p)),
                simulated: estimate(s, q),
            })
            .collect();
        let pairs = Pairs { by_regression: &[&pairs], alpha: 0.05 };
        assert_eq!(pairs.agreement(), Ok(5.0 / 6.0));
        assert_eq!(pairs.confusion().f1(), Ok(1.0 / 3.0));
        assert_eq!(pairs.confusion().false_positive_rate(), Ok(1.0 / 3.0));
        // (.5, 1.0, SE .2)
        let one = Pair {
            reference: Reference::Estimate(Coefficient { value: 0.5, error: 0.2 }),
            simulated: Coefficient { value: 1.0, error: 0.1 },
        };
        let one = Pairs { by_regression: &[&[one]], alpha: 0.05 };
        assert_eq!(one.standardised_error(), Ok(2.5));
    }

    #[test]
    fn nothing_to_compare_has_no_value() {
        let pairs = Pairs { by_regression: &[&[]], alpha: 0.05 };
        assert_eq!(pairs.overlap(), Err(NO_COEFFICIENTS));
        assert_eq!(pairs.count(Confusion::true_positives), Err(NO_COEFFICIENTS));
        assert_eq!(pairs.slope(), Err("fewer than two coefficients"));
        assert_eq!(Confusion::default().macro_f1(), Err(NO_COEFFICIENTS));
        assert_eq!(pairs.agreement(), Err(NO_COEFFICIENTS));
    }
}
