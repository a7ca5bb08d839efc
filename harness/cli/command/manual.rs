//! `completions` and `man`: what the arguments say of themselves, for shells and for `man`.

use crate::{
    arguments::{Arguments, ManArguments},
    exit::Exit,
    output,
};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};
use pilotbench_engine::fault::{Fault, Result};
use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Prints the completion script of a shell.
pub(super) fn completions(shell: Shell) -> Result<Exit> {
    // The generators know no hidden commands: they are left out here.
    let all = Arguments::command();
    let mut for_people = Command::new("pilotbench")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments().cloned())
        .subcommands(all.get_subcommands().filter(|below| !below.is_hide_set()).cloned());
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut for_people, "pilotbench", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

/// Prints the first manual page, or writes all of them.
pub(super) fn man(arguments: &ManArguments) -> Result<Exit> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    match &arguments.out {
        None => {
            let text = page(command).map_err(|e| Fault::store("stdout", e))?;
            output::print(&String::from_utf8_lossy(&text));
        }
        Some(folder) => {
            fs::create_dir_all(folder)
                .and_then(|()| write(command, folder))
                .map_err(|e| Fault::store(folder.display(), e))?;
        }
    }
    Ok(Exit::Done)
}

/// Writes the page of a command and of all below it that people may type.
fn write(command: Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below.clone(), folder)?;
    }
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    fs::write(path, page(command)?)
}

fn page(command: Command) -> io::Result<Vec<u8>> {
    let after = command.get_after_help().map(ToString::to_string);
    let has_below = command.get_subcommands().any(|below| !below.is_hide_set());
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let man = Man::new(command);
    let mut page = Vec::new();
    // No date: the same version is the same page. The usual title would put the version into its place.
    let version = env!("CARGO_PKG_VERSION");
    writeln!(page, ".TH {name} 1 \"\" \"pilotbench {version}\" \"pilotbench\"")?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_below {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(after) = after {
        // Its lines are laid out: the usual section would run examples into each other.
        let mut section = Roff::new();
        section.control("SH", ["MORE"]).control("nf", []).text([roman(after)]).control("fi", []);
        section.to_writer(&mut page)?;
    }
    Ok(page)
}
