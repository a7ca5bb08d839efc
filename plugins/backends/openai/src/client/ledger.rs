//! Money: what may be spent is reserved before a request goes out, and settled when it is known what
//! the request cost. The file is shared by everybody who spends on the same budget.
//!
//! One JSON object a line, `{"nano_usd": N, "for": "words"}`; the sum of all is what is spent or
//! reserved. What a killed process had reserved stays in it: it may have been charged.

use crate::conditions::Budget;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// The file, and how far it was read.
pub(super) struct Ledger {
    path: PathBuf,
    cap: i64,
    state: Mutex<State>,
}

struct State {
    file: File,
    read: u64,
    sum: i64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    nano_usd: i64,
    r#for: String,
}

/// Why nothing is reserved.
#[derive(Debug)]
pub(super) enum Refused {
    /// It would be more than may be spent.
    Spent(String),
    /// The file.
    Broken(String),
}

/// Money that a request may cost; dropped without being settled it counts as spent.
pub(super) struct Reservation {
    ledger: Arc<Ledger>,
    nano: i64,
}

impl Ledger {
    /// Opens the file, and writes down by which prices is reckoned.
    ///
    /// # Errors
    /// When it cannot be opened or written.
    pub(super) fn open(budget: &Budget, origin: &str) -> Result<Arc<Self>, String> {
        let path = budget.ledger.clone();
        let shown = |e: io::Error| format!("{}: {e}", path.display());
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let state = Mutex::new(State { file: file.map_err(shown)?, read: 0, sum: 0 });
        let ledger = Self { path: path.clone(), cap: budget.nano_usd, state };
        let begin = |state: &mut State| state.catch_up().and_then(|()| state.append(0, origin));
        ledger.locked(begin).map_err(shown)?;
        Ok(Arc::new(ledger))
    }

    /// Reserves money.
    ///
    /// # Errors
    /// When it would be more than may be spent, or the file fails.
    pub(super) fn reserve(self: &Arc<Self>, nano: i64) -> Result<Reservation, Refused> {
        let cap = self.cap;
        let reserved = self.locked(|state| {
            state.catch_up()?;
            match state.sum.saturating_add(nano) <= cap {
                true => state.append(nano, "reserved").map(Ok),
                false => Ok(Err(state.sum)),
            }
        });
        match reserved {
            Ok(Ok(())) => Ok(Reservation { ledger: Arc::clone(self), nano }),
            Ok(Err(sum)) => Err(Refused::Spent(format!(
                "the budget of {} US dollars is used up: {} are spent or reserved, the next request may cost {}",
                dollars(cap),
                dollars(sum),
                dollars(nano)
            ))),
            Err(e) => Err(Refused::Broken(format!("{}: {e}", self.path.display()))),
        }
    }

    /// What was reserved by whomever turns out to be so much more, or less.
    pub(super) fn correct(&self, nano: i64) {
        // Written or not, the file never holds less than what was spent.
        let _ = self.locked(|state| state.append(nano, "settled"));
    }

    /// Does something while nobody else touches the file.
    fn locked<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file.lock()?;
        let done = act(&mut state);
        state.file.unlock()?;
        done
    }
}

impl State {
    /// Reads what was written since.
    fn catch_up(&mut self) -> io::Result<()> {
        let end = self.file.seek(SeekFrom::End(0))?;
        if end == self.read {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(self.read))?;
        let mut text = String::new();
        (&mut self.file).take(end - self.read).read_to_string(&mut text)?;
        // A line without its end is of a process that was killed while it wrote.
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        for line in text[..whole].lines() {
            let line: Line = serde_json::from_str(line).map_err(|e| {
                io::Error::new(io::ErrorKind::InvalidData, format!("`{line}`: {e}"))
            })?;
            self.sum = self.sum.saturating_add(line.nano_usd);
        }
        self.read += whole as u64;
        if whole < text.len() {
            self.file.set_len(self.read)?;
        }
        Ok(())
    }

    fn append(&mut self, nano_usd: i64, r#for: &str) -> io::Result<()> {
        let line = serde_json::to_string(&Line { nano_usd, r#for: r#for.to_owned() })?;
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

impl Reservation {
    /// The request cost so much.
    pub(super) fn settle(self, nano: i64) {
        self.ledger.correct(nano - self.nano);
    }

    /// What was reserved, nano-dollars.
    pub(super) fn nano(&self) -> i64 {
        self.nano
    }
}

/// Dollars as people read them.
fn dollars(nano: i64) -> String {
    let text = format!("{:.9}", nano as f64 / 1e9);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(folder: &std::path::Path, cap: i64) -> Arc<Ledger> {
        let budget = Budget { nano_usd: cap, ledger: folder.join("spent.jsonl") };
        Ledger::open(&budget, "prices of a day").unwrap()
    }

    #[test]
    fn two_spenders_share_a_cap_and_settle() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (ledger(folder.path(), 100), ledger(folder.path(), 100));
        let first = one.reserve(60).unwrap();
        assert!(matches!(two.reserve(41), Err(Refused::Spent(_))));
        first.settle(20);
        let second = two.reserve(80).unwrap();
        assert!(matches!(one.reserve(1), Err(Refused::Spent(_))));
        drop(second);
        // What was never settled counts.
        assert!(matches!(ledger(folder.path(), 100).reserve(1), Err(Refused::Spent(_))));
        assert!(ledger(folder.path(), 101).reserve(1).is_ok());
    }

    #[test]
    fn a_torn_line_is_left_out_and_a_wrong_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spent.jsonl");
        std::fs::write(&path, "{\"nano_usd\": 7, \"for\": \"x\"}\n{\"nano_usd\": 99, \"fo")
            .unwrap();
        let ledger = ledger(folder.path(), 10);
        let reserved = ledger.reserve(3).unwrap();
        assert!(matches!(ledger.reserve(1), Err(Refused::Spent(_))));
        reserved.settle(0);
        let mut text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("99"), "{text}");
        text.push_str("seven\n");
        std::fs::write(&path, text).unwrap();
        let Err(Refused::Broken(why)) = ledger.reserve(1) else { panic!("a wrong line is read") };
        assert!(why.contains("spent.jsonl: `seven`"), "{why}");
    }
}
