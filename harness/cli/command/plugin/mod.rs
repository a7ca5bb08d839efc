//! `plugin …`, one file per command.

mod accept;
mod add;
mod build;
mod check;
mod facts;
mod info;
mod list;
mod new;
mod remove;
mod update;
pub(super) mod verify;

use crate::{
    arguments::{Places, PluginCommand},
    exit::Exit,
    setting,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{Entry, Found},
};
use std::{fs::File, path::Path};

pub(crate) fn act(places: &Places, command: PluginCommand) -> Result<Exit> {
    match command {
        PluginCommand::List { json } => list::list(setting::plugins(places)?.found(), json),
        PluginCommand::Info { name, json } => info::info(&setting::plugins(places)?, &name, json),
        PluginCommand::New(arguments) => new::new(&arguments),
        PluginCommand::Add(arguments) => add::add(places, &arguments),
        PluginCommand::Remove(arguments) => remove::remove(places, &arguments),
        PluginCommand::Verify(arguments) => {
            verify::verify(setting::plugins(places)?.found(), &arguments)
        }
        PluginCommand::Update(arguments) => update::update(places, &arguments),
        PluginCommand::Check(arguments) => check::check(places, &arguments),
    }
}

/// The folder whose `plugins.lock` is meant.
const PROJECT: &str = "";

/// Keeps other commands from changing this project's plugins until dropped. The kernel lets go of
/// it, whatever becomes of us.
fn hold_project() -> Result<File> {
    let here = Path::new(".");
    let folder = File::open(here).map_err(|e| Fault::store(here.display(), e))?;
    match folder.lock() {
        Ok(()) => Ok(folder),
        // Some network file systems lock no folders: then nobody is kept away.
        Err(e) if e.kind() == std::io::ErrorKind::Unsupported => Ok(folder),
        Err(e) => Err(Fault::store("the working folder", e)),
    }
}

/// A plugin is named that is not there.
fn unknown(found: &Found, wanted: &str) -> Fault {
    let names: Vec<_> = found.plugins.iter().map(|e| e.file.probe.name.as_str()).collect();
    let shown: String = wanted.chars().take(80).collect();
    let fault = Fault::usage("", format!("there is no plugin `{}`", shown.escape_debug()));
    fault.names(wanted, &names)
}

/// `NAME` or `NAME@VERSION`: the plugins that it may mean.
fn named<'a>(found: &'a Found, wanted: &str) -> Vec<&'a Entry> {
    let (name, version) = match wanted.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (wanted, None),
    };
    let fits = |entry: &&Entry| version.is_none_or(|v| entry.file.probe.version == v);
    found.of_name(name).filter(fits).collect()
}
