//! Whether a submission may stand on a board.

use super::{
    check::Checked,
    findings::{Check, Finding},
    read::Read,
    shared::{SharedBoard, is_same, merged_name},
    write::PLAN_FILE,
};
use crate::{
    fault::Result,
    plan::{PlannedMethod, Protocol, Replicate, check_method_name},
    record::{self, Record},
};

/// Whether a submission may stand on this board.
///
/// # Errors
/// When the board cannot be read.
pub fn against_board(board: &SharedBoard, checked: &Checked, replaces: bool) -> Result<Vec<Check>> {
    let Some((read, record)) = &checked.sound else {
        return Ok(vec![Check::skipped("board", "what is above comes first")]);
    };
    let differences = Protocol::of(&board.plan).differences(&Protocol::of(&read.plan));
    let hint = "run the board's own run.toml with your methods, and all of its sizes";
    let findings: Vec<Finding> = differences
        .into_iter()
        .map(|difference| {
            Finding::new(PLAN_FILE, format!("another protocol: {difference}")).hint(hint)
        })
        .collect();
    let is_one = findings.is_empty();
    let mut checks = vec![Check::made("protocol", "that of the board", findings)];
    if is_one {
        checks.push(references(board, read, record)?);
    }
    checks.push(names(board, read, replaces)?);
    Ok(checks)
}

/// References in a submission are those of the board, answer by answer.
fn references(board: &SharedBoard, read: &Read, record: &Record) -> Result<Check> {
    let mut findings = Vec::new();
    let mut shared = Vec::new();
    for method in &read.plan.methods {
        let Some(own) = board.reference(method) else { continue };
        shared.push(method.name.as_str());
        let theirs = read.plan.replicates.iter().filter(|r| r.method == method.name);
        let mut differing = 0;
        for replicate in theirs {
            let ours = Replicate { method: own.name.clone(), ..replicate.clone() };
            let table = |record: &Record, replicate: &Replicate| {
                let manifest = record.manifest(replicate)?;
                manifest.map(|m| record::decode(record.answers(&m)?)).transpose()
            };
            differing += usize::from(table(&board.record, &ours)? != table(record, replicate)?);
        }
        if differing > 0 {
            let message = format!(
                "is the board's reference `{}`, and {differing} of its replicates have other answers",
                own.name
            );
            findings.push(Finding::new(format!("method {}", method.name), message));
        }
    }
    let said = match shared.is_empty() {
        true => "none of its methods is a reference of the board".to_owned(),
        false => format!("{}: the answers of the board", shared.join(", ")),
    };
    Ok(Check::made("references", said, findings))
}

/// Names that are free, and methods that are not there yet.
fn names(board: &SharedBoard, read: &Read, replaces: bool) -> Result<Check> {
    let title = read.submission.title();
    let mut findings = Vec::new();
    if read.folder.is_among_submissions() && !read.folder.is_called(&title) {
        let finding = Finding::new(&title, "lies in `submissions` under another name");
        findings.push(finding.hint("call its folder by.name"));
    }
    let mut said = String::new();
    if let Some(entry) = board.entry(&title) {
        let is_same = entry.sha256 == read.submission.identity();
        match (replaces, is_same) {
            (true, _) => said = format!("replaces {title}; "),
            (false, true) => findings.push(
                Finding::new(&title, "is on the board already, the very same")
                    .hint("--replace adds it again, at another level perhaps"),
            ),
            (false, false) => findings.push(
                Finding::new(&title, "is on the board already, another version")
                    .hint("--replace puts this one in its place; else give it another --name"),
            ),
        }
    }
    let new: Vec<&PlannedMethod> =
        read.plan.methods.iter().filter(|m| board.reference(m).is_none()).collect();
    for method in &new {
        let name = merged_name(&read.submission.by, &method.name);
        if let Err(message) = check_method_name(&name) {
            findings.push(Finding::new(format!("method {}", method.name), message));
        }
        if method.facts.learns_from.is_oracle() {
            let message =
                "knows more than a method may: an oracle that is no reference of the board";
            findings.push(Finding::new(format!("method {}", method.name), message));
        }
    }
    if new.is_empty() {
        findings.push(Finding::new(&title, "has nothing but references of the board"));
    }
    for entry in board.file.entries.iter().filter(|entry| entry.submission != title) {
        let (other, plan) = board.plan_of(entry)?;
        for method in &new {
            let place = format!("method {}", method.name);
            let same_name = |theirs: &&PlannedMethod| {
                other.by == read.submission.by && theirs.name == method.name
            };
            if let Some(theirs) = plan.methods.iter().find(|theirs| is_same(theirs, method)) {
                let name = merged_name(&other.by, &theirs.name);
                let message = format!(
                    "is `{name}` of {}: plugin, version, backend and settings are the same",
                    entry.submission
                );
                findings.push(
                    Finding::new(place, message)
                        .hint("another version or other settings make another method"),
                );
            } else if plan
                .methods
                .iter()
                .filter(|m| board.reference(m).is_none())
                .any(|m| same_name(&m))
            {
                let message = format!("has the name of a method of {}", entry.submission);
                findings.push(Finding::new(place, message).hint("give it another name"));
            }
        }
    }
    let listed: Vec<String> =
        new.iter().map(|m| merged_name(&read.submission.by, &m.name)).collect();
    Ok(Check::made("names", said + &listed.join(", "), findings))
}
