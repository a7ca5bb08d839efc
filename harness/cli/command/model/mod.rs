//! `model`: language models on this machine.

mod catalogue;
mod pull;

use crate::{arguments::ModelCommand, exit::Exit, output};
use catalogue::Entry;
use pilotbench_engine::{
    fault::{Fault, Result},
    identity,
};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

pub(super) fn act(command: ModelCommand) -> Result<Exit> {
    match command {
        ModelCommand::List { json } => list(json),
        ModelCommand::Pull(arguments) => pull::pull(&arguments),
        ModelCommand::Show { model, json } => show(&model, json),
    }
}

fn list(json: bool) -> Result<Exit> {
    let entries = catalogue::read();
    if json {
        let facts = entries.iter().map(|entry| facts(entry)).collect::<Result<Vec<Value>>>()?;
        output::print_json(&json!({ "models": facts }))?;
        return Ok(Exit::Done);
    }
    let mut table = output::table(["model", "what", "licence", "size", "here"]);
    for entry in &entries {
        let here = entry.place()?.is_file();
        table.add_row([
            entry.name.clone(),
            entry.summary.clone(),
            entry.licence.clone(),
            format!("{} MB", entry.bytes / 1_000_000),
            if here { "yes" } else { "no: `model pull` fetches it" }.to_owned(),
        ]);
    }
    output::print_line(&table.to_string());
    Ok(Exit::Done)
}

fn facts(entry: &Entry) -> Result<Value> {
    let place = entry.place()?;
    let mut facts = serde_json::to_value(entry).map_err(|e| Fault::usage("json", e))?;
    facts["place"] = json!(place);
    facts["here"] = json!(place.is_file());
    Ok(facts)
}

fn show(model: &str, json: bool) -> Result<Exit> {
    let entries = catalogue::read();
    let entry = entries.iter().find(|entry| entry.name == model);
    let place = match entry {
        Some(entry) => entry.place()?,
        None => PathBuf::from(model),
    };
    let files = files(&place)?;
    if files.is_empty() {
        let fault = Fault::usage(place.display(), "there is no such model");
        return Err(match entry {
            Some(entry) => fault.hint(format!("`pilotbench model pull {}` fetches it", entry.name)),
            None => fault.hint(format!("the catalogue has: {}", catalogue::names())),
        });
    }
    let facts = files.iter().map(|file| of_file(file)).collect::<Result<Vec<Value>>>()?;
    if json {
        let about = entry.map(facts_or_null).unwrap_or(Value::Null);
        output::print_json(&json!({ "place": place, "catalogue": about, "files": facts }))?;
        return Ok(Exit::Done);
    }
    if let Some(entry) = entry {
        output::print_line(&format!("{}: {}", entry.name, entry.summary));
        output::print_line(&format!("licence: {}", entry.licence));
    }
    let mut table = output::table(["file", "kind", "bytes", "sha256"]);
    for facts in facts {
        let text = |key: &str| facts[key].as_str().unwrap_or_default().to_owned();
        table.add_row([text("file"), text("kind"), facts["bytes"].to_string(), text("sha256")]);
    }
    output::print_line(&table.to_string());
    Ok(Exit::Done)
}

fn facts_or_null(entry: &Entry) -> Value {
    facts(entry).unwrap_or(Value::Null)
}

/// The file itself, or the files of a folder that make a model.
fn files(place: &Path) -> Result<Vec<PathBuf>> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    if !place.is_dir() {
        return Ok(Vec::new());
    }
    let fault = |e: std::io::Error| Fault::store(place.display(), e);
    let mut files = Vec::new();
    for entry in place.read_dir().map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if path.is_file() && ["gguf", "safetensors", "json", "jinja", "so"].contains(&kind) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn of_file(path: &Path) -> Result<Value> {
    let fault = |e: std::io::Error| Fault::store(path.display(), e);
    let mut file = File::open(path).map_err(fault)?;
    let mut begin = [0; 16];
    let read = file.read(&mut begin).map_err(fault)?;
    let begin = &begin[..read];
    let kind = match begin {
        [b'G', b'G', b'U', b'F', ..] => "GGUF".to_owned(),
        [0x7F, b'E', b'L', b'F', ..] => "shared library".to_owned(),
        [length @ .., b'{', _, _, _, _, _, _, _] if length.len() == 8 => "safetensors".to_owned(),
        [b'{' | b'[', ..] => "JSON".to_owned(),
        _ => "unknown".to_owned(),
    };
    let bytes = path.metadata().map_err(fault)?.len();
    let sha256 = identity::sha256_file(path)?;
    Ok(json!({ "file": path, "kind": kind, "bytes": bytes, "sha256": sha256 }))
}
