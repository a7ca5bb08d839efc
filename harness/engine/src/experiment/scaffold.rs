//! A first card for somebody's table, made by looking at its columns. The texts are left to the
//! owner: only they know what was asked.

use super::{cells, import::place, resolve::check_folder_id};
use crate::{
    fault::{Fault, Result},
    identity,
};
use std::{collections::BTreeSet, fmt::Write, path::Path};

/// A column with at most so many different cells is taken for levels.
const LEVELS_MAX: usize = 12;

/// What the owner says of the columns; the others become covariates.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// Identifies participants.
    pub participant: Option<String>,
    /// The arm.
    pub arm: Option<String>,
    /// Belief items.
    pub beliefs: Vec<String>,
    /// Action items.
    pub actions: Vec<String>,
}

/// What a column holds.
struct Seen {
    name: String,
    /// Different cells, as long as they are few.
    cells: BTreeSet<String>,
    is_many: bool,
    is_numeric: bool,
}

impl Seen {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), cells: BTreeSet::new(), is_many: false, is_numeric: true }
    }

    fn look(&mut self, cell: &str) {
        if cell.is_empty() {
            return;
        }
        self.is_numeric &= cell.trim().parse::<f64>().is_ok_and(f64::is_finite);
        if self.cells.len() <= LEVELS_MAX {
            self.cells.insert(cell.to_owned());
        }
        self.is_many = self.cells.len() > LEVELS_MAX;
    }

    /// Codes in order: as numbers where all are.
    fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.cells.iter().map(String::as_str).collect();
        if self.is_numeric {
            let number = |code: &str| code.trim().parse::<f64>().unwrap_or(f64::NAN);
            codes.sort_by(|a, b| number(a).total_cmp(&number(b)));
        }
        codes
    }
}

/// Writes card and table into a new folder.
///
/// # Errors
/// When the name is taken, the table cannot be read, or a column is missing or has too many levels.
pub fn scaffold(folder: &Path, name: &str, table: &Path, columns: &Columns) -> Result<()> {
    check_folder_id(name)?;
    if folder.exists() {
        return Err(Fault::usage(folder.display(), "there is already something of this name"));
    }
    let mut seen: Vec<Seen> = Vec::new();
    let mut rows = 0;
    let header = cells::each_row(table, |header, _, row| {
        if seen.is_empty() {
            seen = header.names.iter().map(|name| Seen::new(name)).collect();
        }
        rows += 1;
        seen.iter_mut().zip(row).for_each(|(seen, cell)| seen.look(cell));
        Ok(())
    })?;
    let named = [&columns.participant, &columns.arm].into_iter().flatten();
    for wanted in named.chain(&columns.beliefs).chain(&columns.actions) {
        if header.position(wanted).is_none() {
            let fault = Fault::usage(table.display(), format!("there is no column `{wanted}`"));
            let names: Vec<_> = header.names.iter().map(|n| n.escape_debug().to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return Err(fault.names(wanted, &names));
        }
    }
    if columns.beliefs.is_empty() && columns.actions.is_empty() {
        return Err(Fault::usage(table.display(), "no column is an item")
            .hint("name the questions with --item COLUMN and --action COLUMN"));
    }
    let extension = table.extension().and_then(|e| e.to_str()).unwrap_or("csv");
    let file = format!("participants.{extension}");
    let text = card(name, &file, &identity::sha256_file(table)?, rows, &seen, columns)
        .map_err(|message| Fault::usage(table.display(), message))?;
    let bytes = std::fs::read(table).map_err(|e| Fault::usage(table.display(), e))?;
    place(folder, &text, &file, &bytes)
}

fn card(
    name: &str,
    file: &str,
    sha256: &str,
    rows: usize,
    seen: &[Seen],
    columns: &Columns,
) -> std::result::Result<String, String> {
    let participant = columns.participant.as_deref().unwrap_or("row");
    let arm = columns.arm.as_deref().map(|arm| format!("arm = {}\n", quoted(arm)));
    let mut text = format!(
        "format = 1\nid = {}\ntitle = \"FILL IN\"\norigin = \"human\"\nsummary = \"FILL IN: what was \
         done to whom\"\npreamble = \"FILL IN: what every participant reads first\"\n\n[source]\n\
         citation = \"FILL IN\"\nlicence = \"FILL IN\"\nexposure = \"unknown\"\n\n[table]\nfile = {}\n\
         sha256 = {}\nrows = {rows}\nparticipant = {}\n{}",
        quoted(name),
        quoted(file),
        quoted(sha256),
        quoted(participant),
        arm.unwrap_or_default()
    );
    let is = |list: &[String], name: &String| list.contains(name);
    let taken = |name: &String| {
        Some(name) == columns.participant.as_ref() || Some(name) == columns.arm.as_ref()
    };
    let covariates = || {
        seen.iter().filter(|s| {
            !taken(&s.name) && !is(&columns.beliefs, &s.name) && !is(&columns.actions, &s.name)
        })
    };
    let unusable = |s: &&Seen| s.is_many && !s.is_numeric;
    let unused: Vec<String> = covariates().filter(unusable).map(|s| quoted(&s.name)).collect();
    let _ = writeln!(text, "unused = [{}]", unused.join(", "));
    if let Some(arm) = seen.iter().find(|s| Some(&s.name) == columns.arm.as_ref()) {
        arms(&mut text, arm)?;
    }
    let mut subgroups = Vec::new();
    for covariate in covariates().filter(|s| !unusable(s)) {
        let id = identifier(&covariate.name);
        let told = quoted(&format!("{}: {{value}}.", covariate.name));
        let head = format!(
            "\n[[covariate]]\nid = {}\ncolumn = {}\nlabel = {}\n",
            quoted(&id),
            quoted(&covariate.name),
            quoted(&covariate.name)
        );
        text += &head;
        if covariate.is_many || covariate.cells.len() < 2 && covariate.is_numeric {
            let _ = writeln!(text, "kind = \"numeric\"\ntold = {told}");
        } else {
            let _ = writeln!(text, "kind = \"categorical\"\ntold = {told}\n{}", levels(covariate));
            if (2..=6).contains(&covariate.cells.len()) {
                subgroups.push(quoted(&id));
            }
        }
    }
    for (list, role) in [(&columns.beliefs, "belief"), (&columns.actions, "action")] {
        for name in list {
            let column = seen.iter().find(|s| s.name == *name).ok_or("the table has no rows")?;
            item(&mut text, column, role)?;
        }
    }
    let sizes: Vec<String> = [0, 8, 15, 30, 60, 120]
        .into_iter()
        .filter(|size| *size == 0 || size * 3 <= rows)
        .map(|size: usize| size.to_string())
        .collect();
    let _ = writeln!(
        text,
        "\n[design]\nsubgroups = [{}]\npilot_sizes = [{}]",
        subgroups.join(", "),
        sizes.join(", ")
    );
    Ok(text)
}

fn arms(text: &mut String, arm: &Seen) -> std::result::Result<(), String> {
    if arm.is_many {
        return Err(format!("column `{}` has more than {LEVELS_MAX} arms", arm.name));
    }
    for code in arm.codes() {
        let _ = writeln!(
            text,
            "\n[[arm]]\nid = {}\ncode = {}\nlabel = {}\ntext = \"FILL IN: what this arm is told\"",
            quoted(&format!("arm-{}", identifier(code).replace('_', "-"))),
            quoted(code),
            quoted(code)
        );
    }
    Ok(())
}

fn item(text: &mut String, column: &Seen, role: &str) -> std::result::Result<(), String> {
    if column.is_many {
        return Err(format!(
            "column `{}` has more than {LEVELS_MAX} different answers; group them first",
            column.name
        ));
    }
    let kind = match (column.cells.len(), column.is_numeric) {
        (2, _) => "binary",
        (_, true) => "ordinal",
        _ => "nominal",
    };
    let _ = writeln!(
        text,
        "\n[[item]]\nid = {}\ncolumn = {}\nlabel = {}\nrole = \"{role}\"\nkind = \"{kind}\"\n\
         text = \"FILL IN: the question\"\nwording = \"paraphrased\"\n{}",
        quoted(&identifier(&column.name)),
        quoted(&column.name),
        quoted(&column.name),
        levels(column)
    );
    Ok(())
}

fn levels(column: &Seen) -> String {
    let mut text = String::from("levels = [\n");
    for code in column.codes() {
        let _ = writeln!(text, "  {{ code = {}, label = {} }},", quoted(code), quoted(code));
    }
    text + "]"
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// An identifier near a column's name.
fn identifier(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let id: String = name.trim().chars().map(keep).take(60).collect();
    match id.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => id,
        false => format!("c{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Experiment;

    #[test]
    fn a_scaffold_is_a_sound_card() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("answers.csv");
        let mut text = String::from("pid,Group,age,free text,Q1: trust,did it\n");
        for i in 0..40 {
            let _ = writeln!(text, "x{i},{},{},words {i},{},{}", i % 2, 20 + i, i % 5, i % 2);
        }
        std::fs::write(&table, text).unwrap();
        let columns = Columns {
            participant: Some("pid".into()),
            arm: Some("Group".into()),
            beliefs: vec!["Q1: trust".into()],
            actions: vec!["did it".into()],
        };
        let place = folder.path().join("mine");
        scaffold(&place, "mine", &table, &columns).unwrap();
        let experiment = Experiment::load(&place).unwrap();
        assert_eq!(experiment.people.len(), 40);
        assert_eq!(experiment.design.items[0].levels.len(), 5);
        assert_eq!(experiment.card.table.unused, ["free text"]);
        assert!(scaffold(&place, "mine", &table, &columns).is_err(), "nothing is overwritten");
    }
}
