//! What a submission says of itself: its form and its plan, and whether they hang together. No
//! answer is looked at here.

use super::{
    findings::{Check, Finding, is_active},
    folder::Folder,
    form::{SUBMISSION_FILE, Submission},
    write::{PLAN_FILE, files_sha256},
};
use crate::{
    experiment::{self, Experiment},
    fault::{Fault, Result},
    identity,
    plan::{
        PLAN_FORMAT, Plan, PlannedExperiment, PluginFacts, Protocol, Replicate, ScoreSpec,
        check_method_name,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A submission whose form, plan and experiments are sound.
pub struct Read {
    /// Who hands in what.
    pub submission: Submission,
    /// The plan.
    pub plan: Plan,
    /// Its experiments, as they are here.
    pub experiments: Vec<Experiment>,
    pub(super) folder: Folder,
}

/// Reads a submission. The checks that were made, and the submission where all of them passed.
///
/// # Errors
/// When there is no folder.
pub fn read(root: &Path, datasets: &Path) -> Result<(Vec<Check>, Option<Read>)> {
    let mut checks = Vec::new();
    let (folder, findings) = Folder::walk(root)?;
    let said = format!("{} files, nothing but what a submission has", folder.files.len());
    checks.push(Check::made("files", said, findings));
    let submission = form(&folder, &mut checks);
    let Some(submission) = submission else {
        return Ok((checks, None));
    };
    checks.push(untouched(&folder, &submission));
    let Some(plan) = plan(&folder, &submission, &mut checks) else { return Ok((checks, None)) };
    let (experiments, findings) = experiments(&plan, datasets);
    let is_known = findings.is_empty();
    let ids: Vec<&str> = plan.experiments.iter().map(|e| e.id.as_str()).collect();
    let said = format!("{}: the tables and words that are here", ids.join(", "));
    checks.push(Check::made("experiments", said, findings));
    if !is_known {
        return Ok((checks, None));
    }
    let complete = complete(&folder, &plan, &experiments);
    let is_complete = complete.found == 0;
    checks.push(complete);
    let read = Read { submission, plan, experiments, folder };
    Ok((checks, is_complete.then_some(read)))
}

fn form(folder: &Folder, checks: &mut Vec<Check>) -> Option<Submission> {
    let parsed = folder.read(SUBMISSION_FILE).and_then(|bytes| {
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| Finding::new(SUBMISSION_FILE, "is not UTF-8"))?;
        Submission::parse(&text).map_err(|fault| Finding::of(SUBMISSION_FILE, &fault))
    });
    let (said, parsed, findings) = match parsed {
        Ok(s) => (format!("{} by {}: {}", s.name, s.by, s.methods.join(", ")), Some(s), vec![]),
        Err(finding) => (String::new(), None, vec![finding]),
    };
    checks.push(Check::made("form", said, findings));
    parsed
}

/// Whether the files are those that were handed in: damage on the way.
fn untouched(folder: &Folder, submission: &Submission) -> Check {
    let mut hashes = Vec::new();
    let mut findings = Vec::new();
    for name in folder.files.keys().filter(|name| *name != SUBMISSION_FILE) {
        match folder.read(name) {
            Ok(bytes) => hashes.push((name.as_str(), identity::sha256(&bytes))),
            Err(finding) => findings.push(finding),
        }
    }
    let found = files_sha256(&hashes);
    if found != submission.files_sha256 {
        let message = format!("files_sha256 of what is here is {found}");
        let finding = Finding::new(SUBMISSION_FILE, message);
        findings.push(finding.hint(
            "a file was changed, added or lost after `pilotbench submit`; the checks below tell \
             which, where it matters",
        ));
    }
    Check::made("untouched", "every file is as it was handed in", findings)
}

/// Parses JSON in which nothing stands that the type does not know, and no text acts on what shows
/// it.
pub(super) fn strict<T: Serialize + DeserializeOwned>(
    name: &str,
    bytes: &[u8],
) -> std::result::Result<T, Finding> {
    let finding = |message: String| Finding::new(name, message);
    let damaged = |e: serde_json::Error| finding(format!("damaged: {e}"));
    // The type first: it has no room for most of what could be large.
    let parsed: T = serde_json::from_slice(bytes).map_err(damaged)?;
    let value: Value = serde_json::from_slice(bytes).map_err(damaged)?;
    let again = serde_json::to_value(&parsed).map_err(damaged)?;
    if let Some(place) = unlike(&value, &again, String::new()) {
        return Err(finding(format!("`{place}` is not as pilotbench writes it")));
    }
    match active(&value) {
        None => Ok(parsed),
        Some(text) => Err(finding(format!("control characters in `{text}`"))),
    }
}

/// The first place at which two values differ.
fn unlike(a: &Value, b: &Value, place: String) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            keys.into_iter().find_map(|key| {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => unlike(a, b, place),
                    _ => Some(place),
                }
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| unlike(a, b, format!("{place}[{at}]")))
        }
        _ => (a != b).then_some(place),
    }
}

/// The first text with characters that act on what shows them; settings may have lines.
fn active(value: &Value) -> Option<&str> {
    let acts = |c: char| is_active(c) && !matches!(c, '\n' | '\t');
    match value {
        Value::String(text) => text.chars().any(acts).then_some(text),
        Value::Array(list) => list.iter().find_map(active),
        Value::Object(map) => map.iter().find_map(|(key, value)| match key.chars().any(acts) {
            true => Some(key.as_str()),
            false => active(value),
        }),
        _ => None,
    }
}

fn plan(folder: &Folder, submission: &Submission, checks: &mut Vec<Check>) -> Option<Plan> {
    let parsed = folder.read(PLAN_FILE).and_then(|bytes| strict::<Plan>(PLAN_FILE, &bytes));
    let (plan, findings) = match parsed {
        Ok(plan) => {
            let findings = plan_findings(&plan, submission);
            (Some(plan), findings)
        }
        Err(finding) => (None, vec![finding]),
    };
    let is_sound = findings.is_empty();
    let said = plan.as_ref().map_or(String::new(), |plan| {
        format!("{} replicates, identity {}", plan.replicates.len(), submission.plan)
    });
    checks.push(Check::made("plan", said, findings));
    plan.filter(|_| is_sound)
}

fn plan_findings(plan: &Plan, submission: &Submission) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |message: String| findings.push(Finding::new(PLAN_FILE, message));
    if plan.format != PLAN_FORMAT {
        wrong(format!("plan format {}, this version reads {PLAN_FORMAT}", plan.format));
    }
    let identity = plan.identity();
    if identity != submission.plan {
        wrong(format!("its identity is {identity}, {SUBMISSION_FILE} claims {}", submission.plan));
    }
    if let Err(message) = check_method_name(&plan.name) {
        wrong(format!("name: {message}"));
    }
    let names: Vec<&String> = plan.methods.iter().map(|m| &m.name).collect();
    if names != submission.methods.iter().collect::<Vec<_>>() {
        wrong(format!("its methods are not those that {SUBMISSION_FILE} names"));
    }
    let ids: BTreeSet<&str> = plan.experiments.iter().map(|e| e.id.as_str()).collect();
    if ids.len() != plan.experiments.len() || ids.is_empty() {
        wrong("an experiment stands twice, or there is none".to_owned());
    }
    let metrics: BTreeSet<&str> = plan.metrics.iter().map(|m| m.metric.as_str()).collect();
    if metrics.len() != plan.metrics.len() || metrics.is_empty() {
        wrong("a metric stands twice, or there is none".to_owned());
    }
    for plugin in plan.plugins() {
        if let Some(text) = not_plain(plugin) {
            wrong(format!("a plugin says of itself `{text}`"));
        }
    }
    for method in &plan.methods {
        let is_plain = method.backend.chars().all(is_plain) && !method.backend.is_empty();
        if !is_plain || method.facts.summary.chars().count() > 300 {
            wrong(format!("method `{}`: backend or summary are no plain words", method.name));
        }
    }
    let score = &plan.score;
    let (resamples, confidence, interval) = (score.resamples, score.confidence, score.interval);
    if let Err((key, message)) = (ScoreSpec { resamples, confidence, interval }).check() {
        wrong(format!("score.{key}: {message}"));
    }
    findings
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || " -_.+()/:,@".contains(c)
}

/// A fact of a plugin that is no plain short text.
fn not_plain(facts: &PluginFacts) -> Option<&str> {
    let PluginFacts { name, version, sha256, rustc, sdk } = facts;
    let texts = [name, version, sha256, rustc, sdk].map(String::as_str);
    let is_bad = |text: &&str| text.is_empty() || text.len() > 100 || !text.chars().all(is_plain);
    texts.into_iter().find(is_bad).or((sha256.len() != 64).then_some(sha256))
}

/// The experiments of a plan as they are here.
fn experiments(plan: &Plan, datasets: &Path) -> (Vec<Experiment>, Vec<Finding>) {
    let mut loaded = Vec::new();
    let mut findings = Vec::new();
    for planned in &plan.experiments {
        match experiment_here(planned, datasets) {
            Ok(experiment) => loaded.push(experiment),
            Err(finding) => findings.push(finding),
        }
    }
    (loaded, findings)
}

fn experiment_here(
    planned: &PlannedExperiment,
    datasets: &Path,
) -> std::result::Result<Experiment, Finding> {
    let place = format!("experiment {}", planned.id);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if planned.id.is_empty() || !planned.id.chars().all(plain) {
        return Err(Finding::new(place, "is no name of an experiment"));
    }
    let unknown = |fault: &Fault| {
        let hint = format!("put card and table into {}, or give --datasets", datasets.display());
        Finding::new(&place, format!("unknown here: {}", fault.message)).hint(hint)
    };
    let folder = experiment::find(datasets, &planned.id).map_err(|fault| unknown(&fault))?;
    let experiment = Experiment::load(&folder).map_err(|faults| {
        faults.first().err().map_or_else(|| Finding::new(&place, "cannot be read"), |f| unknown(&f))
    })?;
    let here = PlannedExperiment::of(&experiment, planned.largest_pilot);
    let what = match () {
        () if here.table_sha256 != planned.table_sha256 => "its table of human answers is another",
        () if here.design_sha256 != planned.design_sha256 => "its words or columns are others",
        () if here != *planned => "its card says something else",
        () => return Ok(experiment),
    };
    Err(Finding::new(place, format!("unknown here: {what}"))
        .hint("a submission is of the very data that the board has"))
}

/// Whether the plan has every replicate of its own protocol once and no other, and the folder has the
/// files of those.
fn complete(folder: &Folder, plan: &Plan, experiments: &[Experiment]) -> Check {
    let mut findings = Vec::new();
    for replicate in &plan.replicates {
        let planned = plan.experiment(&replicate.experiment);
        let experiment = experiments.iter().find(|e| e.id() == replicate.experiment);
        let (Some(planned), Some(experiment)) = (planned, experiment) else {
            findings.push(Finding::new(PLAN_FILE, "a replicate of an experiment that it has not"));
            continue;
        };
        if replicate.size > planned.largest_pilot {
            findings.push(Finding::new(PLAN_FILE, "a pilot that is larger than the largest"));
        }
        if let Err(fault) = replicate.strategy.check(experiment) {
            findings.push(Finding::of(PLAN_FILE, &fault));
        }
    }
    if !findings.is_empty() {
        findings.dedup();
        return Check::made("complete", "", findings);
    }
    match Protocol::of(plan).expand(plan, &plan.left_out) {
        None => findings.push(Finding::new(PLAN_FILE, "has too many replicates")),
        Some((expected, left_out)) => {
            findings.extend(unlike_plan(plan, &expected));
            if findings.is_empty() && plan.replicates != expected {
                findings.push(Finding::new(PLAN_FILE, "its replicates stand in another order"));
            }
            if plan.left_out != left_out {
                let message = "what it leaves out does not follow from its methods";
                findings.push(Finding::new(PLAN_FILE, message));
            }
        }
    }
    findings.extend(strangers(folder, plan));
    let said = format!("all {} replicates of the protocol, each once", plan.replicates.len());
    Check::made("complete", said, findings)
}

/// Replicates that are missing, that are too many, or that stand twice.
fn unlike_plan(plan: &Plan, expected: &[Replicate]) -> Vec<Finding> {
    let told = |r: &Replicate| {
        format!("{}, {}, size {}, {}, seed {}", r.experiment, r.method, r.size, r.strategy, r.seed)
    };
    let wanted: BTreeMap<&str, &Replicate> = expected.iter().map(|r| (r.id.as_str(), r)).collect();
    let mut there = BTreeSet::new();
    let mut findings = Vec::new();
    let mut wrong = |message: String| findings.push(Finding::new(PLAN_FILE, message));
    for replicate in &plan.replicates {
        if wanted.get(replicate.id.as_str()) != Some(&replicate) {
            wrong(format!("the protocol has no replicate {}: {}", replicate.id, told(replicate)));
        } else if !there.insert(replicate.id.as_str()) {
            wrong(format!("a replicate stands twice: {}", told(replicate)));
        }
    }
    for replicate in expected.iter().filter(|r| !there.contains(r.id.as_str())) {
        wrong(format!("a replicate is missing: {}", told(replicate)));
    }
    findings
}

/// Files of replicates that the plan has not, and manifests that are not there.
fn strangers(folder: &Folder, plan: &Plan) -> Vec<Finding> {
    let planned: BTreeSet<&str> = plan.replicates.iter().map(|r| r.id.as_str()).collect();
    let mut findings = Vec::new();
    for name in folder.files.keys() {
        let Some(id) = name.strip_prefix("cells/").and_then(|rest| rest.split('/').nth(1)) else {
            continue;
        };
        if !planned.contains(id) {
            findings.push(Finding::new(name, "is of a replicate that the plan has not"));
        }
    }
    findings
}
