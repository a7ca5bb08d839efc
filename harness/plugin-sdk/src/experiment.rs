use serde::Deserialize;
use std::collections::BTreeMap;

/// The experiment as plugins see it: its words and its columns, without anybody's answers.
#[derive(Debug, Clone, Deserialize)]
pub struct Experiment {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Text that every participant reads first.
    #[serde(default)]
    pub preamble: String,
    /// Treatment groups; empty when there is only one.
    pub arms: Vec<Arm>,
    /// What is known of a participant before the interview.
    pub covariates: Vec<Covariate>,
    /// Questions in the order they are asked.
    pub items: Vec<Item>,
    /// Which action a participant's beliefs imply.
    #[serde(default)]
    pub implied_action: Option<ImpliedAction>,
    /// Regressions that the experiment's authors (or the card's) would run.
    #[serde(default)]
    pub regressions: Vec<Regression>,
    /// Indices into `covariates` of the columns whose groups are scored apart.
    #[serde(default)]
    pub subgroups: Vec<usize>,
}

impl Experiment {
    /// Indices of the items with this role.
    pub fn items_with_role(&self, role: Role) -> Vec<usize> {
        (0..self.items.len()).filter(|i| self.items[*i].role == role).collect()
    }

    /// Index of the item with this identifier.
    pub fn item_index(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }
}

/// A treatment group.
#[derive(Debug, Clone, Deserialize)]
pub struct Arm {
    /// Identifier.
    pub id: String,
    /// Name for tables.
    pub label: String,
    /// What its participants read.
    #[serde(default)]
    pub text: String,
    /// The arm's place in the design, for example `{A: 1, B: 0}`.
    #[serde(default)]
    pub factors: BTreeMap<String, f64>,
}

/// Kind of a covariate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CovariateKind {
    /// One of listed levels.
    Categorical,
    /// A number.
    Numeric,
}

/// Something known of a participant before the interview.
#[derive(Debug, Clone, Deserialize)]
pub struct Covariate {
    /// Identifier.
    pub id: String,
    /// Name for tables.
    pub label: String,
    /// Kind.
    pub kind: CovariateKind,
    /// Levels of a categorical covariate.
    #[serde(default)]
    pub levels: Vec<Level>,
}

/// One level of an item or of a categorical covariate.
#[derive(Debug, Clone, Deserialize)]
pub struct Level {
    /// Words of the level.
    pub label: String,
    /// Number of the level: its position from 1 unless the card says otherwise.
    pub value: f64,
}

/// Whether an item asks for a belief or for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What the participant thinks.
    Belief,
    /// What the participant does.
    Action,
}

/// Kind of an item's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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

/// A question.
#[derive(Debug, Clone, Deserialize)]
pub struct Item {
    /// Identifier.
    pub id: String,
    /// Belief or action.
    pub role: Role,
    /// Kind of its levels.
    pub kind: ItemKind,
    /// The question.
    #[serde(default)]
    pub text: String,
    /// Answers that can be given, in order.
    pub levels: Vec<Level>,
}

impl Item {
    /// Whether distances between levels mean something: ordinal, numeric and binary items.
    pub fn is_ordered(&self) -> bool {
        self.kind != ItemKind::Nominal
    }

    /// Values of the levels.
    pub fn values(&self) -> Vec<f64> {
        self.levels.iter().map(|level| level.value).collect()
    }
}

/// Which action beliefs imply.
#[derive(Debug, Clone, Deserialize)]
pub struct ImpliedAction {
    /// Index of the action item.
    pub action: usize,
    /// The rule.
    #[serde(flatten)]
    pub rule: ImpliedRule,
}

/// The families of rules that a card can declare.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum ImpliedRule {
    /// `v = Σ weight · (value − centre)`, added in the order of the terms: `positive` when `v > 0`,
    /// `negative` when `v < 0`.
    Linear {
        /// Summands.
        terms: Vec<LinearTerm>,
        /// Subtracted from each item's value.
        centre: f64,
        /// Level implied by a positive sum.
        positive: usize,
        /// Level implied by a negative sum.
        negative: usize,
        /// What a sum of zero implies.
        tie: TieRule,
    },
    /// The level whose item is nearest in value to the item `own`; equal distances imply nothing.
    Nearer {
        /// Index of the item that places the participant.
        own: usize,
        /// The places to be near to.
        candidates: Vec<NearerTerm>,
    },
}

/// A summand of a linear rule.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct LinearTerm {
    /// Index of the item.
    pub item: usize,
    /// Its weight.
    pub weight: f64,
}

/// A candidate of a nearer rule.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct NearerTerm {
    /// Index of the item that places the candidate.
    pub item: usize,
    /// Level of the action that chooses the candidate.
    pub level: usize,
}

/// What a linear rule says at exactly zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// The positive level.
    Positive,
    /// The negative level.
    Negative,
    /// Nothing: the participant is excluded and counted.
    Excluded,
}

/// A sum or difference nearer to 0 than this is 0: weights such as 0.3 have no exact form, and the
/// order of the terms must not decide what beliefs imply.
const ROUNDING: f64 = 1e-9;

impl ImpliedAction {
    /// The level implied by the answers of one participant, by item; `None` for a tie or when an
    /// answer that the rule reads is missing.
    pub fn implied(
        &self,
        experiment: &Experiment,
        answers: impl Fn(usize) -> Option<usize>,
    ) -> Option<usize> {
        let value = |item: usize| Some(experiment.items[item].levels[answers(item)?].value);
        match &self.rule {
            ImpliedRule::Linear { terms, centre, positive, negative, tie } => {
                let mut sum = 0.0;
                for term in terms {
                    sum += term.weight * (value(term.item)? - centre);
                }
                match tie {
                    _ if sum > ROUNDING => Some(*positive),
                    _ if sum < -ROUNDING => Some(*negative),
                    TieRule::Positive => Some(*positive),
                    TieRule::Negative => Some(*negative),
                    TieRule::Excluded => None,
                }
            }
            ImpliedRule::Nearer { own, candidates } => {
                let own = value(*own)?;
                let mut best: Option<(f64, Option<usize>)> = None;
                for candidate in candidates {
                    let distance = (own - value(candidate.item)?).abs();
                    best = Some(match best {
                        Some((least, level)) if least < distance - ROUNDING => (least, level),
                        Some((least, _)) if least <= distance + ROUNDING => (least, None),
                        _ => (distance, Some(candidate.level)),
                    });
                }
                best?.1
            }
        }
    }
}

/// A regression named by the card.
#[derive(Debug, Clone, Deserialize)]
pub struct Regression {
    /// Identifier.
    pub id: String,
    /// `logit`, `ols` or `ordinal-logit`.
    pub family: String,
    /// `outcome ~ term + term`.
    pub formula: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_zero_is_a_tie_whatever_rounding_makes_of_it() {
        let experiment = crate::testing::ordinal_experiment(&[5, 5, 5, 5, 2]);
        let term = |item, weight| LinearTerm { item, weight };
        let terms = vec![term(0, 0.5), term(1, -0.6), term(2, 0.55), term(3, 0.3)];
        let rule = |tie| ImpliedAction {
            action: 4,
            rule: ImpliedRule::Linear {
                terms: terms.clone(),
                centre: 3.0,
                positive: 1,
                negative: 0,
                tie,
            },
        };
        // 0.5 + 1.2 - 1.1 - 0.6 and 0.5 - 0 - 1.1 + 0.6: zero, and -1.1e-16 in floats.
        for answers in [[3, 0, 0, 0], [3, 2, 0, 4]] {
            let implied = |tie| rule(tie).implied(&experiment, |item| answers.get(item).copied());
            assert_eq!(implied(TieRule::Positive), Some(1));
            assert_eq!(implied(TieRule::Negative), Some(0));
            assert_eq!(implied(TieRule::Excluded), None);
        }
    }
}
