//! The headline picture: a score by pilot size, with bands, the baseline and the human ceiling.

use super::{
    frame::{Frame, apart},
    scale::{Scale, range},
};
use crate::svg::{Anchor, Svg};

/// A value with the bounds of its interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// A method, in a colour and with a mark of its own.
    Method(usize),
    /// The same pilot's baseline.
    Baseline,
    /// The human ceiling: a band across.
    Ceiling,
    /// Another oracle: a line across.
    Oracle,
}

/// A method along pilot sizes. One that needs no pilot has the same value at all.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) points: Vec<(usize, Point)>,
}

/// What is drawn.
pub(crate) struct Curves {
    pub(crate) title: String,
    pub(crate) score: String,
    /// Which way is better, in words.
    pub(crate) better: String,
    pub(crate) sizes: Vec<usize>,
    pub(crate) series: Vec<Series>,
}

/// A drawing, and the series that lie too far off to be in it.
pub(crate) struct Drawn {
    pub(crate) svg: Svg,
    pub(crate) off: Vec<String>,
}

const SIZE: (f64, f64) = (760.0, 400.0);
const FRAME: Frame = Frame { left: 56.0, top: 34.0, right: 560.0, bottom: 348.0 };

/// Draws the curves; `None` when no series has a value.
pub(crate) fn draw(curves: &Curves) -> Option<Drawn> {
    let (shown, off) = near(&curves.series)?;
    let values = shown.iter().flat_map(|s| s.points.iter().flat_map(|(_, p)| [p.low, p.high]));
    let y = Scale::new(range(values, 0.04)?, (FRAME.bottom, FRAME.top));
    let x = places(&curves.sizes);
    let mut svg = Svg::new(&curves.title, &description(curves), SIZE);
    FRAME.upright(&mut svg, &y, &format!("{} ({})", curves.score, curves.better));
    let marks: Vec<(f64, String)> = x.iter().map(|(n, x)| (*x, n.to_string())).collect();
    FRAME.level(&mut svg, &marks, "participants in the pilot");
    // What is compared with lies below what is compared.
    let mut order: Vec<&Series> = shown.clone();
    order.sort_by_key(|series| match series.look {
        Look::Ceiling => 0,
        Look::Oracle => 1,
        Look::Method(_) => 2,
        Look::Baseline => 3,
    });
    order.iter().for_each(|series| band(&mut svg, series, &x, &y));
    order.iter().for_each(|series| line(&mut svg, series, &x, &y));
    labels(&mut svg, &shown, &y);
    Some(Drawn { svg, off })
}

/// Places of pilot sizes: logarithms; nobody stands to the left of them.
fn places(sizes: &[usize]) -> Vec<(usize, f64)> {
    let positive: Vec<f64> = sizes.iter().filter(|n| **n > 0).map(|n| (*n as f64).ln()).collect();
    let has_none = sizes.contains(&0);
    let (inner, right) = (FRAME.left + if has_none { 70.0 } else { 24.0 }, FRAME.right - 16.0);
    let scale = range(positive.into_iter(), 0.0).map(|range| Scale::new(range, (inner, right)));
    let place = |n: &usize| match (&scale, *n) {
        (Some(scale), n) if n > 0 => (n, scale.at((n as f64).ln())),
        (_, n) => (n, FRAME.left + 16.0),
    };
    sizes.iter().map(place).collect()
}

/// The series that are near each other, and the names of those that would press them flat.
fn near(series: &[Series]) -> Option<(Vec<&Series>, Vec<String>)> {
    let span = |s: &Series| range(s.points.iter().flat_map(|(_, p)| [p.low, p.high]), 0.0);
    let mut shown: Vec<&Series> = series.iter().filter(|s| span(s).is_some()).collect();
    let mut off = Vec::new();
    for candidate in series.iter().filter(|s| matches!(s.look, Look::Method(_))) {
        let others = shown.iter().filter(|s| s.name != candidate.name).filter_map(|s| span(s));
        let rest = range(others.flat_map(|(low, high)| [low, high]), 0.0);
        let (Some((low, high)), Some(rest)) = (span(candidate), rest) else { continue };
        let gap = (low - rest.1).max(rest.0 - high);
        if gap > 0.6 * (rest.1 - rest.0) && rest.1 > rest.0 {
            shown.retain(|s| s.name != candidate.name);
            let last = candidate.points.last().map_or(f64::NAN, |(_, p)| p.value);
            off.push(format!("{} ({last:.3} at the largest pilot)", candidate.name));
        }
    }
    (!shown.is_empty()).then_some((shown, off))
}

fn band(svg: &mut Svg, series: &Series, x: &[(usize, f64)], y: &Scale) {
    let points = placed(series, x);
    let class = match series.look {
        Look::Method(n) => format!("band c{}", n % 6),
        Look::Baseline => "band base".to_owned(),
        Look::Ceiling => "band ceiling".to_owned(),
        Look::Oracle => return,
    };
    let upper = points.iter().map(|(x, p)| (*x, y.at(p.high)));
    let lower = points.iter().rev().map(|(x, p)| (*x, y.at(p.low)));
    let outline: Vec<_> = upper.chain(lower).collect();
    if points.len() > 1 {
        svg.area(&class, &outline);
    }
}

fn line(svg: &mut Svg, series: &Series, x: &[(usize, f64)], y: &Scale) {
    let points = placed(series, x);
    let class = class(series.look);
    let path: Vec<_> = points.iter().map(|(x, p)| (*x, y.at(p.value))).collect();
    svg.through(&format!("line {class}"), &path);
    let Look::Method(n) = series.look else { return };
    for ((size, p), at) in series.points.iter().zip(&path) {
        let told =
            format!("{}, n = {size}: {:.3} [{:.3}, {:.3}]", series.name, p.value, p.low, p.high);
        svg.mark(n, &format!("mark {class}"), *at, &told);
    }
}

fn placed(series: &Series, x: &[(usize, f64)]) -> Vec<(f64, Point)> {
    let place = |size: usize| x.iter().find(|(n, _)| *n == size).map(|(_, x)| *x);
    series.points.iter().filter_map(|(size, p)| Some((place(*size)?, *p))).collect()
}

fn class(look: Look) -> String {
    match look {
        Look::Method(n) => format!("c{} d{}", n % 6, n / 6 % 3),
        Look::Baseline => "base".to_owned(),
        Look::Ceiling => "ceiling".to_owned(),
        Look::Oracle => "oracle".to_owned(),
    }
}

/// Names at the right ends, each with a thread to its line.
fn labels(svg: &mut Svg, shown: &[&Series], y: &Scale) {
    let ends = shown.iter().filter_map(|s| Some((*s, y.at(s.points.last()?.1.value))));
    let ends: Vec<(&Series, f64)> = ends.collect();
    let wanted: Vec<f64> = ends.iter().map(|(_, y)| *y).collect();
    let places = apart(&wanted, 15.0, (FRAME.top, FRAME.bottom));
    for ((series, end), place) in ends.iter().zip(places) {
        let class = class(series.look);
        svg.line("thread", (FRAME.right - 8.0, *end), (FRAME.right + 12.0, place));
        if let Look::Method(n) = series.look {
            svg.mark(n, &format!("mark {class}"), (FRAME.right + 18.0, place), "");
        } else {
            let (from, to) = ((FRAME.right + 12.0, place), (FRAME.right + 25.0, place));
            svg.line(&format!("line {class}"), from, to);
        }
        svg.text("label", (FRAME.right + 30.0, place + 4.0), Anchor::Start, &series.name);
    }
}

/// The values in words, for readers who cannot see.
fn description(curves: &Curves) -> String {
    let of = |s: &Series| {
        let points = s.points.iter().map(|(n, p)| format!("{:.3} at {n}", p.value));
        format!("{}: {}", s.name, points.collect::<Vec<_>>().join(", "))
    };
    let all: Vec<String> = curves.series.iter().map(of).collect();
    format!("{} by pilot size, {}. {}.", curves.score, curves.better, all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, look: Look, values: &[f64]) -> Series {
        let point = |value: f64| Point { value, low: value - 0.01, high: value + 0.01 };
        let points = [8, 30, 120].into_iter().zip(values.iter().map(|v| point(*v)));
        Series { name: name.to_owned(), look, points: points.collect() }
    }

    fn curves() -> Curves {
        Curves {
            title: "t".into(),
            score: "js_distance".into(),
            better: "lower is better".into(),
            sizes: vec![0, 8, 30, 120],
            series: vec![
                series("marginal", Look::Baseline, &[0.2, 0.1, 0.07]),
                series("humans", Look::Ceiling, &[0.05, 0.05, 0.05]),
                series("ridge", Look::Method(0), &[0.21, 0.11, 0.07]),
                series("mode", Look::Method(1), &[0.55, 0.53, 0.52]),
            ],
        }
    }

    #[test]
    fn names_are_text_and_what_lies_far_off_is_named() {
        let drawn = draw(&curves()).unwrap();
        assert_eq!(drawn.off, ["mode (0.520 at the largest pilot)"]);
        let svg = drawn.svg.inline("c");
        assert!(svg.contains(">ridge</text>") && svg.contains(">marginal</text>"), "{svg}");
        assert!(svg.contains("mode: 0.550 at 8"), "{svg}");
        assert_eq!(svg, draw(&curves()).unwrap().svg.inline("c"));
    }

    #[test]
    fn nothing_to_draw() {
        let none = Curves { series: Vec::new(), ..curves() };
        assert!(draw(&none).is_none());
    }
}
