//! `plugin remove`.

use super::{PROJECT, hold_project, named, unknown};
use crate::{
    arguments::{Places, RemoveArguments},
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{self, Found, PluginLock, Source, project_place, user_place},
};
use serde_json::json;
use std::path::Path;

pub(super) fn remove(places: &Places, arguments: &RemoveArguments) -> Result<Exit> {
    let _held = hold_project()?;
    let wanted = arguments.wanted.as_str();
    let (name, version) = match wanted.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (wanted, None),
    };
    let (source, place) = match arguments.user {
        true => (Source::User, user_place()),
        false => (Source::Project, Some(project_place())),
    };
    let place = place.unwrap_or_default();
    // By folder and not by what is found, so that a damaged plugin can be removed as well.
    let mut versions = plugin::installed_versions(&place, name);
    versions.retain(|known| version.is_none_or(|version| known.to_string() == version));
    let [version] = versions.as_slice() else {
        let found = setting::plugins(places)?;
        return Err(match versions.is_empty() {
            true => not_there(wanted, source, found.found()),
            false => {
                let names: Vec<_> = versions.iter().map(|v| format!("{name}@{v}")).collect();
                let message = format!("several versions of `{name}` are installed");
                Fault::usage("", message).hint(format!("name one: {}", names.join(", ")))
            }
        });
    };
    plugin::remove(&place, name, version)?;
    // Another place may hold the same version: then the lock means that one.
    let left = setting::plugins(places)?;
    let is_same =
        |e: &plugin::Entry| e.source != Source::BuiltIn && e.version().as_ref() == Some(version);
    if !left.found().of_name(name).any(is_same) {
        let mut lock = PluginLock::read(Path::new(PROJECT))?;
        if lock.forget(name, version) {
            lock.write()?;
        }
    }
    if arguments.json {
        let (version, source) = (version.to_string(), source.name());
        output::print_json(&json!({ "name": name, "version": version, "source": source }))?;
    } else {
        output::print_line(&format!("removed {name} {version} ({})", source.name()));
    }
    Ok(Exit::Done)
}

fn not_there(wanted: &str, source: Source, found: &Found) -> Fault {
    let elsewhere = named(found, wanted);
    if elsewhere.is_empty() {
        return unknown(found, wanted);
    }
    let is_user = elsewhere.iter().any(|e| e.source == Source::User && e.placed.is_some());
    let hint = match is_user && source != Source::User {
        true => "add --user".to_owned(),
        false => {
            let at = |e: &&plugin::Entry| format!("{} at {}", e.title(), e.file.path.display());
            let places: Vec<String> = elsewhere.iter().map(at).collect();
            format!("found: {}; delete a bare file yourself", places.join(", "))
        }
    };
    let message =
        format!("`{}` is not installed in the {} place", wanted.escape_debug(), source.name());
    Fault::usage("", message).hint(hint)
}
