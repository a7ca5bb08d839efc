//! A result as it is stored: `<name>.json`.

use crate::{
    answers::Compared, machine::Machine, repeats::Repeats, settings::Settings, spread::Number,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    leaderboard::put,
    plan::{Adapter, PlannedMethod, PluginFacts},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// Version of the form.
pub(crate) const SCHEMA: &str = "pilotbench/throughput/1";
/// A larger file is none of ours.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// What was measured of some methods on one machine, by turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this form.
    pub schema: String,
    /// Version of pilotbench.
    pub pilotbench: String,
    /// Name of the result.
    pub name: String,
    /// Identity of what was measured: plan and settings, without the machine.
    pub identity: String,
    /// Experiment whose people were asked.
    pub experiment: String,
    /// Whether no person answered it.
    pub synthetic: bool,
    /// SHA-256 of its table.
    pub table_sha256: String,
    /// Machine.
    pub machine: Machine,
    /// Rules.
    pub settings: Settings,
    /// What the machine can do at most.
    pub peak: Peak,
    /// Methods, in the order in which they were named.
    pub methods: Vec<Measured>,
}

/// What a machine can do at most on all of its threads, measured before each run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peak {
    /// Multiply-adds of f32 per second, in registers.
    pub multiply_adds_per_s: Number,
    /// Bytes read from memory per second.
    pub read_bytes_per_s: Number,
}

/// What was measured of a method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Which method.
    pub method: Method,
    /// What kept the plugin from the rest of the machine.
    pub isolation: String,
    /// Pilot size at which it answered.
    pub size: usize,
    /// Seed of pilot and draws.
    pub seed: u32,
    /// Identity of the replicate whose requests were made.
    pub replicate: String,
    /// Seconds from opening until the first answer, without learning.
    pub load_s: Number,
    /// Seconds of learning by pilot size.
    pub adapt: Vec<Adapt>,
    /// Everything at once.
    pub offline: Offline,
    /// One after the other.
    pub single_stream: Latency,
    /// As it comes in.
    pub server: Server,
    /// Memory.
    pub memory: Memory,
    /// Whether the numbers may be believed.
    pub validity: Validity,
}

/// What tells methods apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Name in tables.
    pub name: String,
    /// Backend.
    pub backend: String,
    /// How it learns.
    pub adapter: Adapter,
    /// Settings.
    pub settings: serde_json::Value,
    /// Library.
    pub plugin: PluginFacts,
    /// What of the opened backend changes its answers and is no setting.
    pub provenance: BTreeMap<String, String>,
}

impl Method {
    /// As a plan has it.
    pub(crate) fn of(planned: &PlannedMethod) -> Self {
        let PlannedMethod { name, backend, adapter, settings, facts } = planned;
        Self {
            name: name.clone(),
            backend: backend.clone(),
            adapter: adapter.clone(),
            settings: settings.clone(),
            plugin: facts.plugin.clone(),
            provenance: facts.provenance.clone(),
        }
    }
}

/// Learning from pilots of a size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adapt {
    /// Pilot size.
    pub size: usize,
    /// Seconds, over seeds.
    pub seconds: Number,
}

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offline {
    /// Answers per second.
    pub answers_per_s: Number,
    /// Tokens read per second.
    pub prompt_tokens_per_s: Number,
    /// Tokens written per second.
    pub generated_tokens_per_s: Number,
    /// Seconds of CPU, of host and workers, for 1,000 answers.
    pub cpu_s_per_1000: Number,
    /// Joules of the whole machine's processors for 1,000 answers.
    pub joules_per_1000: Number,
    /// Counted multiply-adds per second over the measured peak of the same run.
    pub peak_share: Number,
    /// Requests that there are.
    pub distinct: usize,
    /// How often each was asked in a run.
    pub passes: Number,
}

/// One request at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Milliseconds within which half was answered.
    pub p50_ms: Number,
    /// The same of nine tenths.
    pub p90_ms: Number,
    /// The same of 99 in 100.
    pub p99_ms: Number,
    /// Answers per second.
    pub answers_per_s: Number,
}

/// Requests that come in at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Requests per second that came in on average.
    pub rate: f64,
    /// Latency from when a request came in, and answers per second.
    pub latency: Latency,
    /// Runs in which the queue did not grow.
    pub kept_up: usize,
}

/// Memory at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Bytes of the workers.
    pub workers_bytes: Number,
    /// Bytes of the host.
    pub host_bytes: Number,
}

/// Whether numbers may be believed, and what they must be read with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// Whether all rules were kept.
    pub valid: bool,
    /// Rules that were broken.
    pub reasons: Vec<String>,
    /// What to read the numbers with.
    pub labels: Vec<String>,
    /// Answers in the runs against the scored ones.
    pub compared: Compared,
    /// Whether the backend says that it keeps answers to equal requests.
    pub declares_reuse: bool,
    /// Answers of the offline runs that were there from an equal request, where the backend counts.
    pub reused_offline: Option<u64>,
    /// Repeated against fresh requests.
    pub repeats: Option<Repeats>,
}

impl Report {
    /// Whether every method kept every rule.
    pub fn is_valid(&self) -> bool {
        self.methods.iter().all(|measured| measured.validity.valid)
    }

    /// All numbers of a method.
    pub(crate) fn numbers(measured: &Measured) -> Vec<&Number> {
        let Offline {
            answers_per_s,
            prompt_tokens_per_s,
            generated_tokens_per_s,
            cpu_s_per_1000,
            joules_per_1000,
            peak_share,
            passes,
            distinct: _,
        } = &measured.offline;
        let mut all = vec![&measured.load_s, answers_per_s, prompt_tokens_per_s];
        all.extend([generated_tokens_per_s, cpu_s_per_1000, joules_per_1000, peak_share, passes]);
        for Latency { p50_ms, p90_ms, p99_ms, answers_per_s } in
            [&measured.single_stream, &measured.server.latency]
        {
            all.extend([p50_ms, p90_ms, p99_ms, answers_per_s]);
        }
        all.extend([&measured.memory.workers_bytes, &measured.memory.host_bytes]);
        all.extend(measured.adapt.iter().map(|adapt| &adapt.seconds));
        all
    }
}

/// Reads a result that somebody names.
///
/// # Errors
/// When there is none, or it is not what it says.
pub fn read(path: &Path) -> Result<Report> {
    let place = path.display();
    let fault = |e: &dyn std::fmt::Display| Fault::usage(&place, e);
    let file = fs::File::open(path)
        .map_err(|e| fault(&e).hint("give the path of a file that `pilotbench bench` wrote"))?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(|e| fault(&e))?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(fault(&"is too large for a result of `pilotbench bench`"));
    }
    let other = |e: &dyn std::fmt::Display| {
        fault(&format!("is no result of `pilotbench bench`: {e}"))
            .hint("make it again with this version: `pilotbench bench`")
    };
    let report: Report = serde_json::from_str(&text).map_err(|e| other(&e))?;
    if report.schema != SCHEMA {
        return Err(other(&format!("its schema is `{}`", report.schema.escape_debug())));
    }
    let numbers = report.methods.iter().flat_map(Report::numbers);
    let peak = [&report.peak.multiply_adds_per_s, &report.peak.read_bytes_per_s];
    let sound = |number: &Number| number.measured().is_none_or(crate::Spread::is_sound);
    if !numbers.chain(peak).all(sound) {
        return Err(other(&"a number does not follow from its runs"));
    }
    match report.methods.iter().find(|m| m.validity.valid != m.validity.reasons.is_empty()) {
        Some(measured) => {
            let name = measured.method.name.escape_debug();
            Err(other(&format!("`{name}` is valid and not at once")))
        }
        None => Ok(report),
    }
}

/// Writes a result into a folder, whole or not at all; what was there under this name is replaced.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, report: &Report) -> Result<PathBuf> {
    let name = format!("{}.json", report.name);
    let mut text = serde_json::to_vec_pretty(report).map_err(|e| Fault::store("json", e))?;
    text.push(b'\n');
    put(folder, &name, &text)?;
    Ok(folder.join(name))
}
