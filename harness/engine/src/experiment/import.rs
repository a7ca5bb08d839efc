//! Somebody's own table in the form of an existing card, so that owners of unpublished data can run
//! an experiment unchanged.

use super::{
    CARD_FILE, Experiment,
    card::{Card, CardFile, Exposure, Origin, Source, read_text, toml_fault},
    cells, resolve,
    resolve::check_folder_id,
};
use crate::{
    fault::{Fault, Result},
    identity,
};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};
use toml::Spanned;

const MAPPING_BYTES_MAX: usize = 1 << 20;

/// Which of the owner's columns and cells stand for the card's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The owner's column that identifies participants; row numbers unless given.
    pub participant: Option<String>,
    /// The card's column = the owner's column; same name unless given.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// By the card's column: the owner's cell = the card's code; same text unless given.
    #[serde(default)]
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// When it cannot be read or is no mapping.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path, MAPPING_BYTES_MAX)?;
        toml::from_str(&text).map_err(|e| toml_fault(&path.display().to_string(), &text, &e))
    }
}

/// Whose answers an imported table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// People's: where they come from is the owner's to say.
    People,
    /// Drawn anew from the population of the card, which stays what it is.
    Redrawn,
}

/// Imports a table; returns the number of participants. Nothing is left behind unless card and
/// table are sound.
///
/// # Errors
/// When a column or cell has no counterpart, or the name is taken.
pub fn import(
    like: &Path,
    table: &Path,
    mapping: &Mapping,
    folder: &Path,
    answers: Answers,
) -> Result<usize> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    check_folder_id(name)?;
    if folder.exists() {
        return Err(Fault::usage(folder.display(), "there is already something of this name"));
    }
    let file = CardFile::read(&like.join(CARD_FILE))?;
    let design = resolve::resolve(&file)
        .map_err(|faults| faults.first().expect_err("resolving failed for a reason"))?;
    let mut columns: Vec<&str> = file.card.table.arm.iter().map(String::as_str).collect();
    columns.extend(design.covariates.iter().map(|c| c.column.as_str()));
    columns.extend(design.items.iter().map(|i| i.column.as_str()));
    let unknown = mapping.columns.keys().chain(mapping.codes.keys());
    if let Some(unknown) = unknown.into_iter().find(|name| !columns.contains(&name.as_str())) {
        let message = format!("the mapping names `{unknown}`, which is no column of the card");
        return Err(Fault::usage("", message).names(unknown, &columns));
    }
    let (bytes, rows) = mapped(table, mapping, &columns)?;
    let has_ids = mapping.participant.is_some();
    let mut card = with_table(file.card, name, &bytes, rows, has_ids);
    if answers == Answers::People {
        card = without_source(card);
    }
    let text = toml::to_string(&card).map_err(|e| Fault::usage(name, e))?;
    place(folder, &text, "participants.csv", &bytes).map_err(|fault| {
        fault.hint("say under [codes.COLUMN] which of the card's codes your cells stand for")
    })?;
    Ok(rows)
}

/// The owner's table with the card's columns and codes.
fn mapped(table: &Path, mapping: &Mapping, columns: &[&str]) -> Result<(Vec<u8>, usize)> {
    let fault = |e: csv::Error| Fault::usage(table.display(), e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let id = mapping.participant.as_ref().map(|_| "participant_id");
    writer.write_record(id.into_iter().chain(columns.iter().copied())).map_err(fault)?;
    let mut rows = 0;
    let none = BTreeMap::new();
    cells::each_row(table, |header, line, row| {
        let cell = |theirs: &str| {
            let position = header.position(theirs).ok_or_else(|| {
                Fault::usage(table.display(), format!("there is no column `{theirs}`"))
                    .hint("say under [columns] which of your columns it is")
            })?;
            row.get(position).copied().ok_or_else(|| {
                Fault::usage(format!("{}:{line}", table.display()), "the row is short")
            })
        };
        let mut record: Vec<&str> = Vec::with_capacity(columns.len() + 1);
        if let Some(theirs) = &mapping.participant {
            record.push(cell(theirs)?);
        }
        for ours in columns {
            let theirs = mapping.columns.get(*ours).map_or(*ours, String::as_str);
            let text = cell(theirs)?;
            let codes = mapping.codes.get(*ours).unwrap_or(&none);
            record.push(codes.get(text).map_or(text, String::as_str));
        }
        rows += 1;
        writer.write_record(record).map_err(fault)
    })?;
    let bytes = writer.into_inner().map_err(|e| Fault::usage(table.display(), e))?;
    Ok((bytes, rows))
}

/// Whose answers these are is the owner's to say, and no law is known of them.
fn without_source(mut card: Card) -> Card {
    card.origin = Origin::Human;
    card.population = None;
    let terms = card.regressions.iter_mut().map(Spanned::get_mut);
    terms.for_each(|regression| regression.truth.clear());
    card.title = format!("FILL IN (imported in the form of: {})", card.title);
    card.source = Source {
        citation: "FILL IN".to_owned(),
        package: String::new(),
        licence: "FILL IN".to_owned(),
        licence_note: String::new(),
        exposure: Exposure::Unknown,
        exposure_note: String::new(),
    };
    card
}

fn with_table(mut card: Card, name: &str, table: &[u8], rows: usize, has_ids: bool) -> Card {
    card.id = Spanned::new(0..0, name.to_owned());
    card.exclusions = None;
    card.table.file = "participants.csv".to_owned();
    card.table.sha256 = identity::sha256(table);
    card.table.rows = rows;
    card.table.participant = if has_ids { "participant_id" } else { "row" }.to_owned();
    card.table.unused = Vec::new();
    // Only the card's own people were asked again.
    card.items.iter_mut().for_each(|item| item.get_mut().retest = None);
    // Sizes that the new table allows.
    card.design.pilot_sizes.retain(|size| *size == 0 || size + 2 <= rows);
    card
}

/// Writes an experiment's folder beside its place, checks it there, and moves it: what is not sound
/// leaves nothing behind.
pub(super) fn place(folder: &Path, card: &str, table_file: &str, table: &[u8]) -> Result<()> {
    let name = folder.file_name().unwrap_or_default();
    let fault = |e: std::io::Error| Fault::store(folder.display(), e);
    let parent = folder.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(fault)?;
    let staged = tempfile::tempdir_in(parent).map_err(fault)?;
    let place = staged.path().join(name);
    std::fs::create_dir(&place).map_err(fault)?;
    std::fs::write(place.join(table_file), table).map_err(fault)?;
    std::fs::write(place.join(CARD_FILE), card).map_err(fault)?;
    Experiment::load(&place).map_err(|faults| {
        let fault = faults.first().expect_err("loading failed for a reason");
        let shown = staged.path().display().to_string();
        Fault { place: fault.place.replace(&shown, &parent.display().to_string()), ..fault }
    })?;
    std::fs::rename(&place, folder).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::testing;

    #[test]
    fn columns_and_codes_are_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let like = folder.path().join("tiny");
        testing::write(&like, 20);
        let table = folder.path().join("theirs.csv");
        let text = "who,arm,grp,age,b1,b2,act\nann,0,X,31,much,1,1\nbob,1,z,,0,2,0\n";
        std::fs::write(&table, text).unwrap();
        let mapping: Mapping = toml::from_str(
            "participant = 'who'\n[columns]\ngroup = 'grp'\n[codes.group]\nX = 'x'\n[codes.b1]\nmuch = '2'",
        )
        .unwrap();
        let place = folder.path().join("ours");
        assert_eq!(import(&like, &table, &mapping, &place, Answers::People).unwrap(), 2);
        let experiment = Experiment::load(&place).unwrap();
        assert_eq!(experiment.people.ids.value(0), "ann");
        assert_eq!(experiment.people.answers[0].value(0), 2);
        assert_eq!(experiment.people.number(1, 1), None);
        assert!(!experiment.is_synthetic());
    }

    #[test]
    fn a_cell_without_counterpart_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let like = folder.path().join("tiny");
        testing::write(&like, 20);
        let table = folder.path().join("theirs.csv");
        std::fs::write(&table, "arm,group,age,b1,b2,act\n0,x,31,lots,1,1\n1,y,30,2,1,0\n").unwrap();
        let place = folder.path().join("ours");
        let fault =
            import(&like, &table, &Mapping::default(), &place, Answers::People).unwrap_err();
        assert!(fault.message.contains("`lots` is not a level of `b1`"), "{fault}");
        assert!(fault.place.ends_with("ours/participants.csv:2"), "{fault}");
        assert!(!place.exists());
    }
}
