//! A stage uses earlier stages only: the order of `lib.rs` is the order of the data.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn no_stage_looks_forward() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(source.join("lib.rs")).unwrap();
    let stages: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(stages.len() > 10, "the stages were not found");
    let position: HashMap<&str, usize> =
        stages.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let mut forward = Vec::new();
    for stage in &stages {
        let folder = source.join(stage);
        let files = match folder.is_dir() {
            true => files_below(&folder),
            false => vec![source.join(format!("{stage}.rs"))],
        };
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for used in used_stages(&text) {
                if position.get(used.as_str()).is_some_and(|at| *at > position[stage]) {
                    forward.push(format!("{} uses `{used}`", file.display()));
                }
            }
        }
    }
    assert!(forward.is_empty(), "{forward:#?}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Names after `crate::`, also those in braces.
fn used_stages(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let word = |text: &str| -> String {
            text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        };
        match rest.strip_prefix('{') {
            None => used.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                let end = list.find(|c| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    depth < 0
                });
                let mut depth = 0;
                let outer = list[..end.unwrap_or(list.len())].split(|c| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && c == ','
                });
                used.extend(outer.map(|part| word(part.trim())));
            }
        }
    }
    used
}
