//! The pages of an experiment: its own, one for each item, and one for each method's answers.

use crate::{
    answers::{self, CellAnswers},
    board::{self, Figure},
    files::Files,
    forest, item,
    item::Largest,
    method,
    page::{Pages, Place},
    people::{self, Answered},
    plot,
    run::Run,
    shares,
    words::{Cell, MethodRow},
};
use minijinja::Value;
use pilotbench_engine::{
    experiment::Experiment,
    fault::{Fault, Result},
    leaderboard::BoardExperiment,
    score::{ScoreKey, cells},
};
use serde::Serialize;

#[derive(Serialize)]
struct Content {
    title: String,
    label: &'static str,
    exposure: &'static str,
    licence: String,
    citation: String,
    headline: String,
    items: Vec<(String, String)>,
    rows: Vec<MethodRow>,
    curves: Vec<Figure>,
    forests: Vec<(String, String, Figure)>,
    largest: Vec<(String, String)>,
    seed: String,
}

/// All pages of an experiment.
///
/// # Errors
/// When the record is damaged.
pub(crate) fn pages(
    pages: &Pages,
    run: &Run,
    board: &BoardExperiment,
    above: &[(String, String)],
    latex: bool,
) -> Result<Files> {
    let id = &board.planned.id;
    let experiment = run.experiments.iter().find(|e| e.id() == id);
    let experiment = experiment.ok_or_else(|| Fault::usage(id, "the experiment is not loaded"))?;
    let folder = format!("{}/{id}", run.board.run);
    let mut files = Files::default();
    files.add(format!("{folder}/data/people.js"), answers::people(experiment));
    let methods = of_methods(run, board, experiment)?;
    let own = place(above, None, None);
    let inner = |script| place(above, Some((format!("{folder}/index.html"), id.clone())), script);
    for (name, cells) in &methods {
        let all = (run, board, experiment);
        files.extend(answers::pages(pages, all, &inner(Some("answers.js")), name, cells)?);
    }
    let largest = largest(run, &methods);
    for (at, asked) in experiment.design.items.iter().enumerate() {
        let page = item::page(pages, (run, board, experiment), &inner(None), at, &largest)?;
        files.add(format!("{folder}/{}", item::file(asked)), page);
    }
    if latex {
        files.extend(pictures(run, board, experiment, &largest)?);
    }
    let content = content(run, board, experiment, &largest);
    files.add(format!("{folder}/index.html"), pages.page("experiment", id, &own, &content)?);
    Ok(files)
}

fn place(
    above: &[(String, String)],
    parent: Option<(String, String)>,
    script: Option<&'static str>,
) -> Place {
    let above = above.iter().cloned().chain(parent).collect();
    Place { root: "../../".to_owned(), above, script }
}

/// The answers of one seed of each cell, by method in the order of the board.
fn of_methods(
    run: &Run,
    board: &BoardExperiment,
    experiment: &Experiment,
) -> Result<Vec<(String, Vec<CellAnswers>)>> {
    let planned = cells(run.plan);
    let mut methods = Vec::new();
    for name in &board.order {
        let mut own = Vec::new();
        let of_method =
            planned.iter().filter(|c| c.experiment == experiment.id() && c.method == name);
        for cell in of_method {
            if let Some(answered) = people::first(run, experiment, cell)? {
                let strategy = cell.strategy.to_string();
                own.push(CellAnswers { size: cell.size, strategy, answered });
            }
        }
        own.sort_by_key(|cell| cell.size);
        methods.push((name.clone(), own));
    }
    Ok(methods)
}

/// The largest cell of each method, and the people whom most of them answered for.
fn largest<'a>(run: &Run, methods: &'a [(String, Vec<CellAnswers>)]) -> Largest<'a> {
    let strategies = run.board.strategies();
    let first = strategies.first().copied().unwrap_or_default();
    let of = |(name, cells): &'a (String, Vec<CellAnswers>)| {
        let cell = cells.iter().rfind(|cell| cell.strategy == first)?;
        Some((name.clone(), cell.size, cell.strategy.clone(), &cell.answered))
    };
    let methods: Vec<(String, usize, String, &Answered)> = methods.iter().filter_map(of).collect();
    let most = methods.iter().max_by_key(|(_, _, _, answered)| answered.rows.len());
    let held_out = most.map_or(&[][..], |(_, _, _, answered)| &answered.rows);
    Largest { methods, held_out }
}

fn content(
    run: &Run,
    board: &BoardExperiment,
    experiment: &Experiment,
    largest: &Largest,
) -> Content {
    let others = run.board.columns.iter().filter(|name| **name != run.board.headline);
    let strategies = run.board.strategies();
    let curves = others.flat_map(|score| {
        strategies.iter().filter_map(|s| board::curve(run.board, board, s, score))
    });
    let sizes = largest.methods.iter().map(|(name, size, _, answered)| {
        (name.clone(), format!("pilot of {size}, {} people", answered.rows.len()))
    });
    let seed = largest.methods.first().map_or(0, |(_, _, _, answered)| answered.seed);
    Content {
        title: experiment.design.title.clone(),
        label: board.label(),
        exposure: board.planned.exposure.name(),
        licence: board.planned.licence.clone(),
        citation: experiment.card.source.citation.clone(),
        headline: run.board.headline.clone(),
        items: experiment.design.items.iter().map(|i| (item::file(i), i.label.clone())).collect(),
        rows: largest.methods.iter().map(|method| by_item(run, experiment, method)).collect(),
        curves: curves.collect(),
        forests: forests(run, board, experiment, largest),
        largest: sizes.collect(),
        seed: seed.to_string(),
    }
}

/// The headline of a method by item.
fn by_item(
    run: &Run,
    experiment: &Experiment,
    (name, size, strategy, _): &(String, usize, String, &Answered),
) -> MethodRow {
    let mut cells = run.scores.cells.iter();
    let own = cells.find(|c| c.facts.is(experiment.id(), name, *size, strategy));
    let cell = |id: &String| {
        let key = ScoreKey { item: Some(id.clone()), ..ScoreKey::overall(&run.board.headline) };
        let found = own.and_then(|own| own.rows.iter().find(|row| row.key == key));
        Cell::score(found.map(|row| &row.estimate))
    };
    let items = experiment.design.items.iter().map(|item| cell(&item.id));
    MethodRow { name: name.clone(), file: method::file(run.board, name), cells: items.collect() }
}

/// The pictures of coefficients, one for each regression of the card.
fn forests(
    run: &Run,
    board: &BoardExperiment,
    experiment: &Experiment,
    largest: &Largest,
) -> Vec<(String, String, Figure)> {
    let all = experiment.design.regressions.iter();
    let of = |regression: &pilotbench_engine::experiment::Regression| {
        let title = format!("{}{}: {}", experiment.id(), board::label(board), regression.id);
        let svg = forest_svg(run, experiment, regression, largest, &title)?;
        let svg = svg.inline(&format!("forest-{}", regression.id));
        let caption = format!(
            "Coefficients of the regression {} with 95 % intervals, humans as the square and the band, \
             the first seed at the largest pilot{}. An estimate out of the picture is written at its \
             side.",
            regression.id,
            if run.board.strategies().len() > 1 { ", first strategy" } else { "" }
        );
        let figure = Figure { svg: Value::from_safe_string(svg), caption };
        Some((regression.id.clone(), regression.formula.clone(), figure))
    };
    all.filter_map(of).collect()
}

/// The picture of one regression.
fn forest_svg(
    run: &Run,
    experiment: &Experiment,
    regression: &pilotbench_engine::experiment::Regression,
    largest: &Largest,
    title: &str,
) -> Option<crate::svg::Svg> {
    let look = |name: &str| method::look(run.board, name);
    let methods = largest.methods.iter().map(|(name, _, _, a)| (name.clone(), look(name), *a));
    let methods: Vec<_> = methods.collect();
    let fitted = forest::coefficients(experiment, regression, largest.held_out, &methods);
    plot::forest::draw(title, &fitted)
}

/// Distributions and coefficients as files.
fn pictures(
    run: &Run,
    board: &BoardExperiment,
    experiment: &Experiment,
    largest: &Largest,
) -> Result<Files> {
    let mut files = Files::default();
    let name = format!("{}/paper/{}", run.board.run, experiment.id());
    let everybody = &shares::groups(experiment)[0];
    for (at, item) in experiment.design.items.iter().enumerate() {
        let svg = item::drawing(experiment, at, everybody, largest);
        files.add_picture(&format!("{name}-{}", item.id), &svg)?;
    }
    for regression in &experiment.design.regressions {
        let title = format!("{}{}: {}", experiment.id(), board::label(board), regression.id);
        if let Some(svg) = forest_svg(run, experiment, regression, largest, &title) {
            files.add_picture(&format!("{name}-{}-coefficients", regression.id), &svg)?;
        }
    }
    Ok(files)
}
