//! `model`: language models on this machine.

pub(super) mod catalogue;
mod file;
mod pull;

use crate::{arguments::ModelCommand, exit::Exit, output};
use catalogue::Entry;
use file::Facts;
use pilotbench_engine::fault::{Fault, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
        let facts = entries.iter().map(facts).collect::<Result<Vec<Value>>>()?;
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
    let files = files.iter().map(|file| Facts::of(file)).collect::<Result<Vec<_>>>()?;
    if json {
        let about = entry.map(facts).transpose()?;
        output::print_json(&json!({ "place": place, "catalogue": about, "files": files }))?;
        return Ok(Exit::Done);
    }
    if let Some(entry) = entry {
        output::print_line(&format!("{}: {}", entry.name, entry.summary));
        output::print_line(&format!("licence: {}", entry.licence));
    }
    let mut table = output::table(["file", "kind", "tensors", "bytes", "sha256"]);
    for Facts { file, kind, tensors, bytes, sha256 } in files {
        let tensors = tensors.map(|count| count.to_string()).unwrap_or_default();
        let file = file.display().to_string();
        table.add_row([file, kind.to_owned(), tensors, bytes.to_string(), sha256]);
    }
    output::print_line(&table.to_string());
    Ok(Exit::Done)
}

/// Ends of the names of files that make a model.
const PARTS: [&str; 6] = [".gguf", ".safetensors", ".json", ".jinja", ".onnx", ".onnx.data"];

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
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_part = PARTS.iter().any(|end| name.ends_with(end)) || name.contains(".so");
        if path.is_file() && is_part {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
