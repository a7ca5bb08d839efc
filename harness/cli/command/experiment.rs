//! `experiment list|show|check|generate|new|import`.

use crate::{
    arguments::{ExperimentCommand, ImportArguments, NewArguments, Places},
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    experiment::{
        self, Experiment, Origin, generate,
        import::{self, Answers, Mapping},
        scaffold::{self, Columns},
    },
    fault::{Fault, Result},
};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

pub(crate) fn act(places: &Places, command: ExperimentCommand) -> Result<Exit> {
    match command {
        ExperimentCommand::List { json } => list(places, json),
        ExperimentCommand::Show { experiment, json } => show(places, &experiment, json),
        ExperimentCommand::Check { experiments, json } => check(places, &experiments, json),
        // There is one population: the parser takes no other.
        ExperimentCommand::Generate { seed, participants, out, name, .. } => match name {
            None => generate(seed, participants, out.as_deref()),
            Some(name) => generate_experiment(places, &name, seed, participants),
        },
        ExperimentCommand::New(arguments) => new(places, &arguments),
        ExperimentCommand::Import(arguments) => import(places, &arguments),
    }
}

fn list(places: &Places, json: bool) -> Result<Exit> {
    let mut table =
        output::table(["experiment", "title", "origin", "participants", "arms", "items"]);
    let mut values = Vec::new();
    let mut exit = Exit::Done;
    for folder in experiment::folders(&places.datasets)? {
        let loaded = match Experiment::load(&folder) {
            Ok(loaded) => loaded,
            Err(faults) => {
                exit = Exit::Usage;
                faults.0.iter().for_each(output::complain);
                continue;
            }
        };
        let (design, people) = (&loaded.design, loaded.people.len());
        let origin = origin(&loaded);
        let (arms, items) = (design.arms.len().max(1), design.items.len());
        table.add_row([
            loaded.id().to_owned(),
            design.title.clone(),
            origin.to_owned(),
            people.to_string(),
            arms.to_string(),
            items.to_string(),
        ]);
        values.push(json!({
            "id": loaded.id(), "title": design.title, "origin": origin,
            "participants": people, "arms": arms, "items": items,
        }));
    }
    match json {
        true => output::print_json(&values)?,
        false => output::print_line(&table.to_string()),
    }
    Ok(exit)
}

fn origin(experiment: &Experiment) -> &'static str {
    match experiment.card.origin {
        Origin::Human => "human",
        Origin::Synthetic => "SYNTHETIC",
    }
}

fn show(places: &Places, name: &str, json: bool) -> Result<Exit> {
    let experiment = setting::experiment(places, name)?;
    if json {
        output::print_json(&shown(&experiment))?;
        return Ok(Exit::Done);
    }
    let (card, design) = (&experiment.card, &experiment.design);
    let people = experiment.people.len();
    output::print_line(&format!(
        "{} ({}, {people} participants)",
        design.title,
        origin(&experiment)
    ));
    output::print_line(&format!("\n{}\n", card.summary.trim()));
    output::print_line(&format!("source    {}", card.source.citation));
    output::print_line(&format!("licence   {}", card.source.licence));
    output::print_line(&format!("table     {} sha256 {}", card.table.file, card.table.sha256));
    if let Some(left_out) = &card.exclusions {
        let (rows, all) = (left_out.rows, left_out.source_rows);
        output::print_line(&format!("excluded  {rows} of {all} rows: {}", left_out.rule.trim()));
    }
    let mut table = output::table(["", "id", "kind", "wording", "levels and counts"]);
    for (i, arm) in design.arms.iter().enumerate() {
        let count = (0..people).filter(|row| experiment.people.arm(*row) == Some(i)).count();
        table.add_row(["arm", &arm.id, "", "", &format!("{} ({count})", arm.label)]);
    }
    for (i, covariate) in design.covariates.iter().enumerate() {
        let labels = covariate.levels.iter().map(|level| level.label.as_str());
        let counts = counts(labels, people, |row| experiment.people.level(row, i));
        table.add_row(["covariate", &covariate.id, &word(&covariate.kind), "", &counts]);
    }
    for (i, item) in design.items.iter().enumerate() {
        let labels = item.levels.iter().map(|level| level.label.as_str());
        let answers = &experiment.people.answers[i];
        let counts = counts(labels, people, |row| experiment::code(answers, row));
        let (kind, wording) = (word(&item.kind), word(&item.wording));
        table.add_row([&word(&item.role), &item.id, &kind, &wording, &counts]);
    }
    output::print_line(&table.to_string());
    Ok(Exit::Done)
}

/// A card's word for an enum.
fn word<T: serde::Serialize>(value: &T) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

/// `label (count)` of each level, and of what is missing.
fn counts<'a>(
    labels: impl Iterator<Item = &'a str>,
    people: usize,
    level_of: impl Fn(usize) -> Option<usize>,
) -> String {
    let labels: Vec<&str> = labels.collect();
    let mut counts = vec![0_usize; labels.len()];
    let mut missing = 0;
    for row in 0..people {
        match level_of(row) {
            Some(level) if level < counts.len() => counts[level] += 1,
            Some(_) => {}
            None => missing += 1,
        }
    }
    let mut parts: Vec<String> =
        labels.iter().zip(&counts).map(|(label, count)| format!("{label} ({count})")).collect();
    if missing > 0 && !labels.is_empty() {
        parts.push(format!("missing ({missing})"));
    }
    parts.join(", ")
}

fn shown(experiment: &Experiment) -> Value {
    let people = experiment.people.len();
    let items: Vec<Value> = experiment
        .design
        .items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            let answers = &experiment.people.answers[i];
            let of_level = |level: usize| {
                (0..people).filter(|row| experiment::code(answers, *row) == Some(level)).count()
            };
            let counts: Vec<_> = (0..item.levels.len()).map(of_level).collect();
            json!({"id": item.id, "counts": counts})
        })
        .collect();
    json!({
        "design": experiment.design,
        "source": experiment.card.source,
        "origin": experiment.card.origin,
        "table": experiment.card.table,
        "exclusions": experiment.card.exclusions,
        "participants": people,
        "items": items,
    })
}

fn check(places: &Places, names: &[String], json: bool) -> Result<Exit> {
    let folders: Vec<PathBuf> = match names.is_empty() {
        true => experiment::folders(&places.datasets)?,
        false => names
            .iter()
            .map(|name| match Path::new(name).join(experiment::CARD_FILE).is_file() {
                true => Ok(Path::new(name).to_path_buf()),
                false => experiment::find(&places.datasets, name),
            })
            .collect::<Result<_>>()?,
    };
    let (mut is_sound, mut values) = (true, Vec::new());
    for folder in &folders {
        let (participants, faults) = match Experiment::load(folder) {
            Ok(experiment) => (Some(experiment.people.len()), Vec::new()),
            Err(faults) => (None, faults.0),
        };
        is_sound &= participants.is_some();
        faults.iter().for_each(output::complain);
        let to_fill_in = to_fill_in(folder);
        if let (Some(participants), false) = (participants, json) {
            let name = setting::folder_name(folder);
            let left = match to_fill_in {
                0 => String::new(),
                texts => format!("; {texts} texts of the card say FILL IN"),
            };
            output::print_line(&format!("{name}: sound, {participants} participants{left}"));
        }
        let faults: Vec<Value> = faults.iter().map(output::error).collect();
        values.push(json!({
            "folder": folder, "participants": participants, "faults": faults,
            "to_fill_in": to_fill_in,
        }));
    }
    if json {
        output::print_json(&json!({ "experiments": values }))?;
    }
    Ok(if is_sound { Exit::Done } else { Exit::Usage })
}

/// Texts that `new` left to its user: models would read them as they are.
fn to_fill_in(folder: &Path) -> usize {
    let card = std::fs::read_to_string(folder.join(experiment::CARD_FILE)).unwrap_or_default();
    card.matches("\"FILL IN").count()
}

fn generate_experiment(
    places: &Places,
    name: &str,
    seed: u64,
    participants: usize,
) -> Result<Exit> {
    let like = experiment::find(&places.datasets, "disclosure")?;
    let fault = |e: std::io::Error| Fault::store("temporary table", e);
    let staged = tempfile::Builder::new().suffix(".csv").tempfile().map_err(fault)?;
    let mut writer = BufWriter::new(staged.as_file());
    generate::disclosure(seed, participants, &mut writer).map_err(fault)?;
    writer.flush().map_err(fault)?;
    experiment::check_folder_id(name)?;
    let folder = places.datasets.join(name);
    let table = staged.path();
    import::import(&like, table, &Mapping::default(), &folder, Answers::Redrawn)?;
    output::print_line(&format!(
        "{}: {participants} participants drawn from seed {seed}, SYNTHETIC",
        folder.display()
    ));
    Ok(Exit::Done)
}

fn generate(seed: u64, participants: usize, out: Option<&Path>) -> Result<Exit> {
    let fault = |e: std::io::Error| match out {
        Some(path) => Fault::store(path.display(), e),
        None => Fault::store("stdout", e),
    };
    let write = |writer: &mut dyn Write| {
        let mut writer = BufWriter::new(writer);
        generate::disclosure(seed, participants, &mut writer)?;
        writer.flush()
    };
    match out {
        Some(path) => {
            let mut file = File::create_new(path).map_err(fault)?;
            write(&mut file).map_err(fault)?;
        }
        None => match write(&mut std::io::stdout().lock()) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
            other => other.map_err(fault)?,
        },
    }
    Ok(Exit::Done)
}

fn new(places: &Places, arguments: &NewArguments) -> Result<Exit> {
    let columns = Columns {
        participant: arguments.id.clone(),
        arm: arguments.arm.clone(),
        beliefs: arguments.item.clone(),
        actions: arguments.action.clone(),
    };
    let folder = places.datasets.join(&arguments.name);
    scaffold::scaffold(&folder, &arguments.name, &arguments.table, &columns)?;
    let card = folder.join(experiment::CARD_FILE);
    if arguments.json {
        output::print_json(&json!({ "folder": folder, "card": card }))?;
    } else {
        output::print_line(&format!(
            "{} is written; fill in the texts, then `pilotbench experiment check {}`",
            card.display(),
            arguments.name
        ));
    }
    Ok(Exit::Done)
}

fn import(places: &Places, arguments: &ImportArguments) -> Result<Exit> {
    let like = experiment::find(&places.datasets, &arguments.like)?;
    let mapping = match &arguments.map {
        Some(path) => Mapping::read(path)?,
        None => Mapping::default(),
    };
    experiment::check_folder_id(&arguments.name)?;
    let folder = places.datasets.join(&arguments.name);
    let rows = import::import(&like, &arguments.table, &mapping, &folder, Answers::People)?;
    match arguments.json {
        true => output::print_json(&json!({ "folder": folder, "participants": rows }))?,
        false => {
            output::print_line(&format!("{}: {rows} participants imported", folder.display()));
        }
    }
    Ok(Exit::Done)
}
