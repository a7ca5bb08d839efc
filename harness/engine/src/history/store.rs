//! Entries on disk.

use super::{Entry, entry::SCHEMA};
use crate::{
    fault::{Fault, Result},
    identity, whole,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Version of the form of accepted levels.
const ACCEPTED_SCHEMA: &str = "pilotbench/history-accepted/1";

/// A folder of entries.
pub struct History {
    root: PathBuf,
}

/// An entry with what it is called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kept {
    /// Name of its file without ending: time, name, beginning of its hash.
    pub id: String,
    /// Why the level of all of its series is wanted from here on, where somebody said so.
    pub accepted: Option<String>,
    /// The entry.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What became of an entry that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    New(String),
    /// It was there.
    Known(String),
}

/// A level that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    /// Version of this form.
    schema: String,
    /// The entry from which on.
    entry: String,
    /// Why.
    because: String,
}

/// A value with the hash of its canonical JSON text: what was changed or damaged is found.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<T> {
    sha256: String,
    content: T,
}

impl History {
    /// The history in this folder; it need not be there yet.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    /// When one is damaged, or of a later form.
    pub fn entries(&self) -> Result<Vec<Kept>> {
        let mut kept = Vec::new();
        for path in files(&self.root.join("entries"))? {
            let entry: Entry = read(&path, SCHEMA)?;
            let id = id(&entry);
            if path.file_stem().is_none_or(|stem| stem != id.as_str()) {
                let message = format!("its content is that of {id}");
                return Err(Fault::store(path.display(), message));
            }
            kept.push(Kept { id, accepted: None, entry });
        }
        for path in files(&self.root.join("accepted"))? {
            let accepted: Accepted = read(&path, ACCEPTED_SCHEMA)?;
            let of = kept.iter_mut().find(|kept| kept.id == accepted.entry);
            let of = of.ok_or_else(|| {
                let fault = Fault::store(path.display(), "the entry that it accepts is not there");
                fault.hint("take the entry from a copy, or remove this file too")
            })?;
            of.accepted = Some(accepted.because);
        }
        Ok(kept)
    }

    /// Adds an entry. The same one again changes nothing.
    ///
    /// # Errors
    /// When the same execution, or another of the same name and time, is there as something else;
    /// when an entry that is there is damaged; when writing fails.
    pub fn add(&self, entry: &Entry) -> Result<Added> {
        let wanted = id(entry);
        for kept in self.entries()? {
            if kept.id == wanted {
                return Ok(Added::Known(wanted));
            }
            let refused = |message: String| Err(Fault::usage(self.root.display(), message));
            if kept.entry.execution == entry.execution {
                return refused(format!("this very execution is there, as {}", kept.id)).map_err(
                    |fault| fault.hint("entries are never rewritten; each is one execution"),
                );
            }
            if kept.entry.name == entry.name && kept.entry.told.at == entry.told.at {
                return refused(format!("another run of this time is there, {}", kept.id))
                    .map_err(|fault| fault.hint("give the time of this one with --at"));
            }
        }
        write(&self.root.join("entries"), &wanted, entry)?;
        Ok(Added::New(wanted))
    }

    /// Says that the level of an entry is wanted: boundaries begin anew with it.
    ///
    /// # Errors
    /// When there is no such entry, it was accepted before, or writing fails.
    pub fn accept(&self, id: &str, because: &str) -> Result<()> {
        let entries = self.entries()?;
        let found = entries.iter().find(|kept| kept.id == id);
        let found = found.ok_or_else(|| {
            let fault =
                Fault::usage("ENTRY", format!("no entry is called `{}`", id.escape_debug()));
            fault.hint("`pilotbench history show` names them")
        })?;
        if let Some(because) = &found.accepted {
            let message = format!("{id} was accepted before: {}", because.escape_debug());
            return Err(Fault::usage("ENTRY", message));
        }
        let (entry, because) = (id.to_owned(), because.to_owned());
        let accepted = Accepted { schema: ACCEPTED_SCHEMA.to_owned(), entry, because };
        write(&self.root.join("accepted"), id, &accepted)
    }
}

/// What an entry is called: names sort by time.
fn id(entry: &Entry) -> String {
    let at = entry.told.at.replace([':', '-'], "");
    let hash = identity::sha256_of(entry);
    format!("{at}-{}-{}", entry.name, &hash[..12])
}

/// The JSON files of a folder, in order; none where there is no folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let fault = |e: io::Error| Fault::store(folder.display(), e);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(fault(e)),
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(fault)?;
    // What a process left that died while it wrote has another ending.
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    Ok(paths)
}

fn read<T: DeserializeOwned + Serialize>(path: &Path, schema: &str) -> Result<T> {
    let fault = |e: &dyn std::fmt::Display| {
        let fault = Fault::store(path.display(), format!("the file is damaged: {e}"));
        fault.hint("take it from a copy, or remove it: then that run is not in the history")
    };
    let bytes = fs::read(path).map_err(|e| fault(&e))?;
    let sealed: Sealed<serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|e| fault(&e))?;
    let found = sealed.content.get("schema").and_then(|schema| schema.as_str()).unwrap_or("none");
    if found != schema {
        let message = format!("form `{}`, this version reads {schema}", found.escape_debug());
        return Err(Fault::store(path.display(), message));
    }
    if identity::sha256_of(&sealed.content) != sealed.sha256 {
        return Err(fault(&"its sha256 is another"));
    }
    serde_json::from_value(sealed.content).map_err(|e| fault(&e))
}

/// Writes a file beside its place and puts it there, unless one is there.
fn write<T: Serialize>(folder: &Path, name: &str, content: &T) -> Result<()> {
    let place = folder.join(format!("{name}.json"));
    let fault = |e: io::Error| Fault::store(place.display(), e);
    let sealed = Sealed { sha256: identity::sha256_of(content), content };
    let text = serde_json::to_vec(&sealed).map_err(|e| fault(e.into()))?;
    fs::create_dir_all(folder).map_err(fault)?;
    whole::write_new(&place, &text)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::entry, *};

    fn night(number: usize) -> Entry {
        entry(number, &[("m", vec![(1, 0.25), (2, 0.5)])])
    }

    #[test]
    fn entries_come_back_in_order_and_are_never_rewritten() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::at(folder.path());
        assert!(history.entries().unwrap().is_empty());
        for number in [2, 1] {
            assert!(matches!(history.add(&night(number)).unwrap(), Added::New(_)));
        }
        let entries = history.entries().unwrap();
        assert_eq!(entries.iter().map(|k| &k.entry).collect::<Vec<_>>(), [&night(1), &night(2)]);
        assert!(matches!(history.add(&night(2)).unwrap(), Added::Known(_)));
        let mut same = night(1);
        same.told.label = Some("other".into());
        let fault = history.add(&same).unwrap_err().to_string();
        assert!(fault.contains("this very execution is there"), "{fault}");
        same.execution = "other".into();
        let fault = history.add(&same).unwrap_err().to_string();
        assert!(fault.contains("another run of this time"), "{fault}");

        let id = &entries[0].id;
        history.accept(id, "wanted").unwrap();
        assert_eq!(history.entries().unwrap()[0].accepted.as_deref(), Some("wanted"));
        assert!(history.accept(id, "again").is_err() && history.accept("x\u{1b}", "no").is_err());
    }

    #[test]
    fn damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::at(folder.path());
        history.add(&night(1)).unwrap();
        let path = files(&folder.path().join("entries")).unwrap().remove(0);
        let whole = fs::read_to_string(&path).unwrap();
        let damaged = [
            (whole.replace("0.25", "0.26"), "its sha256 is another"),
            (whole[..whole.len() / 2].to_owned(), "damaged"),
            (whole.replace("entry/1", "entry/9"), "this version reads"),
            (String::new(), "damaged"),
        ];
        for (text, words) in damaged {
            assert_ne!(text, whole);
            fs::write(&path, text).unwrap();
            let fault = history.entries().unwrap_err();
            assert!(fault.message.contains(words), "{fault}");
            assert!(fault.place.ends_with(".json") && history.add(&night(2)).is_err());
        }
        fs::write(&path, whole).unwrap();
        fs::rename(&path, path.with_file_name("20260101T000000Z-other-1.json")).unwrap();
        let fault = history.entries().unwrap_err();
        assert!(fault.message.contains("its content is that of"), "{fault}");
    }
}
