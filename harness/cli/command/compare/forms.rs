//! A comparison as tables and as annotations.

use super::Report;
use crate::{
    color::{self, Tone},
    output,
};
use pilotbench_engine::contrast::{Change, Incomparable, Outcome, SpeedChange};
use std::fmt::Write;

/// Rows of a kind that are shown one by one; more are counted.
const ROWS: usize = 40;

const CHANGES: [&str; 10] = [
    "experiment",
    "method",
    "pilot",
    "score",
    "base",
    "new",
    "worse by",
    "p (Holm)",
    "paired",
    "outcome",
];
const SPEEDS: [&str; 7] =
    ["experiment", "method", "pilot", "base /s", "new /s", "times as fast", "outcome"];

/// For a terminal; painted unless it goes into a file.
pub(super) fn terminal(report: &Report, is_shown: bool) -> String {
    let mut text = head(report);
    let add = |text: &mut String, columns: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let mut table = output::table(columns.to_vec());
            rows.into_iter().for_each(|mut row| {
                if let Some(outcome) = row.last_mut().filter(|_| is_shown) {
                    *outcome = painted(outcome);
                }
                table.add_row(row);
            });
            let _ = writeln!(text, "{table}");
        }
    };
    add(&mut text, &CHANGES, changes(report));
    add(&mut text, &SPEEDS, speeds(report));
    text + &tail(report)
}

/// The word of an outcome, the last of a row.
fn painted(outcome: &str) -> String {
    let is = |wanted: Outcome| outcome == wanted.name();
    let tone = match outcome {
        _ if is(Outcome::Worse) => Tone::Bad,
        _ if is(Outcome::Better) => Tone::Good,
        _ if is(Outcome::Noisy) => Tone::Doubtful,
        _ => Tone::Faint,
    };
    color::of_result(tone, outcome)
}

/// For a comment or a step summary.
pub(super) fn markdown(report: &Report) -> String {
    let mut text =
        format!("## pilotbench: `{}` against `{}`\n\n{}\n", report.new, report.base, head(report));
    for (columns, rows) in [(&CHANGES[..], changes(report)), (&SPEEDS[..], speeds(report))] {
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(text, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
        for row in rows {
            let row: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text.push('\n');
    }
    text + &tail(report)
}

/// Workflow commands of GitHub.
pub(super) fn github(report: &Report) -> String {
    let mut text = String::new();
    for change in &report.contrast.changes {
        let level = match change.outcome {
            Outcome::Worse => "error",
            Outcome::Better => "notice",
            _ => continue,
        };
        let title =
            format!("{} on {}: {}", change.method, change.experiment, change.outcome.name());
        let words = format!(
            "{} {:.4} -> {:.4} at pilot size {}, worse by {} (p {:.4})",
            change.score,
            change.base,
            change.new,
            change.size,
            by(change),
            change.difference.p_adjusted
        );
        let _ = writeln!(text, "::{level} title={}::{}", property(&title), data(&words));
    }
    for speed in &report.contrast.speeds {
        let level = match speed.outcome {
            Outcome::Worse => "error",
            Outcome::Better => "notice",
            _ => continue,
        };
        let title = format!("{} on {}: speed", speed.method, speed.experiment);
        let _ = writeln!(text, "::{level} title={}::{}", property(&title), data(&times(speed)));
    }
    let _ = writeln!(text, "::notice title=pilotbench::{}", data(head(report).trim()));
    text
}

fn head(report: &Report) -> String {
    let contrast = &report.contrast;
    let count = |wanted: Outcome| contrast.changes.iter().filter(|c| c.outcome == wanted).count();
    let slower = contrast.speeds.iter().filter(|s| s.outcome == Outcome::Worse).count();
    format!(
        "{} against {}: {} worse, {} better, {} equivalent (within {}), {} identical, {} noisy; {slower} of {} slower; {} incomparable\n",
        report.new,
        report.base,
        count(Outcome::Worse),
        count(Outcome::Better),
        count(Outcome::Equivalent),
        report.rules.margin,
        count(Outcome::Identical),
        count(Outcome::Noisy),
        contrast.speeds.len(),
        contrast.incomparable.len()
    )
}

/// What changed first; identical cells are counted alone.
fn changes(report: &Report) -> Vec<Vec<String>> {
    let mut shown: Vec<&Change> =
        report.contrast.changes.iter().filter(|c| c.outcome != Outcome::Identical).collect();
    shown.sort_by_key(|change| place(change.outcome));
    let row = |change: &&Change| {
        vec![
            change.experiment.clone(),
            change.method.clone(),
            change.size.to_string(),
            change.score.clone(),
            format!("{:.4}", change.base),
            format!("{:.4}", change.new),
            by(change),
            format!("{:.3}", change.difference.p_adjusted),
            change.pairing.name().to_owned(),
            change.outcome.name().to_owned(),
        ]
    };
    shown.iter().take(ROWS).map(row).collect()
}

fn speeds(report: &Report) -> Vec<Vec<String>> {
    let is_shown = |s: &&SpeedChange| matches!(s.outcome, Outcome::Worse | Outcome::Better);
    let row = |speed: &SpeedChange| {
        vec![
            speed.experiment.clone(),
            speed.method.clone(),
            speed.size.to_string(),
            format!("{:.0}", speed.base),
            format!("{:.0}", speed.new),
            times(speed),
            speed.outcome.name().to_owned(),
        ]
    };
    report.contrast.speeds.iter().filter(is_shown).take(ROWS).map(row).collect()
}

fn tail(report: &Report) -> String {
    let mut text = String::new();
    let left_out =
        report.contrast.changes.iter().filter(|c| c.outcome != Outcome::Identical).count();
    if let Some(more) = left_out.checked_sub(ROWS).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more; `--format json` has all");
    }
    let all = &report.contrast.incomparable;
    for one in all.iter().take(ROWS) {
        let _ = writeln!(text, "incomparable: {}", words(one));
    }
    if let Some(more) = all.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let _ = writeln!(text, "and {more} more; `--format json` has all");
    }
    text
}

/// What is incomparable and why.
pub(super) fn words(one: &Incomparable) -> String {
    let mut words = one.experiment.clone();
    if let (Some(method), Some(size)) = (&one.method, one.size) {
        let _ = write!(words, ", {method}, pilot size {size}");
    }
    format!("{words}: {}", one.reason)
}

/// Difference and interval.
pub(super) fn by(change: &Change) -> String {
    let d = &change.difference;
    format!("{:+.4} [{:+.4}, {:+.4}]", d.value, d.low, d.high)
}

/// Ratio and interval.
pub(super) fn times(speed: &SpeedChange) -> String {
    format!("x{:.2} [{:.2}, {:.2}]", speed.ratio, speed.low, speed.high)
}

fn place(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Worse => 0,
        Outcome::Better => 1,
        Outcome::Noisy => 2,
        Outcome::Equivalent => 3,
        Outcome::Identical => 4,
    }
}

/// Text inside a Markdown table.
pub(in crate::command) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('_', "\\_")
}

/// Text of a workflow command.
pub(in crate::command) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
pub(in crate::command) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
