//! A program in another language is a method as any other.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may, and says when it skips")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use support::{Place, below, run_file};

/// The program that the backend's own tests use: every level equally likely, or a fault.
fn test_program() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_pilotbench")).parent().unwrap();
    let program = beside.join("process-test-program");
    if !program.is_file() {
        // Built with the workspace's tests; this test alone builds it here.
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--locked", "-p", "backend-process", "--bins"]);
        if beside.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    }
    program
}

/// A method `theirs` that runs this command.
fn method(command: &[&str]) -> String {
    let command = serde_json::to_string(command).unwrap();
    format!(
        "[[method]]\nname = \"theirs\"\nbackend = \"process\"\n\
         settings = {{ command = {command}, processes = 2 }}\n"
    )
}

/// Pilot size and mean of every score of a method, as the leaderboard's CSV has them.
fn scores(place: &Place, method: &str) -> Vec<(String, String, Option<f64>)> {
    let text = fs::read_to_string(place.run().join("leaderboard/leaderboard.csv")).unwrap();
    let mut rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let [named, size, score, mean] = ["method", "size", "score", "mean"].map(column);
    rows.filter(|row| row[named] == method)
        .map(|row| (row[size].clone(), row[score].clone(), row[mean].parse().ok()))
        .collect()
}

/// Two methods that give the same probabilities, but for rounding, have the same scores.
fn assert_same(
    theirs: &[(String, String, Option<f64>)],
    ours: &[(String, String, Option<f64>)],
    size: &str,
) {
    let theirs: Vec<_> = theirs.iter().filter(|row| row.0 == size).collect();
    assert!(!theirs.is_empty());
    assert_eq!(theirs.len(), ours.len());
    for ((_, score, a), (_, ours, b)) in theirs.into_iter().zip(ours) {
        assert_eq!(score, ours);
        let close = match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        };
        assert!(close, "{score} at {size}: {a:?} {b:?}");
    }
}

#[test]
fn a_program_scores_as_the_same_method_built_in() {
    let program = test_program();
    let place =
        Place::with(&run_file("\"uniform\"", &method(&[program.to_str().unwrap(), "none"])));
    place.pilotbench(&["run"]).assert().success();
    let (theirs, ours) = (scores(&place, "theirs"), scores(&place, "uniform"));
    // Without a pilot no score depends on it.
    let ours: Vec<_> = ours.into_iter().filter(|row| row.0 == "0").collect();
    assert_same(&theirs, &ours, "0");
    place.pilotbench(&["verify"]).assert().success();
}

#[test]
fn a_program_that_dies_fails_its_replicates_by_name() {
    let program = test_program();
    let file = run_file("\"marginal\"", &method(&[program.to_str().unwrap(), "ends-badly"]));
    let place = Place::with(&file);
    place.fails(&["run"], 1);
    let failures = below(&place.run().join("failures"), ".json");
    assert_eq!(failures.len(), 12, "3 sizes of 4 seeds");
    let text = fs::read_to_string(&failures[0]).unwrap();
    assert!(text.contains("ended with status 3 in respond; its last words: `first`"), "{text}");
    assert_eq!(below(&place.run().join("cells"), "manifest.json").len(), 8, "marginal's own");
}

#[test]
fn a_program_is_asked_in_words() {
    let program = test_program();
    let chat =
        method(&[program.to_str().unwrap(), "reads"]).replace("\"process\"", "\"process-chat\"");
    let place = Place::with(&run_file("", &chat));
    place.pilotbench(&["run"]).assert().success();
    let output = place.pilotbench(&["status", "--json"]).assert().success().get_output().clone();
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    // 3 sizes × 4 seeds × 45 held-out people × 3 items, each answered by a label.
    assert_eq!((status[0]["ok"].as_u64(), status[0]["invalid"].as_u64()), (Some(1620), Some(0)));
}

#[test]
fn a_command_that_is_not_there_stops_the_run_before_it_begins() {
    let place = Place::with(&run_file("\"marginal\"", &method(&["/no/such/program"])));
    let fault = place.fails(&["run"], 2);
    assert!(fault.contains("setting `command`: `/no/such/program` cannot be started"), "{fault}");
}

#[test]
fn the_example_in_python_scores_as_marginal() {
    let python = std::env::var("PILOTBENCH_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut probe = Command::new(&python);
    probe.args(["-c", "import sys, pyarrow; assert sys.version_info >= (3, 10)"]);
    let found = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        println!("skipped: no Python with pyarrow; name one in PILOTBENCH_PYTHON");
        return;
    }
    let script =
        concat!(env!("CARGO_MANIFEST_DIR"), "/plugins/backends/process/examples/marginal.py");
    let place = Place::with(&run_file("\"marginal\"", &method(&[&python, script])));
    place.pilotbench(&["run"]).assert().success();
    let (theirs, ours) = (scores(&place, "theirs"), scores(&place, "marginal"));
    for size in ["8", "15"] {
        let ours: Vec<_> = ours.iter().filter(|row| row.0 == size).cloned().collect();
        assert_same(&theirs, &ours, size);
    }
}
