//! How pilot participants are chosen, and how many.

use crate::{
    experiment::{CovariateKind, Experiment},
    fault::{Fault, Result},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How pilot participants are chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Strategy {
    /// Any order is as likely as any other.
    Random,
    /// Every beginning holds the arms in their shares of the table.
    StratifiedArm,
    /// People of one arm only: this one, or one that the seed chooses.
    SingleArm(Option<String>),
    /// As many of each level of a covariate.
    EqualGroup(String),
    /// Every beginning holds the levels of a covariate in their shares of the table.
    Proportional(String),
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::StratifiedArm => f.write_str("stratified-arm"),
            Self::SingleArm(None) => f.write_str("single-arm"),
            Self::SingleArm(Some(arm)) => write!(f, "single-arm({arm})"),
            Self::EqualGroup(column) => write!(f, "equal-group({column})"),
            Self::Proportional(column) => write!(f, "proportional({column})"),
        }
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or("`)` is missing")?)),
            None => (text, None),
        };
        match (name.trim(), argument.map(|a| a.trim().to_owned())) {
            ("random", None) => Ok(Self::Random),
            ("stratified-arm", None) => Ok(Self::StratifiedArm),
            ("single-arm", arm) => Ok(Self::SingleArm(arm)),
            ("equal-group", Some(column)) => Ok(Self::EqualGroup(column)),
            ("proportional", Some(column)) => Ok(Self::Proportional(column)),
            _ => Err(format!(
                "`{}` is no strategy; there are random, stratified-arm, single-arm, \
                 single-arm(ARM), equal-group(COLUMN), proportional(COLUMN)",
                text.escape_debug()
            )),
        }
    }
}

impl TryFrom<String> for Strategy {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Strategy> for String {
    fn from(strategy: Strategy) -> Self {
        strategy.to_string()
    }
}

impl Strategy {
    /// Whether this experiment has what the strategy needs.
    ///
    /// # Errors
    /// When an arm or column is missing.
    pub fn check(&self, experiment: &Experiment) -> Result<()> {
        let design = &experiment.design;
        let place = format!("strategy {self} on {}", experiment.id());
        let fault = |message: String| Err(Fault::usage(&place, message));
        match self {
            Self::Random => Ok(()),
            Self::StratifiedArm | Self::SingleArm(_) if design.arms.is_empty() => {
                fault("the experiment has no arms".into())
            }
            Self::SingleArm(Some(arm)) if design.arms.iter().all(|a| a.id != *arm) => {
                let known: Vec<_> = design.arms.iter().map(|a| a.id.as_str()).collect();
                fault(format!("there is no arm `{arm}`; there are {}", known.join(", ")))
            }
            Self::StratifiedArm | Self::SingleArm(_) => Ok(()),
            Self::EqualGroup(column) | Self::Proportional(column) => {
                match design.covariate_index(column) {
                    Some(i) if design.covariates[i].kind == CovariateKind::Categorical => Ok(()),
                    _ => fault(format!("`{column}` is not a categorical covariate")),
                }
            }
        }
    }
}

/// A pilot size as written: a count, or a share of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SizeText", into = "SizeText")]
pub enum Size {
    /// Participants.
    Count(usize),
    /// Per cent of an arm: of the one named by `single-arm(ARM)`, else of the arms' mean size.
    ArmPercent(f64),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a pilot size: a count (30) or a share (\"25% of arm\")")]
enum SizeText {
    Count(usize),
    Text(String),
}

impl TryFrom<SizeText> for Size {
    type Error = String;
    fn try_from(size: SizeText) -> std::result::Result<Self, String> {
        let text = match size {
            SizeText::Count(count) => return Ok(Self::Count(count)),
            SizeText::Text(text) => text,
        };
        let number = text.strip_suffix("of arm").map(str::trim).and_then(|t| t.strip_suffix('%'));
        match number.and_then(|number| number.trim().parse().ok()) {
            Some(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self::ArmPercent(percent)),
            _ => Err(format!(
                "`{}` is no pilot size; write a count (30) or a share (\"25% of arm\")",
                text.escape_debug()
            )),
        }
    }
}

impl From<Size> for SizeText {
    fn from(size: Size) -> Self {
        match size {
            Size::Count(count) => Self::Count(count),
            Size::ArmPercent(percent) => Self::Text(format!("{percent}% of arm")),
        }
    }
}

impl Size {
    /// The size in participants.
    ///
    /// # Errors
    /// When a share of an arm is asked of an experiment without arms.
    pub fn participants(&self, experiment: &Experiment, strategy: &Strategy) -> Result<usize> {
        let percent = match self {
            Self::Count(count) => return Ok(*count),
            Self::ArmPercent(percent) => *percent,
        };
        let design = &experiment.design;
        if design.arms.is_empty() {
            let place = format!("size {percent}% of arm on {}", experiment.id());
            return Err(Fault::usage(place, "the experiment has no arms"));
        }
        let named = match strategy {
            Strategy::SingleArm(Some(id)) => design.arms.iter().position(|arm| arm.id == *id),
            _ => None,
        };
        let rows = 0..experiment.people.len();
        let arm_size = match named {
            Some(arm) => rows.filter(|row| experiment.people.arm(*row) == Some(arm)).count() as f64,
            None => experiment.people.len() as f64 / design.arms.len() as f64,
        };
        Ok((arm_size * percent / 100.0).round() as usize)
    }
}
