//! What is written down of work at a service.

use crate::client::write_file;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A note of one piece of work, found by a name that is a hash of everything that it is made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Note {
    /// The uploaded file.
    pub file: Option<String>,
    /// The job or batch.
    pub job: Option<String>,
    /// What came of it: the trained model.
    pub result: Option<String>,
    /// Files that came of it.
    pub(crate) results: Vec<String>,
    /// What it cost, nano-dollars.
    pub nano_usd: Option<i64>,
    /// What of the budget is reserved for it, nano-dollars.
    pub reserved: Option<i64>,
    /// Jobs that failed and are not waited for again.
    pub failed: Vec<String>,
}

/// All notes of a user.
pub(super) struct Notes {
    folder: Option<PathBuf>,
}

impl Notes {
    /// In this folder; nothing is written down without one.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(|folder| folder.join("jobs")) }
    }

    /// The note of this name; an empty one where there is none or it is damaged.
    pub(super) fn read(&self, name: &str) -> Note {
        let read = |path: PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        self.path(name).and_then(read).unwrap_or_default()
    }

    /// Writes a note. Where that fails the work is looked for by its name.
    pub(super) fn write(&self, name: &str, note: &Note) {
        if let Some(path) = self.path(name) {
            let _ = write_file(&path, &serde_json::to_vec(note).unwrap_or_default());
        }
    }

    /// Removes a note.
    pub(crate) fn forget(&self, name: &str) {
        // Where that fails, the next to ask finds out that there is nothing any more.
        let _ = self.path(name).map(std::fs::remove_file);
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{name}.json")))
    }
}
