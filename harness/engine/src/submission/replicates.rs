//! The replicates of a submission: manifests against the plan and the protocol's own draws, answers
//! through a reader, and all of it written anew.

use super::{
    findings::Finding,
    read::{Read, strict},
    table,
};
use crate::{
    experiment::Experiment,
    fault::Fault,
    identity,
    leaderboard::manifest_agrees,
    plan::{PlannedMethod, Replicate},
    plugin::worker::Reader,
    record::{self, AnswersFile, Manifest, Record, Volatile},
    run,
};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Takes every replicate that `wanted` names into a record of ours. What is wrong with them, in the
/// order of the plan.
pub(super) fn take(
    read: &Read,
    reader: &Reader,
    wanted: &(dyn Fn(&Replicate) -> Option<Replicate> + Sync),
    into: &Record,
    done: &(dyn Fn() + Sync),
) -> Vec<Finding> {
    let one = |replicate: &Replicate| {
        let taken = take_one(read, reader, replicate, wanted(replicate), into);
        done();
        taken.err()
    };
    let mut findings: Vec<Finding> = read.plan.replicates.par_iter().filter_map(one).collect();
    findings.extend(strangers(read));
    findings
}

fn take_one(
    read: &Read,
    reader: &Reader,
    replicate: &Replicate,
    wanted: Option<Replicate>,
    into: &Record,
) -> Result<(), Finding> {
    let name = manifest_name(replicate);
    let manifest: Manifest = strict(&name, &read.folder.read(&name)?)?;
    let fault = |fault: &Fault| Finding::of(&name, fault);
    let wrong = |message: &str| Err(Finding::new(&name, message));
    let experiment = read.experiments.iter().find(|e| e.id() == replicate.experiment);
    let method = read.plan.method(&replicate.method);
    let (Some(experiment), Some(method)) = (experiment, method) else {
        return wrong("is of what the plan has not");
    };
    if manifest.replicate != *replicate {
        return wrong("is of another replicate");
    }
    if manifest.plugin != method.facts.plugin {
        return wrong("was answered by another plugin than the plan names");
    }
    let (file, table) = answers(read, reader, &name, replicate, &manifest, experiment, method)?;
    manifest_agrees(&read.plan, &read.experiments, &manifest, &table)
        .map_err(|f| Finding::new(&name, f.message))?;
    let Some(replicate) = wanted else { return Ok(()) };
    let bytes = record::encode(&table).map_err(|f| Finding::of(&file, &f))?;
    let sha256 = identity::sha256(&bytes);
    let answers = AnswersFile {
        file: format!("{sha256}.parquet"),
        sha256,
        bytes: bytes.len(),
        rows: table.num_rows(),
    };
    // How fast their machine was proves nothing here.
    let volatile = Volatile::default();
    let ours = Manifest { replicate, answers, volatile, ..manifest };
    into.commit(&ours, bytes).map_err(|f| fault(&f))
}

/// The file of a replicate's answers, and the table in it.
fn answers(
    read: &Read,
    reader: &Reader,
    name: &str,
    replicate: &Replicate,
    manifest: &Manifest,
    experiment: &Experiment,
    method: &PlannedMethod,
) -> Result<(String, arrow_array::RecordBatch), Finding> {
    let AnswersFile { file, sha256, bytes: size, rows } = &manifest.answers;
    if *file != format!("{sha256}.parquet") {
        return Err(Finding::new(name, "names a file that is not called by its hash"));
    }
    let place = format!("{}/{file}", folder_of(replicate));
    let bytes = read.folder.read(&place)?;
    let found = identity::sha256(&bytes);
    if found != *sha256 || bytes.len() != *size {
        let message = format!("sha256 is {found}, the manifest says {sha256}");
        return Err(Finding::new(place, message).hint("the answers were changed or damaged"));
    }
    let asked = run::participants(&read.plan, experiment, method, replicate)
        .map_err(|fault| Finding::of(name, &fault))?
        .revelation
        .asked;
    if *rows != asked.len() {
        let message = format!("{rows} participants, the protocol asks {}", asked.len());
        return Err(Finding::new(name, message));
    }
    let table = reader.table(&bytes, asked.len()).map_err(|fault| Finding::of(&place, &fault))?;
    let ids = experiment.people.take(&asked).ids;
    let answers = table::read(&table, experiment, &ids);
    let answers = answers.map_err(|message| Finding::new(&place, message))?;
    Ok((place, answers.batch(&experiment.design)))
}

/// Files of answers that no manifest names.
fn strangers(read: &Read) -> Vec<Finding> {
    let mut named = BTreeSet::new();
    for replicate in &read.plan.replicates {
        let bytes = read.folder.read(&manifest_name(replicate));
        let manifest = bytes.and_then(|bytes| strict::<Manifest>("", &bytes));
        // One that cannot be read was found before.
        let Ok(manifest) = manifest else { return Vec::new() };
        named.insert(format!("{}/{}", folder_of(replicate), manifest.answers.file));
    }
    let files = read.folder.files.keys().filter(|name| name.ends_with(".parquet"));
    let strange = files.filter(|name| !named.contains(*name));
    strange.map(|name| Finding::new(name, "no manifest names it")).collect()
}

fn folder_of(replicate: &Replicate) -> String {
    record::cell_folder(&replicate.id)
}

fn manifest_name(replicate: &Replicate) -> String {
    format!("{}/manifest.json", folder_of(replicate))
}
