//! `plugin remove`.

use super::{PROJECT, hold_project, named, unknown};
use crate::{arguments::Places, exit::Exit, output, setting};
use clap::Args;
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{self, Entry, PluginLock, Source, project_place, user_place},
};
use std::path::Path;

pub(crate) const EXAMPLES: &str = "\
Examples:
  pilotbench plugin remove coin
  pilotbench plugin remove coin@0.3.1
  pilotbench plugin remove coin --user";

#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// NAME, or NAME@VERSION where several versions are installed.
    #[arg(value_name = "PLUGIN")]
    wanted: String,
    /// From the user's data folder instead of the project's.
    #[arg(long)]
    user: bool,
}

pub(super) fn remove(places: &Places, arguments: &RemoveArguments) -> Result<Exit> {
    let _held = hold_project()?;
    let plugins = setting::plugins(places)?;
    let wanted = &arguments.wanted;
    let all = named(plugins.found(), wanted);
    if all.is_empty() {
        return Err(unknown(plugins.found(), wanted));
    }
    let (source, place) = match arguments.user {
        true => (Source::User, user_place()),
        false => (Source::Project, Some(project_place())),
    };
    let there: Vec<&Entry> =
        all.iter().copied().filter(|e| e.source == source && e.placed.is_some()).collect();
    let (Some(place), [entry]) = (place, there.as_slice()) else {
        return Err(not_one(wanted, source, &there, &all));
    };
    let Some(version) = entry.version() else {
        return Err(not_one(wanted, source, &[], &all));
    };
    let name = &entry.file.probe.name;
    plugin::remove(&place, name, &version)?;
    // Another place may hold the same version: then the lock still means that one.
    let left = setting::plugins(places)?;
    let elsewhere = left.found().of_name(name).any(|e| e.version().as_ref() == Some(&version));
    if !elsewhere {
        let mut lock = PluginLock::read(Path::new(PROJECT))?;
        if lock.forget(name, &version) {
            lock.write()?;
        }
    }
    output::print_line(&format!("removed {}", entry.title()));
    Ok(Exit::Done)
}

fn not_one(wanted: &str, source: Source, there: &[&Entry], all: &[&Entry]) -> Fault {
    let wanted = wanted.escape_debug();
    if !there.is_empty() {
        let names: Vec<String> = there
            .iter()
            .map(|entry| format!("{}@{}", entry.file.probe.name, entry.file.probe.version))
            .collect();
        let fault = Fault::usage("", format!("several versions of `{wanted}` are installed"));
        return fault.hint(format!("name one: {}", names.join(", ")));
    }
    let places: Vec<String> = all
        .iter()
        .map(|entry| format!("{} at {}", entry.title(), entry.file.path.display()))
        .collect();
    let message = format!("`{wanted}` is not installed in the {} place", source.name());
    let hint = match all.iter().any(|e| e.source == Source::User && e.placed.is_some()) {
        true if source != Source::User => "add --user".to_owned(),
        _ => format!("found: {}; delete a bare file yourself", places.join(", ")),
    };
    Fault::usage("", message).hint(hint)
}
