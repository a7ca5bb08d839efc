//! One series of a history: its values night by night, and where each had to lie.

use super::{
    frame::Frame,
    scale::{Scale, range},
};
use crate::{
    svg::{Anchor, Svg},
    words,
};
use pilotbench_engine::history::{Boundary, Point, Series, Standing};

const SIZE: (f64, f64) = (380.0, 214.0);
const FRAME: Frame = Frame { left: 54.0, top: 40.0, right: 368.0, bottom: 176.0 };
/// Nights that are drawn, the newest.
const NIGHTS: usize = 60;

/// Draws a series; `days` says of each night on the board when it was. `None` where it has no value.
pub(crate) fn draw(series: &Series, days: &[&str]) -> Option<Svg> {
    let first = days.len().saturating_sub(NIGHTS);
    let points: Vec<&Point> = series.points.iter().filter(|p| p.entry >= first).collect();
    let name = &series.name;
    let title = format!("{}, pilot of {}", name.method, name.size);
    let y = Scale::new(reach(&points)?, (FRAME.bottom, FRAME.top));
    let x = Scale::new((first as f64 - 0.7, days.len() as f64 - 0.3), (FRAME.left, FRAME.right));
    let mut svg = Svg::new(&title, &description(series, &points, days), SIZE);
    svg.text("label human", (FRAME.left - 46.0, 14.0), Anchor::Start, &name.method);
    FRAME.upright(&mut svg, &y, &format!("{} ({})", name.score, words::better(series.better)));
    let mut ends = vec![first, days.len() - 1];
    ends.dedup();
    let marks: Vec<(f64, String)> =
        ends.into_iter().map(|n| (x.at(n as f64), days[n].to_owned())).collect();
    FRAME.level(&mut svg, &marks, "");
    boundaries(&mut svg, &points, &x, &y);
    breaks(&mut svg, &points, &x);
    values(&mut svg, &points, (&x, &y), days);
    Some(svg)
}

/// From the lowest to the highest value; boundaries as far as they do not press the values flat.
fn reach(points: &[&Point]) -> Option<(f64, f64)> {
    let own = points.iter().flat_map(|p| [p.value, p.low, p.high]).flatten();
    let (low, high) = range(own, 0.0)?;
    let wide = (high - low).max(0.02 * high.abs());
    let lines = points.iter().filter_map(|p| p.boundary).flat_map(|b| [b.low, b.high]);
    let near = lines.filter(|line| *line > low - wide && *line < high + wide);
    range(near.chain([low - 0.1 * wide, high + 0.1 * wide]), 0.05)
}

/// The boundary of each night as a box as wide as the night, so that it is seen of what it is.
fn boundaries(svg: &mut Svg, points: &[&Point], x: &Scale, y: &Scale) {
    for point in points {
        let Some(Boundary { low, high, .. }) = point.boundary else { continue };
        let (left, right) = (x.at(point.entry as f64 - 0.5), x.at(point.entry as f64 + 0.5));
        let (top, bottom) = (y.inside(high), y.inside(low));
        svg.rect("band base", (left, top), (right - left, (bottom - top).max(0.0)), "");
        for (line, place) in [(high, top), (low, bottom)] {
            if y.holds(line) {
                svg.line("line oracle", (left, place), (right, place));
            }
        }
    }
}

/// Where values before are not comparable.
fn breaks(svg: &mut Svg, points: &[&Point], x: &Scale) {
    for point in points.iter().filter(|point| point.begins.is_some()) {
        let at = x.at(point.entry as f64 - 0.5);
        svg.line("frame", (at, FRAME.top), (at, FRAME.bottom));
        svg.text("tick", (at + 3.0, FRAME.bottom - 4.0), Anchor::Start, "anew");
    }
}

fn values(svg: &mut Svg, points: &[&Point], (x, y): (&Scale, &Scale), days: &[&str]) {
    let at = |point: &Point| Some((x.at(point.entry as f64), y.inside(point.value?)));
    let mut piece: Vec<(f64, f64)> = Vec::new();
    for point in points {
        if point.begins.is_some() || point.value.is_none() {
            svg.through("line c0", &piece);
            piece.clear();
        }
        piece.extend(at(point));
    }
    svg.through("line c0", &piece);
    for point in points {
        let Some((left, top)) = at(point) else { continue };
        if let Some((low, high)) = point.low.zip(point.high) {
            svg.line("thread", (left, y.inside(low)), (left, y.inside(high)));
        }
        let (kind, class) = look(point.standing);
        let told = format!("{}: {}", days[point.entry], told(point));
        svg.mark(kind, &format!("mark {class}"), (left, top), &told);
        if point.since == Some(point.entry) {
            svg.text("label", (left - 6.0, top - 7.0), Anchor::End, point.standing.name());
        }
    }
}

/// Shape and colour: alerts are triangles that point where the series went, downward for worse.
fn look(standing: Standing) -> (usize, &'static str) {
    match standing {
        Standing::Worse => (4, "c1"),
        Standing::Better => (2, "c2"),
        Standing::Slight => (3, "c4"),
        Standing::TooFew | Standing::Unknown => (1, "oracle"),
        Standing::Identical | Standing::Inside | Standing::Noisy => (0, "c0"),
    }
}

/// A value with everything that is said of it.
fn told(point: &Point) -> String {
    let value = match (&point.value, &point.reason) {
        (Some(value), _) => short(*value),
        (None, reason) => format!("no value, {}", reason.as_deref().unwrap_or("for no reason")),
    };
    let boundary =
        point.boundary.map(|b| format!(", boundary {} to {}", short(b.low), short(b.high)));
    let begins = point.begins.as_ref().map(|reason| format!(", begins anew: {reason}"));
    let [boundary, begins] = [boundary, begins].map(Option::unwrap_or_default);
    format!("{value}, {}{boundary}{begins}", point.standing.name())
}

/// A score with four decimals, a speed without.
pub(crate) fn short(value: f64) -> String {
    match value.abs() >= 100.0 {
        true => format!("{value:.0}"),
        false => format!("{value:.4}"),
    }
}

/// The values in words, for readers who cannot see.
fn description(series: &Series, points: &[&Point], days: &[&str]) -> String {
    let of = |point: &&Point| format!("{}: {}", days[point.entry], told(point));
    let all: Vec<String> = points.iter().map(of).collect();
    format!(
        "{} of {} on {}. {}.",
        series.name.score,
        series.name.method,
        series.name.experiment,
        all.join("; ")
    )
}
