//! One run against another: what changed is found, what did not is not, and what cannot be compared
//! is said.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::fs;
use support::Place;

/// An experiment of some hundred people.
const DISCLOSURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/disclosure");

fn run_file(name: &str, fault: &str, seeds: &str, more: &str) -> String {
    let experiment = if more.is_empty() { DISCLOSURE } else { "tiny" };
    let more = if more.is_empty() { "held_out = 300" } else { more };
    format!(
        "name = \"{name}\"\nexperiments = [\"{experiment}\"]\nsizes = [8]\nseeds = {seeds}\n\
         metrics = [\"distribution\"]\nmethods = [\"marginal\"]\n{more}\n\
         [[method]]\nbackend = \"stress\"\nname = \"model\"\nsettings = {{ fault = \"{fault}\" }}\n\
         [score]\nresamples = 40\n"
    )
}

/// Runs a file.
fn run(place: &Place, name: &str, fault: &str, seeds: &str, more: &str) {
    let file = place.write(&format!("{name}.toml"), run_file(name, fault, seeds, more));
    place.pilotbench(&["run", "--quiet", file.to_str().unwrap()]).assert().success();
}

fn compared(place: &Place, base: &str, new: &str) -> Value {
    let arguments = ["compare", base, new, "--format", "json", "--quiet", "--no-speed"];
    let output = place.pilotbench(&arguments).assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

fn outcome(report: &Value, method: &str) -> String {
    let changes = report["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| change["method"] == method).unwrap();
    change["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_shift_of_a_tenth_in_one_option_is_found() {
    let place = Place::new();
    run(&place, "base", "none", "8", "");
    run(&place, "shifted", "leans", "8", "");
    let report = compared(&place, "base", "shifted");
    assert_eq!(outcome(&report, "marginal"), "identical");
    let changed = outcome(&report, "model");
    assert!(changed == "worse" || changed == "better", "{report}");
    assert_eq!(report["changes"][0]["pairing"], "seeds-and-people");

    // The other way round it is the other change; whatever it is, it ends with 6.
    let back = compared(&place, "shifted", "base");
    let other = if changed == "worse" { "better" } else { "worse" };
    assert_eq!(outcome(&back, "model"), other);
    let worse = if changed == "worse" { ["base", "shifted"] } else { ["shifted", "base"] };
    let better = [worse[1], worse[0]];
    let failing = |[base, new]: [&str; 2], on: &str, code: i32| {
        let arguments = ["compare", base, new, "--fail-on", on, "--quiet", "--no-speed"];
        place.pilotbench(&arguments).assert().code(code);
    };
    failing(worse, "regression", 6);
    failing(better, "regression", 0);
    failing(better, "any-change", 6);
    failing(["base", "base"], "any-change", 0);
}

/// The same methods with other seeds: nothing changed, and nothing is said to have.
#[test]
fn other_seeds_raise_no_alarm() {
    let place = Place::new();
    run(&place, "base", "none", "10", "");
    // At a rate of one in twenty, one of five may.
    let mut alarms = 0;
    for rerun in 1..=5 {
        let seeds: Vec<String> = (1..=10).map(|seed| (100 * rerun + seed).to_string()).collect();
        let name = format!("again-{rerun}");
        run(&place, &name, "none", &format!("[{}]", seeds.join(", ")), "");
        let report = compared(&place, "base", &name);
        assert_eq!(report["changes"][0]["pairing"], "people");
        alarms += usize::from(report["changes_in_all"] != 0);
    }
    assert!(alarms <= 1, "{alarms} of 5");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let place = Place::new();
    run(&place, "base", "none", "4", "held_out = 21");
    run(&place, "other", "none", "4", "held_out = 20");
    let report = compared(&place, "base", "other");
    assert_eq!(report["changes"].as_array().unwrap().len(), 0);
    let reason = report["incomparable"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "the cap on held-out people is another");
    let unknown = place.fails(&["compare", "base", "base", "--score", "beauty"], 2);
    assert!(unknown.contains("gives `beauty`") && unknown.contains("there are:"), "{unknown}");
    let missing = place.fails(&["compare", "base", "nowhere"], 2);
    assert!(missing.contains("`nowhere` is not recorded here"), "{missing}");
}

#[test]
fn forms_for_machines_and_people() {
    let place = Place::new();
    run(&place, "base", "none", "8", "");
    run(&place, "shifted", "leans", "8", "");
    let form = |format: &str| {
        let summary = place.folder.path().join("summary.md");
        let mut command = place.pilotbench(&["compare", "base", "shifted", "--format", format]);
        let output = command.env("GITHUB_STEP_SUMMARY", summary).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    assert!(form("terminal").contains("worse by"));
    assert!(form("markdown").starts_with("## pilotbench: `shifted-"));
    let junit = form("junit");
    assert!(junit.contains("<testsuites") && junit.contains("classname=\"disclosure\""), "{junit}");
    let annotations = form("github");
    assert!(annotations.lines().all(|line| line.starts_with("::")), "{annotations}");
    let summary = fs::read_to_string(place.folder.path().join("summary.md")).unwrap();
    assert!(summary.contains("| experiment | method |"), "{summary}");
}
