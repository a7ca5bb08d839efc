//! For papers: tables for LaTeX (booktabs) and pictures as files.

use crate::{
    board::{curves_of, label},
    files::Files,
    inert::inert,
    plot::curves,
    run::Run,
    words::Cell,
};
use pilotbench_engine::{
    fault::Result,
    leaderboard::{Board, BoardExperiment, meaning},
};

/// The files of a run: for each experiment and strategy a table of the headline by size, one of what
/// it means at the largest pilot, and the picture of the curves.
///
/// # Errors
/// When a picture cannot be drawn.
pub(crate) fn files(run: &Run) -> Result<Files> {
    let mut files = Files::default();
    let board = run.board;
    for experiment in &board.experiments {
        for (place, strategy) in board.strategies().into_iter().enumerate() {
            let id = &experiment.planned.id;
            let name = if place == 0 { id.clone() } else { format!("{id}-{}", place + 1) };
            let folder = format!("{}/paper", board.run);
            files.add(format!("{folder}/{name}-by-size.tex"), by_size(board, experiment, strategy));
            files.add(
                format!("{folder}/{name}-meaning.tex"),
                at_largest(board, experiment, strategy),
            );
            let curves = curves_of(board, experiment, strategy, &board.headline);
            if let Some(drawn) = curves::draw(&curves) {
                files.add_picture(&format!("{folder}/{name}-curves"), &drawn.svg)?;
            }
        }
    }
    Ok(files)
}

fn by_size(board: &Board, experiment: &BoardExperiment, strategy: &str) -> String {
    let mut rows = Vec::new();
    for name in &experiment.order {
        let cells = experiment.sizes.iter().map(|size| {
            let cell = board.cell(&experiment.planned.id, name, *size, strategy);
            number(&Cell::score(cell.and_then(|cell| cell.scores.get(&board.headline))))
        });
        let role = board.method(name).map_or("", |method| method.role.name());
        rows.push([escaped(name), escaped(role)].into_iter().chain(cells).collect());
    }
    let sizes = experiment.sizes.iter().map(|size| format!("$n={size}$"));
    let head = ["method", ""].map(str::to_owned).into_iter().chain(sizes).collect();
    let caption = format!(
        "{}{}: {} by pilot size, strategy {strategy}; mean over seeds $\\pm$ half of the {:.0}\\,\\% \
         interval.",
        escaped(&experiment.planned.id),
        escaped(&label(experiment)),
        escaped(&board.headline),
        board.confidence * 100.0
    );
    table(&caption, 2, &head, &rows)
}

fn at_largest(board: &Board, experiment: &BoardExperiment, strategy: &str) -> String {
    let largest = experiment.sizes.last().copied().unwrap_or(0);
    let rows: Vec<Vec<String>> = meaning::at_size(board, experiment, strategy, largest)
        .into_iter()
        .map(|words| words.iter().map(|word| escaped(word)).collect())
        .collect();
    let head = meaning::MEANING.iter().map(|word| escaped(word)).collect();
    let caption = format!(
        "{}{}: what {} means at a pilot of {largest}, strategy {strategy}.",
        escaped(&experiment.planned.id),
        escaped(&label(experiment)),
        escaped(&board.headline)
    );
    table(&caption, 1, &head, &rows)
}

/// A floating table; the first columns are words.
fn table(caption: &str, words: usize, head: &Vec<String>, rows: &[Vec<String>]) -> String {
    let columns = "l".repeat(words) + &"r".repeat(head.len().saturating_sub(words));
    let line = |cells: &Vec<String>| format!("{} \\\\\n", cells.join(" & "));
    let rows: String = rows.iter().map(line).collect();
    format!(
        "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n\\caption{{{caption}}}\n\\centering\n\
         \\begin{{tabular}}{{{columns}}}\n\\toprule\n{}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n\
         \\end{{table}}\n",
        line(head)
    )
}

fn number(cell: &Cell) -> String {
    match cell.minor.strip_prefix('±') {
        Some(half) => format!("${} \\pm {half}$", cell.text),
        None => escaped(&cell.text),
    }
}

/// Text in which nothing is a command.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in inert(text).chars() {
        match c {
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("$<$"),
            '>' => out.push_str("$>$"),
            '±' => out.push_str("$\\pm$"),
            '×' => out.push_str("$\\times$"),
            '–' => out.push_str("--"),
            '[' => out.push_str("{[}"),
            '\n' | '\t' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_a_command() {
        assert_eq!(
            escaped("a_b & \\input{x} 5% <8"),
            "a\\_b \\& \\textbackslash{}input\\{x\\} 5\\% $<$8"
        );
        let rows = vec![vec!["m".to_owned(), "$0.1 \\pm 0.2$".to_owned()]];
        let made = table("c", 1, &vec!["method".to_owned(), "$n=8$".to_owned()], &rows);
        assert!(
            made.contains("\\toprule\nmethod & $n=8$ \\\\\n\\midrule\nm & $0.1 \\pm 0.2$ \\\\\n")
        );
    }
}
