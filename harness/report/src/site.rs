//! All pages of a site.

use crate::{
    board::{self, Extent},
    files::Files,
    page::{Pages, Place},
    speed::{self, CellName},
};
use pilotbench_engine::{
    experiment::Experiment, fault::Result, leaderboard::Board, plan::Plan, record::Record,
    score::Scores,
};
use std::collections::BTreeMap;

/// A run with its scores and its board.
pub struct Run<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// The experiments of the plan.
    pub experiments: &'a [Experiment],
    /// Its answers.
    pub record: &'a Record,
    /// Its scores.
    pub scores: &'a Scores,
    /// Its board.
    pub board: &'a Board,
    /// The board as JSON.
    pub json: &'a [u8],
}

/// A first page of more bytes than this is shortened.
const FIRST_PAGE_MAX: usize = 950_000;

const ASSETS: [(&str, &str); 3] = [
    ("assets/page.css", include_str!("assets/page.css")),
    ("assets/board.js", include_str!("assets/board.js")),
    ("assets/answers.js", include_str!("assets/answers.js")),
];

/// The site of these runs.
///
/// # Errors
/// When a record is damaged.
pub fn site(runs: &[Run], latex: bool) -> Result<Files> {
    let pages = Pages::new();
    let mut files = Files::default();
    for (path, text) in ASSETS {
        files.add(path, text);
    }
    for run in runs {
        files.extend(of_run(&pages, run, runs.len() == 1, latex)?);
    }
    Ok(files)
}

/// The pages of one run, in a folder of its name; the board of an only run is the first page.
fn of_run(pages: &Pages, run: &Run, only: bool, _latex: bool) -> Result<Files> {
    let mut files = Files::default();
    let name = &run.board.run;
    let speeds = speed::speeds(run.plan, run.record)?;
    let (path, page) = first_page(pages, run, &speeds, only)?;
    files.add(path, page);
    files.add(format!("{name}/leaderboard.json"), run.json);
    Ok(files)
}

fn first_page(
    pages: &Pages,
    run: &Run,
    speeds: &BTreeMap<CellName, f64>,
    only: bool,
) -> Result<(String, Vec<u8>)> {
    let name = &run.board.run;
    let (path, root, folder, above) = match only {
        true => ("index.html".to_owned(), "", format!("{name}/"), Vec::new()),
        false => {
            let all = ("index.html".to_owned(), "All runs".to_owned());
            (format!("{name}/index.html"), "../", String::new(), vec![all])
        }
    };
    let place = Place { root: root.to_owned(), above, script: Some("board.js") };
    let title = format!("Leaderboard of {name}");
    let make = |extent| {
        let content = board::content(run, speeds, &folder, extent);
        pages.page("board", &title, &place, &content)
    };
    let mut page = make(Extent::All)?;
    if page.len() > FIRST_PAGE_MAX {
        page = make(Extent::Largest)?;
    }
    Ok((path, page))
}
