//! The headline along pilot sizes: how much human data a method is worth.

use super::{
    Bounds, NO_DRAWS, Verdict,
    difference::Difference,
    field::{Badness, Field, On},
};
use crate::plan::PlannedMethod;
use serde::Serialize;

/// A pilot size read off the baseline's curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PilotSize {
    /// Fewer than the smallest pilot at which the baseline was run.
    Below(usize),
    /// So many.
    At(f64),
    /// More than the largest.
    Above(usize),
}

impl PilotSize {
    /// The number, where it lies on the curve.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::At(size) => Some(size),
            Self::Below(_) | Self::Above(_) => None,
        }
    }

    /// As tables show it: `<8`, `37`, `>120`.
    pub fn text(self) -> String {
        match self {
            Self::Below(size) => format!("<{size}"),
            Self::At(size) => format!("{size:.0}"),
            Self::Above(size) => format!(">{size}"),
        }
    }

    fn key(self) -> f64 {
        match self {
            Self::Below(_) => 0.0,
            Self::At(size) => size,
            Self::Above(_) => f64::INFINITY,
        }
    }
}

/// `{"n": 37.2, "text": "37"}`; `n` is null beyond the ends of the curve.
impl Serialize for PilotSize {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form {
            n: Option<f64>,
            text: String,
        }
        Form { n: self.number(), text: self.text() }.serialize(serializer)
    }
}

/// Pilot-equivalent size: how many pilot people the baseline needs to score as well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Equivalent {
    /// The size.
    pub size: PilotSize,
    /// Lower bound.
    pub low: PilotSize,
    /// Upper bound.
    pub high: PilotSize,
    /// Size by the method's own pilot size: how often it multiplies its data. `None` for a method
    /// without pilot, or beyond the ends of the curve.
    pub gain: Option<f64>,
}

/// The headline of a method over all pilot sizes.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// Experiment.
    pub experiment: String,
    /// How pilots are chosen.
    pub strategy: String,
    /// Method.
    pub method: String,
    /// Mean of the headline over the logarithm of the pilot size, from the smallest pilot to the
    /// largest: the area under the curve by its width.
    pub area: Verdict<Bounds>,
    /// The same less the baseline's, as badness: below 0 is better.
    pub area_difference: Verdict<Bounds>,
    /// The smallest pilot at which the method is better than the baseline at the adjusted level;
    /// undefined when there is none.
    pub beats_from: Verdict<usize>,
}

/// The baseline's badness at its sizes, as estimate and by draw.
struct BaselineCurve {
    points: Vec<(usize, Badness)>,
}

impl BaselineCurve {
    fn new(field: &Field, people: On) -> Result<Self, &'static str> {
        let baseline = field.baseline().ok_or("the plan has no baseline")?;
        let sizes = field.sizes.iter().filter(|size| **size > 0);
        let points: Vec<_> =
            sizes.filter_map(|n| Some((*n, field.badness(people, &baseline.name, *n)?))).collect();
        match points.len() {
            0 | 1 => Err("the baseline has fewer than two pilot sizes"),
            _ => Ok(Self { points }),
        }
    }

    fn estimates(&self) -> Vec<(usize, f64)> {
        self.points.iter().map(|(size, badness)| (*size, badness.value)).collect()
    }

    fn draw(&self, draw: usize) -> Option<Vec<(usize, f64)>> {
        self.points.iter().map(|(size, b)| Some((*size, b.draws.get(draw).copied()??))).collect()
    }
}

/// The smallest size at which a curve is no worse than `badness`, linear in the logarithm of the
/// size between its points.
fn read_off(curve: &[(usize, f64)], badness: f64) -> Option<PilotSize> {
    let (first, last) = (curve.first()?, curve.last()?);
    if badness > first.1 {
        return Some(PilotSize::Below(first.0));
    }
    if badness == first.1 {
        return Some(PilotSize::At(first.0 as f64));
    }
    for pair in curve.windows(2) {
        let ((n, before), (m, after)) = (pair[0], pair[1]);
        if after == badness {
            return Some(PilotSize::At(m as f64));
        }
        if after < badness {
            let share = (before - badness) / (before - after);
            let (n, m) = ((n as f64).ln(), (m as f64).ln());
            return Some(PilotSize::At((n + share * (m - n)).exp()));
        }
    }
    Some(PilotSize::Above(last.0))
}

/// Pilot-equivalent size of a method at a size, with the percentiles of paired draws.
pub(super) fn equivalent(
    field: &Field,
    method: &PlannedMethod,
    size: usize,
) -> Verdict<Equivalent> {
    compute(field, method, size).into()
}

fn compute(field: &Field, method: &PlannedMethod, size: usize) -> Result<Equivalent, &'static str> {
    let people = field.people_of(method);
    let curve = BaselineCurve::new(field, people)?;
    let own = field.badness(people, &method.name, size).ok_or("the score is undefined")?;
    let found = read_off(&curve.estimates(), own.value).ok_or("the baseline has no curve")?;
    let draws = own.draws.iter().enumerate();
    let drawn = draws.filter_map(|(b, value)| read_off(&curve.draw(b)?, (*value)?));
    let mut drawn: Vec<PilotSize> = drawn.collect();
    if drawn.len() < 2 {
        return Err(NO_DRAWS);
    }
    drawn.sort_by(|a, b| a.key().total_cmp(&b.key()));
    let (low, high) = ends(&drawn, field.confidence());
    let gains = method.facts.learns_from.uses_pilot() && size > 0;
    let gain = found.number().filter(|_| gains).map(|n| n / size as f64);
    Ok(Equivalent { size: found, low, high, gain })
}

/// The sorted values that leave out a tail each; whole values, since ends of the curve have no
/// numbers to interpolate.
pub(super) fn ends<T: Copy>(sorted: &[T], confidence: f64) -> (T, T) {
    let out = ((1.0 - confidence) / 2.0 * sorted.len() as f64).floor() as usize;
    (sorted[out], sorted[sorted.len() - 1 - out])
}

/// The curve of a method; `differences` are its headline less the baseline's, by size.
pub(super) fn curve(
    field: &Field,
    method: &str,
    differences: &[(usize, Verdict<Difference>)],
) -> Curve {
    let area = areas(field, method);
    let baseline = field.baseline().ok_or("the plan has no baseline");
    let other = baseline.and_then(|baseline| areas(field, &baseline.name));
    let better = field.headline().better;
    let difference = area.as_ref().map_err(|reason| *reason).and_then(|(own, own_draws)| {
        let (other, other_draws) = other?;
        let badness =
            |(value, other): (&f64, &f64)| better.badness(*value) - better.badness(*other);
        let draws: Vec<f64> = own_draws.iter().zip(&other_draws).map(badness).collect();
        Bounds::of(badness((own, &other)), &draws, field.confidence())
    });
    let area = area.and_then(|(value, draws)| Bounds::of(value, &draws, field.confidence()));
    Curve {
        experiment: field.experiment.to_owned(),
        strategy: field.strategy.to_owned(),
        method: method.to_owned(),
        area: area.into(),
        area_difference: difference.into(),
        beats_from: beats_from(field, differences).into(),
    }
}

/// Area under the headline's curve by its width, as estimate and by draw.
fn areas(field: &Field, method: &str) -> Result<(f64, Vec<f64>), &'static str> {
    let name = &field.headline().name;
    let sizes: Vec<usize> = field.sizes.iter().copied().filter(|size| *size > 0).collect();
    if sizes.len() < 2 {
        return Err("fewer than two pilot sizes");
    }
    let points = sizes.iter().map(|n| field.cell(method, *n)?.draws.get(name));
    let points: Option<Vec<_>> = points.collect();
    let points = points.ok_or("no score at one of the pilot sizes")?;
    let means: Vec<f64> = points.iter().map(|draws| draws.mean).collect();
    let centred: Vec<Vec<Option<f64>>> = points.iter().map(|draws| draws.centred()).collect();
    let count = centred.iter().map(Vec::len).min().unwrap_or(0);
    let draws = (0..count).filter_map(|b| {
        let values: Option<Vec<f64>> = centred.iter().map(|draws| draws[b]).collect();
        Some(area(&sizes, &values?))
    });
    Ok((area(&sizes, &means), draws.collect()))
}

/// Trapezoids over the logarithm of the size, by the whole width.
fn area(sizes: &[usize], values: &[f64]) -> f64 {
    let logs: Vec<f64> = sizes.iter().map(|n| (*n as f64).ln()).collect();
    let parts = logs.windows(2).zip(values.windows(2));
    let sum: f64 = parts.map(|(x, y)| (x[1] - x[0]) * (y[0] + y[1]) / 2.0).sum();
    sum / (logs[logs.len() - 1] - logs[0])
}

fn beats_from(
    field: &Field,
    differences: &[(usize, Verdict<Difference>)],
) -> Result<usize, &'static str> {
    let level = 1.0 - field.confidence();
    let is_better = |d: &Difference| d.value < 0.0 && d.p_adjusted < level;
    let found = differences.iter().find(|(_, d)| d.value().is_some_and(is_better));
    found.map(|(size, _)| *size).ok_or("at none of the sizes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVE: [(usize, f64); 5] =
        [(8, 0.196), (15, 0.155), (30, 0.110), (60, 0.082), (120, 0.061)];

    #[test]
    fn catalogue_values() {
        // A model with a JS distance of .082 is worth 60 people.
        assert_eq!(read_off(&CURVE, 0.082), Some(PilotSize::At(60.0)));
        assert_eq!(read_off(&CURVE, 0.196), Some(PilotSize::At(8.0)));
        assert_eq!(read_off(&CURVE, 0.197), Some(PilotSize::Below(8)));
        assert_eq!(read_off(&CURVE, 0.060), Some(PilotSize::Above(120)));
        // Halfway between the scores of 30 and 60 is their geometric mean.
        let found = read_off(&CURVE, 0.096).unwrap().number().unwrap();
        assert!((found - 1800_f64.sqrt()).abs() < 1e-9, "{found}");
        let texts = [PilotSize::Below(8), PilotSize::At(42.4), PilotSize::Above(120)];
        assert_eq!(texts.map(PilotSize::text), ["<8", "42", ">120"]);
    }

    #[test]
    fn the_first_crossing_counts() {
        let bumpy = [(8, 0.2), (15, 0.1), (30, 0.15), (60, 0.05)];
        assert!(read_off(&bumpy, 0.12).unwrap().number().unwrap() < 15.0);
    }

    #[test]
    fn area_is_a_mean_over_the_logarithm() {
        assert!((area(&[8, 15, 120], &[0.3, 0.3, 0.3]) - 0.3).abs() < 1e-12);
        // numpy.trapezoid([.2, .1, .05], numpy.log([8, 16, 64])) / numpy.log(8)
        assert!((area(&[8, 16, 64], &[0.2, 0.1, 0.05]) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn ends_leave_out_a_tail_each() {
        let sorted: Vec<u32> = (0..100).collect();
        assert_eq!(ends(&sorted, 0.95), (2, 97));
        assert_eq!(ends(&[1, 2], 0.95), (1, 2));
    }
}
