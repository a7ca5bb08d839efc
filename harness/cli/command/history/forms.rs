//! A history as tables and as annotations.

use crate::{
    command::compare::{data, escaped, property},
    output,
};
use pilotbench_engine::history::{Board, Missing, Point, Series, SeriesName, Standing};
use std::fmt::Write;

/// Rows that are shown one by one; more are counted.
const ROWS: usize = 60;

/// Which series are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of them.
    All,
    /// Those whose newest value lies outside its boundary.
    Remarkable,
}

const COLUMNS: [&str; 9] =
    ["experiment", "method", "pilot", "score", "newest", "usual", "boundary", "before", "standing"];

/// For a terminal.
pub(super) fn terminal(board: &Board, part: Part) -> String {
    let mut text = head(board);
    let (rows, more) = rows(board, part);
    if !rows.is_empty() {
        let mut table = output::table(COLUMNS.to_vec());
        rows.into_iter().for_each(|row| {
            table.add_row(row);
        });
        let _ = writeln!(text, "{table}");
    }
    text + &tail(board, more)
}

/// For a comment or a step summary.
pub(super) fn markdown(board: &Board, part: Part) -> String {
    let mut text = format!("## pilotbench history of `{}`\n\n{}\n", board.name, head(board));
    let (rows, more) = rows(board, part);
    if !rows.is_empty() {
        let _ = writeln!(text, "| {} |\n|{}", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()));
        for row in rows {
            let row: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text.push('\n');
    }
    text + &tail(board, more)
}

/// Workflow commands of GitHub.
pub(super) fn github(board: &Board) -> String {
    let mut text = String::new();
    for (series, point) in board.newest().filter(|(_, point)| point.standing.is_alert()) {
        let level = if point.standing == Standing::Worse { "error" } else { "notice" };
        let SeriesName { experiment, method, size, score, .. } = &series.name;
        let title = format!("{method} on {experiment}: {}", point.standing.name());
        let words = format!(
            "{score} {}, usually {}, at pilot size {size}; {}",
            number(point.value),
            number(point.boundary.map(|b| b.mean)),
            since(board, point)
        );
        let _ = writeln!(text, "::{level} title={}::{}", property(&title), data(&words));
    }
    for missing in &board.missing {
        let words = data(&missed(missing));
        let _ = writeln!(text, "::warning title=pilotbench history::{words}");
    }
    let _ = writeln!(text, "::notice title=pilotbench history::{}", data(head(board).trim()));
    text
}

fn head(board: &Board) -> String {
    let newest = board.nights.last();
    let id = newest.map_or("", |night| &night.id);
    let count = |standing| board.count(standing);
    format!(
        "{id}, {} of {}: {} worse, {} better, {} slight, {} inside, {} identical, {} noisy, {} with too few before, {} missing; {} judged at a rate of false alarms of {:.0} % in all\n",
        board.nights.len(),
        board.name,
        count(Standing::Worse),
        count(Standing::Better),
        count(Standing::Slight),
        count(Standing::Inside),
        count(Standing::Identical),
        count(Standing::Noisy),
        count(Standing::TooFew),
        board.missing.len(),
        newest.map_or(0, |night| night.judged),
        (1.0 - board.rules.confidence) * 100.0,
    )
}

/// Alerts first; how many are not shown.
fn rows(board: &Board, part: Part) -> (Vec<Vec<String>>, usize) {
    let is_remarkable = |standing: Standing| {
        matches!(standing, Standing::Worse | Standing::Better | Standing::Slight)
    };
    let mut shown: Vec<(&Series, &Point)> =
        board.newest().filter(|(_, p)| part == Part::All || is_remarkable(p.standing)).collect();
    shown.sort_by_key(|(_, point)| match point.standing {
        Standing::Worse => 0,
        Standing::Better => 1,
        _ => 2,
    });
    let more = if part == Part::All { 0 } else { shown.len().saturating_sub(ROWS) };
    let kept = shown.len() - more;
    (shown.into_iter().take(kept).map(|(series, point)| row(series, point)).collect(), more)
}

fn row(series: &Series, point: &Point) -> Vec<String> {
    let SeriesName { experiment, method, size, score, .. } = &series.name;
    let boundary =
        point.boundary.map(|b| format!("[{}, {}]", number(Some(b.low)), number(Some(b.high))));
    vec![
        match series.label {
            "" => experiment.clone(),
            label => format!("{experiment} [{label}]"),
        },
        method.clone(),
        size.to_string(),
        score.clone(),
        number(point.value),
        number(point.boundary.map(|b| b.mean)),
        boundary.unwrap_or_else(|| "–".to_owned()),
        point.before.to_string(),
        match &point.reason {
            Some(reason) => format!("{}: {reason}", point.standing.name()),
            None => point.standing.name().to_owned(),
        },
    ]
}

fn tail(board: &Board, more: usize) -> String {
    let mut text = String::new();
    if more > 0 {
        let _ = writeln!(text, "and {more} more; `--format json` has all");
    }
    for missing in &board.missing {
        let _ = writeln!(text, "missing: {}", missed(missing));
    }
    let alerts = board.newest().map(|(_, point)| point).filter(|p| p.standing.is_alert());
    let mut said: Vec<String> = alerts.map(|point| since(board, point)).collect();
    said.sort();
    said.dedup();
    for words in &said {
        let _ = writeln!(text, "alert {words}");
    }
    if let (false, Some(night)) = (said.is_empty(), board.nights.last()) {
        let id = &night.id;
        let _ = writeln!(text, "wanted? `pilotbench history accept {id} --because …`");
    }
    text
}

/// Since when, and how the two runs are compared.
fn since(board: &Board, point: &Point) -> String {
    let night = |number: usize| &board.nights[number];
    let since = night(point.since.unwrap_or(point.entry));
    let mut words = format!("since {}", since.id);
    if !since.changed.is_empty() {
        let _ = write!(words, " (other libraries: {})", since.changed.join(", "));
    }
    if let Some(commit) = &since.told.commit {
        let _ = write!(words, " at {commit}");
    }
    if let Some(good) = point.last_good {
        let (base, new) = (&night(good).run, &night(point.entry).run);
        let _ = write!(words, "; `pilotbench compare {base} {new}`");
    }
    words
}

fn missed(missing: &Missing) -> String {
    let SeriesName { experiment, method, size, score, .. } = &missing.name;
    format!("{experiment}, {method}, pilot size {size}, {score}: {}", missing.reason)
}

/// A score with four decimals, a speed without.
fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.4}"),
    }
}
