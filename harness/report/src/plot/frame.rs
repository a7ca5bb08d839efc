//! Axes, and labels that do not lie on each other.

use super::scale::Scale;
use crate::svg::{Anchor, Svg};

/// The area inside the axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Frame {
    /// The upright axis with a line across at each round number.
    pub(super) fn upright(&self, svg: &mut Svg, scale: &Scale, label: &str) {
        for (value, word) in scale.ticks(6) {
            let y = scale.at(value);
            svg.line("grid", (self.left, y), (self.right, y));
            svg.text("tick", (self.left - 6.0, y + 4.0), Anchor::End, &word);
        }
        svg.text("axis", (self.left - 40.0, self.top - 10.0), Anchor::Start, label);
    }

    /// The level axis with these marks.
    pub(super) fn level(&self, svg: &mut Svg, marks: &[(f64, String)], label: &str) {
        svg.line("frame", (self.left, self.bottom), (self.right, self.bottom));
        for (x, word) in marks {
            svg.line("frame", (*x, self.bottom), (*x, self.bottom + 4.0));
            svg.text("tick", (*x, self.bottom + 16.0), Anchor::Middle, word);
        }
        let middle = (self.left + self.right) / 2.0;
        svg.text("axis", (middle, self.bottom + 34.0), Anchor::Middle, label);
    }
}

/// Moves places apart until there are `gap` between them, inside the bounds where they fit; the
/// order stays.
pub(super) fn apart(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut places = wanted.to_vec();
    let mut last = low - gap;
    for index in &order {
        places[*index] = places[*index].max(last + gap);
        last = places[*index];
    }
    let mut next = high + gap;
    for index in order.iter().rev() {
        places[*index] = places[*index].min(next - gap);
        next = places[*index];
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_apart() {
        assert_eq!(apart(&[10.0, 11.0, 50.0], 5.0, (0.0, 52.0)), [10.0, 15.0, 50.0]);
        assert_eq!(apart(&[50.0, 51.0], 5.0, (0.0, 52.0)), [47.0, 52.0]);
    }
}
