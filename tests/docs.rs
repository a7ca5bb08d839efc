//! What the pages under `docs` say to type works.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// Follows a page, with the binary of this build first on the path.
fn follow(page: &str) {
    let binary = Path::new(env!("CARGO_BIN_EXE_pilotbench")).parent().unwrap().to_owned();
    let others = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([binary].into_iter().chain(env::split_paths(&others))).unwrap();
    let followed = Command::new(docs().join("follow.sh"))
        .arg(docs().join(page))
        .env("PATH", path)
        .env_remove("PILOTBENCH_PLUGIN_PATH")
        .output()
        .unwrap();
    let said = [followed.stdout, followed.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(followed.status.success(), "{page}: {said:?}");
}

#[test]
fn first_run() {
    follow("first-run.md");
}

#[test]
fn own_data() {
    follow("own-data.md");
}

#[test]
fn own_metric() {
    follow("own-metric.md");
}

#[test]
fn own_backend() {
    follow("own-backend.md");
}

/// Files that a page links to: all but addresses and places in the page itself.
fn links(page: &str) -> Vec<&str> {
    let after = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = after.filter_map(|link| link.split('#').next());
    files.filter(|link| !link.is_empty() && !link.contains("://")).collect()
}

#[test]
fn no_page_links_to_nothing() {
    for entry in fs::read_dir(docs()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "md") {
            let page = fs::read_to_string(&path).unwrap();
            for link in links(&page) {
                assert!(docs().join(link).exists(), "{}: {link}", path.display());
            }
        }
    }
}
