//! The embedded experiments are what they say, and a user's own can be made, checked and imported.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use assert_cmd::Command;
use serde_json::Value;
use std::{fs, path::Path};
use support::Place;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary in the repository.
fn pilotbench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    command.current_dir(repository()).args(arguments);
    command
}

/// A folder of a user who has the disclosure experiment.
fn with_disclosure() -> Place {
    let place = Place::new();
    for name in ["experiment.toml", "participants.csv"] {
        let bytes = fs::read(repository().join("datasets/disclosure").join(name)).unwrap();
        place.write(&format!("datasets/disclosure/{name}"), bytes);
    }
    place
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_slice(&pilotbench(arguments).assert().success().get_output().stdout).unwrap()
}

#[test]
fn all_are_sound() {
    let output = pilotbench(&["experiment", "check"]).assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "disclosure: sound, 929 participants",
        "ipod-disclosure: sound, 219 participants",
        "rice-insurance: sound, 1378 participants",
        "vote-1996: sound, 944 participants",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

/// `datasets/facts.json` holds counts made by pandas; the loader must find the same.
#[test]
fn the_loader_counts_like_pandas() {
    let facts: Value = serde_json::from_str(
        &fs::read_to_string(repository().join("datasets/facts.json")).unwrap(),
    )
    .unwrap();
    for (id, facts) in experiments_of(&facts) {
        let shown = json(&["experiment", "show", id, "--json"]);
        let items = shown["items"].as_array().unwrap();
        let designs = shown["design"]["items"].as_array().unwrap();
        assert!(!items.is_empty());
        for (item, design) in items.iter().zip(designs) {
            let name = item["id"].as_str().unwrap();
            let counts = item["counts"].as_array().unwrap();
            for (level, count) in design["levels"].as_array().unwrap().iter().zip(counts) {
                let code = level["code"].as_str().unwrap();
                let expected = &facts["items"][name][code];
                assert_eq!(count.as_u64(), expected.as_u64(), "{id} {name} {code}: {expected}");
            }
        }
    }
}

fn experiments_of(facts: &Value) -> Vec<(&str, &Value)> {
    let all = facts.get("experiments").unwrap_or(facts).as_object().unwrap();
    let found: Vec<_> = all.iter().map(|(id, facts)| (id.as_str(), facts)).collect();
    assert_eq!(found.len(), 4);
    found
}

#[test]
fn synthetic_data_is_labelled() {
    let output = pilotbench(&["experiment", "list"]).assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    let line =
        text.lines().find(|line| line.contains("disclosure") && line.contains("929")).unwrap();
    assert!(line.contains("SYNTHETIC"), "{text}");
}

#[test]
fn the_synthetic_table_is_drawn_bit_for_bit() {
    let output = pilotbench(&["experiment", "generate", "disclosure"]).assert().success();
    let table = fs::read(repository().join("datasets/disclosure/participants.csv")).unwrap();
    assert_eq!(output.get_output().stdout, table);
    let other = pilotbench(&["experiment", "generate", "disclosure", "--seed", "150"]).assert();
    assert_ne!(other.success().get_output().stdout, table);
    pilotbench(&["experiment", "generate", "weather"]).assert().code(2);
}

#[test]
fn a_fresh_population_is_an_experiment_and_stays_synthetic() {
    let place = with_disclosure();
    let own = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        command.current_dir(place.folder.path()).args(arguments);
        command.assert()
    };
    let draw = ["experiment", "generate", "disclosure", "--seed", "7", "--participants", "500"];
    own(&[&draw[..], &["--as", "seventh"]].concat()).success();
    let shown = own(&["experiment", "show", "seventh", "--json"]).success();
    let shown: Value = serde_json::from_slice(&shown.get_output().stdout).unwrap();
    assert_eq!(shown["origin"], "synthetic");
    assert_eq!(shown["participants"], 500);
    own(&[&draw[..], &["--as", "seventh"]].concat()).code(2);
}

/// A copy of the tiny experiment with one text replaced, checked.
fn check_with(file: &str, from: &str, to: &str) -> String {
    let place = Place::new();
    let folder = place.folder.path().join("tiny");
    fs::create_dir(&folder).unwrap();
    for name in ["experiment.toml", "participants.csv"] {
        let text =
            fs::read_to_string(pilotbench_testkit::experiments().join("tiny").join(name)).unwrap();
        let text = if name == file { text.replacen(from, to, 1) } else { text };
        fs::write(folder.join(name), text).unwrap();
    }
    let output = pilotbench(&["experiment", "check", folder.to_str().unwrap()]).assert().code(2);
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

#[test]
fn faults_of_a_card_name_their_line() {
    let cases = [
        ("title =", "titel =", "experiment.toml:3: unknown field `titel`"),
        ("id = \"b2\"", "id = \"b1\"", "id `b1` stands twice"),
        (
            "{ code = \"1\", label = \"some\" }",
            "{ code = \"0\", label = \"some\" }",
            "level code `0` stands twice",
        ),
        ("weight = 1.0 }]", "weight = 1.0 }, { item = \"b9\", weight = 1.0 }]", "no item `b9`"),
        ("subgroups = [\"group\"]", "subgroups = [\"age\"]", "subgroup `age` is numeric"),
        ("act ~ b1", "act ~ b7", "formula: `b7` is no item, covariate or arm factor"),
        ("rows = 60", "rows = 61", "60 rows, the card says 61"),
        ("file = \"participants.csv\"", "file = \"../participants.csv\"", "is not a plain name"),
        ("id = \"tiny\"", "id = \"small\"", "id `small` in a folder `tiny`"),
        ("kind = \"ordinal\"", "kind = \"ordnial\"", "unknown variant `ordnial`"),
        ("format = 1", "format = 2", "card format 2, this version reads 1"),
        ("id = \"age\"\n", "id = \"age\"\ncolumn = \"act\"\n", "column `act` is used twice"),
        (
            "subgroups = [\"group\"]",
            "subgroups = [\"group\", \"group\"]",
            "subgroup `group` stands twice",
        ),
        ("label = \"Y\"", "label = \"X\"", "level label `X` stands twice"),
        ("weight = 1.0", "weight = nan", "a weight or the centre is not finite"),
        ("treated = 1", "treated = inf", "arm `b`: a factor is not finite"),
        (
            "participant = \"id\"",
            "participant = \"id\"\nmissing = [\"\", \"2\"]",
            "level code `2` also means missing",
        ),
        ("title = \"Tiny\"", "title = \"Ti\\u001b[31mny\"", "is not one line of plain characters"),
        ("title = \"Tiny\"", "title = \"Ti\\u202eny\"", "is not one line of plain characters"),
        (
            "pilot_sizes = [0, 8, 15]",
            "pilot_sizes = [0, 8, 60]",
            "a pilot size leaves nobody of the 60 rows",
        ),
    ];
    for (from, to, expected) in cases {
        let faults = check_with("experiment.toml", from, to);
        assert!(faults.contains(expected), "{from} -> {to}: {faults}");
    }
    let faults = check_with("experiment.toml", "id = \"b2\"", "id = \"b1\"");
    assert!(faults.contains("experiment.toml:"), "{faults}");
}

#[test]
fn faults_of_a_table_name_their_row() {
    let cases = [
        (
            "u003,1,y,",
            "u003,1,q,",
            "participants.csv:5: `q` is not a level of `group`, which has x, y, z",
        ),
        ("u003,", "u002,", "participants.csv:5: participant `u002` stands twice"),
        ("u003,1,y,23", "u003,1,y,old", "`old` in `age` is not a number"),
        ("u003,1,y,23", "u003,1,y,NaN", "`NaN` in `age` is not a number"),
        ("u003,1", "u003,7", "`7` is not a level of `arm`, which has 0, 1"),
        ("id,arm,group,age,b1", "id,arm,group,age,c1", "column `b1` is missing"),
        ("u003,1,y,23", "u003,1,y", "participants.csv:5: 6 cells, the header has 7"),
    ];
    for (from, to, expected) in cases {
        let faults = check_with("participants.csv", from, to);
        assert!(faults.contains(expected), "{from} -> {to}: {faults}");
        assert!(faults.contains("the card says"), "the changed hash is a fault as well: {faults}");
    }
}

#[test]
fn a_card_is_made_from_a_table_and_runs() {
    let place = Place::new();
    let mut table = String::from("pid,cond,age,trust,shares\n");
    for i in 0..60 {
        table += &format!("x{i},{},{},{},{}\n", i % 2, 20 + i % 30, 1 + i % 5, i / 3 % 2);
    }
    let path = place.write("answers.csv", table);
    place.write("datasets/.keep", "");
    let own = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        command.current_dir(place.folder.path()).args(arguments);
        command
    };
    let new = ["experiment", "new", "mine", "--table", path.to_str().unwrap()];
    let columns = ["--id", "pid", "--arm", "cond", "--item", "trust", "--action", "shares"];
    own(&[&new[..], &columns[..]].concat()).assert().success();
    own(&["experiment", "check", "mine"]).assert().success();
    let file = "name = \"own\"\nexperiments = [\"mine\"]\nseeds = 2\nmethods = [\"marginal\"]\nmetrics = [\"distribution\"]\n";
    place.write("pilotbench.toml", file.replace("seeds", "sizes = [8]\nseeds"));
    own(&["run", "--quiet"]).assert().success();
    own(&[&new[..], &columns[..]].concat()).assert().code(2);
}

#[test]
fn own_data_takes_the_form_of_an_existing_card() {
    let place = with_disclosure();
    let table = "PID,Arm,Eth,age,fem,edu,pol,Q1,risk,trust,norm,Shared\n\
                 r1,0,0,1,1,2,0,agree,2,3,4,yes\nr2,5,3,0,0,1,2,disagree,4,2,3,no\n";
    let table = place.write("theirs.csv", table);
    let mapping = "participant = \"PID\"\n[columns]\narm = \"Arm\"\neth = \"Eth\"\nbenefit = \"Q1\"\nact = \"Shared\"\n\
                   [codes.benefit]\nagree = \"4\"\ndisagree = \"2\"\n[codes.act]\nyes = \"1\"\nno = \"0\"\n";
    let mapping = place.write("mapping.toml", mapping);
    let own = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        command.current_dir(place.folder.path()).args(arguments);
        command.assert()
    };
    let import =
        ["experiment", "import", "--like", "disclosure", "--table", table.to_str().unwrap()];
    let unmapped = own(&[&import[..], &["--as", "field"]].concat()).code(2);
    let fault = String::from_utf8(unmapped.get_output().stderr.clone()).unwrap();
    assert!(fault.contains("there is no column `arm`"), "{fault}");
    let map = ["--map", mapping.to_str().unwrap(), "--as", "field"];
    own(&[&import[..], &map[..]].concat()).success();
    let checked = own(&["experiment", "check", "field"]).success();
    let text = String::from_utf8(checked.get_output().stdout.clone()).unwrap();
    // The source of a table that others collected is nothing that could be taken over.
    assert_eq!(text, "field: sound, 2 participants; 3 texts of the card say FILL IN\n");
}

#[test]
fn people_who_were_asked_again_are_a_ceiling() {
    let place = Place::new();
    let tiny = pilotbench_testkit::experiments().join("tiny");
    let table = std::fs::read_to_string(tiny.join("participants.csv")).unwrap();
    // Everybody says the same again, but for the action of every tenth.
    let mut again = String::new();
    for (i, line) in table.lines().enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let (b1, b2, act) = (cells[4], cells[5], cells[6]);
        let act = if i % 10 == 1 { if act == "0" { "1" } else { "0" } } else { act };
        let row = match i {
            0 => format!("{line},b1_again,b2_again,act_again\n"),
            _ => format!("{line},{b1},{b2},{act}\n"),
        };
        again += &row;
    }
    let card = std::fs::read_to_string(tiny.join("experiment.toml")).unwrap();
    let mut card = card
        .replace("id = \"tiny\"", "id = \"again\"")
        .replace(&sha256_of(&table), &sha256_of(&again));
    for item in ["b1", "b2", "act"] {
        let id = format!("id = \"{item}\"\n");
        card = card.replace(&id, &format!("{id}retest = \"{item}_again\"\n"));
    }
    place.write("sets/again/experiment.toml", card);
    place.write("sets/again/participants.csv", again);
    place.write(
        "run.toml",
        "name = \"again\"\nexperiments = [\"again\"]\nsizes = [0, 8]\nseeds = 3\n\
         methods = [\"marginal\", \"human-retest\"]\nmetrics = [\"individual\", \"distribution\"]\n",
    );
    let run = ["--datasets", "sets", "run", "run.toml", "--json", "--quiet"];
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    let output = command.current_dir(place.folder.path()).args(run).assert().success();
    let board: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(board["methods"][1]["role"], "retest");
    let cells = board["cells"].as_array().unwrap();
    let cell = cells.iter().find(|c| c["method"] == "human-retest").unwrap();
    let accuracy = cell["scores"]["accuracy"]["mean"].as_f64().unwrap();
    assert!((0.95..0.985).contains(&accuracy), "{accuracy}");
    // The tiny experiment asks nobody again.
    let tiny = Place::with(&support::run_file("\"marginal\", \"human-retest\"", ""));
    let output = tiny.pilotbench(&["plan"]).assert().success().get_output().clone();
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(screen.contains("human-retest on tiny at size 0: nobody was asked again"), "{screen}");
}

fn sha256_of(text: &str) -> String {
    pilotbench_engine::identity::sha256(text.as_bytes())
}
