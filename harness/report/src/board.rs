//! The board: a table for each experiment, with a row for each method and pilot size.

mod columns;
mod rows;

use crate::{
    method,
    plot::{
        cost::{self, Priced},
        curves::{self, Curves, Look},
    },
    run::Run,
    throughput::Throughput,
    words::{self, Cell},
};
use columns::Column;
use minijinja::Value;
use pilotbench_engine::{
    compare::Role,
    leaderboard::{Board, BoardExperiment, HANDED_IN, LEVELS, Level, meaning, number},
    plugin::Better,
};
use rows::{Reason, Row};
use serde::Serialize;

/// A figure of a page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) svg: Value,
    pub(crate) caption: String,
}

/// What the page of a board shows.
#[derive(Debug, Serialize)]
pub(crate) struct Content {
    run: String,
    /// Title of a board of several hands, and what was handed in.
    title: Option<String>,
    submissions: Vec<[String; 6]>,
    handed_in: [&'static str; 6],
    levels: [(&'static str, &'static str); 4],
    /// The folder of the run's pages, as the page of the board sees it.
    folder: String,
    label: String,
    pilotbench: String,
    plan: String,
    percent: String,
    resamples: usize,
    headline: String,
    better: String,
    /// Whether tables have the largest pilots only.
    shortened: bool,
    columns: Vec<Column>,
    overall: Vec<Overall>,
    experiments: Vec<Section>,
    methods: Vec<Method>,
    scores: Vec<(String, String, String)>,
    reading: Vec<(&'static str, &'static str)>,
    plugins: Vec<[String; 5]>,
    left_out: Vec<[String; 4]>,
    throughput: Option<Throughput>,
    roles: Vec<&'static str>,
    sizes: Vec<usize>,
    strategies: Vec<String>,
}

/// The headline over experiments.
#[derive(Debug, Serialize)]
struct Overall {
    strategy: String,
    sizes: Vec<usize>,
    having: Vec<usize>,
    rows: Vec<OverallRow>,
    at: usize,
    ranks: Vec<[Cell; 5]>,
}

#[derive(Debug, Serialize)]
struct OverallRow {
    method: String,
    class: &'static str,
    role: &'static str,
    level: &'static str,
    cells: Vec<Cell>,
}

/// An experiment on the board.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) label: &'static str,
    pub(crate) exposure: &'static str,
    pub(crate) licence: String,
    pub(crate) participants: usize,
    pub(crate) largest_pilot: usize,
    pub(crate) table_sha256: String,
    pub(crate) figures: Vec<Figure>,
    pub(crate) rows: Vec<Row>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) drift: bool,
}

#[derive(Debug, Serialize)]
struct Method {
    name: String,
    role: &'static str,
    summary: String,
    backend: String,
    plugin: String,
    settings: String,
}

/// Which rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All pilot sizes.
    All,
    /// The largest pilot of each experiment.
    Largest,
}

/// What the page of a run's board shows, or of one experiment of it; `folder` is where the run's other
/// pages lie from there.
pub(crate) fn content(run: &Run, folder: &str, extent: Extent, only: Option<&str>) -> Content {
    let board = run.board;
    let better = info_better(board, &board.headline);
    let wanted = |e: &&BoardExperiment| only.is_none_or(|id| e.planned.id == id);
    let experiments = || board.experiments.iter().filter(wanted);
    let mut sizes: Vec<usize> = experiments().flat_map(|e| e.sizes.clone()).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut roles: Vec<&str> = board.methods.iter().map(|m| role(m.role)).collect();
    roles.sort_unstable();
    roles.dedup();
    let strategies = board.strategies().into_iter().filter(|_| only.is_none());
    let overalls = strategies.filter_map(|s| overall(board, s)).collect();
    Content {
        run: board.run.clone(),
        title: board.shared.as_ref().map(|shared| shared.title.clone()),
        submissions: submissions(board),
        handed_in: HANDED_IN,
        levels: LEVELS,
        folder: folder.to_owned(),
        label: board.label().trim().to_owned(),
        pilotbench: board.pilotbench.to_owned(),
        plan: words::hash(&board.plan),
        percent: format!("{:.0}", board.confidence * 100.0),
        resamples: board.resamples,
        headline: board.headline.clone(),
        better: words::better(better),
        shortened: extent == Extent::Largest,
        columns: columns::columns(run),
        overall: overalls,
        experiments: experiments().map(|e| section(run, e, extent)).collect(),
        methods: board.methods.iter().map(of_method).collect(),
        scores: shown_scores(board),
        reading: meaning::READING.to_vec(),
        plugins: plugins(board),
        left_out: left_out(board),
        throughput: run.throughput.filter(|_| only.is_none()).map(Throughput::of),
        roles,
        sizes,
        strategies: board.strategies().into_iter().map(str::to_owned).collect(),
    }
}

/// The word for a role; a method to be judged has one too, so that it can be asked for.
pub(crate) fn role(role: Role) -> &'static str {
    match role.name() {
        "" => "method",
        name => name,
    }
}

/// Which way a score is good.
pub(crate) fn info_better(board: &Board, score: &str) -> Better {
    let info = board.scores.iter().find(|info| info.name == score);
    info.map_or(Better::Describes, |info| info.better)
}

/// An experiment with its pictures and rows.
pub(crate) fn section(run: &Run, experiment: &BoardExperiment, extent: Extent) -> Section {
    let board = run.board;
    let planned = &experiment.planned;
    let mut figures = Vec::new();
    let mut table = (Vec::new(), Vec::new());
    for strategy in board.strategies() {
        figures.extend(curve(board, experiment, strategy, &board.headline));
        figures.extend(price(board, experiment, strategy));
        rows::rows(run, experiment, strategy, extent, &mut table);
    }
    let has_drift = |name: &String| pilotbench_engine::leaderboard::cost::has_drifted(board, name);
    Section {
        id: planned.id.clone(),
        title: planned.title.clone(),
        label: experiment.label(),
        exposure: planned.exposure.name(),
        licence: planned.licence.clone(),
        participants: planned.participants,
        largest_pilot: planned.largest_pilot,
        table_sha256: words::hash(&planned.table_sha256),
        figures,
        rows: table.0,
        reasons: table.1,
        drift: experiment.order.iter().any(has_drift),
    }
}

/// The picture of a score by pilot size.
pub(crate) fn curve(
    board: &Board,
    experiment: &BoardExperiment,
    strategy: &str,
    score: &str,
) -> Option<Figure> {
    let drawn = curves::draw(&curves_of(board, experiment, strategy, score))?;
    let id = format!("curve-{}-{score}-{}", experiment.planned.id, place(board, strategy));
    let percent = board.confidence * 100.0;
    let mut caption = format!(
        "{score} by pilot size, strategy {strategy}{}. Bands are {percent:.0} % intervals over seeds \
         and participants.",
        label(experiment)
    );
    if !drawn.off.is_empty() {
        caption += &format!(" Too far off to be drawn: {}.", drawn.off.join(", "));
    }
    Some(Figure { svg: Value::from_safe_string(drawn.svg.inline(&id)), caption })
}

/// What that picture is made of.
pub(crate) fn curves_of(
    board: &Board,
    experiment: &BoardExperiment,
    strategy: &str,
    score: &str,
) -> Curves {
    let id = &experiment.planned.id;
    Curves {
        title: format!("{id}{}: {score} by pilot size, strategy {strategy}", label(experiment)),
        score: score.to_owned(),
        better: words::better(info_better(board, score)),
        sizes: experiment.sizes.clone(),
        series: method::series(board, experiment, strategy, score),
    }
}

/// The picture of quality against cost at the largest pilot, where anything has a price.
fn price(board: &Board, experiment: &BoardExperiment, strategy: &str) -> Option<Figure> {
    let id = &experiment.planned.id;
    let largest = *experiment.sizes.last()?;
    let of_cost = |name: &String| {
        let cell = board.cell(id, name, largest, strategy)?;
        let e = cell.scores.get(&board.headline)?;
        let value = e.mean?;
        let point =
            curves::Point { value, low: e.low.unwrap_or(value), high: e.high.unwrap_or(value) };
        let usd = cell.per_1000_answers.as_ref().and_then(|per| per.usd).unwrap_or(0.0);
        Some(Priced { name: name.clone(), look: method::look(board, name), usd, point })
    };
    let priced: Vec<Priced> = experiment.order.iter().filter_map(of_cost).collect();
    let judged = |p: &Priced| !matches!(p.look, Look::Ceiling | Look::Oracle);
    let priced: Vec<Priced> = priced.into_iter().filter(judged).collect();
    if priced.iter().all(|p| p.usd == 0.0) {
        return None;
    }
    let title = format!("{id}{}: quality against cost at n = {largest}", label(experiment));
    let better = words::better(info_better(board, &board.headline));
    let svg = cost::draw(&title, &board.headline, &better, &priced)?;
    let svg = svg.inline(&format!("cost-{id}-{}", place(board, strategy)));
    Some(Figure {
        svg: Value::from_safe_string(svg),
        caption: format!(
            "Quality against cost at a pilot of {largest}, strategy {strategy}{}. Methods that ask no \
             service stand at 0.",
            label(experiment)
        ),
    })
}

fn place(board: &Board, strategy: &str) -> usize {
    board.strategies().iter().position(|known| *known == strategy).unwrap_or(0)
}

/// The mark that stands wherever numbers of this experiment do.
pub(crate) fn label(experiment: &BoardExperiment) -> String {
    match experiment.label() {
        "" => String::new(),
        label => format!(" [{label}]"),
    }
}

fn overall(board: &Board, strategy: &str) -> Option<Overall> {
    if board.experiments.len() < 2 {
        return None;
    }
    let sizes: Vec<usize> = board.overall.experiments.keys().copied().collect();
    let row = |method: &pilotbench_engine::leaderboard::BoardMethod| OverallRow {
        method: method.name.clone(),
        class: rows::class(method.role),
        role: role(method.role),
        level: method.level.map_or("", Level::name),
        cells: sizes
            .iter()
            .map(|size| overall_cell(board, &method.name, *size, strategy))
            .collect(),
    };
    let common = board.overall.experiments.iter();
    let at = common.max_by_key(|(size, having)| (having.len(), **size)).map_or(0, |(n, _)| *n);
    let ranks = meaning::overall(board, strategy, at).into_iter().map(|[_, rest @ ..]| {
        rest.map(|words| Cell::said(&words, Some("skill is defined in none of the experiments")))
    });
    Some(Overall {
        strategy: strategy.to_owned(),
        having: board.overall.experiments.values().map(Vec::len).collect(),
        rows: board.overall_order(strategy).into_iter().map(row).collect(),
        sizes: sizes.clone(),
        at,
        ranks: ranks.collect(),
    })
}

fn overall_cell(board: &Board, method: &str, size: usize, strategy: &str) -> Cell {
    let Some(cell) = board.overall_mean(method, size, strategy) else { return Cell::none() };
    let minor = cell.se.map_or(String::new(), |se| format!("±{}", number(se)));
    Cell { minor, ..Cell::of(number(cell.mean)) }
}

fn of_method(method: &pilotbench_engine::leaderboard::BoardMethod) -> Method {
    let settings = match method.settings.as_object() {
        Some(settings) if !settings.is_empty() => method.settings.to_string(),
        _ => String::new(),
    };
    Method {
        name: method.name.clone(),
        role: role(method.role),
        summary: method.summary.clone(),
        backend: method.backend.clone(),
        plugin: method.plugin.clone(),
        settings,
    }
}

fn shown_scores(board: &Board) -> Vec<(String, String, String)> {
    let find = |name: &String| board.scores.iter().find(|info| info.name == *name);
    let infos = board.columns.iter().filter_map(find);
    infos.map(|i| (i.name.clone(), words::better(i.better), i.summary.clone())).collect()
}

fn submissions(board: &Board) -> Vec<[String; 6]> {
    let shared = board.shared.iter().flat_map(|shared| &shared.submissions);
    shared.map(pilotbench_engine::leaderboard::HandedIn::row).collect()
}

fn plugins(board: &Board) -> Vec<[String; 5]> {
    let of = |p: &pilotbench_engine::plan::PluginFacts| {
        [p.name.clone(), p.version.clone(), p.sha256.clone(), p.rustc.clone(), p.sdk.clone()]
    };
    board.plugins.iter().map(of).collect()
}

fn left_out(board: &Board) -> Vec<[String; 4]> {
    let left = board.left_out.iter();
    left.map(|l| [l.experiment.clone(), l.method.clone(), l.size.to_string(), l.reason.clone()])
        .collect()
}
