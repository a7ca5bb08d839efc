//! Wrong input is one line with place, a hint, the documented exit code, and nothing written.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use support::{Place, run_file};

/// Runs a file that must be refused; nothing may be written.
fn refused(run_file: &str) -> String {
    let place = Place::with(run_file);
    let fault = place.fails(&["run"], 2);
    assert!(!place.folder.path().join("results").exists(), "something was written");
    let lines: Vec<_> = fault.lines().collect();
    assert!(lines.len() <= 2, "more than a line and a hint: {fault}");
    assert!(lines[0].starts_with("error: "), "{fault}");
    fault
}

fn with(key: &str, value: &str) -> String {
    let mut lines: Vec<String> = run_file("\"marginal\"", "").lines().map(str::to_owned).collect();
    let line = lines.iter_mut().find(|line| line.starts_with(key)).unwrap();
    *line = format!("{key} = {value}");
    lines.join("\n")
}

#[test]
fn unknown_keys() {
    let fault = refused(&format!("colour = 1\n{}", run_file("\"marginal\"", "")));
    assert!(fault.contains("pilotbench.toml:1: unknown field `colour`"), "{fault}");
    let fault = refused(&run_file("\"marginal\"", "[limits]\nreplicate = 3"));
    assert!(fault.contains("pilotbench.toml:8: unknown field `replicate`"), "{fault}");
}

#[test]
fn unknown_names() {
    let fault = refused(&run_file("\"marginl\"", ""));
    assert!(
        fault.contains("pilotbench.toml:5: method `marginl`: there is no backend `marginl`"),
        "{fault}"
    );
    assert!(
        fault.contains(
            "hint: there are: candle, candle-text, copula, crash, fresh-population, hotdeck"
        ),
        "{fault}"
    );
    let fault = refused(&with("metrics", "[\"distanse\"]"));
    assert!(fault.contains("there is no metric `distanse`"), "{fault}");
    let fault = refused(&with("experiments", "[\"tinny\"]"));
    assert!(fault.contains("there is no experiment `tinny`"), "{fault}");
    assert!(fault.contains("hint: there are: tiny"), "{fault}");
}

#[test]
fn settings_that_a_plugin_refuses() {
    let fault =
        refused(&run_file("", "[[method]]\nbackend = \"marginal\"\nsettings = { alfa = 1.0 }"));
    assert!(fault.contains("pilotbench.toml:7: method `marginal`"), "{fault}");
    assert!(fault.contains("unknown field `alfa`"), "{fault}");
}

#[test]
fn impossible_pilots() {
    let fault = refused(&with("sizes", "[8, 61]"));
    assert!(fault.contains("pilotbench.toml:3") && fault.contains("60 can be chosen"), "{fault}");
    let fault = refused(&with("sizes", "[60]"));
    assert!(fault.contains("leaves 0 held-out"), "{fault}");
    let fault = refused(&with("sizes", "[0]"));
    assert!(fault.contains("method `marginal` needs a pilot of at least 1"), "{fault}");
    let fault = refused(&with("sizes", "[\"25% of house\"]"));
    assert!(fault.contains("is no pilot size"), "{fault}");
    let fault = refused(&with("sizes", "[-3]"));
    assert!(fault.contains("pilotbench.toml:3"), "{fault}");
}

#[test]
fn strategies_that_the_experiment_lacks() {
    let with_strategy = |s: &str| run_file("\"marginal\"", &format!("strategies = [\"{s}\"]"));
    let fault = refused(&with_strategy("equal-group(age)"));
    assert!(fault.contains("`age` is not a categorical covariate"), "{fault}");
    let fault = refused(&with_strategy("single-arm(c)"));
    assert!(fault.contains("there is no arm `c`; there are a, b"), "{fault}");
    let fault = refused(&with_strategy("best"));
    assert!(fault.contains("`best` is no strategy"), "{fault}");
}

#[test]
fn grids_without_end() {
    let fault = refused(&with("seeds", "4000000"));
    assert!(fault.contains("more than 100000 replicates"), "{fault}");
    let fault = refused(&with("seeds", "4000000000"));
    assert!(fault.contains("more than 100000 replicates"), "{fault}");
    let fault = refused(&with("seeds", "0"));
    assert!(fault.contains("`seeds` is empty"), "{fault}");
    let fault = refused(&with("seeds", "[1, 1]"));
    assert!(fault.contains("a seed stands twice"), "{fault}");
}

#[test]
fn the_same_thing_twice() {
    let fault = refused(&run_file("\"marginal\", \"marginal\"", ""));
    assert!(fault.contains("method `marginal` stands twice"), "{fault}");
    let same = "[[method]]\nname = \"again\"\nbackend = \"baseline/marginal\"";
    let fault = refused(&run_file("\"marginal\"", same));
    assert!(fault.contains("methods `marginal` and `again` are the same"), "{fault}");
    let fault = refused(&with("experiments", "[\"tiny\", \"tiny\"]"));
    assert!(fault.contains("experiment `tiny` stands twice"), "{fault}");
}

#[test]
fn names_and_files_that_are_none() {
    let fault = refused(&with("name", "\"../escape\""));
    assert!(fault.contains("pilotbench.toml:1") && fault.contains("[a-z0-9-]"), "{fault}");
    let fault = refused("name = \"x\"\nexperiments = [");
    assert!(fault.contains("pilotbench.toml:2"), "{fault}");
    let place = Place::new();
    let fault = place.fails(&["run", "nowhere.toml"], 2);
    assert!(fault.contains("nowhere.toml: No such file"), "{fault}");
    let fault = place.fails(&["resume", "nothing"], 2);
    assert!(fault.contains("`nothing` is not recorded here"), "{fault}");
}

#[test]
fn a_score_that_no_metric_gives() {
    let fault = refused(&run_file("\"marginal\"", "[leaderboard]\nheadline = \"beauty\""));
    assert!(fault.contains("pilotbench.toml:8: no metric gives the score `beauty`"), "{fault}");
}

#[test]
fn the_same_work_may_be_shown_in_another_way() {
    let place = Place::with(&run_file("\"marginal\"", ""));
    place.pilotbench(&["run"]).assert().success();
    place.write(
        "pilotbench.toml",
        run_file("\"marginal\"", "[leaderboard]\nheadline = \"accuracy\""),
    );
    let output = place.pilotbench(&["run"]).assert().success().get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("0 replicates to run"));
    assert!(String::from_utf8(output.stdout).unwrap().contains("accuracy by pilot size"));
    place.pilotbench(&["verify"]).assert().success();
}

#[test]
fn a_full_disk_under_the_output_is_not_success() {
    if std::path::Path::new("/dev/full").exists() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        let status = command
            .args(["experiment", "generate", "disclosure"])
            .stdout(full.try_clone().unwrap())
            .stderr(std::process::Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(4));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        let status = command
            .args(["completions", "bash"])
            .stdout(full)
            .stderr(std::process::Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(4));
    }
}

#[test]
fn a_changed_experiment_is_not_resumed() {
    let place = Place::new();
    let datasets = place.folder.path().join("own");
    std::fs::create_dir_all(datasets.join("tiny")).unwrap();
    for file in ["experiment.toml", "participants.csv"] {
        let from = pilotbench_testkit::experiments().join("tiny").join(file);
        std::fs::copy(from, datasets.join("tiny").join(file)).unwrap();
    }
    place.write("pilotbench.toml", run_file("\"marginal\"", ""));
    let own = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        command.current_dir(place.folder.path()).args(["--datasets", "own"]).args(arguments);
        command
    };
    own(&["run"]).assert().success();
    let card = datasets.join("tiny/experiment.toml");
    let text = std::fs::read_to_string(&card).unwrap().replace("How much?", "How little?");
    std::fs::write(&card, text).unwrap();
    let output = own(&["resume"]).assert().code(2).get_output().clone();
    let fault = String::from_utf8(output.stderr).unwrap();
    assert!(fault.contains("experiment tiny has changed since the plan was made"), "{fault}");
}
