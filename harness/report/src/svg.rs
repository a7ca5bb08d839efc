//! Drawings as SVG: text stays text, colours are classes of the style sheet, and a reader who cannot
//! see gets title and description.

use crate::inert::{escaped, short};
use std::fmt::Write;

/// Colours of a drawing that stands by itself, as those of a page in the light.
const ALONE: &str = include_str!("assets/drawing.css");
/// Characters of a label that are drawn; tables have all of it.
const LABEL: usize = 25;

/// A drawing.
#[derive(Debug, Clone)]
pub(crate) struct Svg {
    width: f64,
    height: f64,
    title: String,
    description: String,
    body: String,
}

/// At which of its ends a text is placed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// An empty drawing.
    pub(crate) fn new(title: &str, description: &str, (width, height): (f64, f64)) -> Self {
        let (title, description) = (title.to_owned(), description.to_owned());
        Self { width, height, title, description, body: String::new() }
    }

    /// A straight line.
    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(round);
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
        );
    }

    /// A line through points.
    pub(crate) fn through(&mut self, class: &str, points: &[(f64, f64)]) {
        let _ = writeln!(self.body, "<polyline class=\"{class}\" points=\"{}\"/>", list(points));
    }

    /// The area inside points.
    pub(crate) fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        let _ = writeln!(self.body, "<polygon class=\"{class}\" points=\"{}\"/>", list(points));
    }

    /// A rectangle; `told` is what a pointer over it is told.
    pub(crate) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), told: &str) {
        let [x, y, w, h] = [at.0, at.1, size.0, size.1].map(round);
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""
        );
        let _ = match told {
            "" => writeln!(self.body, "/>"),
            told => writeln!(self.body, "><title>{}</title></rect>", escaped(told)),
        };
    }

    /// One of eight marks, so that colour is never all that tells two series apart.
    pub(crate) fn mark(&mut self, kind: usize, class: &str, (x, y): (f64, f64), told: &str) {
        let r = 3.5;
        let corners: &[(f64, f64)] = match kind % 8 {
            0 => &[],
            1 => &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
            2 => &[(0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)],
            3 => &[(0.0, -1.4), (1.4, 0.0), (0.0, 1.4), (-1.4, 0.0)],
            4 => &[(0.0, 1.3), (1.2, -0.9), (-1.2, -0.9)],
            5 => &[(-0.4, -1.3), (0.4, -1.3), (0.4, 1.3), (-0.4, 1.3)],
            6 => &[(-1.3, -0.4), (1.3, -0.4), (1.3, 0.4), (-1.3, 0.4)],
            _ => &[(-1.3, 0.0), (0.0, -1.0), (1.3, 0.0), (0.0, 0.4)],
        };
        let told = escaped(told);
        let _ = if corners.is_empty() {
            let [x, y] = [x, y].map(round);
            writeln!(
                self.body,
                "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"><title>{told}</title></circle>"
            )
        } else {
            let points: Vec<_> = corners.iter().map(|(a, b)| (x + a * r, y + b * r)).collect();
            let points = list(&points);
            writeln!(
                self.body,
                "<polygon class=\"{class}\" points=\"{points}\"><title>{told}</title></polygon>"
            )
        };
    }

    /// A text.
    pub(crate) fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        // Names may be of any length; the words at axes are ours.
        let most = if class == "axis" { 4 * LABEL } else { LABEL };
        let text = escaped(&short(text, most));
        let [x, y] = [x, y].map(round);
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>"
        );
    }

    /// As part of a page, where `id` belongs to this drawing alone.
    pub(crate) fn inline(&self, id: &str) -> String {
        self.element(id, "")
    }

    /// As a file.
    pub(crate) fn alone(&self) -> String {
        let style = format!("<style>{ALONE}</style>\n");
        self.element("drawing", &style)
    }

    fn element(&self, id: &str, style: &str) -> String {
        let Self { width, height, title, description, body } = self;
        let (title, description) = (escaped(title), escaped(description));
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let id: String = id.chars().map(plain).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{title}</title>\n<desc id=\"{id}-d\">{description}</desc>\n\
             {style}{body}</svg>\n"
        )
    }
}

/// A tenth of a pixel is enough, and the same on every machine.
fn round(value: f64) -> f64 {
    let tenths = (value * 10.0).round() / 10.0;
    if tenths == 0.0 { 0.0 } else { tenths }
}

fn list(points: &[(f64, f64)]) -> String {
    let points = points.iter().map(|(x, y)| format!("{},{}", round(*x), round(*y)));
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_is_escaped() {
        let mut svg = Svg::new("<t>", "d & d", (10.0, 20.0));
        svg.text("label", (1.04, 2.0), Anchor::End, "a<b>\u{202e}");
        svg.mark(0, "m", (1.0, 1.0), "\"told\"");
        let inline = svg.inline("x");
        assert!(inline.contains(
            "<text class=\"label\" x=\"1\" y=\"2\" text-anchor=\"end\">a&lt;b&gt;\u{fffd}</text>"
        ));
        assert!(inline.contains("<title id=\"x-t\">&lt;t&gt;</title>"), "{inline}");
        assert!(inline.contains("aria-labelledby=\"x-t x-d\"") && inline.contains("d &amp; d"));
        assert!(inline.contains("<title>&quot;told&quot;</title>") && !inline.contains("<style>"));
        assert!(svg.alone().contains("<style>") && svg.alone() == svg.alone());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([1.0, 2.26, -0.01].map(round), [1.0, 2.3, 0.0]);
    }
}
