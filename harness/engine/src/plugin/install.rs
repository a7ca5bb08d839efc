//! Plugins come into a place and leave it. The manifest is the commit point: a folder without one is
//! no plugin, and a library under a new name never disturbs whoever has the old one loaded.

use super::{
    file::{PluginFile, check_name},
    manifest::{Library, MANIFEST_FILE, Manifest, Placed, host_target},
    scan::inspect_folder,
};
use crate::{
    fault::{Fault, Result},
    identity, whole,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A plugin that may be installed: looked at, not loaded.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its library for this host.
    pub file: PluginFile,
    /// Its manifest as it will be written.
    pub manifest: Manifest,
    /// Where the libraries of all targets lie now.
    from: BTreeMap<String, PathBuf>,
}

/// What installing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// It was not there.
    New,
    /// Another build of the same version was.
    Replaced,
    /// The very same was.
    Unchanged,
}

impl Candidate {
    /// A library file for this host.
    ///
    /// # Errors
    /// When its version is none.
    pub fn library(file: PluginFile) -> Result<Self> {
        let library = Library { file: String::new(), sha256: file.sha256.clone() };
        let manifest = Manifest::of(&file, library)?;
        let from = BTreeMap::from([(host_target(), file.path.clone())]);
        Ok(Self::named(file, manifest, from))
    }

    /// A folder with a manifest and the libraries that it names.
    ///
    /// # Errors
    /// When it is not what its manifest says.
    pub fn folder(folder: &Path) -> Result<Self> {
        let (file, placed) = inspect_folder(folder)?;
        let Some(Placed { manifest, .. }) = placed else {
            return Err(Fault::plugin(folder.display(), format!("has no {MANIFEST_FILE}")));
        };
        let path =
            |(target, library): (&String, &Library)| (target.clone(), folder.join(&library.file));
        let from = manifest.library.iter().map(path).collect();
        Ok(Self::named(file, manifest, from))
    }

    /// Libraries are called by their hash, so that two builds never have one name.
    fn named(file: PluginFile, mut manifest: Manifest, from: BTreeMap<String, PathBuf>) -> Self {
        let name = manifest.plugin.name.replace('-', "_");
        for library in manifest.library.values_mut() {
            library.file = format!("lib{name}-{}.so", &library.sha256[..12]);
        }
        Self { file, manifest, from }
    }

    /// Its folder below a place.
    pub fn folder_in(&self, place: &Path) -> PathBuf {
        let about = &self.manifest.plugin;
        place.join(&about.name).join(about.version.to_string())
    }

    /// Copies the plugin into a place. Another build of the same version is replaced only by force.
    ///
    /// # Errors
    /// When there is another build, or a file cannot be written.
    pub fn install(&self, place: &Path, force: bool) -> Result<Installed> {
        let folder = self.folder_in(place);
        let there = folder.join(MANIFEST_FILE).exists().then(|| inspect_folder(&folder));
        let known = match there {
            Some(Ok((_, Some(placed)))) if placed.manifest == self.manifest => {
                return Ok(Installed::Unchanged);
            }
            Some(_) if !force => return Err(self.other_build(&folder)),
            Some(there) => {
                there.ok().and_then(|(_, placed)| placed).map(|placed| placed.manifest.library)
            }
            None => None,
        };
        let replaced = folder.join(MANIFEST_FILE).exists();
        std::fs::create_dir_all(&folder).map_err(|e| Fault::store(folder.display(), e))?;
        for (target, library) in &self.manifest.library {
            let bytes = self.bytes(target, library)?;
            whole::write(&folder.join(&library.file), &bytes)?;
        }
        whole::write(&folder.join(MANIFEST_FILE), self.manifest.to_toml()?.as_bytes())?;
        // Libraries of the build before are rubbish now. Whoever has one loaded keeps it.
        let kept: Vec<&str> = self.manifest.library.values().map(|l| l.file.as_str()).collect();
        for library in known.unwrap_or_default().values() {
            if !kept.contains(&library.file.as_str()) {
                let _ = std::fs::remove_file(folder.join(&library.file));
            }
        }
        Ok(if replaced { Installed::Replaced } else { Installed::New })
    }

    fn other_build(&self, folder: &Path) -> Fault {
        let about = &self.manifest.plugin;
        let message = format!("another {} {} is installed here", about.name, about.version);
        let hint = "give the new build a new version, or replace the old one with --force";
        Fault::usage(folder.display(), message).hint(hint)
    }

    /// The bytes of a library: of this host's from the file that was checked, of others' by hash.
    fn bytes(&self, target: &str, library: &Library) -> Result<Vec<u8>> {
        let path = self.from.get(target).unwrap_or(&self.file.path);
        let fault = |message: String| Fault::plugin(path.display(), message);
        let bytes = match library.sha256 == self.file.sha256 {
            true => self.file.opened.bytes().map_err(fault)?,
            false => std::fs::read(path).map_err(|e| fault(e.to_string()))?,
        };
        match identity::sha256(&bytes) == library.sha256 {
            true => Ok(bytes),
            false => Err(fault(format!("another file than {MANIFEST_FILE} says for {target}"))),
        }
    }
}

/// Versions of a plugin that have a folder in a place, the lowest first; whole or not.
pub fn installed_versions(place: &Path, name: &str) -> Vec<semver::Version> {
    if check_name(name).is_err() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(place.join(name)).into_iter().flatten();
    let version = |entry: std::io::Result<std::fs::DirEntry>| {
        semver::Version::parse(entry.ok()?.file_name().to_str()?).ok()
    };
    let mut versions: Vec<_> = entries.filter_map(version).collect();
    versions.sort();
    versions
}

/// Takes a version of a plugin out of a place. Its folder leaves in one step.
///
/// # Errors
/// When a name is none, or the folder cannot be removed.
pub fn remove(place: &Path, name: &str, version: &semver::Version) -> Result<()> {
    check_name(name).map_err(|message| Fault::usage("", format!("plugin {message}")))?;
    let of_name = place.join(name);
    let folder = of_name.join(version.to_string());
    let fault = |e: std::io::Error| Fault::store(folder.display(), e);
    let found = std::fs::symlink_metadata(&folder).map_err(fault)?;
    if found.is_symlink() {
        std::fs::remove_file(&folder).map_err(fault)?;
    } else {
        let aside =
            tempfile::Builder::new().prefix(".removed-").tempdir_in(place).map_err(fault)?;
        std::fs::rename(&folder, aside.path().join("folder")).map_err(fault)?;
        aside.close().map_err(fault)?;
    }
    // Other versions keep the folder of the name.
    let _ = std::fs::remove_dir(of_name);
    Ok(())
}
