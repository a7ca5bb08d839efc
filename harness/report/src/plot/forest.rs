//! Coefficients of a regression on humans and on simulated people, with their intervals.

use super::{
    frame::Frame,
    scale::{Scale, range},
};
use crate::svg::{Anchor, Svg};

/// A coefficient of one source; `None` where it cannot be estimated.
#[derive(Debug, Clone)]
pub(crate) struct Estimated {
    pub(crate) name: String,
    pub(crate) human: bool,
    /// Estimate, lower and upper bound.
    pub(crate) bounds: Option<[f64; 3]>,
}

/// One coefficient by all sources; humans first.
pub(crate) struct Coefficient {
    pub(crate) name: String,
    pub(crate) sources: Vec<Estimated>,
}

const WIDTH: f64 = 760.0;
const ROW: f64 = 15.0;

/// Draws a panel for each coefficient; `None` where nothing could be estimated.
pub(crate) fn draw(title: &str, coefficients: &[Coefficient]) -> Option<Svg> {
    let x = Scale::new(reach(coefficients)?, (190.0, 740.0));
    let rows: usize = coefficients.iter().map(|c| c.sources.len() + 2).sum();
    let bottom = 10.0 + ROW * rows as f64;
    let mut svg = Svg::new(title, &description(coefficients), (WIDTH, bottom + 42.0));
    let frame = Frame { left: 190.0, top: 8.0, right: 740.0, bottom };
    for (value, _) in x.ticks(7) {
        svg.line(
            if value == 0.0 { "zero" } else { "grid" },
            (x.at(value), frame.top),
            (x.at(value), bottom),
        );
    }
    let marks: Vec<_> = x.ticks(7).into_iter().map(|(v, word)| (x.at(v), word)).collect();
    frame.level(&mut svg, &marks, "coefficient with its interval");
    let mut y = frame.top + ROW;
    for coefficient in coefficients {
        svg.text("label human", (8.0, y), Anchor::Start, &coefficient.name);
        if let Some([value, low, high]) = human(coefficient) {
            let (left, right) = (x.inside(low), x.inside(high));
            let height = ROW * coefficient.sources.len() as f64;
            svg.rect("band base", (left, y + 4.0), (right - left, height), "");
            let at = x.inside(value);
            svg.line("thread", (at, y + 4.0), (at, y + 4.0 + height));
        }
        for (place, source) in coefficient.sources.iter().enumerate() {
            row(&mut svg, y + ROW * (place as f64 + 1.0), &x, place, source);
        }
        y += ROW * (coefficient.sources.len() as f64 + 2.0);
    }
    Some(svg)
}

fn human(coefficient: &Coefficient) -> Option<[f64; 3]> {
    coefficient.sources.iter().find(|source| source.human)?.bounds
}

/// As far as the humans' intervals and most of the simulated estimates reach: one estimate that ran
/// away must not press all others flat.
fn reach(coefficients: &[Coefficient]) -> Option<(f64, f64)> {
    let humans = coefficients.iter().filter_map(human).flat_map(|[_, low, high]| [low, high]);
    let (low, high) = range(humans.chain([0.0]), 0.0)?;
    let wide = (high - low).max(f64::MIN_POSITIVE);
    let all = coefficients.iter().flat_map(|c| &c.sources).filter_map(|s| s.bounds);
    let kept = all.map(|[value, _, _]| value).filter(|v| *v > low - wide && *v < high + wide);
    range(kept.chain([low, high]), 0.06)
}

fn row(svg: &mut Svg, y: f64, x: &Scale, place: usize, source: &Estimated) {
    svg.text("tick", (182.0, y + 4.0), Anchor::End, &source.name);
    let Some([value, low, high]) = source.bounds else {
        svg.text("tick", (194.0, y + 4.0), Anchor::Start, "no estimate");
        return;
    };
    let class = if source.human { "base".to_owned() } else { format!("c{}", (place + 5) % 6) };
    if low < high && (x.holds(low) || x.holds(high) || x.holds(value)) {
        svg.line(&format!("line {class}"), (x.inside(low), y), (x.inside(high), y));
    }
    let told = format!("{}: {value:.3} [{low:.3}, {high:.3}]", source.name);
    if x.holds(value) {
        let kind = if source.human { 1 } else { 0 };
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
        let of = |name: &str, human, bounds| Estimated { name: name.into(), human, bounds };
        let sources = vec![
            of("humans", true, Some([0.5, 0.2, 0.8])),
            of("ridge", false, Some([0.4, 0.1, 0.7])),
            of("mode", false, Some([90.0, -100.0, 280.0])),
            of("uniform", false, None),
        ];
        let coefficient = Coefficient { name: "age:treated".into(), sources };
        let svg = draw("t", &[coefficient]).unwrap().inline("f");
        assert!(svg.contains(">90.00 →</text>") && svg.contains(">no estimate</text>"), "{svg}");
        assert!(svg.contains("ridge: 0.400 [0.100, 0.700]"));
    }
}
