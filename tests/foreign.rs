//! A plugin built by somebody else, with another arrow, another allocator and the interface of its
//! time, runs like any other. How it was built: `tests/foreign/README.md`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may, and says when it skips")]

mod support;
#[path = "foreign/variants.rs"]
mod variants;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};
use support::Place;

/// The kept library; `None` on a machine that it was not built for.
fn library() -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        println!("skipped: the kept library is for x86_64 Linux");
        return None;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/libforeign-x86_64-linux.so");
    Some(PathBuf::from(path))
}

fn place() -> Place {
    Place::with(
        "name = \"foreign\"\nexperiments = [\"tiny\"]\nsizes = [8]\nseeds = 3\n\
         methods = [\"foreign-majority\", \"marginal\"]\nmetrics = [\"foreign-misses\", \"distribution\"]\n\
         [score]\nresamples = 20\n",
    )
}

fn output(place: &Place, arguments: &[&str]) -> String {
    let library = library().unwrap();
    let all = [&["--plugin", library.to_str().unwrap()], arguments].concat();
    let output = place.pilotbench(&all).assert().success().get_output().clone();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_is_the_file_that_was_built() {
    let Some(path) = library() else { return };
    let noted = fs::read_to_string(path.with_extension("txt")).unwrap();
    let sha256 = pilotbench_engine::identity::sha256(&fs::read(&path).unwrap());
    assert!(noted.starts_with(&sha256), "the kept library stays as it was built");
    assert!(noted.contains("arrow-array 58."), "{noted}");
}

#[test]
fn it_is_listed_and_describes_itself() {
    if library().is_none() {
        return;
    }
    let place = place();
    let listed: serde_json::Value =
        serde_json::from_str(&output(&place, &["plugin", "list", "--json"])).unwrap();
    let foreign = listed["plugins"].as_array().unwrap().iter().find(|p| p["name"] == "foreign");
    let provides = foreign.unwrap()["provides"].to_string();
    assert!(provides.contains("foreign-majority") && provides.contains("foreign-misses"));
    let info = output(&place, &["plugin", "info", "foreign"]);
    assert!(info.contains("the pilot's most frequent level"), "{info}");
    assert!(info.contains("foreign_misses"), "{info}");
}

#[test]
fn a_whole_run_gives_the_expected_numbers() {
    if library().is_none() {
        return;
    }
    let place = place();
    output(&place, &["plan", "--pilots", "pilots.csv"]);
    output(&place, &["run"]);
    output(&place, &["verify"]);
    let board = fs::read_to_string(place.run().join("leaderboard/leaderboard.csv")).unwrap();
    let mut rows = board.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let (method, score, mean) = (column("method"), column("score"), column("mean"));
    let rows: Vec<_> = rows.collect();
    let cell = |wanted: &str, of: &str| -> f64 {
        let row = rows.iter().find(|row| row[method] == wanted && row[score] == of);
        row.unwrap()[mean].parse().unwrap()
    };
    let expected = expected_misses(&place);
    let found = cell("foreign-majority", "foreign_misses");
    assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
    assert!(cell("marginal", "foreign_misses") > 0.0, "it scores others");
    assert!(cell("foreign-majority", "js_distance") > 0.0, "others score it");
}

/// The mean over seeds of how often the pilot's most frequent level is not a held-out person's own:
/// counted from the tables, not by the plugin.
fn expected_misses(place: &Place) -> f64 {
    let people = pilotbench_testkit::experiments().join("tiny/participants.csv");
    let people: BTreeMap<String, Vec<usize>> = fs::read_to_string(people)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<_> = line.split(',').collect();
            (cells[0].to_owned(), cells[4..7].iter().map(|c| c.parse().unwrap()).collect())
        })
        .collect();
    let pilots = fs::read_to_string(place.folder.path().join("pilots.csv")).unwrap();
    let rows: Vec<Vec<&str>> = pilots.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let seeds: BTreeSet<&str> = rows.iter().map(|row| row[2]).collect();
    assert_eq!(seeds.len(), 3);
    let misses = seeds.iter().map(|seed| {
        let with = |role: &str| -> Vec<&Vec<usize>> {
            let fits = |row: &&Vec<&str>| row[2] == *seed && row[5] == role;
            rows.iter().filter(fits).map(|row| &people[row[4]]).collect()
        };
        let (pilot, held_out) = (with("pilot"), with("held-out"));
        assert_eq!((pilot.len(), held_out.len()), (8, 52));
        let majority = |item: usize| {
            let count =
                |level: usize| pilot.iter().filter(|answers| answers[item] == level).count();
            (0..4).rev().max_by_key(|level| count(*level)).unwrap()
        };
        let majority: Vec<usize> = (0..3).map(majority).collect();
        let missed = held_out.iter().flat_map(|own| own.iter().zip(&majority));
        missed.filter(|(own, simulated)| own != simulated).count() as f64 / (52.0 * 3.0)
    });
    misses.sum::<f64>() / 3.0
}
