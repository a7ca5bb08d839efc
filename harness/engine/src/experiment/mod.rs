//! Stage 1: a card and a table become an [`Experiment`] that is typed, validated and hashed.
//!
//! Invariant: an `Experiment` in memory has no dangling reference, no code without a level, and a
//! table whose SHA-256 is the card's. Later stages check none of this again.

mod card;
mod cells;
mod design;
mod formula;
pub mod generate;
pub mod import;
mod people;
mod resolve;
pub mod scaffold;
mod table;
#[cfg(test)]
pub(crate) mod testing;

pub use card::{
    Card, CardFile, Exclusions, Exposure, Origin, Source, TableCard, line_of, read_text, toml_fault,
};
pub(crate) use cells::{Header, each_row};
pub use design::{
    Arm, Covariate, CovariateKind, Design, Family, ImpliedAction, ImpliedRule, Item, ItemKind,
    Level, LinearTerm, NearerTerm, Population, Regression, Role, Term, TermPart, TieRule, Wording,
};
pub use people::{Columns, People, code, no_codes};
pub use resolve::check_folder_id;
pub use table::read_others;

use crate::{
    fault::{Fault, Faults, Result},
    identity,
};
use std::path::{Component, Path, PathBuf};

/// Name of the card in an experiment's folder.
pub const CARD_FILE: &str = "experiment.toml";

/// A validated experiment.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// Words and columns.
    pub design: Design,
    /// All participants.
    pub people: People,
    /// The card as written.
    pub card: Card,
}

impl Experiment {
    /// Identifier.
    pub fn id(&self) -> &str {
        &self.design.id
    }

    /// Whether no person answered: results must say so.
    pub fn is_synthetic(&self) -> bool {
        self.card.origin == Origin::Synthetic
    }

    /// Loads and checks an experiment.
    ///
    /// # Errors
    /// All faults of card and table.
    pub fn load(folder: &Path) -> std::result::Result<Self, Faults> {
        let single = |fault| Faults(vec![fault]);
        let file = CardFile::read(&folder.join(CARD_FILE)).map_err(single)?;
        let mut faults = Faults::default();
        let design = match resolve::resolve(&file) {
            Ok(design) => Some(design),
            Err(found) => {
                faults = found;
                None
            }
        };
        if folder.file_name().is_some_and(|name| name.to_str() != Some(file.card.id.get_ref())) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let message = format!("id `{}` in a folder `{name}`", file.card.id.get_ref());
            faults.push(file.fault(&file.card.id, message).hint("give both the same name"));
        }
        let path = table_path(folder, &file).map_err(single)?;
        if let Err(fault) = check_hash(&file, &path) {
            faults.push(fault);
        }
        let people = design.as_ref().map(|design| table::load(&file, design, &path));
        match (design, people) {
            (Some(design), Some(Ok(people))) if faults.0.is_empty() => {
                Ok(Self { design, people, card: file.card })
            }
            (_, people) => {
                faults.0.extend(people.and_then(std::result::Result::err).unwrap_or_default().0);
                Err(faults)
            }
        }
    }
}

/// The table lies beside the card: no path out of the folder.
fn table_path(folder: &Path, file: &CardFile) -> Result<PathBuf> {
    let name = Path::new(&file.card.table.file);
    let plain = name.components().count() == 1
        && name.components().all(|c| matches!(c, Component::Normal(_)));
    match plain {
        true => Ok(folder.join(name)),
        false => {
            let message =
                format!("table file `{}` is not a plain name", file.card.table.file.escape_debug());
            Err(file.fault_in("table", message).hint("the table lies beside its card"))
        }
    }
}

fn check_hash(file: &CardFile, path: &Path) -> Result<()> {
    let found = identity::sha256_file(path)?;
    let expected = &file.card.table.sha256;
    match found == *expected {
        true => Ok(()),
        false => {
            let message =
                format!("sha256 of {} is {found}, the card says {expected}", path.display());
            let hint = "put the table back, or, if the change is meant, the new hash into the card";
            Err(file.fault_in("table", message).hint(hint))
        }
    }
}

/// Folders below `root` that hold a card, in order of name. Nothing is loaded.
///
/// # Errors
/// When the folder cannot be read.
pub fn folders(root: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(root).map_err(|e| {
        Fault::usage(root.display(), e).hint("run from the repository's root, or give --datasets")
    })?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join(CARD_FILE).is_file())
        .collect();
    found.sort();
    Ok(found)
}

/// The folder of an experiment given by name (below `root`) or by path.
///
/// # Errors
/// When there is no such experiment.
pub fn find(root: &Path, name: &str) -> Result<PathBuf> {
    let direct = Path::new(name);
    if name.contains(std::path::MAIN_SEPARATOR) && direct.join(CARD_FILE).is_file() {
        return Ok(direct.to_path_buf());
    }
    check_folder_id(name)?;
    let folder = root.join(name);
    if folder.join(CARD_FILE).is_file() {
        return Ok(folder);
    }
    let known = folders(root)?;
    let known: Vec<_> = known.iter().filter_map(|p| p.file_name()?.to_str()).collect();
    let message = format!("there is no experiment `{name}` in {}", root.display());
    Err(Fault::usage("", message).names(name, &known))
}
