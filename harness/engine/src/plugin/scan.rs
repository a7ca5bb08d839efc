//! What lies in one place: `NAME/VERSION/plugin.toml` with its library, and bare library files.
//! Nothing is loaded, and two levels down nothing is looked at, so that no loop of links matters.

use super::{
    file::{PluginFile, check_name, inspect},
    manifest::{MANIFEST_FILE, Manifest, Placed},
    places::Source,
};
use crate::fault::{Fault, Result};
use semver::Version;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// A plugin in a place.
type Scanned = Result<(PluginFile, Option<Placed>)>;

/// Everything in a place, in order of name.
pub(super) fn scan(source: Source, place: &Path) -> Vec<Scanned> {
    let paths = match entries(place) {
        Ok(paths) => paths,
        Err(fault) => return vec![Err(fault)],
    };
    let mut scanned = Vec::new();
    for path in paths {
        let name = name_of(&path);
        if name.ends_with(std::env::consts::DLL_SUFFIX) {
            if source != Source::BuiltIn || is_built_in(name) {
                scanned.push(inspect(&path).map(|file| (file, None)));
            }
        } else if source != Source::BuiltIn && check_name(name).is_ok() && path.is_dir() {
            scanned.extend(versions(&path));
        }
    }
    scanned
}

/// Looks at a library file, or at a folder with a manifest, without running anything.
///
/// # Errors
/// When it is not a plugin of this host, or not what its manifest says.
pub fn inspect_path(path: &Path) -> Result<(PluginFile, Option<Placed>)> {
    match path.is_dir() && path.join(MANIFEST_FILE).exists() {
        true => inspect_folder(path),
        false => inspect(path).map(|file| (file, None)),
    }
}

/// How often a folder is looked at whose manifest is replaced meanwhile.
const LOOKS_MAX: usize = 5;

/// A folder with a manifest.
pub(super) fn inspect_folder(folder: &Path) -> Scanned {
    let mut manifest = Manifest::read(folder)?;
    for _ in 1..LOOKS_MAX {
        match manifest.inspect(folder) {
            Ok(file) => {
                return Ok((file, Some(Placed { folder: folder.to_owned(), manifest })));
            }
            Err(fault) => match Manifest::read(folder)? {
                same if same == manifest => return Err(fault),
                // Another build was put in its place between the two looks.
                other => manifest = other,
            },
        }
    }
    let file = manifest.inspect(folder)?;
    Ok((file, Some(Placed { folder: folder.to_owned(), manifest })))
}

/// The versions of a plugin: folders that are named by one.
fn versions(folder: &Path) -> Vec<Scanned> {
    let paths = match entries(folder) {
        Ok(paths) => paths,
        Err(fault) => return vec![Err(fault)],
    };
    let of_version = |path: PathBuf| Some((Version::parse(name_of(&path)).ok()?, path));
    let versions = paths.into_iter().filter_map(of_version).filter(|(_, path)| path.is_dir());
    let inspected = versions.filter_map(|(version, path)| {
        let inspected = inspect_version(folder, &version, &path);
        // One that is removed meanwhile is not there.
        (inspected.is_ok() || path.exists()).then_some(inspected)
    });
    inspected.collect()
}

/// A version's folder, which must hold what its names say.
fn inspect_version(folder: &Path, version: &Version, path: &Path) -> Scanned {
    let (file, placed) = inspect_folder(path)?;
    let PluginFile { probe, .. } = &file;
    if (name_of(folder), version.to_string()) == (&probe.name, probe.version.clone()) {
        return Ok((file, placed));
    }
    let message = format!(
        "holds {} {}, which belongs into {}/{}",
        probe.name, probe.version, probe.name, probe.version
    );
    Err(Fault::plugin(path.display(), message))
}

/// Paths in a folder, in order; none when it is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Fault::plugin(folder.display(), format!("cannot be searched: {e}"))),
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Among the build's own products only those named like our plugins are looked at: the rest are
/// compiler plugins.
fn is_built_in(name: &str) -> bool {
    name.starts_with("libbackend_") || name.starts_with("libmetric_")
}
