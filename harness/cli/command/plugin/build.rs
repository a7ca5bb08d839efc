//! Builds the crate of a plugin: `cargo install` installs no libraries.

use pilotbench_engine::fault::{Fault, Result};
use serde::Deserialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a crate is, by its own manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    manifest_path: PathBuf,
    pub(super) license: Option<String>,
    pub(super) description: Option<String>,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// A message of cargo's; other kinds have none of the fields.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds a crate in release; its package and the library.
///
/// # Errors
/// When cargo is missing or fails, or the crate is no plugin's.
pub(super) fn build(folder: &Path, quiet: bool) -> Result<(Package, PathBuf)> {
    let folder = folder.canonicalize().map_err(|e| Fault::usage(folder.display(), e))?;
    let package = package(&folder)?;
    let mut command = cargo(&folder);
    command.args(["build", "--release", "--lib", "--message-format=json-render-diagnostics"]);
    if quiet {
        command.arg("--quiet");
    }
    let output = run(&folder, command)?;
    let messages = serde_json::Deserializer::from_slice(&output).into_iter::<Message>();
    let ours = messages.filter_map(std::result::Result::ok).filter(|message| {
        message.reason == "compiler-artifact"
            && message.manifest_path.as_ref() == Some(&package.manifest_path)
    });
    let is_library = |path: &PathBuf| path.extension().is_some_and(|e| e == "so");
    let library = ours.flat_map(|message| message.filenames).find(is_library);
    let missing = || Fault::plugin(folder.display(), "cargo built no library");
    Ok((package, library.ok_or_else(missing)?))
}

/// The package in a folder, if it makes a library that can be opened.
fn package(folder: &Path) -> Result<Package> {
    let mut command = cargo(folder);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = run(folder, command)?;
    let metadata: Metadata = serde_json::from_slice(&output)
        .map_err(|e| Fault::plugin(folder.display(), format!("cargo metadata: {e}")))?;
    let manifest = folder.join("Cargo.toml");
    let package = metadata.packages.into_iter().find(|package| package.manifest_path == manifest);
    let package = package.ok_or_else(|| {
        let fault = Fault::usage(manifest.display(), "a workspace, not a package");
        fault.hint("name the folder of the plugin's own package")
    })?;
    let is_cdylib = |target: &Target| target.crate_types.iter().any(|kind| kind == "cdylib");
    match package.targets.iter().any(is_cdylib) {
        true => Ok(package),
        false => {
            let fault = Fault::usage(manifest.display(), "makes no library that can be opened");
            Err(fault.hint("[lib] needs crate-type = [\"cdylib\", \"rlib\"]"))
        }
    }
}

fn cargo(folder: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    // The crate's own toolchain file and configuration hold there.
    command.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// What cargo prints. Its progress and its errors go to stderr as they come.
fn run(folder: &Path, mut command: Command) -> Result<Vec<u8>> {
    let output = command.output().map_err(|e| {
        let fault = Fault::usage("cargo", format!("cannot be started: {e}"));
        fault.hint("install Rust, or add the built library itself")
    })?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            let message = format!("cargo failed ({})", output.status);
            Err(Fault::plugin(folder.display(), message).hint("its own errors stand above"))
        }
    }
}
