//! A plugin file before any of its code runs: is it a library of this machine, whole, with a probe?

use super::{elf, needs::Needs, opened::Opened};
use crate::{
    fault::{Fault, Result},
    identity,
};
use pilotbench_plugin_abi::ProbeInfo;
use std::path::{Path, PathBuf};

/// Interfaces of this host.
const INTERFACES: [&str; 2] = ["backend/1", "metric/1"];
/// Characters of the longest name in a probe.
const NAME_MAX: usize = 64;

/// A library that carries a probe.
#[derive(Debug, Clone)]
pub struct PluginFile {
    /// Canonical path, as it was when the file was opened.
    pub path: PathBuf,
    /// What the plugin says of itself.
    pub probe: ProbeInfo,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What it needs from the world outside.
    pub needs: Needs,
    /// The file itself, open.
    pub opened: Opened,
    /// Whether it looks for other libraries beside itself (`$ORIGIN`).
    pub(super) looks_beside_itself: bool,
}

/// The hash that a file must have, and who says so.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// SHA-256, hexadecimal.
    pub sha256: &'a str,
    /// Where it is written.
    pub by: &'a str,
}

/// Reads a file and its probe without running anything.
///
/// # Errors
/// When the file is missing, not a whole shared library of this machine, or not a plugin.
pub fn inspect(path: &Path) -> Result<PluginFile> {
    inspect_expecting(path, None)
}

/// [`inspect`] of a file that must have a known hash.
///
/// # Errors
/// As [`inspect`], and when the file has another hash.
pub fn inspect_expecting(path: &Path, expected: Option<Expected>) -> Result<PluginFile> {
    let fault = |message: String| Fault::plugin(path.display(), message);
    let opened = Opened::open(path).map_err(|message| match message.as_str() {
        "not a regular file" => fault(message).hint("give the path of the library itself"),
        _ => fault(message),
    })?;
    // A relative name without a slash would make the loader search the system's libraries.
    let canonical = path.canonicalize().map_err(|e| fault(e.to_string()))?;
    let bytes = opened.bytes().map_err(fault)?;
    let elf = elf::check_elf(&bytes).map_err(fault)?;
    let sha256 = identity::sha256(&bytes);
    if let Some(Expected { sha256: expected, by }) = expected
        && expected != sha256
    {
        let fault = fault(format!("another file than {by} says (sha256 {sha256}, not {expected})"));
        return Err(
            fault.hint("add it again with `pilotbench plugin add --force`, if you trust it")
        );
    }
    let probe = elf::read_probe(&elf).map_err(fault)?;
    check_probe(&probe).map_err(|(message, hint)| fault(message).hint(hint))?;
    let looks_beside_itself = elf::looks_beside_itself(&elf, &bytes);
    let needs = elf::read_needs(&elf).map_err(fault)?;
    let needs = Needs::parse(&needs)
        .map_err(|fault| Fault { place: path.display().to_string(), ..fault })?;
    Ok(PluginFile { path: canonical, probe, sha256, needs, opened, looks_beside_itself })
}

impl PluginFile {
    /// Whether it is still what was checked.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        if self.opened.still_is(&self.sha256) {
            return Ok(());
        }
        let message = "the file was changed after it was checked";
        let fault = Fault::plugin(self.path.display(), message);
        Err(fault.hint("replace a library by renaming a new file over it"))
    }
}

/// What is wrong with a probe, and what would be right.
fn check_probe(probe: &ProbeInfo) -> std::result::Result<(), (String, &'static str)> {
    if !probe.interfaces.iter().any(|interface| INTERFACES.contains(&interface.as_str())) {
        let spoken = probe.interfaces.join(", ");
        let message =
            format!("speaks {}; this host speaks {}", spoken.escape_debug(), INTERFACES.join(", "));
        return Err((
            message,
            "rebuild the plugin with the SDK of this version, or use a matching host",
        ));
    }
    check_name(&probe.name).map_err(|message| {
        (format!("its name {message}"), "name it with small letters, digits and -")
    })?;
    let is_named = |entry: &&String| {
        let name = entry.strip_prefix("backend:").or(entry.strip_prefix("metric:"));
        name.is_some_and(|name| !name.is_empty() && name.chars().all(is_plain))
    };
    if let Some(wrong) = probe.provides.iter().find(|entry| !is_named(entry)) {
        let message = format!("provides `{}`", wrong.escape_debug());
        return Err((
            message,
            "what it provides is backend:NAME or metric:NAME, of [A-Za-z0-9-_.+]",
        ));
    }
    let told = [&probe.version, &probe.rustc, &probe.sdk, &probe.arch, &probe.abi_stable];
    match told.iter().any(|text| text.chars().any(char::is_control)) {
        true => {
            Err(("its probe holds control characters".to_owned(), "it was not made by the SDK"))
        }
        false => Ok(()),
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.+".contains(c)
}

/// Checks a plugin's name, which is also the name of its folder; the message otherwise.
///
/// # Errors
/// When it is not of `[a-z0-9-_]`, does not begin with a letter or digit, or is too long.
pub fn check_name(name: &str) -> std::result::Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    match begins && name.len() <= NAME_MAX && name.chars().all(plain) {
        true => Ok(()),
        false => {
            let shown: String = name.chars().take(NAME_MAX).collect();
            Err(format!("`{}` is not of [a-z0-9-], at most {NAME_MAX}", shown.escape_debug()))
        }
    }
}
