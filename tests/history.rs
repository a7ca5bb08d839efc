//! Night after night: what stays as it was raises no alarm, a change is found, and a history says what
//! is wrong with it.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{fs, process::Command};
use support::{Place, below};

/// An experiment of some hundred people.
const DISCLOSURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/disclosure");

/// Runs a night of other seeds into a folder of its own, and adds it. The model leans by a tenth of
/// probability where `fault` says so.
fn night(place: &Place, number: u32, fault: &str, more: &str) {
    let seeds: Vec<String> = (1..=8).map(|seed| (100 * number + seed).to_string()).collect();
    night_of(place, number, fault, &seeds.join(", "), more);
}

fn night_of(place: &Place, number: u32, fault: &str, seeds: &str, more: &str) {
    let held_out = if more.is_empty() { "held_out = 300" } else { more };
    let text = format!(
        "name = \"nightly\"\nexperiments = [\"{DISCLOSURE}\"]\nsizes = [8]\nseeds = [{seeds}]\n\
         metrics = [\"distribution\"]\nmethods = [\"marginal\"]\n{held_out}\n\
         [[method]]\nbackend = \"stress\"\nname = \"model\"\nsettings = {{ fault = \"{fault}\" }}\n\
         [score]\nresamples = 10\n"
    );
    let file = place.write("nightly.toml", text);
    let results = format!("results/night-{number}");
    let run = ["run", file.to_str().unwrap(), "--quiet", "--results", &results];
    place.pilotbench(&run).assert().success();
    let at = format!("2026-03-{number:02}T03:00:00Z");
    let history = ["--history", "results/history", "--results", &results];
    let add = [&["history", "add", "--quiet", "--at", &at][..], &history].concat();
    place.pilotbench(&add).assert().success();
}

/// What `check` says as JSON, and how it ends.
fn checked(place: &Place, arguments: &[&str]) -> (Value, i32) {
    let check = ["history", "check", "--json", "--no-speed", "--fail-on", "regression"];
    let output = place.pilotbench(&[&check[..], arguments].concat()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let board = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{error}"));
    (board, output.status.code().unwrap())
}

/// The newest point of a method.
fn newest<'a>(board: &'a Value, method: &str) -> &'a Value {
    let series = board["series"].as_array().unwrap();
    let series = series.iter().find(|series| series["method"] == method).unwrap();
    series["points"].as_array().unwrap().last().unwrap()
}

#[test]
fn other_seeds_raise_no_alarm_and_a_shift_of_a_tenth_does() {
    let place = Place::new();
    for number in 1..=8 {
        night(&place, number, "none", "");
    }
    let (board, code) = checked(&place, &[]);
    assert_eq!(code, 0, "{board}");
    for method in ["marginal", "model"] {
        let standing = newest(&board, method)["standing"].as_str().unwrap();
        assert!(["inside", "noisy"].contains(&standing), "{standing}");
        assert_eq!(newest(&board, method)["before"], 7);
    }

    night(&place, 9, "leans", "");
    let (board, _) = checked(&place, &[]);
    let shifted = newest(&board, "model");
    let standing = shifted["standing"].as_str().unwrap();
    assert!(["worse", "better"].contains(&standing), "{shifted}");
    assert!(
        !["worse", "better"].contains(&newest(&board, "marginal")["standing"].as_str().unwrap())
    );
    assert_eq!((&shifted["last_good"], &shifted["since"]), (&7.into(), &8.into()));
    let failing = ["history", "check", "--no-speed", "--fail-on", "any-change", "--format"];
    let said = |format: &str| {
        let output = place.pilotbench(&[&failing[..], &[format]].concat()).assert().code(6);
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    let terminal = said("terminal");
    let compare = "`pilotbench compare results/night-8/runs/nightly-";
    assert!(terminal.contains(compare) && terminal.contains("history accept"), "{terminal}");
    assert!(said("markdown").starts_with("## pilotbench history of `nightly`"));
    let annotations = said("github");
    assert!(annotations.lines().all(|line| line.starts_with("::")), "{annotations}");
    assert!(annotations.contains(&format!("title=model on disclosure%3A {standing}")));

    // The pages name it, and need nothing from elsewhere.
    place.pilotbench(&["history", "report", "-o", "site"]).assert().success();
    let page = fs::read_to_string(place.folder.path().join("site/index.html")).unwrap();
    assert!(page.contains("pilotbench compare results/night-8/runs/") && page.contains("<svg"));
    assert!(page.contains("SYNTHETIC") && !page.contains("<script"));

    // A level that is wanted is no alert.
    let id = board["nights"][8]["id"].as_str().unwrap();
    place.pilotbench(&["history", "accept", id, "--because", "it leans now"]).assert().success();
    let (board, code) = checked(&place, &[]);
    assert_eq!((newest(&board, "model")["standing"].as_str(), code), (Some("too-few"), 0));
    assert_eq!(newest(&board, "model")["begins"], "accepted: it leans now");
}

#[test]
fn the_same_seeds_give_the_same_and_other_people_begin_anew() {
    let place = Place::new();
    for number in 1..=6 {
        night_of(&place, number, "none", "1, 2, 3, 4", "");
    }
    let (board, _) = checked(&place, &[]);
    assert_eq!(newest(&board, "model")["standing"], "identical");
    assert_eq!(newest(&board, "marginal")["standing"], "identical");
    night_of(&place, 7, "leans", "1, 2, 3, 4", "held_out = 200");
    let (board, code) = checked(&place, &[]);
    let point = newest(&board, "model");
    assert_eq!((point["standing"].as_str(), code), (Some("too-few"), 0));
    assert_eq!(point["begins"], "other people are held out");
}

#[test]
fn what_is_wrong_is_said() {
    let place = Place::new();
    let nothing = place.fails(&["history", "show"], 2);
    assert!(nothing.contains("there is no entry") && nothing.contains("history add"), "{nothing}");
    night(&place, 1, "none", "");
    let add = ["history", "add", "--quiet", "--results", "results/night-1"];
    let again = |more: &[&str]| {
        let place_of = ["--history", "results/history"];
        place.pilotbench(&[&add[..], &place_of, more].concat()).output().unwrap()
    };
    let words =
        |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    // The very same is no fault, as something else it is.
    assert!(again(&["--at", "2026-03-01T03:00:00Z"]).status.success());
    let other = again(&["--at", "2026-03-02T03:00:00Z"]);
    assert!(words(&other).contains("this very execution is there"), "{}", words(&other));
    let wrong = again(&["--at", "yesterday"]);
    assert!(words(&wrong).contains("no time in UTC"), "{}", words(&wrong));
    let link = again(&["--link", "javascript:alert(1)"]);
    assert_eq!(link.status.code(), Some(2));
    // Without a time it is that of the journal: a new one, of the same execution.
    assert!(words(&again(&[])).contains("this very execution is there"));

    for (arguments, expected) in [
        (&["--score", "beauty"][..], "there are: js_distance"),
        (&["--name", "other"], "there are: nightly"),
        (&["--confidence", "2"], "not from 0.5 to below 1"),
        (&["--window", "3"], "never has the 5 values"),
        (&["--margin", "nan"], "is no margin"),
    ] {
        let error = place.fails(&[&["history", "check"], arguments].concat(), 2);
        assert!(error.contains(expected), "{error}");
    }
    let error = place.fails(&["history", "show", "--method", "nobody"], 2);
    assert!(error.contains("no series"), "{error}");

    let entry = below(&place.folder.path().join("results/history"), ".json").remove(0);
    let text = fs::read_to_string(&entry).unwrap();
    fs::write(&entry, text.replacen("\"mean\":0.", "\"mean\":1.", 1)).unwrap();
    let error = place.fails(&["history", "show"], 4);
    let name = entry.file_name().unwrap().to_str().unwrap();
    assert!(error.contains(name) && error.contains("damaged"), "{error}");
}

/// A new folder runs as it is, and so does a night in it.
#[test]
fn a_new_folder_runs_and_has_its_nights() {
    let place = Place::new();
    let binary = env!("CARGO_BIN_EXE_pilotbench");
    let here = |folder: &str, arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(binary);
        command.current_dir(place.folder.path().join(folder)).args(arguments);
        command.env("XDG_DATA_HOME", place.folder.path().join("data"));
        command
    };
    here(".", &["init", "mine", "--experiment", "ipod-disclosure"]).assert().success();
    let again = here("mine", &["init"]).assert().code(2).get_output().stderr.clone();
    let again = String::from_utf8(again).unwrap();
    assert!(again.contains("pilotbench.toml") && again.contains("nightly.sh"), "{again}");
    here("mine", &["run", "--quiet"]).assert().success();

    let mine = place.folder.path().join("mine");
    let file = fs::read_to_string(mine.join("nightly.toml")).unwrap();
    // A part of it is enough here.
    let few =
        file.replace("seeds = 10", "seeds = 2").replace("sizes = [0, 15, 60]", "sizes = [15]");
    fs::write(mine.join("nightly.toml"), few).unwrap();
    let night = |day: u32, accept: &str| {
        let mut script = Command::new(mine.join(".github/nightly.sh"));
        script.env("PILOTBENCH", binary).env("ACCEPT", accept).env_remove("GITHUB_ACTIONS");
        script.env("AT", format!("2026-03-{day:02}T03:00:00Z")).output().unwrap()
    };
    let first = night(1, "");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(String::from_utf8_lossy(&first.stdout).contains("there was no base"));
    let second = String::from_utf8(night(2, "").stdout).unwrap();
    assert!(second.contains("0 worse, 0 better") && second.contains("identical"), "{second}");
    let third = String::from_utf8(night(3, "why not").stdout).unwrap();
    assert!(third.contains("the base is now 20260303T030000Z-nightly-"), "{third}");
    for file in ["compare.xml", "site/run/index.html", "site/history/index.html"] {
        assert!(mine.join("results/nightly").join(file).is_file(), "{file}");
    }
}
