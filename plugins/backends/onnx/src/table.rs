//! Models that were adapted elsewhere: which of them was trained on the plan's pilot.
//!
//! A folder has `adapted.toml`, which names a file for each experiment, way of drawing pilots, seed
//! and size; `pilots.csv`, the pilots that they were trained on, as `pilotbench plan --pilots` wrote
//! them; and the files: graphs, or adapters of the runtime's own kind (`.onnx_adapter`) for the graph
//! of the setting `model`. A replicate gets the model whose recorded pilot is its own, or none.

use backend_language::{Problem, place};
use pilotbench_plugin_sdk::{Error, Pilot, Result};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Component, Path, PathBuf},
};

const FILE: &str = "adapted.toml";
const PILOTS: &str = "pilots.csv";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    model: Vec<Entry>,
}

/// A model and the pilot that it was trained on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    experiment: String,
    size: usize,
    seed: u32,
    /// How pilots are drawn, as plans write it.
    #[serde(default = "random")]
    strategy: String,
    /// Inside the folder.
    file: PathBuf,
    sha256: String,
}

fn random() -> String {
    "random".to_owned()
}

impl Entry {
    fn name(&self) -> String {
        let Self { experiment, strategy, size, seed, .. } = self;
        format!("{experiment}, {strategy}, size {size}, seed {seed}")
    }
}

/// A row of `pilots.csv`.
#[derive(Deserialize)]
struct Row {
    experiment: String,
    strategy: String,
    seed: u32,
    size: Option<usize>,
    participant_id: String,
    role: String,
}

/// The models of a folder.
pub(crate) struct Table {
    folder: PathBuf,
    entries: Vec<(Entry, BTreeSet<String>)>,
    /// Of both files.
    pub(crate) sha256: String,
}

/// A file of the table.
pub(crate) struct Chosen {
    pub(crate) path: PathBuf,
    sha256: String,
}

impl Table {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`Error::Config`] when a file is missing or wrong, or a model has no recorded pilot.
    pub(crate) fn open(folder: &str) -> Result<Self> {
        let folder = place::expanded(folder);
        Self::read(folder).map_err(|problem| Error::config("adapted", problem.to_string()))
    }

    fn read(folder: PathBuf) -> std::result::Result<Self, Problem> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|e| Problem::file(&path, e))?;
        let written: Written = toml::from_str(&text).map_err(|e| Problem::model(&path, e))?;
        let recorded = folder.join(PILOTS);
        let mut pilots = pilots(&recorded)?;
        let mut entries = Vec::new();
        for entry in written.model {
            let is_inside = entry.file.components().all(|c| matches!(c, Component::Normal(_)));
            let file = folder.join(&entry.file);
            if !is_inside || !file.is_file() {
                let message = format!("{}: no file {:?} in the folder", entry.name(), entry.file);
                return Err(Problem::model(&path, message));
            }
            let key =
                (entry.experiment.clone(), entry.strategy.clone(), entry.seed, Some(entry.size));
            let pilot = pilots.remove(&key).filter(|pilot| pilot.len() == entry.size);
            let pilot = pilot.ok_or_else(|| {
                let message = format!(
                    "holds no pilot of {} people for {}, or it is named twice",
                    entry.size,
                    entry.name()
                );
                Problem::model(&recorded, message)
            })?;
            entries.push((entry, pilot));
        }
        let sha256 = place::sha256(&[path, recorded])?;
        Ok(Self { folder, entries, sha256 })
    }

    /// The model that was trained on this pilot.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there is none, or several.
    pub(crate) fn choose(&self, pilot: &Pilot) -> Result<Chosen> {
        let people: BTreeSet<String> =
            (0..pilot.people.len()).map(|row| pilot.people.id(row).to_owned()).collect();
        let own = self.entries.iter().filter(|(entry, _)| entry.experiment == pilot.experiment.id);
        let right: Vec<&Entry> =
            own.clone().filter(|(_, of)| *of == people).map(|(entry, _)| entry).collect();
        match right[..] {
            [entry] => {
                Ok(Chosen { path: self.folder.join(&entry.file), sha256: entry.sha256.clone() })
            }
            [] => Err(self.nothing(own, &people)),
            [first, second, ..] => Err(Error::unsupported(format!(
                "{}: two models are of this pilot: {}; {}",
                self.folder.display(),
                first.name(),
                second.name()
            ))),
        }
    }

    fn nothing<'a>(
        &self,
        own: impl Iterator<Item = &'a (Entry, BTreeSet<String>)>,
        people: &BTreeSet<String>,
    ) -> Error {
        let mut message = format!(
            "{}: no model was trained on this pilot of {} people",
            self.folder.display(),
            people.len()
        );
        let nearest = own
            .filter(|(entry, _)| entry.size == people.len())
            .min_by_key(|(_, of)| of.difference(people).count());
        if let Some((entry, of)) = nearest {
            let others: Vec<&str> = of.difference(people).map(String::as_str).collect();
            let (name, count) = (entry.name(), others.len());
            let _ = write!(
                message,
                "; that of {name} has {count} others, {} among them: were the pilots drawn for this plan?",
                others[0].escape_debug()
            );
        }
        Error::unsupported(message)
    }
}

impl Chosen {
    /// Compares the file with the table.
    ///
    /// # Errors
    /// [`Error::Config`] when it is another.
    pub(crate) fn check(&self) -> Result<()> {
        let found = place::sha256(std::slice::from_ref(&self.path))
            .map_err(|problem| Error::config("adapted", problem.to_string()))?;
        match found.eq_ignore_ascii_case(&self.sha256) {
            true => Ok(()),
            false => {
                let message = format!(
                    "{}: sha256 is {found}, {FILE} has {}",
                    self.path.display(),
                    self.sha256.escape_debug()
                );
                Err(Error::config("adapted", message))
            }
        }
    }
}

type Pilots = BTreeMap<(String, String, u32, Option<usize>), BTreeSet<String>>;

fn pilots(path: &Path) -> std::result::Result<Pilots, Problem> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| Problem::file(path, e))?;
    let mut pilots = Pilots::new();
    for row in reader.deserialize() {
        let row: Row = row.map_err(|e| Problem::model(path, e))?;
        if row.role == "pilot" {
            let key = (row.experiment, row.strategy, row.seed, row.size);
            pilots.entry(key).or_default().insert(row.participant_id);
        }
    }
    Ok(pilots)
}
