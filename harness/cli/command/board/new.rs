//! `board new`.

use super::{
    super::submit::{is_baseline, plan_of},
    RUN_FILE,
};
use crate::{
    arguments::{Chosen, NewBoardArguments, Places},
    exit::Exit,
    output,
    setting::{self, Recorded},
};
use pilotbench_engine::{
    fault::{Fault, Result},
    submission::SharedBoard,
};
use std::{fs, path::Path};

/// Files of a board's repository.
const FILES: [(&str, &str); 3] = [
    ("README.md", include_str!("../../templates/board/README.md.in")),
    (".github/workflows/board.yml", include_str!("../../templates/board/board.yml.in")),
    (".gitattributes", include_str!("../../templates/board/gitattributes.in")),
];

/// Makes an empty board of a run.
pub(super) fn new(places: &Places, arguments: &NewBoardArguments) -> Result<Exit> {
    let folder = &arguments.folder;
    if folder.symlink_metadata().is_ok() {
        let fault = Fault::usage(folder.display(), "is there already");
        return Err(fault.hint("choose another folder, or remove this one"));
    }
    let title = arguments.title.trim();
    if title.is_empty() || title.len() > 200 || title.chars().any(char::is_control) {
        return Err(Fault::usage("--title", "is empty, too long or not of one line"));
    }
    let chosen = Chosen { run: Some(arguments.run.clone()), allow_changed_plugins: true };
    let Recorded { record, plan, .. } = setting::recorded(places, &chosen)?;
    let plan = plan_of(&plan, &arguments.reference, "--reference", is_baseline)?;
    SharedBoard::create(folder, title, &plan, &record)?;
    let run_file = fs::read_to_string(record.root().join(RUN_FILE))
        .map_err(|e| Fault::store(record.root().display(), e))?;
    write(&folder.join(RUN_FILE), &run_file)?;
    for (name, template) in FILES {
        let text =
            template.replace("{{title}}", title).replace("{{version}}", env!("CARGO_PKG_VERSION"));
        write(&folder.join(name), &text)?;
    }
    let references: Vec<&str> = plan.methods.iter().map(|m| m.name.as_str()).collect();
    output::print_line(&output::inert(&format!(
        "made {} with the references {}",
        folder.display(),
        references.join(", ")
    )));
    output::print_line(&output::inert(&format!(
        "  pilotbench board build --board {}",
        folder.display()
    )));
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let fault = |e: std::io::Error| Fault::store(path.display(), e);
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fault)?;
    fs::write(path, text).map_err(fault)
}
