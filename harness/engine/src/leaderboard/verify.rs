//! Whether a stored leaderboard follows from the stored answers.

use super::publish::FILES;
use crate::{
    experiment::Experiment,
    fault::{Fault, Result},
    plan::Plan,
    record::{self, Counts, Manifest, Record},
    run,
};
use arrow_array::{RecordBatch, cast::AsArray};
use std::path::Path;

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// File or replicate.
    pub place: String,
    /// What does not agree.
    pub message: String,
}

/// Checks every committed replicate: its bytes against the manifest's hash, its participants
/// against the plan's own draw. Then compares the stored leaderboard with `recomputed`, which is
/// made only when the answers are sound. Returns what was checked and what does not agree.
///
/// # Errors
/// When the record cannot be read at all.
pub fn verify(
    plan: &Plan,
    experiments: &[Experiment],
    record: &Record,
    folder: &Path,
    recomputed: &dyn Fn() -> Result<[Vec<u8>; 4]>,
) -> Result<(usize, Vec<Finding>)> {
    let mut findings = Vec::new();
    let mut checked = 0;
    for replicate in &plan.replicates {
        let outcome = record.manifest(replicate).and_then(|manifest| match manifest {
            None => Ok(false),
            Some(manifest) => {
                let answers = record::decode(record.answers(&manifest)?)?;
                manifest_agrees(plan, experiments, &manifest, &answers)?;
                Ok(true)
            }
        });
        match outcome {
            Ok(present) => checked += usize::from(present),
            Err(fault) => findings.push(Finding { place: fault.place, message: fault.message }),
        }
    }
    if !findings.is_empty() {
        return Ok((checked, findings));
    }
    for (name, expected) in FILES.iter().zip(recomputed()?) {
        let place = folder.join(name).display().to_string();
        match std::fs::read(folder.join(name)) {
            Ok(stored) if stored == expected => {}
            Ok(_) => findings.push(Finding {
                place,
                message: "does not follow from the stored answers".to_owned(),
            }),
            Err(e) => findings.push(Finding { place, message: e.to_string() }),
        }
    }
    Ok((checked, findings))
}

/// What a manifest says follows from plan and answers: the participants are those whom the plan
/// draws, the counts those of the table.
pub(crate) fn manifest_agrees(
    plan: &Plan,
    experiments: &[Experiment],
    manifest: &Manifest,
    answers: &RecordBatch,
) -> Result<()> {
    let replicate = &manifest.replicate;
    let disagrees = |what: &str| Err(Fault::store(format!("replicate {}", replicate.id), what));
    let experiment = experiments.iter().find(|e| e.id() == replicate.experiment);
    let (Some(experiment), Some(method)) = (experiment, plan.method(&replicate.method)) else {
        return disagrees("the plan names what is not there");
    };
    let drawn = run::participants(plan, experiment, method, replicate)?.revelation;
    if run::sets(&experiment.people, &drawn) != manifest.sets {
        return disagrees("pilot or held-out are not those that the plan draws");
    }
    if manifest.table_sha256 != experiment.card.table.sha256 {
        return disagrees("made from another table of human answers");
    }
    if manifest.answers.rows != answers.num_rows() {
        return disagrees("the manifest counts other participants than the answers");
    }
    match counts(experiment, answers) == Some(manifest.counts) {
        true => Ok(()),
        false => disagrees("the manifest counts other answers than there are"),
    }
}

/// Requests by what became of them, from the status columns of the answers.
fn counts(experiment: &Experiment, answers: &RecordBatch) -> Option<Counts> {
    let mut counts = Counts::default();
    for item in &experiment.design.items {
        let column = answers.column_by_name(&format!("status.{}", item.id))?;
        let statuses = column.as_any_dictionary_opt()?;
        let words = statuses.values().as_string_opt::<i32>()?;
        for key in statuses.normalized_keys() {
            match words.value(key) {
                "ok" => counts.ok += 1,
                "refused" => counts.refused += 1,
                "invalid" => counts.invalid += 1,
                _ => return None,
            }
        }
    }
    Some(counts)
}
