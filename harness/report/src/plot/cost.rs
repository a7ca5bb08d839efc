//! Quality against cost: what a better score is paid with.

use super::{
    curves::{Look, Point},
    frame::{Frame, apart},
    scale::{Scale, range},
};
use crate::svg::{Anchor, Svg};

/// A method at a pilot size.
pub(crate) struct Priced {
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) usd: f64,
    pub(crate) point: Point,
}

const SIZE: (f64, f64) = (760.0, 340.0);
const FRAME: Frame = Frame { left: 56.0, top: 34.0, right: 540.0, bottom: 288.0 };

/// Draws the score over US dollars per 1,000 answers; `None` when nothing has a price.
pub(crate) fn draw(title: &str, score: &str, better: &str, priced: &[Priced]) -> Option<Svg> {
    let values = priced.iter().flat_map(|p| [p.point.low, p.point.high]);
    let y = Scale::new(range(values, 0.08)?, (FRAME.bottom, FRAME.top));
    let most = range(priced.iter().map(|p| p.usd), 0.0)?.1;
    let top = if most > 0.0 { most * 1.05 } else { 1.0 };
    let x = Scale::new((0.0, top), (FRAME.left + 12.0, FRAME.right - 12.0));
    let told = |p: &Priced| format!("{}: {:.3} for {:.4} US dollars", p.name, p.point.value, p.usd);
    let all: Vec<String> = priced.iter().map(told).collect();
    let mut svg = Svg::new(title, &format!("{score}, {better}. {}.", all.join("; ")), SIZE);
    FRAME.upright(&mut svg, &y, &format!("{score} ({better})"));
    let marks: Vec<_> = x.ticks(6).into_iter().map(|(v, word)| (x.at(v), word)).collect();
    FRAME.level(&mut svg, &marks, "US dollars per 1,000 answers");
    let wanted: Vec<f64> = priced.iter().map(|p| y.at(p.point.value)).collect();
    let places = apart(&wanted, 15.0, (FRAME.top, FRAME.bottom));
    for ((p, told), place) in priced.iter().zip(&all).zip(places) {
        let (kind, class) = match p.look {
            Look::Method(n) => (n, format!("c{}", n % 6)),
            Look::Baseline => (0, "base".to_owned()),
            Look::Ceiling | Look::Oracle => (0, "oracle".to_owned()),
        };
        let at = (x.at(p.usd), y.at(p.point.value));
        svg.line(&format!("line {class}"), (at.0, y.at(p.point.low)), (at.0, y.at(p.point.high)));
        svg.mark(kind, &format!("mark {class}"), at, told);
        svg.line("thread", (at.0 + 6.0, at.1), (FRAME.right + 8.0, place));
        svg.mark(kind, &format!("mark {class}"), (FRAME.right + 16.0, place), told);
        svg.text("label", (FRAME.right + 26.0, place + 4.0), Anchor::Start, &p.name);
    }
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_method_stands_at_the_left() {
        let point = Point { value: 0.2, low: 0.1, high: 0.3 };
        let free = Priced { name: "free".into(), look: Look::Baseline, usd: 0.0, point };
        let paid = Priced { name: "paid".into(), look: Look::Method(1), usd: 2.5, point };
        let svg = draw("t", "js", "lower is better", &[free, paid]).unwrap().inline("c");
        assert!(svg.contains("paid: 0.200 for 2.5000 US dollars"), "{svg}");
        assert!(draw("t", "js", "", &[]).is_none());
    }
}
