//! What a plan has to know of plugins. The plugin stage fills it in.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose answers a backend may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnsFrom {
    /// Nobody's.
    Nothing,
    /// The pilot's.
    Pilot,
    /// One half of the held-out people, to answer for the other half.
    OtherHalf,
    /// Everybody's.
    Everyone,
    /// The same people's answers when they were asked again.
    Retest,
    /// Nobody's, but the backend knows the law by which a synthetic population was drawn.
    Law,
}

impl LearnsFrom {
    /// Whether the backend knows more than a model may: its rows are a reference, not a method.
    pub fn is_oracle(self) -> bool {
        !matches!(self, Self::Nothing | Self::Pilot)
    }

    /// Whether its answers depend on the pilot.
    pub fn uses_pilot(self) -> bool {
        self == Self::Pilot
    }
}

/// A plugin as recorded with results.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PluginFacts {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of the library.
    pub sha256: String,
    /// Compiler that built it.
    pub rustc: String,
    /// SDK version it was built with.
    pub sdk: String,
}

/// A backend as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendFacts {
    /// The library it is in.
    pub plugin: PluginFacts,
    /// One line for people.
    pub summary: String,
    /// Whose answers it may see.
    pub learns_from: LearnsFrom,
    /// Fewest pilot participants it works with.
    pub min_pilot: usize,
    /// Whether requests carry chat messages.
    pub needs_messages: bool,
    /// Same seed, same requests, same answers.
    pub deterministic: bool,
    /// Ways of learning that it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<String>,
    /// So many people are interviewed at a time; everybody: `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_per_call: Option<usize>,
    /// What of the opened backend changes its answers and is no setting.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub provenance: BTreeMap<String, String>,
}

/// A metric's library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFacts {
    /// The library it is in.
    pub plugin: PluginFacts,
    /// One line for people.
    pub summary: String,
    /// Names of the scores it gives.
    pub scores: Vec<String>,
}
