use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The experiment as plugins see it: its words and its columns, without anybody's answers.
#[derive(Debug, Clone, Deserialize, Serialize)]
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
    /// The law that a synthetic population was drawn by, where it is one that is known.
    #[serde(default)]
    pub population: Option<String>,
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
#[derive(Debug, Clone, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CovariateKind {
    /// One of listed levels.
    Categorical,
    /// A number.
    Numeric,
}

/// Something known of a participant before the interview.
#[derive(Debug, Clone, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Level {
    /// Words of the level.
    pub label: String,
    /// Number of the level: its position from 1 unless the card says otherwise.
    pub value: f64,
}

/// Whether an item asks for a belief or for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What the participant thinks.
    Belief,
    /// What the participant does.
    Action,
}

/// Kind of an item's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ImpliedAction {
    /// Index of the action item.
    pub action: usize,
    /// The rule.
    #[serde(flatten)]
    pub rule: ImpliedRule,
}

/// The families of rules that a card can declare.
#[derive(Debug, Clone, Deserialize, Serialize)]
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
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct LinearTerm {
    /// Index of the item.
    pub item: usize,
    /// Its weight.
    pub weight: f64,
}

/// A candidate of a nearer rule.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct NearerTerm {
    /// Index of the item that places the candidate.
    pub item: usize,
    /// Level of the action that chooses the candidate.
    pub level: usize,
}

/// What a linear rule says at exactly zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
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

/// A regression named by the card, its formula resolved: one term is one column of the design.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Regression {
    /// Identifier.
    pub id: String,
    /// Family.
    pub family: RegressionFamily,
    /// The formula as the card has it.
    pub formula: String,
    /// Index of the outcome's item.
    pub outcome: usize,
    /// Columns of the design in order, without the intercept.
    pub terms: Vec<RegressionTerm>,
}

/// Family of a regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegressionFamily {
    /// Binary logit of the second level.
    Logit,
    /// Least squares of the level's value.
    Ols,
    /// Proportional odds.
    OrdinalLogit,
}

/// One column of a design: a product of parts.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct RegressionTerm {
    /// Name, as coefficients are called: `risk`, `eth[Black]`, `A:trust`.
    pub name: String,
    /// What is multiplied.
    pub parts: Vec<TermPart>,
    /// The true coefficient, where the population's law is known.
    #[serde(default)]
    pub truth: Option<f64>,
}

/// A factor of a term.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
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

impl RegressionTerm {
    /// The term's value for a person; `None` when something it reads is missing.
    pub fn value(
        &self,
        experiment: &Experiment,
        people: &crate::People,
        row: usize,
    ) -> Option<f64> {
        self.parts
            .iter()
            .try_fold(1.0, |product, part| Some(product * part.value(experiment, people, row)?))
    }
}

impl TermPart {
    fn value(&self, experiment: &Experiment, people: &crate::People, row: usize) -> Option<f64> {
        let is_one_of =
            |level: usize, levels: &[usize]| f64::from(u8::from(levels.contains(&level)));
        match self {
            Self::Item { item } => {
                Some(experiment.items[*item].levels[people.answer(row, *item)?].value)
            }
            Self::ItemLevel { item, levels } => Some(is_one_of(people.answer(row, *item)?, levels)),
            Self::Covariate { covariate } => people.number(row, *covariate),
            Self::CovariateLevel { covariate, levels } => {
                Some(is_one_of(people.level(row, *covariate)?, levels))
            }
            Self::ArmFactor { values } => values.get(people.arm(row)?).copied(),
        }
    }
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
