//! `plugin update`: the lock follows the plugins.
//!
//! Apart from `add --force`, because files also come by other ways (a pull, a copy, the search path),
//! and because to accept a file is another decision than to replace it.

use super::{PROJECT, hold_project, named, unknown};
use crate::{
    arguments::{Places, UpdateArguments},
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{Added, Entry, Found, LockState, Locked, PluginLock, Source, host_target},
};
use serde::Serialize;
use std::path::Path;

/// A change of the lock.
#[derive(Debug, Serialize)]
struct Change {
    plugin: String,
    change: String,
}

pub(super) fn update(places: &Places, arguments: &UpdateArguments) -> Result<Exit> {
    let _held = hold_project()?;
    let plugins = setting::plugins(places)?;
    let found = plugins.found();
    let mut lock = PluginLock::read(Path::new(PROJECT))?;
    let mut changes = Vec::new();
    for entry in entries(found, &arguments.wanted)? {
        changes.extend(accept(entry, &mut lock)?);
    }
    changes.extend(forget_missing(found, &mut lock, &arguments.wanted));
    if arguments.accept && !changes.is_empty() {
        lock.write()?;
    }
    if arguments.json {
        output::print_json(&changes)?;
    } else {
        for Change { plugin, change } in &changes {
            output::print_line(&format!("{plugin}: {change}"));
        }
        output::print_line(match (changes.is_empty(), arguments.accept) {
            (true, _) => "plugins.lock holds the plugins that are here",
            (false, true) => "plugins.lock is written",
            (false, false) => "nothing is written; --accept writes this into plugins.lock",
        });
    }
    Ok(if changes.is_empty() || arguments.accept { Exit::Done } else { Exit::Integrity })
}

/// The plugins that are meant: those in use, or those named.
fn entries<'a>(found: &'a Found, names: &[String]) -> Result<Vec<&'a Entry>> {
    let lasting = |source| ![Source::BuiltIn, Source::Argument].contains(&source);
    if names.is_empty() {
        return Ok(found.plugins.iter().filter(|entry| lasting(entry.source)).collect());
    }
    let one = |name: &String| {
        let entry = named(found, name).first().copied().ok_or_else(|| unknown(found, name))?;
        match lasting(entry.source) {
            true => Ok(entry),
            false => {
                let message = format!("{} is not locked", entry.title());
                let hint = "built-in plugins come with the binary; add the library of an argument";
                Err(Fault::usage("", message).hint(hint))
            }
        }
    };
    names.iter().map(one).collect()
}

/// Locks a plugin as it is.
fn accept(entry: &Entry, lock: &mut PluginLock) -> Result<Option<Change>> {
    let change = match &entry.lock {
        LockState::Locked | LockState::BuiltIn => return Ok(None),
        LockState::Unlocked => format!("sha256 {} is new", entry.file.sha256),
        LockState::Differs(locked) => format!("sha256 {} instead of {locked}", entry.file.sha256),
    };
    let version = entry.version().ok_or_else(|| {
        let version = entry.file.probe.version.escape_debug();
        Fault::plugin(entry.file.path.display(), format!("its version `{version}` is none"))
    })?;
    lock.put(Locked::of(&entry.file, version, Added::Found));
    Ok(Some(Change { plugin: entry.title(), change }))
}

/// Forgets what is locked for this host and is not here: of all plugins, or of those named.
fn forget_missing(found: &Found, lock: &mut PluginLock, names: &[String]) -> Vec<Change> {
    let is_meant = |locked: &&Locked| {
        let name = |given: &String| given.split('@').next() == Some(locked.name.as_str());
        names.is_empty() || names.iter().any(name)
    };
    let target = host_target();
    let here = |locked: &Locked| {
        found.of_name(&locked.name).any(|entry| entry.version().as_ref() == Some(&locked.version))
    };
    let missing: Vec<_> = lock
        .plugins()
        .filter(is_meant)
        .filter(|locked| locked.sha256.contains_key(&target) && !here(locked))
        .map(|locked| (locked.name.clone(), locked.version.clone()))
        .collect();
    let forget = |(name, version): (String, _)| {
        lock.forget(&name, &version);
        Change { plugin: format!("{name} {version}"), change: "not here; forgotten".to_owned() }
    };
    missing.into_iter().map(forget).collect()
}
