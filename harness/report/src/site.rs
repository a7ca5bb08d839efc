//! All pages of a site.

use crate::{
    board::{self, Extent},
    compare, experiment,
    files::Files,
    latex,
    page::{Pages, Place},
    run::Run,
};
use pilotbench_engine::{fault::Result, leaderboard::BoardExperiment};
use serde::Serialize;

/// A first page of more bytes than this is shortened.
const FIRST_PAGE_MAX: usize = 950_000;

/// The style sheet of all pages.
pub(crate) const STYLE: (&str, &str) = ("assets/page.css", include_str!("assets/page.css"));

const ASSETS: [(&str, &str); 3] = [
    STYLE,
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
    if runs.len() > 1 {
        files.extend(of_all(&pages, runs)?);
    }
    Ok(files)
}

/// What the first page of several runs shows.
#[derive(Serialize)]
struct Listed {
    runs: Vec<OfRun>,
    /// Pages of two runs: file and title.
    pairs: Vec<(String, String)>,
}

#[derive(Serialize)]
struct OfRun {
    name: String,
    experiments: String,
    methods: usize,
    cells: usize,
    headline: String,
    pilotbench: String,
}

/// The list of several runs, and a page for every two of them.
fn of_all(pages: &Pages, runs: &[Run]) -> Result<Files> {
    let mut files = Files::default();
    let mut pairs = Vec::new();
    for (i, a) in runs.iter().enumerate() {
        for (j, b) in runs.iter().enumerate().skip(i + 1) {
            let file = format!("compare-{}-{}.html", i + 1, j + 1);
            let title = format!("{} against {}", b.board.run, a.board.run);
            let above = vec![("index.html".to_owned(), "All runs".to_owned())];
            let place = Place { root: String::new(), above, script: Some("board.js") };
            let content = compare::content(a, b);
            files.add(file.clone(), pages.page("compare", &title, &place, &content)?);
            pairs.push((file, title));
        }
    }
    let place = Place { root: String::new(), above: Vec::new(), script: None };
    let listed = Listed { runs: runs.iter().map(listed).collect(), pairs };
    files.add("index.html", pages.page("runs", "Leaderboards", &place, &listed)?);
    Ok(files)
}

fn listed(run: &Run) -> OfRun {
    let board = run.board;
    let named = |e: &BoardExperiment| format!("{}{}", e.planned.id, board::label(e));
    OfRun {
        name: board.run.clone(),
        experiments: board.experiments.iter().map(named).collect::<Vec<_>>().join(", "),
        methods: board.methods.len(),
        cells: board.cells.len(),
        headline: board.headline.clone(),
        pilotbench: board.pilotbench.to_owned(),
    }
}

/// The pages of one run, in a folder of its name; the board of an only run is the first page.
fn of_run(pages: &Pages, run: &Run, only: bool, latex: bool) -> Result<Files> {
    let mut files = Files::default();
    let name = &run.board.run;
    files.extend(boards(pages, run, only)?);
    files.add(format!("{name}/leaderboard.json"), run.json);
    let above = match only {
        true => vec![("index.html".to_owned(), "Leaderboard".to_owned())],
        false => vec![
            ("index.html".to_owned(), "All runs".to_owned()),
            (format!("{name}/index.html"), format!("Leaderboard of {name}")),
        ],
    };
    for experiment in &run.board.experiments {
        files.extend(experiment::pages(pages, run, experiment, &above, latex)?);
    }
    if latex {
        files.extend(latex::files(run)?);
    }
    Ok(files)
}

/// The page of the board; where it would be too large it has the largest pilots alone, and each
/// experiment gets a page with all of its rows.
fn boards(pages: &Pages, run: &Run, only: bool) -> Result<Files> {
    let name = &run.board.run;
    let all = ("index.html".to_owned(), "All runs".to_owned());
    let (path, root, folder, above) = match only {
        true => ("index.html".to_owned(), "", format!("{name}/"), Vec::new()),
        false => (format!("{name}/index.html"), "../", String::new(), vec![all]),
    };
    let place = Place { root: root.to_owned(), above, script: Some("board.js") };
    let shared = run.board.shared.as_ref().map(|shared| shared.title.clone());
    let title = shared.unwrap_or_else(|| format!("Leaderboard of {name}"));
    let content = |extent| board::content(run, &folder, extent, None);
    let mut page = pages.page("board", &title, &place, &content(Extent::All))?;
    let mut files = Files::default();
    if page.len() > FIRST_PAGE_MAX {
        page = pages.page("board", &title, &place, &content(Extent::Largest))?;
        let above = vec![(path.clone(), "Leaderboard".to_owned())];
        let place = Place { root: "../../".to_owned(), above, script: Some("board.js") };
        for experiment in &run.board.experiments {
            let id = &experiment.planned.id;
            let content = board::content(run, "../", Extent::All, Some(id));
            let title = format!("Leaderboard of {name}: {id}");
            let page = pages.page("board", &title, &place, &content)?;
            files.add(format!("{name}/{id}/board.html"), page);
        }
    }
    files.add(path, page);
    Ok(files)
}
