//! Plugins that differ from the host in one way each: built here, on demand, and what the host says
//! of them. `cargo test --test foreign -- --ignored --nocapture variants`; minutes, and the
//! registry.

use crate::support::Place;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// One difference.
struct Variant {
    name: &'static str,
    /// File below the copy, what stands there, what is put there.
    edits: &'static [(&'static str, &'static str, &'static str)],
    /// Settings of the build.
    settings: &'static [(&'static str, &'static str)],
    /// What the host says; empty when the plugin works, [`UNBUILT`] when there is none.
    said: &'static str,
}

const ERROR: &str = "harness/plugin-abi/src/error.rs";
const SDK_ERROR: &str = "harness/plugin-sdk/src/error.rs";
/// What is said of a variant that the compiler refuses.
const UNBUILT: &str = "does not build";
const OTHER_TYPES: &str = "interface backend/1 has other types than this host's";

const VARIANTS: &[Variant] = &[
    Variant { name: "no optimisation", edits: &[], settings: &[], said: "" },
    Variant {
        name: "link-time optimisation",
        edits: &[],
        settings: &[("CARGO_PROFILE_DEV_LTO", "true"), ("CARGO_PROFILE_DEV_OPT_LEVEL", "3")],
        said: "",
    },
    Variant {
        name: "panic = abort",
        edits: &[],
        settings: &[("CARGO_PROFILE_DEV_PANIC", "abort")],
        said: "built with panic=abort",
    },
    Variant {
        name: "a changed field",
        edits: &[
            (ERROR, "pub retry_after_ms: u64", "pub retry_after_ms: u32"),
            (
                SDK_ERROR,
                "            retry_after_ms,\n            message",
                "            retry_after_ms: retry_after_ms as u32,\n            message",
            ),
        ],
        settings: &[],
        said: OTHER_TYPES,
    },
    Variant {
        name: "a removed field",
        edits: &[
            (
                ERROR,
                "    /// Where it happened: `file:line:column` of a panic, a key of the configuration, or empty.\n    pub detail: RString,\n",
                "",
            ),
            (SDK_ERROR, "            detail: detail.into(),\n", ""),
            (SDK_ERROR, "let (detail, retry_after_ms)", "let (_detail, retry_after_ms)"),
        ],
        settings: &[],
        said: OTHER_TYPES,
    },
    Variant {
        name: "reordered fields",
        edits: &[
            (ERROR, "    pub detail: RString,\n", "    pub message: RString,\n"),
            (ERROR, "    pub message: RString,\n", "    pub detail: RString,\n"),
        ],
        settings: &[],
        said: OTHER_TYPES,
    },
    Variant {
        name: "an extra field",
        edits: &[
            (
                ERROR,
                "    pub detail: RString,\n",
                "    pub detail: RString,\n    /// More.\n    pub more: u64,\n",
            ),
            (
                SDK_ERROR,
                "detail: detail.into(),\n",
                "detail: detail.into(),\n            more: 0,\n",
            ),
        ],
        settings: &[],
        said: OTHER_TYPES,
    },
    Variant {
        name: "abi_stable 0.10",
        edits: &[("Cargo.toml", "\"=0.11.3\"", "\"0.10\"")],
        settings: &[],
        // The boundary needs 0.11. A library with 0.10's mark is in `tests/bad_libraries.rs`.
        said: UNBUILT,
    },
];

/// Copies of the SDK, the boundary and the plugin, as `build.sh` makes them.
fn copy(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["harness/plugin-abi", "harness/plugin-sdk", "tests/foreign"] {
        copy_folder(&root.join(folder), &to.join(folder));
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let workspace = manifest.split("[package]\n").next().unwrap();
    let ours = ["harness/plugin-abi", "harness/plugin-sdk"];
    let keep = |line: &&str| !line.starts_with("  \"") || ours.iter().any(|o| line.contains(o));
    let workspace: Vec<&str> = workspace.lines().filter(keep).collect();
    fs::write(to.join("Cargo.toml"), workspace.join("\n")).unwrap();
    // The kept lock file names another arrow.
    fs::remove_file(to.join("tests/foreign/Cargo.lock")).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy_folder(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}

/// Builds a variant; the library, or the compiler's last words.
fn build(variant: &Variant, target: &Path) -> Result<PathBuf, String> {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    for (file, from, to) in variant.edits {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{}: {from} is not in {file}", variant.name);
        // A swap is written as two edits: the first occurrence, then the last.
        let changed = match variant.name {
            "reordered fields" if *to == "    pub detail: RString,\n" => text.replacen(from, to, 1),
            _ => text.replace(from, to),
        };
        fs::write(&path, changed).unwrap();
    }
    let mut command = Command::new(env!("CARGO"));
    command.arg("build").current_dir(folder.path().join("tests/foreign"));
    command.env("CARGO_TARGET_DIR", target).env("CARGO_PROFILE_DEV_DEBUG", "0");
    command.envs(variant.settings.iter().copied());
    let output = command.output().unwrap();
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let error = words.lines().find(|line| line.starts_with("error")).unwrap_or_default();
        return Err(error.to_owned());
    }
    let library = target.join(format!("{}.so", variant.name.replace(' ', "-")));
    fs::copy(target.join("debug/libforeign.so"), &library).unwrap();
    Ok(library)
}

#[test]
#[ignore = "builds for minutes and needs the registry"]
fn variants() {
    let target = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for variant in VARIANTS {
        let (outcome, expected) = match build(variant, target.path()) {
            Err(error) => (format!("{UNBUILT}: {error}"), variant.said == UNBUILT),
            Ok(library) => {
                let place = Place::new();
                let file = library.to_str().unwrap();
                let arguments = ["--plugin", file, "plugin", "info", "foreign"];
                let output = place.pilotbench(&arguments).output().unwrap();
                let said = String::from_utf8(output.stderr).unwrap();
                let works = output.status.success();
                let expected = match variant.said {
                    "" => works,
                    words => !works && said.contains(words) && said.lines().count() <= 10,
                };
                (if works { "works".to_owned() } else { said.trim().to_owned() }, expected)
            }
        };
        if !expected {
            wrong.push(variant.name);
        }
        println!("{:<24} {outcome}", variant.name);
    }
    assert_eq!(wrong, [""; 0]);
}
