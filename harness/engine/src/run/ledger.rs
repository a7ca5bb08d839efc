//! What all runs of a name spent: `<name>.spent.jsonl` beside their folders. The host makes the file
//! and reads it; plugins append to it.

use crate::fault::{Fault, Result};
use serde::Deserialize;
use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind},
    path::{Path, PathBuf},
};

/// The ledger of a name.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
}

/// A line: what was reserved, spent, or with a minus given back.
#[derive(Deserialize)]
struct Line {
    nano_usd: i64,
    #[serde(rename = "for")]
    _reason: String,
}

impl Ledger {
    /// The ledger of the runs of this name in a folder of runs.
    pub fn of(runs: &Path, name: &str) -> Self {
        Self { path: runs.join(format!("{name}.spent.jsonl")) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it, with its folder, where it is not there: what is not there cannot be opened to a
    /// worker.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make(&self) -> Result<()> {
        let fault = |e: std::io::Error| Fault::store(self.path.display(), e);
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(fault)?;
        }
        File::options().create(true).append(true).open(&self.path).map(drop).map_err(fault)
    }

    /// Billionths of a US dollar that are spent or reserved; `None` where there is no ledger. A last
    /// line without its end is still being written, or was torn by a kill.
    ///
    /// # Errors
    /// Names file and line of what is no line of a ledger.
    pub fn spent(&self) -> Result<Option<i128>> {
        let fault = |e: std::io::Error| Fault::store(self.path.display(), e);
        let file = match File::open(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(fault)?,
        };
        let (mut lines, mut spent) = (BufReader::new(file), 0);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(fault)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let read: Line = serde_json::from_slice(&line).map_err(|e| {
                let place = format!("{}:{number}", self.path.display());
                Fault::store(place, format!("no line of a ledger: {e}")).hint(
                    "a line is {\"nano_usd\": 12000, \"for\": \"…\"}; the sum is what is spent",
                )
            })?;
            spent += i128::from(read.nano_usd);
        }
        Ok(Some(spent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(&folder.path().join("runs"), "mine");
        ledger.make().unwrap();
        std::fs::write(ledger.path(), text).unwrap();
        (folder, ledger)
    }

    #[test]
    fn lines_add_up_and_a_torn_one_does_not_count() {
        let (_folder, ledger) = with(
            "{\"nano_usd\": 500, \"for\": \"reserved\"}\n{\"nano_usd\": -200, \"for\": \"back\", \
             \"by\": 1}\n{\"nano_usd\": 9",
        );
        assert_eq!(ledger.spent().unwrap(), Some(300));
    }

    #[test]
    fn it_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(&folder.path().join("runs"), "mine");
        assert_eq!(ledger.spent().unwrap(), None);
        ledger.make().unwrap();
        assert_eq!(ledger.spent().unwrap(), Some(0));
        std::fs::write(ledger.path(), "{\"nano_usd\": 1, \"for\": \"\"}\n").unwrap();
        ledger.make().unwrap();
        assert_eq!(ledger.spent().unwrap(), Some(1));
        assert!(ledger.path().ends_with("runs/mine.spent.jsonl"));
    }

    #[test]
    fn a_malformed_line_is_named() {
        for wrong in ["words", "{\"nano_usd\": 0.5, \"for\": \"\"}", "{\"for\": \"\"}", ""] {
            let (_folder, ledger) = with(&format!("{{\"nano_usd\": 1, \"for\": \"\"}}\n{wrong}\n"));
            let fault = ledger.spent().unwrap_err();
            assert!(fault.place.ends_with("mine.spent.jsonl:2"), "{wrong}: {fault}");
            assert!(fault.message.starts_with("no line of a ledger"), "{wrong}: {fault}");
        }
    }
}
