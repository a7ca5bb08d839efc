//! `history add`.

use super::{super::report, history};
use crate::{
    arguments::{AddToHistoryArguments, Chosen, Places},
    command::set_threads,
    exit::Exit,
    output, setting,
};
use pilotbench_engine::{
    fault::{Fault, Result},
    history::{Added, Entry, Told},
    record::{Journal, Record},
};
use serde_json::json;

/// Keeps the scores of a run.
pub(super) fn add(places: &Places, arguments: &AddToHistoryArguments) -> Result<Exit> {
    set_threads(places, &arguments.work)?;
    if let Some(link) = &arguments.link {
        check_link(link)?;
    }
    let folder = setting::run_folder(places, arguments.run.as_deref())?;
    // The scores are those of the plan's own libraries, kept or made again by them.
    let run = Some(folder.to_string_lossy().into_owned());
    let recorded = setting::recorded(places, &Chosen { run, allow_changed_plugins: false })?;
    let scores = report::scores(&recorded, &arguments.work, true)?;
    let told = Told {
        at: arguments.at.clone().map_or_else(|| time_of(&recorded.record), Ok)?,
        label: arguments.label.clone(),
        commit: arguments.commit.clone(),
        link: arguments.link.clone(),
    };
    let run = folder.to_string_lossy();
    let entry = Entry::of(&recorded.plan, &recorded.record, &scores, &run, told)?;
    let history = history(places, &arguments.place);
    let added = history.add(&entry)?;
    let (id, is_new) = match &added {
        Added::New(id) => (id, true),
        Added::Known(id) => (id, false),
    };
    match arguments.json {
        true => output::print_json(&json!({"entry": id, "new": is_new}))?,
        false => output::print_line(id),
    }
    if let Some(newest) = history.entries()?.last().filter(|newest| newest.id != *id) {
        output::remark(&format!("`check` judges a later one, {}", newest.id));
    }
    if !is_new && !arguments.work.quiet {
        output::remark("it was there before; nothing changed");
    }
    Ok(Exit::Done)
}

/// The time at which the run's last replicate was committed. Whoever wants another says it.
fn time_of(record: &Record) -> Result<String> {
    Journal::last_commit(record.root())?.ok_or_else(|| {
        let fault = Fault::usage("--at", "the journal of the run does not say when it was");
        fault.hint("say it, such as --at 2026-01-31T03:00:00Z")
    })
}

/// An address that a page may link to does nothing when somebody follows it.
fn check_link(link: &str) -> Result<()> {
    let is_web = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
    let is_relative = !link.contains(':') && !link.starts_with('/');
    match is_web || is_relative {
        true => Ok(()),
        false => {
            let message = format!("`{}` is no address of pages", link.escape_debug());
            Err(Fault::usage("--link", message).hint("https://… or a relative path"))
        }
    }
}
