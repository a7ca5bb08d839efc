//! What the headline means, as words for tables: one list of columns for Markdown and the terminal.

use super::board::{Board, BoardExperiment, number};
use crate::compare::{
    Bounds, Compared, Curve, Difference, Equivalent, OverallRank, Rank, Role, Verdict,
};

/// Columns of [`at_size`].
pub const MEANING: [&str; 9] = [
    "method",
    "rank",
    "P(first)",
    "tie",
    "score",
    "less baseline",
    "p (Holm)",
    "skill",
    "worth pilot of",
];

/// Columns of [`along_sizes`].
pub const ALONG: [&str; 4] =
    ["method", "area under curve", "area less baseline", "first beats baseline at"];

/// The methods at one size by rank, then the oracles: a row each, in the columns of [`MEANING`].
pub fn at_size(
    board: &Board,
    experiment: &BoardExperiment,
    strategy: &str,
    size: usize,
) -> Vec<[String; 9]> {
    let mut compared: Vec<&Compared> = board
        .comparisons
        .cells
        .iter()
        .filter(|c| c.experiment == experiment.planned.id && c.strategy == strategy)
        .filter(|c| c.size == size)
        .collect();
    let place = |c: &Compared| {
        let listed = experiment.order.iter().position(|name| *name == c.method);
        (c.rank.value().map_or(f64::INFINITY, |rank| rank.rank), listed)
    };
    compared.sort_by(|a, b| {
        let (a, b) = (place(a), place(b));
        a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
    });
    compared.into_iter().map(|c| row(board, c)).collect()
}

fn row(board: &Board, c: &Compared) -> [String; 9] {
    let role = board.method(&c.method).map_or(Role::Method, |method| method.role);
    let estimate = board
        .cell(&c.experiment, &c.method, c.size, &c.strategy)
        .and_then(|cell| cell.scores.get(&board.headline));
    let score = estimate.and_then(|e| e.mean).map_or("undef".to_owned(), number);
    let ranked = |text: fn(&Rank) -> String| c.rank.value().map_or("–".to_owned(), text);
    // The baseline less itself is no finding.
    let itself = role == Role::Baseline;
    let difference = |text: fn(&Difference) -> String| match itself {
        true => "–".to_owned(),
        false => shown(&c.difference, text),
    };
    [
        c.method.clone(),
        ranked(|r| format!("{} [{}, {}]", whole(r.rank), whole(r.low), whole(r.high))),
        ranked(|r| format!("{:.2}", r.first)),
        ranked(|r| letter(r.group)),
        score,
        difference(|d| with_bounds(d.value, d.low, d.high)),
        difference(|d| p_value(d.p_adjusted)),
        shown(&c.skill, |s| bounds(s, 2)),
        shown(&c.equivalent, equivalent),
    ]
}

/// The methods along all sizes, in the columns of [`ALONG`].
pub fn along_sizes(
    board: &Board,
    experiment: &BoardExperiment,
    strategy: &str,
) -> Vec<[String; 4]> {
    let of = |name: &String| {
        board.comparisons.curves.iter().find(|c| {
            c.experiment == experiment.planned.id && c.strategy == strategy && c.method == *name
        })
    };
    experiment.order.iter().filter_map(of).map(|curve| along(board, curve)).collect()
}

fn along(board: &Board, curve: &Curve) -> [String; 4] {
    let role = board.method(&curve.method).map_or(Role::Method, |method| method.role);
    let itself = role == Role::Baseline;
    let unless_itself = |text: String| if itself { "–".to_owned() } else { text };
    [
        curve.method.clone(),
        shown(&curve.area, |b| bounds(b, 3)),
        unless_itself(shown(&curve.area_difference, |b| with_bounds(b.value, b.low, b.high))),
        unless_itself(match &curve.beats_from {
            Verdict::Value(size) => format!("n = {size}"),
            Verdict::Undefined(_) => "never".to_owned(),
        }),
    ]
}

/// Columns of [`overall`].
pub const OVERALL: [&str; 6] =
    ["pilot", "method", "mean rank", "P(best mean)", "mean skill", "experiments"];

/// The methods of one size by their mean rank over experiments, in the columns of [`OVERALL`].
pub fn overall(board: &Board, strategy: &str, size: usize) -> Vec<[String; 6]> {
    let rows = board.comparisons.overall.iter();
    let mut rows: Vec<_> = rows.filter(|r| r.strategy == strategy && r.size == size).collect();
    rows.sort_by(|a, b| a.rank.rank.total_cmp(&b.rank.rank));
    let row = |r: &&OverallRank| {
        let Rank { rank, low, high, first, .. } = r.rank;
        [
            size.to_string(),
            r.method.clone(),
            format!("{rank:.2} [{low:.2}, {high:.2}]"),
            format!("{first:.2}"),
            r.skill.map_or("undef".to_owned(), |(mean, n)| format!("{} of {n}", rounded(mean, 2))),
            r.experiments.to_string(),
        ]
    };
    rows.iter().map(row).collect()
}

fn shown<T>(verdict: &Verdict<T>, text: impl Fn(&T) -> String) -> String {
    verdict.value().map_or("undef".to_owned(), text)
}

fn bounds(b: &Bounds, digits: usize) -> String {
    let [value, low, high] = [b.value, b.low, b.high].map(|value| rounded(value, digits));
    format!("{value} [{low}, {high}]")
}

/// So many decimals, and no minus before zero.
fn rounded(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if is_zero(&text) { text.trim_start_matches('-').to_owned() } else { text }
}

fn is_zero(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_digit() && c != '0')
}

fn equivalent(e: &Equivalent) -> String {
    let gain = e.gain.map_or(String::new(), |gain| format!(" (×{gain:.2})"));
    let (size, low, high) = (e.size.text(), e.low.text(), e.high.text());
    match low == size && high == size {
        true => format!("{size}{gain}"),
        false => format!("{size} [{low}, {high}]{gain}"),
    }
}

/// A rank, or half of one where two tie.
fn whole(rank: f64) -> String {
    if rank.fract() == 0.0 { format!("{rank:.0}") } else { format!("{rank:.1}") }
}

/// Tie groups as letters: a, b, …, z, aa, …
fn letter(group: usize) -> String {
    let (mut left, mut text) = (group, String::new());
    while left > 0 {
        left -= 1;
        text.insert(0, char::from(b'a' + (left % 26) as u8));
        left /= 26;
    }
    text
}

fn signed(value: f64) -> String {
    let text = format!("{value:+.3}");
    if is_zero(&text) { "0.000".to_owned() } else { text }
}

/// `±` where the interval is symmetric, else its bounds.
fn with_bounds(value: f64, low: f64, high: f64) -> String {
    let half = high - value;
    match (half - (value - low)).abs() <= 1e-9 * half.abs() {
        true => format!("{} ±{}", signed(value), number(half)),
        false => format!("{} [{}, {}]", signed(value), signed(low), signed(high)),
    }
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "<.001".to_owned() } else { format!("{p:.3}") }
}

/// How to read the columns: a word and what it says.
pub const READING: [(&str, &str); 7] = [
    (
        "rank",
        "place among the methods of this size with its bootstrap interval (participants and seeds \
         drawn together, the same draws for all)",
    ),
    ("P(first)", "share of the draws in which the method is first"),
    ("tie", "methods of one letter are not told apart from the best of them"),
    (
        "less baseline",
        "paired difference from `marginal` with the same pilot, below 0 is better; p adjusted over \
         the sizes by Holm",
    ),
    (
        "skill",
        "0 is that baseline, 1 the human ceiling, at one number of people; undef where the two are \
         not apart by two standard errors",
    ),
    (
        "worth pilot of",
        "people that the baseline needs to score as well (pilot-equivalent size), and by how much \
         that multiplies the method's own pilot",
    ),
    (
        "area",
        "mean of the score over the logarithm of the pilot size; first beats baseline: the smallest \
         pilot at which the method is better at the adjusted level",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!([1, 2, 26, 27, 28].map(letter), ["a", "b", "z", "aa", "ab"]);
        assert_eq!([-0.0004, 0.0121, -0.3].map(signed), ["0.000", "+0.012", "-0.300"]);
        assert_eq!([-0.001, 0.04, -1.5].map(|v| rounded(v, 2)), ["0.00", "0.04", "-1.50"]);
        assert_eq!([1.0, 2.5].map(whole), ["1", "2.5"]);
        assert_eq!(with_bounds(-0.01, -0.03, 0.01), "-0.010 ±0.020");
        assert_eq!(with_bounds(-0.01, -0.02, 0.01), "-0.010 [-0.020, +0.010]");
        assert_eq!([0.0002, 0.04].map(p_value), ["<.001", "0.040"]);
    }
}
