//! `plugin new`.

use crate::{arguments::NewPluginArguments, exit::Exit, output};
use pilotbench_engine::fault::{Fault, Result};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names that a crate may not have, and modules of every crate that it would hide.
const TAKEN: [&str; 12] = [
    "alloc",
    "core",
    "crate",
    "proc-macro",
    "self",
    "serde",
    "static",
    "std",
    "super",
    "test",
    "pilotbench-plugin-sdk",
    "pilotbench-plugin-abi",
];
/// The SDK's package.
const SDK: &str = "pilotbench-plugin-sdk";
/// Where this binary was built from.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// What differs between a backend and a metric.
struct Kind {
    kind: &'static str,
    type_name: &'static str,
    source: &'static str,
    description: &'static str,
    usage: &'static str,
}

const BACKEND: Kind = Kind {
    kind: "backend",
    type_name: "Smoothed",
    source: include_str!("../../templates/backend.rs.in"),
    description: "The pilot's smoothed shares of each level",
    usage: "[[method]]\nbackend = \"{{name}}\"\nsettings = { alpha = 0.5 }",
};

const METRIC: Kind = Kind {
    kind: "metric",
    type_name: "MeanGap",
    source: include_str!("../../templates/metric.rs.in"),
    description: "Gap between the means of human and simulated answers",
    usage: "metrics = [\"{{name}}\"]",
};

/// Files of both kinds.
const SHARED: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../templates/Cargo.toml.in")),
    ("tests/conformance.rs", include_str!("../../templates/conformance.rs.in")),
    ("README.md", include_str!("../../templates/README.md.in")),
    (".gitignore", include_str!("../../templates/gitignore.in")),
    (".github/workflows/ci.yml", include_str!("../../templates/ci.yml.in")),
];

pub(super) fn new(arguments: &NewPluginArguments) -> Result<Exit> {
    let name = &arguments.name;
    check_name(name)?;
    let sdk = sdk(arguments.sdk.as_deref())?;
    let kind = if arguments.backend { &BACKEND } else { &METRIC };
    let folder = arguments.path.join(name);
    if folder.symlink_metadata().is_ok() {
        let fault = Fault::usage(folder.display(), "is there already");
        return Err(fault.hint("choose another name, or another --path"));
    }
    let rendered = Rendered::new(name, kind, &sdk)?;
    for (file, template) in SHARED.iter().chain(&[("src/lib.rs", kind.source)]) {
        write(&folder.join(file), &rendered.of(template))?;
    }
    // The SDK's own choice of versions: what it was tested with.
    for lock in [sdk.join("Cargo.lock"), sdk.join("../../Cargo.lock")] {
        if let Ok(text) = fs::read_to_string(lock) {
            write(&folder.join("Cargo.lock"), &text)?;
            break;
        }
    }
    if arguments.json {
        output::print_json(&json!({ "folder": folder, "kind": kind.kind }))?;
        return Ok(Exit::Done);
    }
    output::print_line(&format!("made {}", folder.display()));
    output::print_line(&format!("  cargo test --manifest-path {}/Cargo.toml", folder.display()));
    output::print_line(&format!("  pilotbench plugin add {}", folder.display()));
    Ok(Exit::Done)
}

fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let shown: String = name.chars().take(64).collect();
    if !begins || name.ends_with('-') || name.len() > 48 || !name.chars().all(plain) {
        let message = format!("`{}` is no name of a plugin", shown.escape_debug());
        let hint = "small letters, digits and -, a letter first, at most 48";
        return Err(Fault::usage("NAME", message).hint(hint));
    }
    match TAKEN.contains(&name) || is_keyword(name) {
        true => Err(Fault::usage("NAME", format!("`{name}` means something to Rust or to cargo"))
            .hint("choose another")),
        false => Ok(()),
    }
}

/// Words that no crate can be called by.
fn is_keyword(name: &str) -> bool {
    let words = "abstract as async await become box break const continue do dyn else enum extern \
                 false final fn for gen if impl in let loop macro match mod move mut override priv \
                 pub ref return struct trait true try type typeof unsafe unsized use virtual where \
                 while yield build deps examples incremental";
    words.split_whitespace().any(|word| word == name)
}

/// Folder of the SDK's sources.
fn sdk(given: Option<&Path>) -> Result<PathBuf> {
    let is_sdk = |folder: &Path| {
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        text.lines().any(|line| line.trim() == format!("name = \"{SDK}\""))
    };
    let root = given.unwrap_or(Path::new(SOURCES));
    let folders = [root.to_owned(), root.join("harness/plugin-sdk")];
    let found = folders.iter().find(|folder| is_sdk(folder)).and_then(|f| f.canonicalize().ok());
    found.ok_or_else(|| match given {
        Some(given) => {
            let fault = Fault::usage("--sdk", format!("no {SDK} in {}", given.display()));
            fault.hint("name the folder of pilotbench's sources, or harness/plugin-sdk in it")
        }
        None => {
            let message = format!("the sources of this binary are not at {SOURCES} any more");
            Fault::usage("", message).hint("name pilotbench's sources with --sdk PATH")
        }
    })
}

/// What stands for the marks in a template.
struct Rendered(Vec<(&'static str, String)>);

impl Rendered {
    fn new(name: &str, kind: &Kind, sdk: &Path) -> Result<Self> {
        let sdk = sdk.to_str().ok_or_else(|| Fault::usage(sdk.display(), "not a UTF-8 path"))?;
        // A JSON text is a TOML text.
        let sdk = serde_json::to_string(sdk).map_err(|e| Fault::usage("--sdk", e))?;
        Ok(Self(vec![
            ("{{use}}", kind.usage.to_owned()),
            ("{{kind}}", kind.kind.to_owned()),
            ("{{type}}", kind.type_name.to_owned()),
            ("{{description}}", kind.description.to_owned()),
            ("{{snake}}", name.replace('-', "_")),
            ("{{name}}", name.to_owned()),
            ("{{sdk}}", sdk),
        ]))
    }

    fn of(&self, template: &str) -> String {
        let replace = |text: String, (mark, value): &(&str, String)| text.replace(mark, value);
        self.0.iter().fold(template.to_owned(), replace)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let fault = |e: std::io::Error| Fault::store(path.display(), e);
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fault)?;
    fs::write(path, text).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_unfilled() {
        for kind in [&BACKEND, &METRIC] {
            let rendered = Rendered::new("coin-toss", kind, Path::new("/a \"b\"/sdk")).unwrap();
            for (file, template) in SHARED.iter().chain(&[("src/lib.rs", kind.source)]) {
                let text = rendered.of(template);
                assert!(!text.contains("{{"), "{file}: {text}");
            }
            let manifest = rendered.of(SHARED[0].1);
            assert!(manifest.contains(r#"path = "/a \"b\"/sdk""#), "{manifest}");
        }
    }

    #[test]
    fn names() {
        assert!(check_name("coin-2").is_ok());
        let wrong =
            ["", "2coin", "-a", "a-", "Coin", "a_b", "a/b", "..", "é", "loop", "std", "a\u{7}"];
        for name in wrong.iter().map(ToString::to_string).chain(["a".repeat(10_000)]) {
            let fault = check_name(&name).unwrap_err().to_string();
            assert!(fault.len() < 300 && !fault.contains('\u{7}'), "{fault}");
        }
    }
}
