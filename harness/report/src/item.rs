//! The page of an item: how humans and simulated people answered, by arm and subgroup.

use crate::{
    board::Figure,
    method,
    page::{Pages, Place},
    people::Answered,
    plot::distribution,
    run::Run,
    shares::{self, Group},
    svg::Svg,
    words::{Cell, MethodRow},
};
use minijinja::Value;
use pilotbench_engine::{
    experiment::{Experiment, Item, ItemKind, Role, Wording},
    fault::Result,
    leaderboard::BoardExperiment,
    score::ScoreKey,
};
use serde::Serialize;

/// What an experiment's drill-down is made from: the largest cell of each method.
pub(crate) struct Largest<'a> {
    /// Method, pilot size, strategy and answers, in the order of the board.
    pub(crate) methods: Vec<(String, usize, String, &'a Answered)>,
    /// Rows of the held-out people.
    pub(crate) held_out: &'a [usize],
}

#[derive(Serialize)]
struct Content {
    text: String,
    facts: String,
    label: &'static str,
    headline: String,
    everybody: Figure,
    groups: Vec<(String, Vec<Figure>)>,
    columns: Vec<String>,
    rows: Vec<MethodRow>,
    levels: Vec<(String, String)>,
}

/// The page of an item.
///
/// # Errors
/// When a template of ours is at fault.
pub(crate) fn page(
    pages: &Pages,
    (run, board, experiment): (&Run, &BoardExperiment, &Experiment),
    place: &Place,
    at: usize,
    largest: &Largest,
) -> Result<Vec<u8>> {
    let item = &experiment.design.items[at];
    let all = shares::groups(experiment);
    let figure = |number: usize| {
        let svg =
            drawing(experiment, at, &all[number], largest).inline(&format!("shares-{number}"));
        let caption = format!("Per cent of answers, {}.", who(&all[number]));
        Figure { svg: Value::from_safe_string(svg), caption }
    };
    let mut groups: Vec<(String, Vec<Figure>)> = Vec::new();
    for (number, group) in all.iter().enumerate().skip(1) {
        match groups.last_mut().filter(|(column, _)| *column == group.column) {
            Some((_, figures)) => figures.push(figure(number)),
            None => groups.push((group.column.clone(), vec![figure(number)])),
        }
    }
    let (columns, rows) = scores(run, experiment, item, &all, largest);
    let content = Content {
        text: item.text.clone(),
        facts: facts(item),
        label: board.label(),
        headline: run.board.headline.clone(),
        everybody: figure(0),
        groups,
        columns,
        rows,
        levels: item.levels.iter().map(|l| (l.code.clone(), l.label.clone())).collect(),
    };
    let title = format!("{}: {}", experiment.id(), item.label);
    pages.page("item", &title, place, &content)
}

/// File of an item's page.
pub(crate) fn file(item: &Item) -> String {
    format!("item-{}.html", item.id)
}

fn facts(item: &Item) -> String {
    let role = match item.role {
        Role::Belief => "belief",
        Role::Action => "action",
    };
    let kind = match item.kind {
        ItemKind::Nominal => "nominal",
        ItemKind::Ordinal => "ordinal",
        ItemKind::Numeric => "numeric",
        ItemKind::Binary => "binary",
    };
    let wording = match item.wording {
        Wording::Verbatim => "word for word",
        Wording::Paraphrased => "in our words",
        Wording::Invented => "ours: nobody was asked",
    };
    format!("Item {}: a {role}, {kind}; the text is {wording}.", item.id)
}

/// Human and simulated answers of a group.
pub(crate) fn drawing(experiment: &Experiment, at: usize, group: &Group, largest: &Largest) -> Svg {
    let classes = shares::classes(experiment, at);
    let mut rows = vec![shares::human(experiment, at, group, largest.held_out, &classes)];
    for (name, _, _, answered) in &largest.methods {
        rows.push(shares::simulated(experiment, at, group, (name, answered), &classes));
    }
    let item = &experiment.design.items[at];
    let title = format!("{}, {}: {}", experiment.id(), item.label, who(group));
    distribution::draw(&title, &classes.1, &rows)
}

fn who(group: &Group) -> String {
    match group.column.as_str() {
        "" => "everybody held out".to_owned(),
        column => format!("{column}: {}", group.label),
    }
}

/// The headline of an item by method and group, where the metric tells it.
fn scores(
    run: &Run,
    experiment: &Experiment,
    item: &Item,
    groups: &[Group],
    largest: &Largest,
) -> (Vec<String>, Vec<MethodRow>) {
    let headline = &run.board.headline;
    let label = |group: &Group| match group.column.as_str() {
        "" => group.label.clone(),
        column => format!("{column}: {}", group.label),
    };
    let row = |(name, size, strategy, _): &(String, usize, String, &Answered)| {
        let cells = run.scores.cells.iter();
        let mut own = cells.filter(|c| c.facts.is(experiment.id(), name, *size, strategy));
        let own = own.next();
        let cell = |group: &Group| {
            let key = group.key(experiment);
            let wanted = ScoreKey {
                score: headline.clone(),
                item: Some(item.id.clone()),
                group_column: key.as_ref().map(|(column, _)| column.clone()),
                group_level: key.map(|(_, level)| level),
            };
            let found = own.and_then(|own| own.rows.iter().find(|row| row.key == wanted));
            Cell::score(found.map(|row| &row.estimate))
        };
        let file = method::file(run.board, name);
        MethodRow { name: name.clone(), file, cells: groups.iter().map(cell).collect() }
    };
    (groups.iter().map(label).collect(), largest.methods.iter().map(row).collect())
}
