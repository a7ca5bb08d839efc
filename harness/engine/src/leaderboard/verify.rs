//! Whether a stored leaderboard follows from the stored answers.

use super::publish::FILES;
use crate::{experiment::Experiment, fault::Result, plan::Plan, record::Record, run};
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
                record.answers(&manifest)?;
                sets_agree(plan, experiments, &manifest)?;
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

/// The participants of a manifest are those whom the plan draws.
fn sets_agree(
    plan: &Plan,
    experiments: &[Experiment],
    manifest: &crate::record::Manifest,
) -> Result<()> {
    let replicate = &manifest.replicate;
    let experiment = experiments.iter().find(|e| e.id() == replicate.experiment);
    let method = plan.method(&replicate.method);
    let (Some(experiment), Some(method)) = (experiment, method) else { return Ok(()) };
    let drawn = run::participants(plan, experiment, method, replicate)?.revelation;
    let same = run::sets(&experiment.people, &drawn) == manifest.sets;
    match same {
        true => Ok(()),
        false => Err(crate::fault::Fault::store(
            &replicate.id,
            "pilot or held-out are not those that the plan draws",
        )),
    }
}
