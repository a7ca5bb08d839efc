use crate::plan::{LearnsFrom, Plan, PlannedMethod};
use serde::Serialize;

/// The baseline against which the same pilot is compared: plugin and backend.
const BASELINE: (&str, &str) = ("baseline", "marginal");

/// What a row is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A method to be judged.
    Method,
    /// The statistical baseline that gets the same pilot.
    Baseline,
    /// Learns from nobody.
    Floor,
    /// Humans against humans: an oracle that answers with the other half of the held-out people.
    Ceiling,
    /// An oracle that sees everybody's answers.
    Oracle,
    /// An oracle: the same people asked again.
    Retest,
    /// An oracle that knows the law of a synthetic population: a perfect simulator.
    Law,
}

impl Role {
    /// The role of a method.
    pub fn of(planned: &PlannedMethod) -> Self {
        match planned.facts.learns_from {
            LearnsFrom::OtherHalf => Self::Ceiling,
            LearnsFrom::Everyone => Self::Oracle,
            LearnsFrom::Retest => Self::Retest,
            LearnsFrom::Law => Self::Law,
            LearnsFrom::Nothing => Self::Floor,
            LearnsFrom::Pilot if is_baseline(planned) => Self::Baseline,
            LearnsFrom::Pilot => Self::Method,
        }
    }

    /// Word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "",
            Self::Baseline => "same-pilot baseline",
            Self::Floor => "no pilot",
            Self::Ceiling => "ORACLE, human ceiling",
            Self::Oracle => "ORACLE, sees everybody",
            Self::Retest => "ORACLE, the same people again",
            Self::Law => "ORACLE, knows the law",
        }
    }
}

/// The same-pilot baseline of a plan.
pub fn baseline(plan: &Plan) -> Option<&PlannedMethod> {
    plan.methods.iter().find(|method| Role::of(method) == Role::Baseline)
}

/// The baseline is one method: another smoothing, or another plugin's backend of the same name, is
/// not what the same pilot is compared with.
fn is_baseline(planned: &PlannedMethod) -> bool {
    let (plugin, backend) = BASELINE;
    planned.backend == backend
        && planned.facts.plugin.name == plugin
        && planned.settings.as_object().is_none_or(serde_json::Map::is_empty)
}
