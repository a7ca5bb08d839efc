//! Results as Markdown.

use crate::{
    board::Section,
    result::Report,
    table::{Table, remarks, tables},
};
use std::fmt::Write;

/// A result by itself.
pub fn markdown(report: &Report) -> String {
    let mut out = format!("# Throughput: {}\n", inert(&report.name));
    write(&mut out, report);
    out
}

/// What a leaderboard says of speed.
pub fn section_markdown(section: &Section) -> String {
    let mut out = "\n## Throughput\n".to_owned();
    for report in &section.reports {
        let _ = writeln!(out, "\n### {}", inert(&report.name));
        write(&mut out, report);
    }
    for line in &section.elsewhere {
        let _ = writeln!(out, "\n{}", inert(line));
    }
    out
}

fn write(out: &mut String, report: &Report) {
    for table in tables(report) {
        let _ = writeln!(out, "\n{}\n\n{}", table.title, rows(&table));
    }
    for line in remarks(report) {
        let _ = writeln!(out, "- {}", inert(&line));
    }
}

fn rows(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| inert(cell)).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = format!("|{}", "---|".repeat(table.columns.len()));
    let rows = table.rows.iter().map(|row| line(row));
    [line(&table.columns), rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// A text that is no markup and stays in its line and cell: a result may come from anybody.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '<' | '>' | '[' | ']' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
