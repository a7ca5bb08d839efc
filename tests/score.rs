//! Answers that somebody else's system made, and runs scored again with other metrics.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{collections::BTreeMap, fs};
use support::{Place, run_file};

/// The tiny experiment's table: header, then rows by participant.
fn humans() -> (String, Vec<Vec<String>>) {
    let path = pilotbench_testkit::experiments().join("tiny/participants.csv");
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    let header = lines.next().unwrap();
    (header, lines.map(|line| line.split(',').map(str::to_owned).collect()).collect())
}

/// Answers of these participants, taken from the humans' table.
fn answers(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let (_, people) = humans();
    let by_id: BTreeMap<&str, &Vec<String>> = people.iter().map(|p| (p[0].as_str(), p)).collect();
    let mut text = "participant_id,size,seed,b1,b2,act\n".to_owned();
    for (replicate, id) in rows {
        let p = by_id[id.as_str()];
        text += &format!("{id},{replicate},{},{},{}\n", p[4], p[5], p[6]);
    }
    text
}

fn everybody() -> Vec<String> {
    humans().1.into_iter().map(|person| person[0].clone()).collect()
}

fn json(place: &Place, arguments: &[&str]) -> Value {
    let mut all = vec!["score", "--format", "json", "--quiet"];
    all.extend(arguments);
    let output = place.pilotbench(&all).assert().success().get_output().clone();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn mean(board: &Value, method: &str, size: u64, score: &str) -> Value {
    let cells = board["cells"].as_array().unwrap();
    let cell = cells.iter().find(|c| c["method"] == method && c["size"] == size).unwrap();
    cell["scores"][score]["mean"].clone()
}

#[test]
fn humans_against_themselves_are_perfect() {
    let place = Place::new();
    let own = answers(everybody().into_iter().map(|id| ("0,1".to_owned(), id)));
    place.write("own.csv", own);
    let board = json(&place, &["--experiment", "tiny", "--answers", "own.csv"]);
    let perfect = [
        ("js_distance", 0.0),
        ("w1", 0.0),
        ("entropy_ratio", 1.0),
        ("variance_ratio", 1.0),
        ("unique_ratio", 1.0),
        ("structure_coverage", 1.0),
        ("offset_declared_gap", 0.0),
        ("rank_correlation_error", 0.0),
        ("cramers_v_ratio", 1.0),
        ("accuracy", 1.0),
        ("ci_overlap", 1.0),
        ("coefficient_slope", 1.0),
        ("total_variation", 0.0),
        ("valid_rate", 1.0),
    ];
    for (score, value) in perfect {
        let found = mean(&board, "own", 0, score);
        let found = found.as_f64().unwrap_or_else(|| panic!("{score} is undefined"));
        assert!((found - value).abs() < 1e-9, "{score} is {found}");
    }
    let screen = place
        .pilotbench(&["score", "--quiet", "--experiment", "tiny", "--answers", "own.csv"])
        .assert()
        .success();
    let screen = String::from_utf8(screen.get_output().stdout.clone()).unwrap();
    assert!(screen.contains("own on tiny [SYNTHETIC]: pilot 0, replicates 1"), "{screen}");
    assert!(screen.contains("marginal fidelity") && screen.contains("js_distance"), "{screen}");
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let place = Place::new();
    let rows = |ids: Vec<String>| answers(ids.into_iter().map(|id| ("0,1".to_owned(), id)));
    let mut ids = everybody();
    let half = ids.split_off(30);
    place.write("a/mine.csv", rows(half.iter().chain(&ids).cloned().collect()));
    place.write("b/mine.csv", rows(ids.iter().chain(&half).cloned().collect()));
    let [a, b] = ["a/mine.csv", "b/mine.csv"]
        .map(|file| json(&place, &["--experiment", "tiny", "--answers", file])["cells"].clone());
    assert_eq!(a, b);
}

#[test]
fn people_of_their_own_are_not_paired() {
    let place = Place::new();
    let (header, people) = humans();
    let rows = people.iter().map(|row| row.join(","));
    let table = std::iter::once(header).chain(rows).collect::<Vec<_>>().join("\n");
    place.write("others.csv", table);
    let arguments = ["--experiment", "tiny", "--answers", "others.csv", "--unpaired"];
    let board = json(&place, &arguments);
    // The same people under other names: alike as a whole, and nobody's twin.
    assert_eq!(mean(&board, "others", 0, "js_distance"), 0.0);
    assert_eq!(mean(&board, "others", 0, "accuracy"), Value::Null);
    // Both sides are resampled, each by itself, so there is an interval and it is not 0 wide.
    let high = &board["cells"][0]["scores"]["js_distance"]["high"];
    assert!(high.as_f64().unwrap() > 0.01, "{high}");
}

#[test]
fn a_run_is_scored_again_with_other_metrics() {
    let methods = "\"uniform\", \"marginal\"";
    let place = Place::with(&run_file(methods, ""));
    place.pilotbench(&["run", "--quiet"]).assert().success();
    let before = place.leaderboard();
    let board = json(&place, &["--metrics", "heterogeneity"]);
    assert_eq!(place.leaderboard(), before, "the run's own leaderboard stays");
    let other = Place::with(
        &run_file(methods, "").replace("\"distribution\", \"individual\"", "\"heterogeneity\""),
    );
    other.pilotbench(&["run", "--quiet"]).assert().success();
    let direct: Value = serde_json::from_slice(&other.leaderboard()[1].1).unwrap();
    assert_eq!(board["cells"], direct["cells"]);
    let by = "metrics = [\"heterogeneity\"]\n[score]\nresamples = 5\ninterval = \"percentile\"\n";
    place.write("by.toml", by);
    assert_eq!(json(&place, &["--by", "by.toml"])["resamples"], 5);
    place.write("by.toml", "seeds = 4\n");
    let fault = place.fails(&["score", "--by", "by.toml"], 2);
    assert!(fault.contains("by.toml:1: unknown field `seeds`"), "{fault}");
}

/// A finished run, and a table of answers for exactly the people whom it holds out.
fn beside(sizes: &[&str]) -> (Place, String) {
    let place = Place::with(&run_file("\"uniform\", \"marginal\", \"human-split\"", ""));
    place.pilotbench(&["run", "--quiet"]).assert().success();
    place.pilotbench(&["plan", "--pilots", "pilots.csv"]).assert().success();
    let pilots = fs::read_to_string(place.folder.path().join("pilots.csv")).unwrap();
    let mut rows = Vec::new();
    for line in pilots.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[5] == "held-out" {
            rows.extend(sizes.iter().map(|n| (format!("{n},{}", cells[2]), cells[4].to_owned())));
        }
    }
    (place, answers(rows))
}

#[test]
fn answers_made_elsewhere_stand_beside_a_run() {
    let (place, table) = beside(&["8", "15"]);
    place.write("theirs.csv", table);
    let run = place.run();
    let run = run.file_name().unwrap().to_str().unwrap();
    let board = json(&place, &[run, "--answers", "theirs.csv", "--as", "perfect"]);
    let compared = board["comparisons"]["cells"].as_array().unwrap();
    let of = |method: &str, size: u64| {
        compared.iter().find(|c| c["method"] == method && c["size"] == size).unwrap()
    };
    for size in [8, 15] {
        assert_eq!(mean(&board, "perfect", size, "js_distance"), 0.0);
        let perfect = of("perfect", size);
        assert_eq!(perfect["rank"]["rank"], 1.0);
        assert_eq!(perfect["rank"]["group"], 1);
        assert!(perfect["difference"]["value"].as_f64().unwrap() < 0.0);
        assert!(of("marginal", size)["rank"]["rank"].as_f64().unwrap() > 1.0);
    }
    assert!(!compared.iter().any(|c| c["method"] == "perfect" && c["size"] == 0));
    // What the run has itself is scored as it was.
    let own: Value = serde_json::from_slice(&place.leaderboard()[1].1).unwrap();
    assert_eq!(
        mean(&board, "marginal", 8, "js_distance"),
        mean(&own, "marginal", 8, "js_distance")
    );
}

#[test]
fn answers_without_pilot_stand_at_every_size() {
    let (place, table) = beside(&["0"]);
    place.write("theirs.csv", table);
    let run = place.run();
    let run = run.file_name().unwrap().to_str().unwrap();
    let board = json(&place, &[run, "--answers", "theirs.csv"]);
    let cells = board["comparisons"]["cells"].as_array().unwrap();
    let sizes: Vec<_> =
        cells.iter().filter(|c| c["method"] == "theirs").map(|c| &c["size"]).collect();
    assert_eq!(sizes, [0, 8, 15]);
}

#[test]
fn tables_that_are_wrong() {
    let (place, table) = beside(&["8"]);
    let run = place.run();
    let run = run.file_name().unwrap().to_str().unwrap();
    let refused = |text: &str, arguments: &[&str]| {
        place.write("wrong.csv", text);
        let mut all = vec!["score", "--answers", "wrong.csv"];
        all.extend(arguments);
        place.fails(&all, 2)
    };
    let alone = ["--experiment", "tiny"];
    for (text, message) in [
        ("participant_id,b1,b2,act\n", "the table has no rows"),
        ("participant_id,b1,b2,act\nu000,7,1,1\n", "wrong.csv:2: `7` is not a level of `b1`"),
        ("participant_id,b1,b2,act\nnobody,1,1,1\n", "wrong.csv:2: `nobody` is no participant"),
        ("participant_id,b1,b2\nu000,1,1\n", "column `act` is missing"),
        ("b1,b2,act\n1,1,1\n", "column `participant_id` is missing"),
        ("participant_id,b1,b2,act,x\nu000,1,1,1,2\n", "column `x` is not known"),
        ("participant_id,b1,b2,act\nu000,1,1,1\nu000,1,1,1\n", "stands twice in a replicate"),
        ("participant_id,seed,b1,b2,act\nu000,x,1,1,1\n", "`x` in `seed` is not a number"),
        ("participant_id,b1,b2,act,probability.act.0\nu000,1,1,1,0.5\n", "some of its levels only"),
        (
            "participant_id,b1,b2,act,probability.act.0,probability.act.1\nu000,1,1,1,0.5,0.9\n",
            "not shares that sum to 1",
        ),
    ] {
        let fault = refused(text, &alone);
        assert!(fault.contains(message), "{fault}");
    }
    let fault = refused(&table, &[]);
    assert!(fault.contains("of which experiment are the answers"), "{fault}");
    let fault = refused(&table.replace(",8,", ",9,"), &[run]);
    assert!(fault.contains("the run has no pilot of 9"), "{fault}");
    let fault = refused(&table.replace(",8,1,", ",8,77,"), &[run]);
    assert!(fault.contains("the run has no seed 77"), "{fault}");
    let fault = refused(&table, &[run, "--as", "marginal"]);
    assert!(fault.contains("the run has a method `marginal`"), "{fault}");
    // Somebody of the pilot among those who are answered for.
    let all = answers(everybody().into_iter().map(|id| ("8,1".to_owned(), id)));
    let fault = refused(&all, &[run]);
    assert!(fault.contains("is not held out at seed 1") && fault.contains("--pilots"), "{fault}");
}

#[test]
fn refused_and_missing_answers_are_counted() {
    let place = Place::new();
    let mut own = answers(everybody().into_iter().map(|id| ("0,1".to_owned(), id)));
    let first = own.lines().nth(1).unwrap().to_owned();
    own = own.replace(&first, "u000,0,1,refused,,1");
    place.write("own.csv", own);
    let board = json(&place, &["--experiment", "tiny", "--answers", "own.csv"]);
    let counts = &board["cells"][0]["counts"];
    assert_eq!(
        (&counts["ok"], &counts["refused"], &counts["invalid"]),
        (&178.into(), &1.into(), &1.into())
    );
}
