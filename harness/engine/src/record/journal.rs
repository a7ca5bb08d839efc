//! What happened when, for people who look at a run. Nothing is decided by it.

use crate::fault::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// An append-only list of events, one JSON object a line.
pub struct Journal {
    file: Mutex<File>,
}

/// What is read of a line.
#[derive(Deserialize)]
struct Noted {
    unix_ms: u64,
    event: String,
}

/// The event of a replicate that is done.
pub(crate) const COMMITTED: &str = "committed";
/// The first millisecond of the year 10000, which RFC 3339 has no words for.
const TOO_LATE: u64 = 253_402_300_800_000;

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

    /// When the last replicate was committed, in UTC as RFC 3339, where the journal says so.
    ///
    /// # Errors
    /// When the journal is there and cannot be read.
    pub fn last_commit(root: &Path) -> Result<Option<String>> {
        let path = root.join("journal.jsonl");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Fault::store(path.display(), e)),
        };
        let mut noted = text.lines().rev().filter_map(|l| serde_json::from_str::<Noted>(l).ok());
        let last = noted.find(|noted| noted.event == COMMITTED && noted.unix_ms < TOO_LATE);
        let at = last.and_then(|n| UNIX_EPOCH.checked_add(Duration::from_millis(n.unix_ms)));
        Ok(at.map(|at| humantime::format_rfc3339_seconds(at).to_string()))
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

    #[test]
    fn it_says_when_the_last_replicate_was_committed() {
        let folder = tempfile::tempdir().unwrap();
        let last = || Journal::last_commit(folder.path()).unwrap();
        assert_eq!(last(), None);
        let text = "{\"unix_ms\":0,\"event\":\"committed\"}\n\
                    {\"unix_ms\":86400500,\"event\":\"committed\",\"replicate\":\"r\"}\n\
                    {\"unix_ms\":99999999999999999,\"event\":\"committed\"}\n\
                    {\"unix_ms\":90000000,\"event\":\"begin\"}\n{\"unix_ms\":";
        std::fs::write(folder.path().join("journal.jsonl"), text).unwrap();
        assert_eq!(last().as_deref(), Some("1970-01-02T00:00:00Z"));
    }
}
