//! `leaderboard`, and the tables that `run` ends with.

use super::{set_threads, throughput};
use crate::{
    arguments::{Format, LeaderboardArguments, Places, Work},
    exit::Exit,
    output,
    progress::Shown,
    setting::{self, Recorded, Sources},
    signals,
};
use comfy_table::{CellAlignment, Table};
use pilotbench_engine::{
    experiment::Experiment,
    fault::{Fault, Result},
    leaderboard::{self, Board, BoardExperiment, BoardMethod, cost, meaning, number},
    plan::Plan,
    plugin::Plugins,
    score::{self, Answers, Scores},
};
use std::{fmt::Write, sync::atomic::AtomicBool};

/// Scores a run and shows or writes its leaderboard.
pub(crate) fn leaderboard(places: &Places, arguments: &LeaderboardArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    let recorded = setting::recorded(places, &arguments.chosen)?;
    // Before anything is scored: a file that is none is said at once.
    let section = throughput::section(&recorded.plan, &arguments.throughput)?;
    let (board, mut files) = make(&recorded, &arguments.work, signals::listen()?)?;
    if let Some(section) = &section {
        throughput::add(section, &board, &mut files)?;
    }
    if let Some(out) = &arguments.out {
        leaderboard::publish(out, &files)?;
        return Ok(Exit::Done);
    }
    let format = arguments.format.or_json(arguments.json);
    print(format, &files, || {
        let speed = section.as_ref().map_or(String::new(), throughput::terminal);
        Ok(terminal(&board, arguments.size)? + &speed)
    })?;
    Ok(Exit::Done)
}

/// Prints a board in the form that was asked for.
pub(crate) fn print(
    format: Format,
    [markdown, csv, json, _]: &[Vec<u8>; 4],
    terminal: impl FnOnce() -> Result<String>,
) -> Result<()> {
    match format {
        Format::Terminal => output::print(&terminal()?),
        Format::Markdown => output::print(&String::from_utf8_lossy(markdown)),
        Format::Csv => output::print(&String::from_utf8_lossy(csv)),
        Format::Json => output::print(&String::from_utf8_lossy(json)),
    }
    Ok(())
}

/// Scores a run: its board and the files of it.
pub(crate) fn make(
    recorded: &Recorded,
    work: &Work,
    stop: &AtomicBool,
) -> Result<(Board, [Vec<u8>; 4])> {
    let answers = score::Recorded { plan: &recorded.plan, record: &recorded.record };
    make_of(&recorded.sources, &recorded.plan, &answers, work, stop)
}

/// The same for a plan with other metrics or methods, and other answers.
pub(crate) fn make_of(
    sources: &Sources,
    plan: &Plan,
    answers: &dyn Answers,
    work: &Work,
    stop: &AtomicBool,
) -> Result<(Board, [Vec<u8>; 4])> {
    let scores = scores(sources, plan, answers, work, stop)?;
    let board = Board::new(plan, &scores);
    let files = leaderboard::files(plan, &board, &scores.cells)?;
    Ok((board, files))
}

/// Scores answers, while a person sees how far it is.
pub(crate) fn scores(
    Sources { experiments, plugins }: &Sources,
    plan: &Plan,
    answers: &dyn Answers,
    work: &Work,
    stop: &AtomicBool,
) -> Result<Scores> {
    scores_of((experiments, plugins), plan, answers, work, stop)
}

/// The same with experiments and plugins of several owners.
pub(crate) fn scores_of(
    (experiments, plugins): (&[Experiment], &Plugins),
    plan: &Plan,
    answers: &dyn Answers,
    work: &Work,
    stop: &AtomicBool,
) -> Result<Scores> {
    let shown = Shown::new("scoring", work.quiet);
    shown.of(score::cells(plan).len());
    let scored = score::score(plan, experiments, plugins, answers, &|| shown.step(), stop);
    shown.end();
    scored
}

/// The headline tables for a terminal, with what the headline means at one pilot size: the largest
/// of each experiment unless given.
pub(crate) fn terminal(board: &Board, size: Option<usize>) -> Result<String> {
    if let Some(size) = size
        && board.experiments.iter().all(|e| !e.sizes.contains(&size))
    {
        let sizes: std::collections::BTreeSet<usize> =
            board.experiments.iter().flat_map(|e| e.sizes.iter().copied()).collect();
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        let fault = Fault::usage("--size", format!("no pilot of {size} in this run"));
        return Err(fault.hint(format!("there are: {}", sizes.join(", "))));
    }
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
            let largest = experiment.sizes.last().copied();
            let at = size.filter(|size| experiment.sizes.contains(size)).or(largest).unwrap_or(0);
            let _ = writeln!(out, "what it means at n = {at}{marked}:");
            let rows = meaning::at_size(board, experiment, strategy, at);
            let _ = writeln!(out, "{}", words(&meaning::MEANING, rows));
            let _ = writeln!(out, "along the pilot sizes{marked}:");
            let rows = meaning::along_sizes(board, experiment, strategy);
            let _ = writeln!(out, "{}", words(&meaning::ALONG, rows));
            let rows = cost::rows(board, experiment, strategy);
            if !rows.is_empty() {
                let has_drift = cost::has_drift(&rows);
                let _ = writeln!(out, "what it cost{marked}:");
                let _ = writeln!(out, "{}", words(&cost::COLUMNS, rows));
                if has_drift {
                    let _ = writeln!(out, "{}", cost::DRIFT);
                }
            }
        }
        if board.experiments.len() > 1 {
            let _ = writeln!(
                out,
                "\nover experiments{}: mean {} by pilot size, strategy {strategy}",
                board.label(),
                board.headline
            );
            let _ = writeln!(out, "{}", overall(board, strategy));
            let common = board.overall.experiments.iter();
            let common = common.max_by_key(|(size, having)| (having.len(), **size));
            let at = size.or(common.map(|(size, _)| *size)).unwrap_or(0);
            let rows = meaning::overall(board, strategy, at);
            if !rows.is_empty() {
                let _ = writeln!(out, "{}", words(&meaning::OVERALL, rows));
            }
        }
    }
    let percent = board.confidence * 100.0;
    let _ = writeln!(
        out,
        "\nmean over seeds ± half of the {percent:.0} % interval (over experiments: ± standard \
         error); listed best first at the largest pilot.\nORACLE rows know more than a method may and \
         are not ranked."
    );
    for (word, text) in meaning::READING {
        let _ = writeln!(out, "{word}: {text}");
    }
    if let Some(info) = board.scores.iter().find(|info| info.name == board.headline) {
        let _ = writeln!(out, "{}: {}", info.name, info.summary);
    }
    Ok(out)
}

fn by_size(board: &Board, experiment: &BoardExperiment, strategy: &str) -> Table {
    let mut table = table(&experiment.sizes);
    for name in &experiment.order {
        let marks = board.method(name).map_or_else(String::new, BoardMethod::marks);
        let mut row = vec![name.clone(), marks];
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
        let mut row = vec![method.name.clone(), method.marks()];
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

/// A table of words.
fn words<const N: usize>(columns: &[&str; N], rows: Vec<[String; N]>) -> Table {
    let mut table = output::table(columns.to_vec());
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
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
