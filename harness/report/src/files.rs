//! The files of a site, in memory and then in a folder.

use crate::{png::png, svg::Svg};
use pilotbench_engine::fault::{Fault, Result};
use std::{collections::BTreeMap, fs, path::Path};

/// Files by their path in the site, with `/` between folders.
#[derive(Debug, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Adds a file.
    pub(crate) fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(path.into(), bytes.into());
    }

    /// Adds a drawing as SVG and as PNG; the path is without what they end with.
    ///
    /// # Errors
    /// Never for a drawing of ours.
    pub(crate) fn add_picture(&mut self, path: &str, drawing: &Svg) -> Result<()> {
        let svg = drawing.alone();
        self.add(format!("{path}.png"), png(&svg)?);
        self.add(format!("{path}.svg"), svg);
        Ok(())
    }

    /// Adds the files of others.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Paths and bytes, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }
}

/// Writes a site into a folder. Files of an earlier site that this one has too are replaced.
///
/// # Errors
/// When writing fails.
pub fn publish(folder: &Path, files: &Files) -> Result<()> {
    for (path, bytes) in files.iter() {
        let place = folder.join(path);
        let fault = |e: std::io::Error| Fault::store(place.display(), e);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(fault)?;
        }
        fs::write(&place, bytes).map_err(fault)?;
    }
    Ok(())
}
