//! `plugin add`.

use super::{PROJECT, accept, build, facts, hold_project};
use crate::{
    arguments::{AddArguments, Places},
    exit::Exit,
    output,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    plugin::{
        Added, Candidate, Installed, LOCK_FILE, Locked, MANIFEST_FILE, PluginLock, inspect,
        project_place, user_place,
    },
};
use semver::Version;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) fn add(places: &Places, arguments: &AddArguments) -> Result<Exit> {
    let place = place(arguments.user)?;
    let (candidate, added) = candidate(&arguments.path, arguments.quiet)?;
    if !arguments.quiet {
        show(&candidate);
    }
    if !arguments.unchecked {
        accept::accept(places, &candidate.file, arguments.quiet)?;
    }
    let _held = hold_project()?;
    let mut lock = PluginLock::read(Path::new(PROJECT))?;
    let version = candidate.manifest.plugin.version.clone();
    if !arguments.force {
        check_lock(&candidate, &version, &lock)?;
    }
    let installed = candidate.install(&place, arguments.force)?;
    lock.put(Locked::of(&candidate.file, version, added));
    lock.write()?;
    let folder = candidate.folder_in(&place);
    let word = match installed {
        Installed::New => "added",
        Installed::Replaced => "replaced",
        Installed::Unchanged => "unchanged",
    };
    if arguments.json {
        let mut value = facts::of_file(&candidate.file);
        value["installed"] = word.into();
        value["folder"] = json!(folder);
        value["manifest"] = json!(candidate.manifest);
        output::print_json(&value)?;
    } else {
        output::print_line(&format!("{word} in {}; locked in plugins.lock", folder.display()));
    }
    Ok(Exit::Done)
}

/// Refuses another build of a version that is locked, perhaps by somebody else.
fn check_lock(candidate: &Candidate, version: &Version, lock: &PluginLock) -> Result<()> {
    let Some(locked) = lock.other_build(&candidate.file, version) else { return Ok(()) };
    let name = &candidate.manifest.plugin.name;
    let message = format!("another build of {name} {version} is locked (sha256 {locked})");
    let hint = "get that one, give the new build a new version, or accept it with --force";
    Err(Fault::usage(LOCK_FILE, message).hint(hint))
}

fn place(user: bool) -> Result<PathBuf> {
    match user {
        false => Ok(project_place()),
        true => user_place().ok_or_else(|| {
            let fault = Fault::usage("--user", "there is no data folder of the user");
            fault.hint("set HOME or XDG_DATA_HOME")
        }),
    }
}

/// Looks at what shall be added; a crate is built first.
fn candidate(path: &Path, quiet: bool) -> Result<(Candidate, Added)> {
    if !path.is_dir() {
        let library = inspect(path).map_err(|fault| match path.exists() {
            true => fault,
            false => fault.hint("name a library, a folder with plugin.toml, or a crate's folder"),
        })?;
        return Ok((Candidate::library(library)?, Added::Library));
    }
    if path.join(MANIFEST_FILE).exists() {
        return Ok((Candidate::folder(path)?, Added::Folder));
    }
    if !path.join("Cargo.toml").exists() {
        let message = format!("a folder without {MANIFEST_FILE} or Cargo.toml");
        let hint = "name a library, a folder with plugin.toml, or a crate's folder";
        return Err(Fault::usage(path.display(), message).hint(hint));
    }
    let (package, library) = build::build(path, quiet)?;
    let mut candidate = Candidate::library(inspect(&library)?)?;
    let about = &mut candidate.manifest.plugin;
    about.license = package.license.map(|text| one_line(&text));
    about.description = package.description.map(|text| one_line(&text));
    Ok((candidate, Added::Crate))
}

/// A crate's description may have several lines.
fn one_line(text: &str) -> String {
    output::inert(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Said before any of its code runs; on stderr, so that JSON stays alone.
fn show(candidate: &Candidate) {
    let (about, provides) = (&candidate.manifest.plugin, &candidate.file.probe.provides);
    output::remark(&format!(
        "{} {}\n  provides {}\n  needs    {}\n  sha256   {}",
        about.name,
        about.version,
        provides.join(" "),
        output::inert(&candidate.manifest.needs.to_string()),
        candidate.file.sha256
    ));
}
