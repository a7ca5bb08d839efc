//! Single answers: a page for each method of an experiment, and data that it loads when it is asked
//! to. Data are scripts that hand over a value, since a page that was opened as a file may not read
//! files in any other way.

use crate::{
    board,
    files::Files,
    inert::inert,
    method,
    page::{Pages, Place},
    people::Answered,
    run::Run,
};
use pilotbench_engine::{
    experiment::{CovariateKind, Experiment, code},
    fault::Result,
    leaderboard::BoardExperiment,
};
use serde::Serialize;
use serde_json::{Value, json};

/// People whose answers stand on the page itself, for readers without scripts.
const ON_THE_PAGE: usize = 50;

/// A cell of a method with the answers of one seed.
pub(crate) struct CellAnswers {
    pub(crate) size: usize,
    pub(crate) strategy: String,
    pub(crate) answered: Answered,
}

#[derive(Serialize)]
struct Content {
    experiment: String,
    label: &'static str,
    method: String,
    role: &'static str,
    covariates: Vec<String>,
    has_arms: bool,
    items: Vec<String>,
    /// Scripts of data by what they hold.
    cells: Vec<(String, String)>,
    on_the_page: String,
    rows: Vec<Vec<Shown>>,
    id: Vec<String>,
    people: String,
}

/// A cell of the table.
#[derive(Serialize)]
struct Shown {
    text: String,
    minor: String,
    class: &'static str,
}

/// The people of an experiment with their own answers, as a script.
pub(crate) fn people(experiment: &Experiment) -> Vec<u8> {
    let (design, people) = (&experiment.design, &experiment.people);
    let rows = 0..people.len();
    let covariate = |place: usize| -> Vec<Value> {
        rows.clone().map(|row| json!(covariate(experiment, place, row))).collect()
    };
    let items: Vec<Value> = design
        .items
        .iter()
        .map(|item| {
            let levels: Vec<String> = item.levels.iter().map(|l| inert(&l.label)).collect();
            json!({ "label": inert(&item.label), "levels": levels })
        })
        .collect();
    let answers = |codes| rows.clone().map(|row| code(codes, row)).collect::<Vec<_>>();
    let value = json!({
        "ids": people.ids.iter().map(|id| inert(id.unwrap_or_default())).collect::<Vec<_>>(),
        "arms": design.arms.iter().map(|arm| inert(&arm.label)).collect::<Vec<_>>(),
        "arm": rows.clone().map(|row| people.arm(row)).collect::<Vec<_>>(),
        "covariates": (0..design.covariates.len()).map(covariate).collect::<Vec<_>>(),
        "items": items,
        "answers": people.answers.iter().map(answers).collect::<Vec<_>>(),
    });
    script("people", &value)
}

/// A script that hands over a value.
fn script(name: &str, value: &Value) -> Vec<u8> {
    format!("pilotbenchTake({},{value});\n", json!(name)).into_bytes()
}

fn covariate(experiment: &Experiment, place: usize, row: usize) -> String {
    let told = &experiment.design.covariates[place];
    let text = match told.kind {
        CovariateKind::Categorical => {
            let level = experiment.people.level(row, place);
            level.and_then(|level| told.levels.get(level)).map(|level| level.label.clone())
        }
        CovariateKind::Numeric => {
            experiment.people.number(row, place).map(|number| number.to_string())
        }
    };
    inert(&text.unwrap_or_default())
}

/// The answers of one cell as a script: level by person, what became of it otherwise, and thousandths
/// of the probability of what the human said.
fn data(name: &str, answered: &Answered) -> Vec<u8> {
    let items: Vec<Value> = answered
        .items
        .iter()
        .map(|item| {
            let thousandth = |p: &Option<f64>| p.map(|p| (p * 1000.0).round() as i64);
            let told = |texts: &[Option<String>]| -> Value {
                let told = texts.iter().enumerate();
                let told =
                    told.filter_map(|(at, t)| Some((at.to_string(), json!(inert(t.as_ref()?)))));
                Value::Object(told.collect())
            };
            json!({
                "levels": item.levels,
                "p": item.of_human.iter().map(thousandth).collect::<Vec<_>>(),
                "status": told(&item.status),
                "texts": told(&item.texts),
            })
        })
        .collect();
    script(name, &json!({ "seed": answered.seed, "rows": answered.rows, "items": items }))
}

/// The page of a method and its data; `cells` are in the order of the plan.
///
/// # Errors
/// When a template of ours is at fault.
pub(crate) fn pages(
    pages: &Pages,
    (run, board, experiment): (&Run, &BoardExperiment, &Experiment),
    place: &Place,
    name: &str,
    cells: &[CellAnswers],
) -> Result<Files> {
    let mut files = Files::default();
    let folder = format!("{}/{}", run.board.run, experiment.id());
    let file = method::file(run.board, name);
    let mut scripts = Vec::new();
    let strategies = run.board.strategies();
    for cell in cells {
        let strategy = strategies.iter().position(|s| *s == cell.strategy).unwrap_or(0);
        let key = format!("{file}-{}-{strategy}", cell.size);
        files.add(format!("{folder}/data/{key}.js"), data(&key, &cell.answered));
        let told = format!(
            "pilot of {}, strategy {}, seed {}",
            cell.size, cell.strategy, cell.answered.seed
        );
        scripts.push((key, told));
    }
    // The largest first, since that one stands on the page.
    scripts.reverse();
    let Some(largest) = cells.last() else { return Ok(files) };
    let content = content(run, board, experiment, name, scripts, largest);
    let title = format!("{name} on {}: single answers", experiment.id());
    let page = pages.page("answers", &title, place, &content)?;
    files.add(format!("{folder}/{file}.html"), page);
    Ok(files)
}

fn content(
    run: &Run,
    board: &BoardExperiment,
    experiment: &Experiment,
    name: &str,
    cells: Vec<(String, String)>,
    largest: &CellAnswers,
) -> Content {
    let design = &experiment.design;
    let shown = largest.answered.rows.len().min(ON_THE_PAGE);
    let role = run.board.method(name).map_or("", |method| board::role(method.role));
    let ids = &experiment.people.ids;
    Content {
        experiment: experiment.id().to_owned(),
        label: board.label(),
        method: name.to_owned(),
        role,
        covariates: design.covariates.iter().map(|c| c.label.clone()).collect(),
        has_arms: !design.arms.is_empty(),
        items: design.items.iter().map(|item| item.label.clone()).collect(),
        on_the_page: cells.first().map_or(String::new(), |(_, told)| told.clone()),
        cells,
        rows: (0..shown).map(|at| row(experiment, &largest.answered, at)).collect(),
        id: largest.answered.rows.iter().take(shown).map(|r| ids.value(*r).to_owned()).collect(),
        people: largest.answered.rows.len().to_string(),
    }
}

fn row(experiment: &Experiment, answered: &Answered, at: usize) -> Vec<Shown> {
    let design = &experiment.design;
    let row = answered.rows[at];
    let plain = |text: String| Shown { text, minor: String::new(), class: "w" };
    let mut cells = Vec::new();
    if !design.arms.is_empty() {
        let arm = experiment.people.arm(row).and_then(|arm| design.arms.get(arm));
        cells.push(plain(arm.map_or(String::new(), |arm| arm.label.clone())));
    }
    cells.extend((0..design.covariates.len()).map(|c| plain(covariate(experiment, c, row))));
    for (place, item) in design.items.iter().enumerate() {
        let label = |level: Option<usize>| item.levels.get(level?).map(|l| l.label.clone());
        let human = code(&experiment.people.answers[place], row);
        let answers = &answered.items[place];
        let simulated = answers.levels[at];
        let said = label(simulated).or_else(|| answers.status[at].clone()).unwrap_or_default();
        cells.push(plain(label(human).unwrap_or_else(|| "–".to_owned())));
        cells.push(Shown {
            text: said,
            minor: answers.of_human[at].map_or(String::new(), |p| format!("{p:.3}")),
            class: if human.is_some() && human == simulated { "w same" } else { "w other" },
        });
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::ItemAnswers;

    #[test]
    fn what_a_model_said_is_handed_over_as_text() {
        let item = ItemAnswers {
            levels: vec![Some(1), None],
            status: vec![None, Some("refused".to_owned())],
            of_human: vec![Some(0.25), None],
            texts: vec![None, Some("\"');alert(1)//\u{1b}[2J\u{202e}\u{2028}</script>".to_owned())],
        };
        let answered = Answered { seed: 3, rows: vec![7, 4], items: vec![item] };
        let script = String::from_utf8(data("2-m.x-8-0", &answered)).unwrap();
        let value = script.strip_prefix("pilotbenchTake(\"2-m.x-8-0\",").unwrap();
        let value = value.strip_suffix(");\n").unwrap();
        let read: Value = serde_json::from_str(value).unwrap();
        assert_eq!(read["items"][0]["levels"], json!([1, null]));
        assert_eq!(read["items"][0]["p"], json!([250, null]));
        assert_eq!(read["items"][0]["status"], json!({ "1": "refused" }));
        let text = read["items"][0]["texts"]["1"].as_str().unwrap();
        assert_eq!(text, "\"');alert(1)//\u{fffd}[2J\u{fffd}\u{2028}</script>");
    }
}
