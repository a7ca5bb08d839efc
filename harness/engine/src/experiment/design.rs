//! The words and columns of an experiment, without anybody's answers: what plugins get to see.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The design of an experiment. Its JSON form crosses to plugins; references are indices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Design {
    /// Identifier, the folder's name.
    pub id: String,
    /// Title.
    pub title: String,
    /// Text that every participant reads first.
    pub preamble: String,
    /// Treatment groups; empty when there is only one.
    pub arms: Vec<Arm>,
    /// What is known of a participant before the interview.
    pub covariates: Vec<Covariate>,
    /// Questions in the order they are asked.
    pub items: Vec<Item>,
    /// Which action beliefs imply.
    pub implied_action: Option<ImpliedAction>,
    /// Regressions.
    pub regressions: Vec<Regression>,
    /// The law that a synthetic population was drawn by, where it is one that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// Covariates whose levels are scored apart.
    pub subgroups: Vec<usize>,
}

/// The synthetic populations whose law is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Population {
    /// [`generate::disclosure`](super::generate::disclosure).
    Disclosure,
}

impl Design {
    /// Index of the item with this identifier.
    pub fn item_index(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }

    /// The design as backends see it: without the true coefficients.
    pub fn without_truth(&self) -> Self {
        let mut design = self.clone();
        let terms = design.regressions.iter_mut().flat_map(|r| r.terms.iter_mut());
        terms.for_each(|term| term.truth = None);
        design
    }

    /// Index of the covariate with this identifier.
    pub fn covariate_index(&self, id: &str) -> Option<usize> {
        self.covariates.iter().position(|covariate| covariate.id == id)
    }
}

/// A treatment group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// Identifier.
    pub id: String,
    /// Cell text in the arm column.
    pub code: String,
    /// Name for tables.
    pub label: String,
    /// What its participants are told.
    #[serde(default)]
    pub text: String,
    /// Place in the design, for regressions.
    #[serde(default)]
    pub factors: BTreeMap<String, f64>,
}

/// Kind of a covariate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CovariateKind {
    /// One of listed levels.
    Categorical,
    /// A number.
    Numeric,
}

/// Something known of a participant before the interview.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Covariate {
    /// Identifier.
    pub id: String,
    /// Column of the table.
    pub column: String,
    /// Name for tables.
    pub label: String,
    /// Kind.
    pub kind: CovariateKind,
    /// How a simulated participant is told; `{value}` stands for the number or the level's label.
    /// Empty: not told.
    pub told: String,
    /// Levels of a categorical covariate.
    pub levels: Vec<Level>,
}

/// One level of an item or of a categorical covariate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// Cell text in the table.
    pub code: String,
    /// Words of the level.
    pub label: String,
    /// Number of the level.
    pub value: f64,
    /// Sentence that tells this level instead of the covariate's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
}

/// Whether an item asks for a belief or for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What the participant thinks.
    Belief,
    /// What the participant does.
    Action,
}

/// Kind of an item's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// No order.
    Nominal,
    /// Ordered.
    Ordinal,
    /// Ordered, and the values are numbers.
    Numeric,
    /// Two levels.
    Binary,
}

/// How true an item's text is to what participants read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    /// Word for word.
    Verbatim,
    /// In our words.
    Paraphrased,
    /// Ours: nobody was asked.
    Invented,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// Identifier.
    pub id: String,
    /// Column of the table.
    pub column: String,
    /// Column of the answers of the same people when they were asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// Answers that can be given, in order.
    pub levels: Vec<Level>,
}

/// Which action beliefs imply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImpliedAction {
    /// Index of the action item.
    pub action: usize,
    /// The rule.
    #[serde(flatten)]
    pub rule: ImpliedRule,
}

/// The families of rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum ImpliedRule {
    /// Sign of `Σ weight · (value − centre)`.
    Linear {
        /// Summands, in order.
        terms: Vec<LinearTerm>,
        /// Subtracted from each value.
        centre: f64,
        /// Level for a positive sum.
        positive: usize,
        /// Level for a negative sum.
        negative: usize,
        /// What zero implies.
        tie: TieRule,
    },
    /// The candidate whose item is nearest in value to `own`.
    Nearer {
        /// Item that places the participant.
        own: usize,
        /// The places to be near to.
        candidates: Vec<NearerTerm>,
    },
}

/// A summand of a linear rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LinearTerm {
    /// Index of the item.
    pub item: usize,
    /// Its weight.
    pub weight: f64,
}

/// A candidate of a nearer rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NearerTerm {
    /// Index of the item that places the candidate.
    pub item: usize,
    /// Level of the action that chooses the candidate.
    pub level: usize,
}

/// What a linear rule says at exactly zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// The positive level.
    Positive,
    /// The negative level.
    Negative,
    /// Nothing.
    Excluded,
}

/// A regression that the experiment's authors, or the card's, would run, its formula resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Regression {
    /// Identifier.
    pub id: String,
    /// Family.
    pub family: Family,
    /// The formula as the card has it.
    pub formula: String,
    /// Index of the outcome's item.
    pub outcome: usize,
    /// Columns of the design in order, without the intercept.
    pub terms: Vec<Term>,
}

/// One column of a design matrix: a product of parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Name, as coefficients are called.
    pub name: String,
    /// What is multiplied.
    pub parts: Vec<TermPart>,
    /// The true coefficient, where the population's law is known. Backends do not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<f64>,
}

/// A factor of a term.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TermPart {
    /// Value of the answer to an item.
    Item {
        /// Index of the item.
        item: usize,
    },
    /// 1 when the answer to an item is one of these levels, else 0.
    ItemLevel {
        /// Index of the item.
        item: usize,
        /// Levels.
        levels: Vec<usize>,
    },
    /// Value of a numeric covariate.
    Covariate {
        /// Index of the covariate.
        covariate: usize,
    },
    /// 1 when a categorical covariate is at one of these levels, else 0.
    CovariateLevel {
        /// Index of the covariate.
        covariate: usize,
        /// Levels.
        levels: Vec<usize>,
    },
    /// A number of the participant's arm.
    ArmFactor {
        /// By arm.
        values: Vec<f64>,
    },
}

/// Family of a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Binary outcome.
    Logit,
    /// Numeric outcome.
    Ols,
    /// Ordered outcome.
    OrdinalLogit,
}
