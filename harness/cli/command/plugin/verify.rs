//! `plugin verify`.

use super::{PROJECT, named, unknown};
use crate::{arguments::VerifyArguments, exit::Exit, output};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{Entry, Found, LockState, PluginLock, Refused, Source, host_target},
};
use serde::Serialize;
use std::path::{Component, Path};

/// What was found of one plugin.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) plugin: String,
    pub(crate) lock: &'static str,
    /// What differs; nothing when it is as it should be.
    pub(crate) difference: Option<String>,
}

pub(super) fn verify(found: &Found, arguments: &VerifyArguments) -> Result<Exit> {
    let lock = PluginLock::read(Path::new(PROJECT))?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    match arguments.wanted.as_slice() {
        [] => verdicts.extend(all(found, &lock)),
        names => {
            for name in names {
                verdicts.extend(of_name(found, &lock, name)?);
            }
        }
    }
    let wrong = verdicts.iter().filter(|verdict| verdict.difference.is_some()).count();
    if arguments.json {
        output::print_json(&verdicts)?;
    } else {
        for verdict in &verdicts {
            let text = match &verdict.difference {
                None => format!("{}: as it should be ({})", verdict.plugin, verdict.lock),
                Some(difference) => format!("{}: {difference}", verdict.plugin),
            };
            output::print_line(&output::inert(&text));
        }
        output::print_line(&format!("{} looked at, {wrong} differ", verdicts.len()));
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Integrity })
}

/// All plugins that did not come with the binary, and those that are locked and not here.
pub(crate) fn all(found: &Found, lock: &PluginLock) -> Vec<Verdict> {
    let entries = found.plugins.iter().chain(&found.shadowed);
    let entries = entries.filter(|entry| entry.source != Source::BuiltIn).map(of_entry);
    let refused = found.refused.iter().filter(|refused| refused.source != Source::BuiltIn);
    entries.chain(refused.map(of_refused)).chain(missing(found, lock, |_| true)).collect()
}

fn of_name(found: &Found, lock: &PluginLock, wanted: &str) -> Result<Vec<Verdict>> {
    let name = wanted.split('@').next().unwrap_or(wanted);
    let mut verdicts: Vec<Verdict> = named(found, wanted).into_iter().map(of_entry).collect();
    // What is refused has no name but that of its folder.
    let in_its_folder = |refused: &&Refused| {
        let path = Path::new(&refused.fault.place);
        path.components().any(|part| part == Component::Normal(name.as_ref()))
    };
    verdicts.extend(found.refused.iter().filter(in_its_folder).map(of_refused));
    verdicts.extend(missing(found, lock, |locked| {
        locked == wanted || locked.starts_with(&format!("{wanted}@"))
    }));
    match verdicts.is_empty() {
        true => Err(unknown(found, wanted)),
        false => Ok(verdicts),
    }
}

fn of_entry(entry: &Entry) -> Verdict {
    let difference = match &entry.lock {
        LockState::Differs(locked) => {
            Some(format!("sha256 {}; plugins.lock holds {locked}", entry.file.sha256))
        }
        _ => None,
    };
    Verdict { plugin: entry.title(), lock: entry.lock.name(), difference }
}

fn of_refused(refused: &Refused) -> Verdict {
    let Fault { place, message, .. } = &refused.fault;
    Verdict { plugin: place.clone(), lock: "–", difference: Some(message.clone()) }
}

/// Plugins that are locked for this host and not found, by `NAME@VERSION`.
fn missing(found: &Found, lock: &PluginLock, wanted: impl Fn(&str) -> bool) -> Vec<Verdict> {
    let target = host_target();
    let here =
        |name: &str, version| found.of_name(name).any(|e| e.version().as_ref() == Some(version));
    let locked = lock.plugins().filter(|locked| locked.sha256.contains_key(&target));
    let missing = locked.filter(|locked| !here(&locked.name, &locked.version));
    let verdicts = missing.filter_map(|locked| {
        let plugin = format!("{}@{}", locked.name, locked.version);
        let difference = Some("locked, and not installed here".to_owned());
        wanted(&plugin).then_some(Verdict { plugin, lock: "locked", difference })
    });
    verdicts.collect()
}
