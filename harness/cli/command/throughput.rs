//! Results of `bench` on a terminal and beside leaderboards.

use crate::output;
use pilotbench_engine::{
    fault::{Fault, Result},
    leaderboard::Board,
    plan::Plan,
};
use pilotbench_throughput::{Report, Section, on_board, read, remarks, section_markdown, tables};
use serde::Serialize;
use std::{fmt::Write, path::PathBuf};

/// What the files say of a run's methods; `None` where no file was named.
pub(super) fn section(plan: &Plan, files: &[PathBuf]) -> Result<Option<Section>> {
    if files.is_empty() {
        return Ok(None);
    }
    let reports = files.iter().map(|path| read(path)).collect::<Result<_>>()?;
    Ok(Some(on_board(plan, reports)))
}

/// Adds it to the files of a leaderboard: a section of the Markdown, a key of the JSON.
pub(super) fn add(section: &Section, board: &Board, files: &mut [Vec<u8>; 4]) -> Result<()> {
    #[derive(Serialize)]
    struct With<'a> {
        #[serde(flatten)]
        board: &'a Board,
        throughput: &'a Section,
    }
    let [markdown, _, json, _] = files;
    markdown.extend(section_markdown(section).into_bytes());
    *json = serde_json::to_vec_pretty(&With { board, throughput: section })
        .map_err(|e| Fault::store("leaderboard.json", e))?;
    json.push(b'\n');
    Ok(())
}

/// The same for a terminal.
pub(super) fn terminal(section: &Section) -> String {
    let mut out = String::new();
    for report in &section.reports {
        let _ = writeln!(out, "\nthroughput, {}:", output::inert(&report.name));
        out += &shown(report);
    }
    for line in &section.elsewhere {
        let _ = writeln!(out, "{}", output::inert(line));
    }
    out
}

/// A result for a terminal.
pub(super) fn shown(report: &Report) -> String {
    let mut out = String::new();
    for table in tables(report) {
        let mut drawn = output::table(&table.columns);
        for row in &table.rows {
            drawn.add_row(row.iter().map(|cell| output::inert(cell)));
        }
        let _ = writeln!(out, "{}\n{drawn}", table.title);
    }
    for line in remarks(report) {
        let _ = writeln!(out, "{}", output::inert(&line));
    }
    out
}
