//! `submission.toml`: who hands in what.

use super::findings::is_active;
use crate::{
    experiment::toml_fault,
    fault::{Fault, Result},
    identity,
    leaderboard::{HandedIn, Level},
    plan::check_method_name,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Name of the file.
pub const SUBMISSION_FILE: &str = "submission.toml";
/// Version of the form.
///
/// 1: first.
const FORMAT: u32 = 1;
/// Characters of a note.
const NOTE_MAX: usize = 2000;

/// What whoever hands in says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Version of the form, 1.
    pub format: u32,
    /// Who hands it in, `[a-z0-9-]`.
    pub by: String,
    /// What it is called among theirs, `[a-z0-9-]`.
    pub name: String,
    /// Version of pilotbench that made it.
    pub pilotbench: String,
    /// Identity of its plan.
    pub plan: String,
    /// Its methods.
    pub methods: Vec<String>,
    /// Whether the models saw the human answers in training, as far as it is known.
    pub seen_in_training: Seen,
    /// Licence of the answers; none: not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Words for readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// SHA-256 of the names and hashes of all other files.
    pub files_sha256: String,
}

/// Whether models saw the human answers in training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// They did.
    Yes,
    /// They did not.
    No,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Seen {
    /// Word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl Submission {
    /// The current form, still without its files' hash.
    pub fn new(by: &str, name: &str, plan: String, methods: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            by: by.to_owned(),
            name: name.to_owned(),
            pilotbench: env!("CARGO_PKG_VERSION").to_owned(),
            plan,
            methods,
            seen_in_training: Seen::default(),
            licence: None,
            note: None,
            files_sha256: String::new(),
        }
    }

    /// Parses and checks the file.
    ///
    /// # Errors
    /// When it is not of the form.
    pub fn parse(text: &str) -> Result<Self> {
        let submission: Self =
            toml::from_str(text).map_err(|e| toml_fault(SUBMISSION_FILE, text, &e))?;
        submission.check()?;
        Ok(submission)
    }

    /// What it is called on a board: `by.name`.
    pub fn title(&self) -> String {
        format!("{}.{}", self.by, self.name)
    }

    /// What it is: its words and the hash of its files.
    pub fn identity(&self) -> String {
        identity::sha256_of(self)
    }

    /// What a board tells of it.
    pub(super) fn handed_in(&self, level: Level, methods: Vec<String>) -> HandedIn {
        HandedIn {
            submission: self.title(),
            level,
            methods,
            seen_in_training: self.seen_in_training.name().to_owned(),
            licence: self.licence.clone(),
            note: self.note.clone(),
        }
    }

    /// Whether everything in it is such that a board can show it.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self) -> Result<()> {
        let fault = |key: &str, message: String| {
            Err(Fault::usage(format!("{SUBMISSION_FILE}: {key}"), message))
        };
        if self.format != FORMAT {
            return fault("format", format!("{}, this version reads {FORMAT}", self.format));
        }
        for (key, name) in [("by", &self.by), ("name", &self.name)] {
            if !is_slug(name) {
                let shown: String = name.chars().take(64).collect();
                return fault(
                    key,
                    format!("`{}` is not of [a-z0-9-]{{1,24}}", shown.escape_debug()),
                );
            }
        }
        let is_new = |names: &mut BTreeSet<_>, name| names.insert(name);
        let mut names = BTreeSet::new();
        for method in &self.methods {
            if let Err(message) = check_method_name(method) {
                return fault("methods", message);
            }
            if !is_new(&mut names, method) {
                return fault("methods", format!("`{method}` stands twice"));
            }
        }
        if self.methods.is_empty() {
            return fault("methods", "there is none".to_owned());
        }
        let texts =
            [("pilotbench", Some(&self.pilotbench), 40), ("licence", self.licence.as_ref(), 100)];
        for (key, text, most) in texts.into_iter().chain([("note", self.note.as_ref(), NOTE_MAX)]) {
            let Some(text) = text else { continue };
            let acts = |c: char| is_active(c) && !(c == '\n' && key == "note");
            if text.chars().any(acts) || text.chars().count() > most {
                let message = format!("longer than {most} characters, or with control characters");
                return fault(key, message);
            }
        }
        Ok(())
    }
}

/// Whether a name is of small letters, digits and `-`, and short.
pub(super) fn is_slug(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=24).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-')
}
