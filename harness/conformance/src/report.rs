//! What the checks found, for machines and for people.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write;

/// Version of the report's JSON form.
pub const FORMAT: u32 = 1;

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A backend.
    Backend,
    /// A metric.
    Metric,
}

impl Kind {
    /// Word for texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Metric => "metric",
        }
    }
}

/// The plugin file that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the library.
    pub sha256: String,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The answer to its question is yes.
    Passed,
    /// It is no.
    Failed {
        /// What was found, in numbers, and what would be right.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// The question could not be asked.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A check that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    /// Identifier, the same in every report.
    pub id: String,
    /// The question.
    pub question: String,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took.
    pub milliseconds: f64,
}

/// All checks of one backend or metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub format: u32,
    /// The file, where there is one.
    pub plugin: Option<PluginIdentity>,
    /// Backend or metric.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The settings that it was opened with.
    pub settings: Value,
    /// Whether no check failed.
    pub conforms: bool,
    /// The checks, in order.
    pub checks: Vec<Checked>,
}

impl Report {
    /// Identifiers of the failed checks.
    pub fn failed(&self) -> Vec<&str> {
        let failed = |check: &&Checked| matches!(check.outcome, Outcome::Failed { .. });
        self.checks.iter().filter(failed).map(|check| check.id.as_str()).collect()
    }

    /// Whether it could not even be opened with these settings, so that nothing else was asked.
    pub fn is_closed(&self) -> bool {
        self.failed().iter().any(|id| id.ends_with(".settings.opens"))
    }

    fn skipped(&self) -> usize {
        let skipped = |check: &&Checked| matches!(check.outcome, Outcome::Skipped { .. });
        self.checks.iter().filter(skipped).count()
    }

    /// The verdict in one line.
    pub fn verdict(&self) -> String {
        let all = self.checks.len();
        let skipped = match self.skipped() {
            0 => String::new(),
            n => format!(", {n} skipped"),
        };
        match self.failed().len() {
            0 => format!("conforms: {} of {all} checks passed{skipped}", all - self.skipped()),
            n => format!("does not conform: {n} of {all} checks failed{skipped}"),
        }
    }

    /// The report for people: a line per check, reasons below, the verdict last.
    pub fn text(&self) -> String {
        let mut text = format!("{} {}", self.kind.name(), inert(&self.name));
        if let Some(plugin) = &self.plugin {
            let sha256: String = plugin.sha256.chars().take(16).collect();
            let (name, version) = (inert(&plugin.name), inert(&plugin.version));
            let _ = write!(text, " of {name} {version} ({sha256})");
        }
        let _ = writeln!(text, ", settings {}", inert(&self.settings.to_string()));
        let width = self.checks.iter().map(|check| check.id.len()).max().unwrap_or(0);
        for check in &self.checks {
            let word = match &check.outcome {
                Outcome::Passed => "ok",
                Outcome::Failed { .. } => "FAILED",
                Outcome::Skipped { .. } => "skipped",
            };
            let (id, question) = (&check.id, &check.question);
            let _ = writeln!(text, "  {word:<8}{id:<width$}  {question}");
            match &check.outcome {
                Outcome::Passed => {}
                Outcome::Failed { reason, hint } => {
                    let _ = writeln!(text, "          {}", inert(reason));
                    let _ = writeln!(text, "          hint: {hint}");
                }
                Outcome::Skipped { reason } => {
                    let _ = writeln!(text, "          {}", inert(reason));
                }
            }
        }
        let _ = write!(text, "{}", self.verdict());
        text
    }

    /// Ends a test: nothing when the plugin conforms.
    ///
    /// # Panics
    /// With the report when it does not.
    pub fn assert_conforms(&self) {
        assert!(self.conforms, "{}", self.text());
    }
}

/// A plugin's words without control characters: they may go to a terminal.
fn inert(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
