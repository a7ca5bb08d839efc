//! `leaderboard`, and the tables that `run` ends with.

use super::set_threads;
use crate::{
    arguments::{Format, LeaderboardArguments, Places, Work},
    exit::Exit,
    output,
    progress::Shown,
    setting::{self, Recorded},
    signals,
};
use comfy_table::{CellAlignment, Table};
use pilotbench_engine::{
    fault::Result,
    leaderboard::{self, Board, BoardExperiment, number},
    score,
};
use std::{fmt::Write, sync::atomic::AtomicBool};

/// Scores a run and shows or writes its leaderboard.
pub(crate) fn leaderboard(places: &Places, arguments: &LeaderboardArguments) -> Result<Exit> {
    set_threads(&arguments.work)?;
    let recorded = setting::recorded(places, &arguments.chosen)?;
    let (board, files) = make(&recorded, &arguments.work, signals::listen()?)?;
    if let Some(out) = &arguments.out {
        leaderboard::publish(out, &files)?;
        return Ok(Exit::Done);
    }
    let [markdown, csv, json, _] = &files;
    match arguments.format {
        Format::Terminal => output::print(&terminal(&board)),
        Format::Markdown => output::print(&String::from_utf8_lossy(markdown)),
        Format::Csv => output::print(&String::from_utf8_lossy(csv)),
        Format::Json => output::print(&String::from_utf8_lossy(json)),
    }
    Ok(Exit::Done)
}

/// Scores a run: its board and the files of it.
pub(crate) fn make(
    recorded: &Recorded,
    work: &Work,
    stop: &AtomicBool,
) -> Result<(Board, [Vec<u8>; 4])> {
    let Recorded { record, plan, experiments, plugins } = recorded;
    let shown = Shown::new("scoring", work.quiet);
    shown.of(score::cells(plan).len());
    let scored = score::score(plan, experiments, plugins, record, &|| shown.step(), stop);
    shown.end();
    let (cells, infos) = scored?;
    let board = Board::new(plan, &cells, infos)?;
    let files = leaderboard::files(plan, &board, &cells)?;
    Ok((board, files))
}

/// The headline tables for a terminal.
pub(crate) fn terminal(board: &Board) -> String {
    let mut out = String::new();
    for strategy in board.strategies() {
        for experiment in &board.experiments {
            let label = experiment.label();
            let marked = if label.is_empty() { String::new() } else { format!(" [{label}]") };
            let _ = writeln!(
                out,
                "\n{}{marked}: {} by pilot size, strategy {strategy}",
                experiment.planned.id, board.headline
            );
            let _ = writeln!(out, "{}", by_size(board, experiment, strategy));
        }
        if board.experiments.len() > 1 {
            let _ = writeln!(
                out,
                "\nover experiments{}: mean {} by pilot size, strategy {strategy}",
                board.label(),
                board.headline
            );
            let _ = writeln!(out, "{}", overall(board, strategy));
        }
    }
    let percent = board.confidence * 100.0;
    let _ = writeln!(
        out,
        "\nmean over seeds ± half of the {percent:.0} % interval (over experiments: ± standard \
         error); best first at the largest pilot, an order of listing, not a rank.\nORACLE rows see \
         held-out answers."
    );
    if let Some(info) = board.scores.iter().find(|info| info.name == board.headline) {
        let _ = writeln!(out, "{}: {}", info.name, info.summary);
    }
    out
}

fn by_size(board: &Board, experiment: &BoardExperiment, strategy: &str) -> Table {
    let mut table = table(&experiment.sizes);
    for name in &experiment.order {
        let role = board.method(name).map_or("", |method| method.role.name());
        let mut row = vec![name.clone(), role.to_owned()];
        for size in &experiment.sizes {
            let cell = board.cell(&experiment.planned.id, name, *size, strategy);
            let estimate = cell.and_then(|cell| cell.scores.get(&board.headline));
            let incomplete = cell.is_some_and(|cell| cell.facts.committed < cell.facts.planned);
            let mark = if incomplete { " !" } else { "" };
            row.push(match estimate {
                None => "–".to_owned(),
                Some(e) => match (e.mean, e.low, e.high) {
                    (Some(mean), Some(low), Some(high)) => {
                        // At the end of a score's range the interval is cut on one side.
                        let half = (high - mean).max(mean - low);
                        format!("{} ±{}{mark}", number(mean), number(half))
                    }
                    (Some(mean), _, _) => format!("{}{mark}", number(mean)),
                    _ => format!("undef{mark}"),
                },
            });
        }
        table.add_row(row);
    }
    table
}

fn overall(board: &Board, strategy: &str) -> Table {
    let sizes: Vec<usize> = board.overall.experiments.keys().copied().collect();
    let mut table = table(&sizes);
    for method in board.overall_order(strategy) {
        let mut row = vec![method.name.clone(), method.role.name().to_owned()];
        for size in &sizes {
            let cell = board.overall_mean(&method.name, *size, strategy);
            row.push(cell.map_or("–".to_owned(), |cell| match cell.se {
                Some(se) => format!("{} ±{}", number(cell.mean), number(se)),
                None => number(cell.mean),
            }));
        }
        table.add_row(row);
    }
    let mut counts = vec!["(experiments)".to_owned(), String::new()];
    counts.extend(board.overall.experiments.values().map(|having| having.len().to_string()));
    table.add_row(counts);
    table
}

fn table(sizes: &[usize]) -> Table {
    let mut header = vec!["method".to_owned(), String::new()];
    header.extend(sizes.iter().map(|size| format!("n = {size}")));
    let mut table = output::table(header);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
