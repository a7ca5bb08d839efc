//! Whether the keepers' own run gives what was handed in.

use super::super::submit::Checking;
use crate::{
    arguments::{Chosen, Places},
    setting::{self, Recorded},
};
use arrow_array::RecordBatch;
use pilotbench_engine::{
    contrast::{Change, Contrast, Outcome, Rules, Side},
    fault::{Fault, Result},
    plan::{Plan, Replicate},
    record::{self, Manifest, Record},
    submission::{Check, Finding, Read, SharedBoard},
};

const NAME: &str = "re-run";

/// Compares a submission with a run: answer by answer, and where those differ, by the headline.
pub(super) fn check(
    places: &Places,
    checking: &Checking,
    (run, margin): (&str, f64),
    read: &Read,
    theirs: &Record,
    board: &SharedBoard,
) -> Result<Check> {
    let chosen = Chosen { run: Some(run.to_owned()), allow_changed_plugins: true };
    let Recorded { record: ours, plan, .. } = setting::recorded(places, &chosen)?;
    let new = |r: &&Replicate| {
        let method = read.plan.method(&r.method);
        method.is_some_and(|method| board.reference(method).is_none())
    };
    let replicates: Vec<&Replicate> = read.plan.replicates.iter().filter(new).collect();
    let mut same = 0;
    for replicate in &replicates {
        let own = plan.replicates.iter().find(|own| own.id == replicate.id);
        let own = own.map(|own| table(&ours, own)).transpose()?.flatten();
        let Some(own) = own else {
            let message =
                format!("has no answers of {}, seed {}", replicate.method, replicate.seed);
            let finding = Finding::new(run, message);
            let hint = "run the same methods (plugin, version, settings) with the board's run.toml";
            return Ok(Check::made(NAME, "", vec![finding.hint(hint)]));
        };
        same += usize::from(table(theirs, replicate)? == Some(own));
    }
    if same == replicates.len() {
        let said = format!("all {same} replicates have the same answers in {run}");
        return Ok(Check::made(NAME, said, Vec::new()));
    }
    let findings = by_scores(checking, margin, (read, theirs), (&plan, &ours), &replicates)?;
    let findings: Vec<Finding> = findings
        .into_iter()
        .map(|finding| finding.hint("more seeds tell more; --margin says what is no matter"))
        .collect();
    let said = format!(
        "{same} of {} replicates have the same answers in {run}, all headlines are within {margin}",
        replicates.len()
    );
    Ok(Check::made(NAME, said, findings))
}

/// What the headlines of these replicates do not show to be the same within a margin.
fn by_scores(
    checking: &Checking,
    margin: f64,
    (read, theirs): (&Read, &Record),
    (plan, ours): (&Plan, &Record),
    replicates: &[&Replicate],
) -> Result<Vec<Finding>> {
    let is_new = |name: &str| replicates.iter().any(|replicate| replicate.method == name);
    let new = checking.with_metrics(read.plan.clone().only(|method| is_new(&method.name)))?;
    let folder = tempfile::tempdir().map_err(|e| Fault::store("temporary folder", e))?;
    // Under their names: a name changes no answer.
    let renamed = Record::scratch(folder.path(), &new)?;
    for replicate in replicates {
        let own = plan.replicates.iter().find(|own| own.id == replicate.id);
        if let Some(manifest) = own.map(|own| ours.manifest(own)).transpose()?.flatten() {
            let bytes = ours.answers(&manifest)?;
            renamed.commit(&Manifest { replicate: (*replicate).clone(), ..manifest }, bytes)?;
        }
    }
    let theirs = checking.scores(&new, &read.experiments, theirs)?;
    let ours = checking.scores(&new, &read.experiments, &renamed)?;
    let side = |scores| Side { plan: &new, scores, speeds: &[] };
    let rules = Rules { margin, ..Rules::of_scores(Vec::new()) };
    let contrast = Contrast::of(&side(&ours), &side(&theirs), &rules);
    let is_apart = |c: &&Change| !matches!(c.outcome, Outcome::Identical | Outcome::Equivalent);
    let apart = contrast.changes.iter().filter(is_apart).map(|c| {
        let place = format!("{}, {}, size {}", c.experiment, c.method, c.size);
        let message = format!(
            "{} is {:.3} as handed in and {:.3} in the own run: not shown to be within {margin}",
            c.score, c.new, c.base
        );
        Finding::new(place, message)
    });
    let unsaid = contrast.incomparable.iter().map(|i| Finding::new(&i.experiment, &i.reason));
    Ok(apart.chain(unsaid).collect())
}

/// The answers of a replicate, where they are.
fn table(record: &Record, replicate: &Replicate) -> Result<Option<RecordBatch>> {
    let manifest = record.manifest(replicate)?;
    manifest.map(|manifest| record::decode(record.answers(&manifest)?)).transpose()
}
