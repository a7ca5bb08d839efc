//! `leaderboard.md`.

use super::{
    board::{Board, BoardCell, BoardExperiment, BoardMethod, number, short},
    cost,
    level::{HANDED_IN, LEVELS},
    meaning,
};
use crate::score::Estimate;
use std::fmt::Write;

/// The board as Markdown.
pub(super) fn markdown(board: &Board) -> String {
    let mut out = String::new();
    head(&mut out, board);
    overall(&mut out, board);
    for experiment in &board.experiments {
        experiment_head(&mut out, experiment);
        for strategy in board.strategies() {
            by_size(&mut out, board, experiment, strategy);
            meaning(&mut out, board, experiment, strategy);
            all_scores(&mut out, board, experiment, strategy);
            costs(&mut out, board, experiment, strategy);
        }
    }
    notes(&mut out, board);
    out
}

/// `write!` to a `String` cannot fail.
macro_rules! line {
    ($out:expr, $($arg:tt)*) => {{
        let _ = writeln!($out, $($arg)*);
    }};
}

fn head(out: &mut String, board: &Board) {
    let percent = board.confidence * 100.0;
    match &board.shared {
        Some(shared) => line!(out, "# {}\n", escaped(&shared.title)),
        None => line!(out, "# Leaderboard of run `{}`\n", board.run),
    }
    line!(
        out,
        "Each number is a mean over seeds with its {percent:.0} % interval in brackets, made of two \
         sources: which pilot was drawn (seeds) and who was held out ({} bootstrap resamples of \
         participants). Rows are listed best first by `{}` at the largest pilot; ranks with their \
         intervals stand in the tables of what the scores mean. ORACLE rows know more than a method may \
         and are references: they are not ranked. Rows that learn from no pilot are the same at every \
         size.\n",
        board.resamples,
        board.headline
    );
}

fn overall(out: &mut String, board: &Board) {
    if board.experiments.len() < 2 {
        return;
    }
    let label = board.label();
    for strategy in board.strategies() {
        line!(out, "## Over experiments: `{}`, strategy {strategy}{label}\n", board.headline);
        let sizes: Vec<usize> = board.overall.experiments.keys().copied().collect();
        table_head(out, &sizes);
        for method in board.overall_order(strategy) {
            let cells = sizes.iter().map(|size| {
                let cell = board.overall_mean(&method.name, *size, strategy);
                cell.map_or("–".to_owned(), |cell| match cell.se {
                    Some(se) => format!("{} ± {}", number(cell.mean), number(se)),
                    None => number(cell.mean),
                })
            });
            line!(out, "| {} | {} | {} |", method.name, method.marks(), joined(cells));
        }
        line!(out, "\nMean ± standard error over the experiments that have the size:");
        for (size, experiments) in &board.overall.experiments {
            line!(out, "{size}: {};", experiments.join(", "));
        }
        line!(out, "");
        overall_ranks(out, board, strategy);
    }
}

/// Mean ranks over experiments.
fn overall_ranks(out: &mut String, board: &Board, strategy: &str) {
    let ranked = || board.comparisons.overall.iter().filter(|row| row.strategy == strategy);
    if ranked().next().is_none() {
        return;
    }
    line!(out, "### Ranks over experiments, strategy {strategy}{}\n", board.label());
    table_of(out, &meaning::OVERALL);
    for size in board.overall.experiments.keys() {
        for row in meaning::overall(board, strategy, *size) {
            line!(out, "| {} |", row.join(" | "));
        }
    }
    line!(out, "");
}

fn experiment_head(out: &mut String, experiment: &BoardExperiment) {
    let label = experiment.label();
    let marked = if label.is_empty() { String::new() } else { format!(" — {label}") };
    line!(out, "## {}{marked}\n", experiment.planned.id);
    line!(
        out,
        "{} {} participants, {} of them at most in a pilot, the rest held out. Exposure to model \
         training: {}. Licence: {}. Table sha256 `{}`.\n",
        with_stop(&experiment.planned.title),
        experiment.planned.participants,
        experiment.planned.largest_pilot,
        experiment.planned.exposure.name(),
        escaped(&experiment.planned.licence).trim_end_matches('.'),
        short(&experiment.planned.table_sha256)
    );
}

fn by_size(out: &mut String, board: &Board, experiment: &BoardExperiment, strategy: &str) {
    line!(
        out,
        "### {}: `{}` by pilot size, strategy {strategy}\n",
        experiment.planned.id,
        board.headline
    );
    table_head(out, &experiment.sizes);
    for name in &experiment.order {
        let marks = board.method(name).map_or_else(String::new, BoardMethod::marks);
        let cells = experiment.sizes.iter().map(|size| {
            let cell = board.cell(&experiment.planned.id, name, *size, strategy);
            cell.map_or("–".to_owned(), |cell| {
                let whole = cell.facts.committed == cell.facts.planned;
                shown(cell, &board.headline) + if whole { "" } else { " INCOMPLETE" }
            })
        });
        line!(out, "| {name} | {marks} | {} |", joined(cells));
    }
    line!(out, "");
}

/// What the headline means, size by size and along them.
fn meaning(out: &mut String, board: &Board, experiment: &BoardExperiment, strategy: &str) {
    let (id, marked) = (&experiment.planned.id, experiment.label());
    line!(out, "### {id}: what `{}` means, strategy {strategy} {marked}\n", board.headline);
    let mut columns = vec!["pilot"];
    columns.extend(meaning::MEANING);
    table_of(out, &columns);
    for size in &experiment.sizes {
        for row in meaning::at_size(board, experiment, strategy, *size) {
            line!(out, "| {size} | {} |", row.join(" | "));
        }
    }
    line!(out, "\nAlong the pilot sizes:\n");
    table_of(out, &meaning::ALONG);
    for row in meaning::along_sizes(board, experiment, strategy) {
        line!(out, "| {} |", row.join(" | "));
    }
    line!(out, "");
}

fn table_of(out: &mut String, columns: &[&str]) {
    line!(out, "| {} |", columns.join(" | "));
    line!(out, "|{}", "---|".repeat(columns.len()));
}

fn all_scores(out: &mut String, board: &Board, experiment: &BoardExperiment, strategy: &str) {
    let marked = experiment.label();
    line!(
        out,
        "### {}: all headline scores, strategy {strategy} {marked}\n",
        experiment.planned.id
    );
    let columns = joined(board.columns.iter().map(|c| format!("`{c}`")));
    line!(out, "| method | pilot | {columns} | refused | invalid | seeds |");
    line!(out, "|---|---:|{}---:|---:|---:|", "---:|".repeat(board.columns.len()));
    for name in &experiment.order {
        let of_method = board.cells.iter().filter(|c| {
            c.facts.experiment == experiment.planned.id
                && c.facts.method == *name
                && c.facts.strategy == strategy
        });
        for cell in of_method {
            let scores = joined(board.columns.iter().map(|column| shown(cell, column)));
            let seeds = match cell.facts.committed == cell.facts.planned {
                true => cell.facts.committed.to_string(),
                false => format!("{} of {} INCOMPLETE", cell.facts.committed, cell.facts.planned),
            };
            line!(
                out,
                "| {name} | {} | {scores} | {} | {} | {seeds} |",
                cell.facts.size,
                cell.facts.counts.refused,
                cell.facts.counts.invalid
            );
        }
    }
    line!(out, "");
}

/// What the answers cost, where a service told.
fn costs(out: &mut String, board: &Board, experiment: &BoardExperiment, strategy: &str) {
    let rows = cost::rows(board, experiment, strategy);
    if rows.is_empty() {
        return;
    }
    let (id, marked) = (&experiment.planned.id, experiment.label());
    line!(out, "### {id}: cost, strategy {strategy} {marked}\n");
    line!(out, "| {} |", cost::COLUMNS.join(" | "));
    line!(out, "|---|{}---|", "---:|".repeat(cost::COLUMNS.len() - 2));
    for row in &rows {
        line!(out, "| {} |", joined(row.iter().map(|cell| escaped(cell))));
    }
    line!(out, "\n{}\n", cost::READING);
    if cost::has_drift(&rows) {
        line!(out, "{}\n", cost::DRIFT);
    }
}

fn notes(out: &mut String, board: &Board) {
    line!(out, "## Methods\n");
    for method in &board.methods {
        let settings = match method.settings.as_object() {
            Some(settings) if !settings.is_empty() => {
                format!(", settings {}", code(&method.settings.to_string()))
            }
            _ => String::new(),
        };
        let marks = method.marks();
        let marks = if marks.is_empty() { String::new() } else { format!(" ({marks})") };
        line!(out, "- {}{marks}: {}{settings}", method.name, escaped(&method.summary));
    }
    line!(out, "\n## What the columns mean\n");
    for name in &board.columns {
        if let Some(info) = board.scores.iter().find(|info| info.name == *name) {
            line!(out, "- `{name}`: {}", info.summary);
        }
    }
    if let Some(shared) = &board.shared {
        line!(out, "\n## Handed in\n");
        table_of(out, &HANDED_IN);
        for submission in &shared.submissions {
            let row = submission.row();
            line!(out, "| {} |", joined(row.iter().map(|cell| escaped(cell))));
        }
        line!(out, "\n## Who vouches for the numbers\n");
        for (level, text) in LEVELS {
            line!(out, "- [{level}]: {text}");
        }
    }
    line!(out, "\n## How to read what the headline means\n");
    for (word, text) in meaning::READING {
        line!(out, "- {word}: {text}");
    }
    line!(
        out,
        "\n“undef” marks what has no value; the reason is in `leaderboard.csv`, that of a comparison in `leaderboard.json`."
    );
    if !board.left_out.is_empty() {
        line!(out, "\n## Left out\n");
        for left in &board.left_out {
            line!(
                out,
                "- {} on {} at pilot size {}: {}",
                left.method,
                left.experiment,
                left.size,
                left.reason
            );
        }
    }
    line!(out, "\n## Made with\n");
    line!(out, "- pilotbench {}, plan `{}`", board.pilotbench, short(&board.plan));
    for plugin in &board.plugins {
        line!(
            out,
            "- plugin {} {}, sha256 `{}`, {}, SDK {}",
            plugin.name,
            plugin.version,
            short(&plugin.sha256),
            plugin.rustc,
            plugin.sdk
        );
    }
}

fn table_head(out: &mut String, sizes: &[usize]) {
    line!(out, "| method | | {} |", joined(sizes.iter().map(|size| format!("n = {size}"))));
    line!(out, "|---|---|{}", "---:|".repeat(sizes.len()));
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(" | ")
}

fn shown(cell: &BoardCell, score: &str) -> String {
    cell.scores.get(score).map_or("–".to_owned(), estimate)
}

fn estimate(estimate: &Estimate) -> String {
    match (estimate.mean, estimate.low, estimate.high) {
        (None, _, _) => "undef".to_owned(),
        (Some(mean), Some(low), Some(high)) => {
            format!("{} [{}, {}]", number(mean), number(low), number(high))
        }
        (Some(mean), _, _) => number(mean),
    }
}

fn with_stop(text: &str) -> String {
    format!("{}.", escaped(text).trim_end_matches('.'))
}

/// A text as code, whatever backticks are in it.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    match longest {
        0 => format!("`{text}`"),
        longest => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

/// A card's words as Markdown text: nothing in them is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}
