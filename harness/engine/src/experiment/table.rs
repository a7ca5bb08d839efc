//! From table file to [`People`]: every cell checked against the card, every fault with its row.

use super::{
    card::{Card, CardFile, TableCard},
    cells::{self, Header},
    design::{CovariateKind, Design, Level},
    people::People,
    resolve::is_plain_line,
};
use crate::fault::{Fault, Faults, Result};
use arrow_array::{ArrayRef, Float64Array, Int32Array, StringArray};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// After this many faults the rest of a table is not read: they are usually all alike.
const FAULTS_MAX: usize = 20;
/// Longest identifier of a participant.
const ID_BYTES_MAX: usize = 200;

/// Reads the table of a card.
///
/// # Errors
/// All faults found, up to a limit.
pub(super) fn load(
    file: &CardFile,
    design: &Design,
    path: &Path,
) -> std::result::Result<People, Faults> {
    let table = &file.card.table;
    let (people, header) = read(table, design, path)?;
    let mut faults = Faults::default();
    if people.len() != table.rows {
        let message = format!("{} rows, the card says {}", people.len(), table.rows);
        faults.push(Fault::usage(path.display(), message));
    }
    for column in table.unused.iter().filter(|column| header.position(column).is_none()) {
        let message = format!("column `{column}` is missing, which the card lists as unused");
        faults.push(Fault::usage(path.display(), message));
    }
    match faults.0.is_empty() {
        true => Ok(people),
        false => Err(faults),
    }
}

/// Reads other people than the card's own from a table of the same columns; those that the card does
/// not use, its identifiers and its retests may be missing.
///
/// # Errors
/// As [`Experiment::load`](super::Experiment::load).
pub fn read_others(
    card: &Card,
    design: &Design,
    path: &Path,
) -> std::result::Result<People, Faults> {
    let mut design = design.clone();
    let mut table = card.table.clone();
    let retests = design.items.iter_mut().filter_map(|item| item.retest.take());
    table.unused.extend(retests);
    table.unused.push(std::mem::replace(&mut table.participant, "row".to_owned()));
    Ok(read(&table, &design, path)?.0)
}

fn read(
    table: &TableCard,
    design: &Design,
    path: &Path,
) -> std::result::Result<(People, Header), Faults> {
    let mut reader = Reader::new(table, design, path);
    let outcome = cells::each_row(path, |header, line, row| reader.row(header, line, row));
    match outcome {
        Err(fault) => {
            reader.faults.push(fault);
            Err(reader.faults)
        }
        Ok(header) => {
            reader.columns_are_known(&header, table);
            match reader.faults.0.is_empty() {
                true => Ok((reader.finish(), header)),
                false => Err(reader.faults),
            }
        }
    }
}

struct Reader<'a> {
    path: &'a Path,
    missing: HashSet<&'a str>,
    participant: Option<&'a str>,
    arm: Option<Codes>,
    covariates: Vec<Reading>,
    answers: Vec<Codes>,
    retests: Vec<Option<Codes>>,
    ids: Vec<String>,
    seen: HashSet<String>,
    faults: Faults,
}

enum Reading {
    Codes(Codes),
    Numbers { column: String, values: Vec<Option<f64>> },
}

/// A column of level codes.
struct Codes {
    column: String,
    levels: HashMap<String, i32>,
    known: Vec<String>,
    values: Vec<Option<i32>>,
}

impl Codes {
    fn new<'a>(column: &str, codes: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<String> = codes.map(str::to_owned).collect();
        let levels = known.iter().enumerate().map(|(i, code)| (code.clone(), i as i32)).collect();
        Self { column: column.to_owned(), levels, known, values: Vec::new() }
    }

    fn of_levels(column: &str, levels: &[Level]) -> Self {
        Self::new(column, levels.iter().map(|level| level.code.as_str()))
    }

    /// The code of a cell; `Err` with the message when it is not in the list.
    fn read(&mut self, cell: &str) -> std::result::Result<(), String> {
        let code = self.levels.get(cell).copied();
        self.values.push(code);
        code.map(drop).ok_or_else(|| {
            format!(
                "`{}` is not a level of `{}`, which has {}",
                cell.escape_debug(),
                self.column,
                self.known.join(", ")
            )
        })
    }
}

impl<'a> Reader<'a> {
    fn new(table: &'a TableCard, design: &Design, path: &'a Path) -> Self {
        let covariates = design.covariates.iter().map(|covariate| match covariate.kind {
            CovariateKind::Categorical => {
                Reading::Codes(Codes::of_levels(&covariate.column, &covariate.levels))
            }
            CovariateKind::Numeric => {
                Reading::Numbers { column: covariate.column.clone(), values: Vec::new() }
            }
        });
        let answers = design.items.iter().map(|item| Codes::of_levels(&item.column, &item.levels));
        let retests = design.items.iter().map(|item| {
            item.retest.as_deref().map(|column| Codes::of_levels(column, &item.levels))
        });
        let arms = || design.arms.iter().map(|arm| arm.code.as_str());
        Self {
            path,
            missing: table.missing.iter().map(String::as_str).collect(),
            participant: (table.participant != "row").then_some(table.participant.as_str()),
            arm: table.arm.as_deref().map(|column| Codes::new(column, arms())),
            covariates: covariates.collect(),
            answers: answers.collect(),
            retests: retests.collect(),
            ids: Vec::new(),
            seen: HashSet::new(),
            faults: Faults::default(),
        }
    }

    fn row(&mut self, header: &Header, line: usize, row: &[&str]) -> Result<()> {
        let place = || format!("{}:{line}", self.path.display());
        let mut messages = Vec::new();
        let cell = |column: &str| {
            let position = header.position(column).ok_or_else(|| {
                Fault::usage(self.path.display(), format!("column `{column}` is missing"))
            })?;
            Ok(Some(row[position]).filter(|cell| !self.missing.contains(cell)))
        };
        let id = match self.participant {
            None => Some(format!("p{:06}", self.ids.len() + 1)),
            Some(column) => cell(column)?.map(str::to_owned),
        };
        match &id {
            None => messages.push("the participant has no identifier".to_owned()),
            Some(id) if id.len() > ID_BYTES_MAX || !is_plain_line(id) => {
                messages.push(format!("`{}` is not an identifier", id.escape_debug()));
            }
            Some(id) if self.participant.is_some() && !self.seen.insert(id.clone()) => {
                messages.push(format!("participant `{}` stands twice", id.escape_debug()));
            }
            Some(_) => {}
        }
        if let Some(arm) = &mut self.arm {
            match cell(&arm.column)? {
                None => messages.push("the participant has no arm".to_owned()),
                Some(text) => messages.extend(arm.read(text).err()),
            }
        }
        for reading in &mut self.covariates {
            match reading {
                Reading::Codes(codes) => match cell(&codes.column)? {
                    None => codes.values.push(None),
                    Some(text) => messages.extend(codes.read(text).err()),
                },
                Reading::Numbers { column, values } => {
                    let number = cell(column)?.map(|text| (text, text.trim().parse::<f64>()));
                    values.push(match number {
                        Some((_, Ok(number))) if number.is_finite() => Some(number),
                        Some((text, _)) => {
                            let text = text.escape_debug();
                            messages.push(format!("`{text}` in `{column}` is not a number"));
                            None
                        }
                        None => None,
                    });
                }
            }
        }
        for codes in self.answers.iter_mut().chain(self.retests.iter_mut().flatten()) {
            match cell(&codes.column)? {
                None => codes.values.push(None),
                Some(text) => messages.extend(codes.read(text).err()),
            }
        }
        self.ids.push(id.unwrap_or_default());
        for message in messages {
            let place = place();
            self.faults.push(Fault::usage(place, message));
        }
        match self.faults.0.len() < FAULTS_MAX {
            true => Ok(()),
            false => Err(Fault::usage(self.path.display(), "the rest of the table was not read")),
        }
    }

    fn columns_are_known(&mut self, header: &Header, table: &TableCard) {
        let mut used: HashSet<&str> = table.unused.iter().map(String::as_str).collect();
        used.extend(self.participant);
        used.extend(table.arm.as_deref());
        let answers = self.answers.iter().chain(self.retests.iter().flatten());
        used.extend(answers.map(|codes| codes.column.as_str()));
        used.extend(self.covariates.iter().map(|reading| match reading {
            Reading::Codes(codes) => codes.column.as_str(),
            Reading::Numbers { column, .. } => column.as_str(),
        }));
        for name in &header.names {
            if !used.contains(name.as_str()) {
                let message = format!("column `{}` is not in the card", name.escape_debug());
                let fault = Fault::usage(self.path.display(), message);
                let hint = "describe it, or list it under `unused` in [table]";
                self.faults.push(fault.hint(hint));
            }
        }
        if self.ids.is_empty() {
            self.faults.push(Fault::usage(self.path.display(), "the table has no rows"));
        }
    }

    fn finish(self) -> People {
        let rows = self.ids.len();
        let covariates = self.covariates.into_iter().map(|reading| match reading {
            Reading::Codes(codes) => Arc::new(Int32Array::from(codes.values)) as ArrayRef,
            Reading::Numbers { values, .. } => Arc::new(Float64Array::from(values)) as ArrayRef,
        });
        People {
            arm: self.arm.map_or_else(|| vec![None; rows], |arm| arm.values).into(),
            covariates: covariates.collect(),
            answers: self.answers.into_iter().map(|codes| codes.values.into()).collect(),
            retests: self
                .retests
                .into_iter()
                .map(|codes| codes.map(|codes| codes.values.into()))
                .collect(),
            ids: StringArray::from(self.ids),
        }
    }
}
