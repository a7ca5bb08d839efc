//! The page of a history: alerts first, then every series as a small picture.

use crate::{
    files::Files,
    page::{Pages, Place},
    plot::history::{draw, short},
    site::STYLE,
    words::Cell,
};
use minijinja::Value;
use pilotbench_engine::{
    fault::Result,
    history::{Board, Missing, Night, Point, Series, SeriesName, Standing},
};
use serde::Serialize;

#[derive(Serialize)]
struct Content {
    name: String,
    newest: String,
    judged: usize,
    rate: String,
    least: usize,
    margin: f64,
    counts: Vec<(&'static str, usize)>,
    alerts: Vec<Alert>,
    missing: Vec<String>,
    sections: Vec<Section>,
    nights: Vec<Listed>,
}

/// A series whose newest value raised an alert.
#[derive(Serialize)]
struct Alert {
    cells: Vec<Cell>,
    /// The command that compares the last good run with the newest.
    compare: String,
    good: Option<Listed>,
    newest: Listed,
}

/// The series of an experiment at a pilot size.
#[derive(Serialize)]
struct Section {
    experiment: String,
    label: &'static str,
    size: usize,
    scores: Vec<Value>,
    /// With the machine that they are of.
    speeds: Vec<(Value, String)>,
    rows: Vec<Vec<Cell>>,
}

/// A run.
#[derive(Clone, Serialize)]
struct Listed {
    id: String,
    at: String,
    run: String,
    link: String,
    label: String,
    commit: String,
    changed: String,
    accepted: String,
    judged: usize,
}

/// The page of a history with what it needs.
///
/// # Errors
/// When a template asks for what is not there, which the tests would show.
pub fn history_site(board: &Board) -> Result<Files> {
    let mut files = Files::default();
    files.add(STYLE.0, STYLE.1);
    let place = Place { root: String::new(), above: Vec::new(), script: None };
    let title = format!("History of {}", board.name);
    files.add("index.html", Pages::new().page("history", &title, &place, &content(board))?);
    let json = serde_json::to_vec_pretty(board);
    let json = json.map_err(|e| pilotbench_engine::fault::Fault::store("history.json", e))?;
    files.add("history.json", json);
    Ok(files)
}

fn content(board: &Board) -> Content {
    use Standing::{Better, Identical, Inside, Noisy, Slight, TooFew, Unknown, Worse};
    let newest = board.nights.last();
    let standings = [Worse, Better, Slight, Inside, Identical, Noisy, TooFew, Unknown];
    let counts = standings.map(|standing| (standing.name(), board.count(standing)));
    let alerts = board.newest().filter(|(_, point)| point.standing.is_alert());
    Content {
        name: board.name.clone(),
        newest: newest.map(|night| night.id.clone()).unwrap_or_default(),
        judged: newest.map_or(0, |night| night.judged),
        rate: format!("{:.0}", (1.0 - board.rules.confidence) * 100.0),
        least: board.rules.least,
        margin: board.rules.margin,
        counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
        alerts: alerts.map(|(series, point)| alert(board, series, point)).collect(),
        missing: board.missing.iter().map(missed).collect(),
        sections: sections(board),
        nights: board.nights.iter().rev().map(listed).collect(),
    }
}

fn alert(board: &Board, series: &Series, point: &Point) -> Alert {
    let night = |number: usize| listed(&board.nights[number]);
    let newest = night(point.entry);
    let good = point.last_good.map(night);
    let base = good.as_ref().map(|good| good.run.as_str());
    let since = night(point.since.unwrap_or(point.entry));
    let mut cells = row(series, point);
    cells.push(Cell { minor: since.changed, ..Cell::of(since.id) });
    Alert {
        cells,
        compare: base.map_or(String::new(), |b| format!("pilotbench compare {b} {}", newest.run)),
        good,
        newest,
    }
}

fn missed(missing: &Missing) -> String {
    let SeriesName { experiment, method, size, score, .. } = &missing.name;
    format!("{experiment}, {method}, pilot of {size}, {score}: {}", missing.reason)
}

/// Series by experiment and pilot size, in the order in which they came.
fn sections(board: &Board) -> Vec<Section> {
    let days: Vec<&str> = board.nights.iter().map(|night| day(&night.told.at)).collect();
    let mut sections: Vec<Section> = Vec::new();
    let mut series: Vec<(usize, &Series)> = board.series.iter().enumerate().collect();
    series.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    for (number, series) in series {
        let SeriesName { experiment, size, machine, .. } = &series.name;
        let is_its = |s: &&mut Section| s.experiment == *experiment && s.size == *size;
        let section = match sections.iter_mut().find(is_its) {
            Some(section) => section,
            None => {
                sections.push(Section {
                    experiment: experiment.clone(),
                    label: series.label,
                    size: *size,
                    scores: Vec::new(),
                    speeds: Vec::new(),
                    rows: Vec::new(),
                });
                let last = sections.len() - 1;
                &mut sections[last]
            }
        };
        if let Some(svg) = draw(series, &days) {
            let drawn = Value::from_safe_string(svg.inline(&format!("s{number}")));
            match machine {
                Some(machine) => section.speeds.push((drawn, machine.clone())),
                None => section.scores.push(drawn),
            }
        }
        section.rows.extend(series.points.last().map(|point| row(series, point)));
    }
    sections
}

/// The day of a time.
fn day(at: &str) -> &str {
    at.split('T').next().unwrap_or(at)
}

/// What a series is of, and where a value of it stands.
fn row(series: &Series, point: &Point) -> Vec<Cell> {
    let SeriesName { experiment, method, size, score, machine, .. } = &series.name;
    let value = match (&point.value, &point.reason) {
        (Some(value), _) => Cell::of(short(*value)),
        (None, reason) => Cell::undefined(reason.as_deref().unwrap_or("no reason was given")),
    };
    let (usual, boundary) = match point.boundary {
        Some(b) => (Cell::of(short(b.mean)), format!("[{}, {}]", short(b.low), short(b.high))),
        None => (Cell::none(), "–".to_owned()),
    };
    vec![
        Cell { minor: series.label.to_owned(), ..Cell::of(experiment) },
        Cell::of(method),
        Cell::of(size.to_string()),
        Cell { minor: machine.clone().unwrap_or_default(), ..Cell::of(score) },
        value,
        usual,
        Cell::of(boundary),
        Cell::of(point.before.to_string()),
        Cell::of(point.standing.name()),
    ]
}

fn listed(night: &Night) -> Listed {
    let told = &night.told;
    Listed {
        id: night.id.clone(),
        at: told.at.clone(),
        run: night.run.clone(),
        link: told.link.clone().filter(|link| is_harmless(link)).unwrap_or_default(),
        label: told.label.clone().unwrap_or_default(),
        commit: told.commit.clone().unwrap_or_default(),
        changed: night.changed.join(", "),
        accepted: night.accepted.clone().unwrap_or_default(),
        judged: night.judged,
    }
}

/// Whether following an address does nothing but show a page: an entry may come from anywhere.
fn is_harmless(link: &str) -> bool {
    let is_web = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
    is_web || (!link.contains(':') && !link.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pilotbench_engine::history::{Kept, Rules};
    use serde_json::json;

    /// A night whose names and words are hostile; the last one has a score of 0.9.
    fn night(number: usize) -> Kept {
        let value = if number == 6 { 0.9 } else { 0.3 };
        let score = json!({
            "mean": value, "low": value, "high": value, "seeds": [[1, value], [2, value]],
        });
        let entry = json!({
            "schema": "", "name": "<b>", "run": format!("<i>{number}"), "plan": "",
            "execution": "", "pilotbench": "", "plugins": [], "experiments": [],
            "told": { "at": format!("2026-01-0{}T00:00:00Z", number + 1), "link": "javascript:1",
                      "commit": "<script>", "label": "\u{202e}" },
            "held_out_max": null, "headline": "s", "metrics": {},
            "scores": [{ "name": "s", "summary": "", "better": "lower", "heading": "marginal",
                         "min": null, "max": null }],
            "cells": [{ "experiment": "\"><e>", "method": "<script>x", "size": 8,
                        "strategy": "random", "planned": 2, "committed": 2, "speed": null,
                        "scores": { "s": score } }],
        });
        let entry = serde_json::from_value(entry).unwrap();
        Kept { id: format!("<u>{number}"), accepted: None, entry }
    }

    #[test]
    fn an_alert_is_drawn_and_what_it_says_is_inert() {
        let nights: Vec<Kept> = (0..7).map(night).collect();
        let board = Board::of(&nights, &Rules::default()).unwrap();
        let files = history_site(&board).unwrap();
        let page = files.iter().find(|(path, _)| *path == "index.html").unwrap().1;
        let page = String::from_utf8_lossy(page);
        assert!(page.contains(">worse</text>") && page.contains("&lt;script&gt;x"), "{page}");
        assert!(page.contains("pilotbench compare &lt;i&gt;5 &lt;i&gt;6"), "{page}");
        for hostile in ["<script", "<i>", "<u>", "<e>", "javascript:1\"", "\u{202e}"] {
            assert!(!page.contains(hostile), "{hostile}");
        }
    }
}
