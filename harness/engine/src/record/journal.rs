//! What happened when, for people who look at a run. Nothing is decided by it.

use crate::fault::{Fault, Result};
use serde::Serialize;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// An append-only list of events, one JSON object a line.
pub struct Journal {
    file: Mutex<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    unix_ms: u128,
    event: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    replicate: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

impl Journal {
    /// Opens the journal of a run. A line that a killed process left torn is ended, so that the
    /// next one stands alone.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join("journal.jsonl");
        let fault = |e: std::io::Error| Fault::store(path.display(), e);
        let mut file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(fault)?;
        if file.seek(SeekFrom::End(-1)).is_ok() {
            let mut last = [0];
            file.read_exact(&mut last).map_err(fault)?;
            if last != *b"\n" {
                file.write_all(b"\n").map_err(fault)?;
            }
        }
        Ok(Self { file: Mutex::new(file) })
    }

    /// Adds an event. A journal that cannot be written stops nothing: it is advisory.
    pub fn note(&self, event: &str, replicate: &str, message: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = Line { unix_ms: now.as_millis(), event, replicate, message };
        let mut text = serde_json::to_string(&line).unwrap_or_default();
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = file.write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_does_not_swallow_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "{\"event\":\"a\"}\n{\"eve").unwrap();
        Journal::open(folder.path()).unwrap().note("b", "", "");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[2].contains("\"event\":\"b\""));
    }
}
