//! The card as it is written: `experiment.toml`, key by key.

use super::design::{Arm, CovariateKind, Family, ItemKind, Population, Role, TieRule, Wording};
use crate::fault::{Fault, Result, similar};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs::File, io::Read, path::Path};
use toml::Spanned;

/// Cards larger than this are refused: no card needs a mebibyte of words.
const CARD_BYTES_MAX: usize = 1 << 20;

/// A card, format 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Format of the card: 1.
    pub format: Spanned<u32>,
    /// Identifier, the folder's name.
    pub id: Spanned<String>,
    /// Title.
    pub title: String,
    /// Whether people answered.
    pub origin: Origin,
    /// The law of a synthetic population, where it is one that is known.
    pub population: Option<Spanned<Population>>,
    /// What was done to whom.
    pub summary: String,
    /// Text that every participant reads first.
    #[serde(default)]
    pub preamble: String,
    /// Where the answers come from.
    pub source: Source,
    /// The table.
    pub table: TableCard,
    /// What was left out on the way here.
    pub exclusions: Option<Exclusions>,
    /// Treatment groups.
    #[serde(default, rename = "arm", skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<Spanned<Arm>>,
    /// What is known before the interview.
    #[serde(default, rename = "covariate", skip_serializing_if = "Vec::is_empty")]
    pub covariates: Vec<Spanned<CovariateCard>>,
    /// Questions in order.
    #[serde(rename = "item")]
    pub items: Vec<Spanned<ItemCard>>,
    /// Which action beliefs imply.
    pub implied_action: Option<Spanned<ImpliedCard>>,
    /// Regressions.
    #[serde(default, rename = "regression", skip_serializing_if = "Vec::is_empty")]
    pub regressions: Vec<Spanned<RegressionCard>>,
    /// Subgroups and pilot sizes.
    pub design: DesignCard,
}

/// Whether people answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// People answered.
    Human,
    /// A program drew the answers.
    Synthetic,
}

/// Where the answers come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Paper or data set.
    pub citation: String,
    /// Package or archive from which the table was taken.
    #[serde(default)]
    pub package: String,
    /// Licence of the table.
    pub licence: String,
    /// Doubts about it.
    #[serde(default)]
    pub licence_note: String,
    /// How likely models saw the data in training.
    pub exposure: Exposure,
    /// Why.
    #[serde(default)]
    pub exposure_note: String,
}

/// How likely models saw the data in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Exposure {
    Low,
    Medium,
    High,
    Unknown,
}

impl Exposure {
    /// Word in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Unknown => "unknown",
        }
    }
}

/// The table of answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableCard {
    /// CSV or Parquet file beside the card.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Number of participants.
    pub rows: usize,
    /// `row`, or the column that identifies participants.
    pub participant: String,
    /// Column of the arm.
    pub arm: Option<String>,
    /// Cell texts that mean missing.
    #[serde(default = "missing_by_default")]
    pub missing: Vec<String>,
    /// Columns that the card does not use.
    #[serde(default)]
    pub unused: Vec<String>,
}

fn missing_by_default() -> Vec<String> {
    vec![String::new()]
}

/// What was left out of the source table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusions {
    /// Rows of the source table.
    pub source_rows: usize,
    /// Rows left out.
    pub rows: usize,
    /// Which.
    pub rule: String,
}

/// A covariate as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CovariateCard {
    /// Identifier.
    pub id: String,
    /// Column, the identifier unless given.
    pub column: Option<String>,
    /// Name for tables.
    pub label: String,
    /// Kind.
    pub kind: CovariateKind,
    /// How a participant is told; empty or left out: not told.
    #[serde(default)]
    pub told: String,
    /// Levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelCard>,
}

/// A level as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelCard {
    /// Cell text.
    pub code: String,
    /// Words.
    pub label: String,
    /// Number, the position from 1 unless given.
    pub value: Option<f64>,
    /// Sentence that tells this level.
    pub told: Option<String>,
}

/// An item as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemCard {
    /// Identifier.
    pub id: String,
    /// Column, the identifier unless given.
    pub column: Option<String>,
    /// Column of the answers that the same people gave when they were asked again.
    pub retest: Option<String>,
    /// Name for tables.
    pub label: String,
    /// Belief or action.
    pub role: Role,
    /// Kind of its levels.
    pub kind: ItemKind,
    /// The question.
    pub text: String,
    /// How true the text is.
    pub wording: Wording,
    /// Levels in order.
    pub levels: Vec<LevelCard>,
}

/// The implied action as written; which keys are needed depends on `rule`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImpliedCard {
    /// The action item.
    pub action: String,
    /// Where the rule comes from.
    #[serde(default)]
    pub note: String,
    /// `linear` or `nearer`.
    pub rule: RuleName,
    /// Linear: summands.
    pub terms: Option<Vec<LinearTermCard>>,
    /// Linear: subtracted from each value.
    pub centre: Option<f64>,
    /// Linear: level for a positive sum.
    pub positive: Option<String>,
    /// Linear: level for a negative sum.
    pub negative: Option<String>,
    /// Linear: what zero implies.
    pub tie: Option<TieRule>,
    /// Nearer: item that places the participant.
    pub own: Option<String>,
    /// Nearer: places to be near to.
    pub candidates: Option<Vec<NearerTermCard>>,
}

/// Name of a family of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleName {
    Linear,
    Nearer,
}

/// A summand as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearTermCard {
    /// The item.
    pub item: String,
    /// Its weight.
    pub weight: f64,
}

/// A candidate as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearerTermCard {
    /// The item that places the candidate.
    pub item: String,
    /// Level code of the action.
    pub level: String,
}

/// A regression as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionCard {
    /// Identifier.
    pub id: String,
    /// `logit`, `ols` or `ordinal-logit`.
    pub family: Family,
    /// `outcome ~ term + term`, see `experiment/formula.rs`.
    pub formula: String,
    /// Where it comes from.
    #[serde(default)]
    pub note: String,
    /// True coefficients by term, of a synthetic population.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub truth: BTreeMap<String, f64>,
}

/// Subgroups and pilot sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignCard {
    /// Categorical covariates whose levels are scored apart.
    #[serde(default)]
    pub subgroups: Vec<String>,
    /// Pilot sizes that make sense for this table.
    pub pilot_sizes: Vec<usize>,
}

/// A card and where it was read, so that a fault can name its line.
#[derive(Debug, Clone)]
pub struct CardFile {
    /// Path shown in faults.
    pub path: String,
    /// The card.
    pub card: Card,
    text: String,
}

impl CardFile {
    /// Reads a card.
    ///
    /// # Errors
    /// When the file cannot be read, is too large, or is not a card.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let text = read_text(path, CARD_BYTES_MAX)?;
        let card = toml::from_str(&text).map_err(|e| toml_fault(&shown, &text, &e))?;
        Ok(Self { path: shown, card, text })
    }

    /// A fault at a spanned place of the card.
    pub fn fault<T>(&self, at: &Spanned<T>, message: impl std::fmt::Display) -> Fault {
        Fault::usage(format!("{}:{}", self.path, line_of(&self.text, at.span().start)), message)
    }

    /// A fault at the line where this key of this table stands, as near as the text tells.
    pub fn fault_in(&self, table: &str, message: impl std::fmt::Display) -> Fault {
        let header = format!("[{table}]");
        let line = self.text.lines().position(|line| line.trim() == header).map_or(1, |i| i + 1);
        Fault::usage(format!("{}:{line}", self.path), message)
    }
}

/// Reads a text file of bounded size.
///
/// # Errors
/// When the file cannot be read, is not UTF-8, or is too large.
pub fn read_text(path: &Path, bytes_max: usize) -> Result<String> {
    let fault = |message: String| Fault::usage(path.display(), message);
    let file = File::open(path).map_err(|e| fault(e.to_string()))?;
    let mut bytes = Vec::new();
    let read = file.take(bytes_max as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| fault(e.to_string()))?;
    if bytes.len() > bytes_max {
        return Err(fault(format!(
            "larger than {bytes_max} bytes, which is the most that is read"
        )));
    }
    String::from_utf8(bytes).map_err(|e| fault(format!("not UTF-8: {e}")))
}

/// A fault from a TOML error: its line, its first line of text.
pub fn toml_fault(path: &str, text: &str, error: &toml::de::Error) -> Fault {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    let fault = Fault::usage(format!("{path}:{line}"), error.message());
    match meant(error.message()) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None => fault,
    }
}

/// The key or word that may be meant where serde says that there is none like it.
fn meant(message: &str) -> Option<&str> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (wanted, known) = (quoted.next()?, quoted.collect::<Vec<_>>());
    similar(wanted, &known)
}

/// The line, from 1, of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}
