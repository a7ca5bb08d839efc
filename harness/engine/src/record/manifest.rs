use crate::{
    adapter::Calibration,
    fault::Fault,
    interview::Used,
    plan::{PluginFacts, Replicate},
};
use serde::{Deserialize, Serialize};

/// Version of the manifest's format.
///
/// 1: first.
pub(super) const FORMAT: u32 = 1;

/// What a committed replicate is, and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format, 1.
    pub format: u32,
    /// The replicate.
    pub replicate: Replicate,
    /// Its answers.
    pub answers: AnswersFile,
    /// What became of the requests.
    pub counts: Counts,
    /// Who was revealed and who was asked.
    pub sets: Sets,
    /// The library that answered.
    pub plugin: PluginFacts,
    /// SHA-256 of the table of human answers.
    pub table_sha256: String,
    /// Version of pilotbench.
    pub pilotbench: String,
    /// What the host's adapter learned from the pilot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapted: Option<Adapted>,
    /// What the answers took of a service, those that the host's adapter asked for included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
    /// What differs between two runs of the same replicate.
    pub volatile: Volatile,
}

/// What the host's adapter learned from the pilot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adapted {
    /// Pilot participants that the backend was told of.
    InContext {
        /// As many as fit into what the backend takes.
        told: usize,
        /// As many as were to be told.
        wanted: usize,
    },
    /// How log-probabilities were changed, by item.
    Calibrate(Vec<Calibration>),
}

impl Manifest {
    /// A manifest of the current format, of a method for which the host learns nothing.
    pub fn new(
        replicate: &Replicate,
        answers: AnswersFile,
        counts: Counts,
        sets: Sets,
        plugin: &PluginFacts,
        table_sha256: &str,
        volatile: Volatile,
    ) -> Self {
        Self {
            format: FORMAT,
            replicate: replicate.clone(),
            answers,
            counts,
            sets,
            plugin: plugin.clone(),
            table_sha256: table_sha256.to_owned(),
            pilotbench: env!("CARGO_PKG_VERSION").to_owned(),
            adapted: None,
            used: None,
            volatile,
        }
    }
}

/// The file of answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswersFile {
    /// Name, `<sha256>.parquet`.
    pub file: String,
    /// SHA-256.
    pub sha256: String,
    /// Bytes.
    pub bytes: usize,
    /// Participants.
    pub rows: usize,
}

/// Requests by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Answered.
    pub ok: usize,
    /// Refused.
    pub refused: usize,
    /// Answered with what is no level.
    pub invalid: usize,
}

impl Counts {
    /// Adds other requests.
    pub fn add(&mut self, others: Self) {
        self.ok += others.ok;
        self.refused += others.refused;
        self.invalid += others.invalid;
    }
}

/// Hashes of the two sets of participants, so that a later reader can prove that they never met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sets {
    /// People whose answers the backend saw.
    pub revealed: usize,
    /// SHA-256 of their identifiers in order.
    pub revealed_sha256: String,
    /// People asked.
    pub asked: usize,
    /// SHA-256 of their identifiers in order.
    pub asked_sha256: String,
}

/// What differs between two runs of the same replicate. Not part of any hash.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volatile {
    /// Milliseconds of learning.
    pub adapt_ms: f64,
    /// Milliseconds of answering.
    pub answer_ms: f64,
    /// What kept the plugin from the rest of the machine.
    #[serde(default)]
    pub isolation: String,
    /// The machine: speeds of different ones say nothing of each other.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub machine: String,
    /// Requests, and those whose answer was known from before; none where nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<[usize; 2]>,
}

/// Why a replicate failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The replicate.
    pub replicate: Replicate,
    /// Attempt, from 1.
    pub attempt: u32,
    /// Class of the fault.
    pub class: String,
    /// Place and message.
    pub message: String,
    /// The end of what the plugin's worker printed, where it died.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl Failure {
    pub(super) fn new(replicate: &Replicate, attempt: u32, fault: &Fault) -> Self {
        Self {
            replicate: replicate.clone(),
            attempt,
            class: format!("{:?}", fault.kind).to_lowercase(),
            message: format!("{}: {}", fault.place, fault.message),
            output: fault.output.clone(),
        }
    }
}
