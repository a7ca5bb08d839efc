//! Coefficients of a regression on humans and on simulated people, with their intervals.

use super::{
    curves::Look,
    scale::{Scale, range},
};
use crate::svg::{Anchor, Svg};

/// A coefficient of one source; `None` where it cannot be estimated.
#[derive(Debug, Clone)]
pub(crate) struct Estimated {
    pub(crate) name: String,
    /// How the method is drawn; humans have no look of a method.
    pub(crate) look: Option<Look>,
    /// Estimate, lower and upper bound.
    pub(crate) bounds: Option<[f64; 3]>,
}

/// One coefficient by all sources; humans first.
pub(crate) struct Coefficient {
    pub(crate) name: String,
    pub(crate) sources: Vec<Estimated>,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 740.0;
const ROW: f64 = 15.0;

/// Draws a panel for each coefficient, each with a scale of its own: a year of age and a party are not
/// told in the same units. `None` where nothing could be estimated.
pub(crate) fn draw(title: &str, coefficients: &[Coefficient]) -> Option<Svg> {
    let known = coefficients.iter().filter_map(|c| Some((c, reach(c)?)));
    let known: Vec<(&Coefficient, (f64, f64))> = known.collect();
    let rows: f64 = known.iter().map(|(c, _)| height(c)).sum();
    let mut svg = Svg::new(title, &description(coefficients), (WIDTH, rows + 10.0));
    let mut top = 4.0;
    for (coefficient, reach) in &known {
        let x = Scale::new(*reach, (LEFT, RIGHT));
        panel(&mut svg, top, &x, coefficient);
        top += height(coefficient);
    }
    (!known.is_empty()).then_some(svg)
}

/// Of a panel with its name and its axis.
fn height(coefficient: &Coefficient) -> f64 {
    ROW * coefficient.sources.len() as f64 + 52.0
}

fn panel(svg: &mut Svg, top: f64, x: &Scale, coefficient: &Coefficient) {
    svg.text("label human", (8.0, top + 12.0), Anchor::Start, &coefficient.name);
    let first = top + 20.0;
    let rows = ROW * coefficient.sources.len() as f64;
    for (value, word) in x.ticks(6) {
        let (class, at) = (if value == 0.0 { "zero" } else { "grid" }, x.at(value));
        svg.line(class, (at, first), (at, first + rows));
        svg.text("tick", (at, first + rows + 13.0), Anchor::Middle, &word);
    }
    svg.line("frame", (LEFT, first + rows), (RIGHT, first + rows));
    if let Some([_, low, high]) = human(coefficient) {
        let (left, right) = (x.inside(low), x.inside(high));
        svg.rect("band base", (left, first), (right - left, rows), "");
    }
    for (place, source) in coefficient.sources.iter().enumerate() {
        row(svg, first + ROW * (place as f64 + 0.5), x, source);
    }
}

fn human(coefficient: &Coefficient) -> Option<[f64; 3]> {
    coefficient.sources.iter().find(|source| source.look.is_none())?.bounds
}

/// As far as the humans' interval, zero, and simulated estimates near them reach: one estimate that
/// ran away must not press all others flat.
fn reach(coefficient: &Coefficient) -> Option<(f64, f64)> {
    let bounds = || coefficient.sources.iter().filter_map(|source| source.bounds);
    let humans = human(coefficient).into_iter().flat_map(|[_, low, high]| [low, high]);
    let (low, high) = range(humans.chain([0.0]), 0.0)?;
    let wide = high - low;
    let is_near = |value: &f64| *value > low - wide && *value < high + wide;
    let values = bounds().map(|[value, _, _]| value).filter(is_near);
    let (low, high) = range(values.chain([low, high]), 0.0)?;
    let ends = bounds().flat_map(|[_, low, high]| [low, high]);
    let ends = ends.filter(|end| *end > low - wide / 2.0 && *end < high + wide / 2.0);
    bounds().next()?;
    range(ends.chain([low, high]), 0.05)
}

fn row(svg: &mut Svg, y: f64, x: &Scale, source: &Estimated) {
    svg.text("tick", (182.0, y + 4.0), Anchor::End, &source.name);
    let Some([value, low, high]) = source.bounds else {
        svg.text("tick", (194.0, y + 4.0), Anchor::Start, "no estimate");
        return;
    };
    let (kind, class) = match source.look {
        None => (1, "base".to_owned()),
        Some(Look::Method(n)) => (n, format!("c{}", n % 6)),
        Some(Look::Baseline) => (3, "ceiling".to_owned()),
        Some(Look::Ceiling | Look::Oracle) => (0, "oracle".to_owned()),
    };
    if low < high && (x.holds(low) || x.holds(high) || x.holds(value)) {
        svg.line(&format!("line {class}"), (x.inside(low), y), (x.inside(high), y));
    }
    let told = format!("{}: {value:.3} [{low:.3}, {high:.3}]", source.name);
    if x.holds(value) {
        svg.mark(kind, &format!("mark {class}"), (x.at(value), y), &told);
    } else {
        let words = format!("{value:.2} {}", if value < 0.0 { "←" } else { "→" });
        let (at, anchor) = if value < 0.0 { (194.0, Anchor::Start) } else { (738.0, Anchor::End) };
        svg.text("tick", (at, y + 4.0), anchor, &words);
    }
}

fn description(coefficients: &[Coefficient]) -> String {
    let source = |s: &Estimated| match s.bounds {
        Some([value, low, high]) => format!("{} {value:.2} [{low:.2}, {high:.2}]", s.name),
        None => format!("{} no estimate", s.name),
    };
    let of = |c: &Coefficient| {
        let sources: Vec<String> = c.sources.iter().map(source).collect();
        format!("{}: {}", c.name, sources.join(", "))
    };
    coefficients.iter().map(of).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_that_ran_away_is_told_and_does_not_press_the_others() {
        let of = |name: &str, look, bounds| Estimated { name: name.into(), look, bounds };
        let sources = vec![
            of("humans", None, Some([0.5, 0.2, 0.8])),
            of("ridge", Some(Look::Method(0)), Some([0.4, 0.1, 0.7])),
            of("mode", Some(Look::Method(1)), Some([90.0, -100.0, 280.0])),
            of("uniform", Some(Look::Method(2)), None),
        ];
        let coefficient = Coefficient { name: "age:treated".into(), sources };
        let svg = draw("t", &[coefficient]).unwrap().inline("f");
        assert!(svg.contains(">90.00 →</text>") && svg.contains(">no estimate</text>"), "{svg}");
        assert!(svg.contains("ridge: 0.400 [0.100, 0.700]"));
    }
}
