//! Between the same pilot's baseline and humans.

use super::{
    Bounds, NO_DRAWS, Verdict,
    field::{Field, On, paired},
};
use crate::score::deviation;

/// A denominator under so many of its standard errors says nothing.
const CLEAR: f64 = 2.0;

/// `(baseline − method) / (baseline − human ceiling)` of the headline's badness, all three on the
/// half of the held-out people for whom the ceiling answers, so that a distance of small groups is
/// as large for all; the interval is the percentiles of the ratio over paired draws.
pub(super) fn skill(field: &Field, method: &str, size: usize) -> Verdict<Bounds> {
    compute(field, method, size).into()
}

fn compute(field: &Field, method: &str, size: usize) -> Result<Bounds, &'static str> {
    let baseline = field.baseline().ok_or("the plan has no baseline")?;
    let ceiling = field.ceiling().ok_or("the plan has no human ceiling")?;
    let base = field.badness(On::Half, &baseline.name, size).ok_or("no baseline at this size")?;
    let ceiling =
        field.badness(On::Half, &ceiling.name, size).ok_or("the human ceiling has no score")?;
    let own = field.badness(On::Half, method, size).ok_or("the score is undefined")?;
    let width = base.value - ceiling.value;
    let widths = paired(&base.draws, &ceiling.draws, |base, ceiling| base - ceiling);
    let se = deviation(&widths).ok_or(NO_DRAWS)?;
    if width <= 0.0 {
        return Err("the baseline is no worse than the human ceiling");
    }
    if width < CLEAR * se {
        return Err("baseline and human ceiling are not apart by two standard errors");
    }
    let triples = base.draws.iter().zip(&ceiling.draws).zip(&own.draws);
    let ratios = triples.filter_map(|((base, ceiling), own)| {
        let (base, ceiling, own) = ((*base)?, (*ceiling)?, (*own)?);
        let ratio = (base - own) / (base - ceiling);
        ratio.is_finite().then_some(ratio)
    });
    let ratios: Vec<f64> = ratios.collect();
    Bounds::of((base.value - own.value) / width, &ratios, field.confidence())
}
