//! From values to places, and the round numbers at an axis.

/// A straight scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// Maps the values `from` to the places `to`. Values that are all the same get some room.
    pub(crate) fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        let room = if from.1 > from.0 { 0.0 } else { from.0.abs().max(1.0) * 0.1 };
        Self { from: (from.0 - room, from.1 + room), to }
    }

    /// The place of a value.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let share = (value - self.from.0) / (self.from.1 - self.from.0);
        self.to.0 + share * (self.to.1 - self.to.0)
    }

    /// The nearest place inside.
    pub(crate) fn inside(&self, value: f64) -> f64 {
        self.at(value.clamp(self.from.0, self.from.1))
    }

    /// Whether a value lies inside.
    pub(crate) fn holds(&self, value: f64) -> bool {
        value >= self.from.0 && value <= self.from.1
    }

    /// Round numbers inside, about as many as asked for, with their words.
    pub(crate) fn ticks(&self, about: usize) -> Vec<(f64, String)> {
        let (low, high) = self.from;
        let rough = (high - low) / about.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|s| s * power).into_iter().find(|s| *s >= rough);
        let step = step.unwrap_or(10.0 * power);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let tick = |n: i64| {
            let value = n as f64 * step;
            (value, format!("{value:.decimals$}"))
        };
        (first..=last).take(50).map(tick).collect()
    }
}

/// The least and the largest of values, with a margin.
pub(crate) fn range(values: impl Iterator<Item = f64>, margin: f64) -> Option<(f64, f64)> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let room = (high - low) * margin;
    (low <= high).then_some((low - room, high + room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let scale = Scale::new((0.03, 0.27), (100.0, 0.0));
        let words: Vec<String> = scale.ticks(5).into_iter().map(|(_, word)| word).collect();
        assert_eq!(words, ["0.05", "0.10", "0.15", "0.20", "0.25"]);
        assert_eq!(scale.at(0.03), 100.0);
        assert!((Scale::new((2.0, 2.0), (0.0, 1.0)).at(2.0) - 0.5).abs() < 1e-9);
        assert_eq!(range([1.0, f64::NAN, 3.0].into_iter(), 0.5), Some((0.0, 4.0)));
        assert_eq!(range([].into_iter(), 0.5), None);
    }
}
