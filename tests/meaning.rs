//! What the numbers of a leaderboard mean, on the embedded experiments.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use assert_cmd::Command;
use serde_json::Value;
use std::{path::Path, sync::LazyLock};
use support::Place;

/// One run for all tests of this file.
static BOARD: LazyLock<(Place, Value)> = LazyLock::new(|| {
    run(
        "name = \"meaning\"\nexperiments = [\"disclosure\", \"vote-1996\"]\nsizes = [8, 15, 30, 60, 120]\n\
         seeds = 10\nmethods = [\"uniform\", \"mode\", \"marginal\", \"hotdeck\", \"human-split\", \
         \"human-full\", \"fresh-population\"]\nmetrics = [\"distribution\"]\n[score]\nresamples = 100\n",
    )
});

fn run(run_file: &str) -> (Place, Value) {
    let place = Place::with(run_file);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    command.current_dir(place.folder.path()).arg("--datasets");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets"));
    let output = command.args(["run", "--json", "--quiet"]).assert().success();
    let board = serde_json::from_slice(&output.get_output().stdout).unwrap();
    (place, board)
}

fn compared(experiment: &str, method: &str) -> Vec<&'static Value> {
    let cells = BOARD.1["comparisons"]["cells"].as_array().unwrap();
    cells.iter().filter(|c| c["experiment"] == experiment && c["method"] == method).collect()
}

#[test]
fn the_baseline_is_worth_its_own_pilot() {
    for experiment in ["disclosure", "vote-1996"] {
        let cells = compared(experiment, "marginal");
        assert_eq!(cells.len(), 5);
        for cell in cells {
            let size = cell["size"].as_f64().unwrap();
            let equivalent = &cell["equivalent"];
            for bound in ["size", "low", "high"] {
                assert_eq!(equivalent[bound]["n"].as_f64().unwrap(), size, "{cell}");
            }
            assert_eq!(equivalent["gain"].as_f64().unwrap(), 1.0);
            assert_eq!(cell["skill"]["value"].as_f64().unwrap(), 0.0);
        }
    }
}

#[test]
fn the_ceiling_has_skill_one_and_the_oracles_are_not_ranked() {
    for cell in compared("vote-1996", "human-split") {
        assert_eq!(cell["skill"]["value"].as_f64().unwrap(), 1.0);
        assert!(cell["rank"]["undefined"].is_string());
        assert!(cell["difference"]["value"].as_f64().unwrap() < 0.0);
    }
}

#[test]
fn a_perfect_simulator_is_at_the_ceiling() {
    let cells = compared("disclosure", "fresh-population");
    assert_eq!(cells.len(), 5);
    for cell in cells {
        let skill = &cell["skill"];
        let (low, high) = (skill["low"].as_f64().unwrap(), skill["high"].as_f64().unwrap());
        assert!(low < 1.0 && 1.0 < high, "{cell}");
        assert_eq!(cell["equivalent"]["size"]["text"], ">120");
    }
    assert!(compared("vote-1996", "fresh-population").is_empty());
    let left = BOARD.1["left_out"].as_array().unwrap();
    let reason = "the law of its answers is not known";
    assert!(left.iter().any(|l| l["method"] == "fresh-population" && l["reason"] == reason));
}

#[test]
fn the_mode_is_last_beyond_doubt() {
    for cell in compared("vote-1996", "mode") {
        let rank = &cell["rank"];
        assert_eq!(
            (&rank["rank"], &rank["low"], &rank["high"]),
            (&4.0.into(), &4.0.into(), &4.0.into())
        );
        assert_eq!(rank["first"], 0.0);
        assert!(cell["difference"]["p_adjusted"].as_f64().unwrap() < 0.001);
        assert!(cell["difference"]["p_seeds"].as_f64().unwrap() < 0.01);
        assert_eq!(cell["equivalent"]["size"]["text"], "<8");
    }
}

#[test]
fn chances_of_being_first_sum_to_one() {
    for size in [8, 15, 30, 60, 120] {
        let cells = BOARD.1["comparisons"]["cells"].as_array().unwrap();
        let own = cells.iter().filter(|c| c["experiment"] == "disclosure" && c["size"] == size);
        let first: f64 = own.filter_map(|c| c["rank"]["first"].as_f64()).sum();
        assert!((first - 1.0).abs() < 1e-9, "{first} at {size}");
    }
}

#[test]
fn ranks_stand_in_every_form() {
    let folder = support::below(BOARD.0.folder.path(), "leaderboard.md");
    let folder = folder[0].parent().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("leaderboard.md").contains("| pilot | method | rank | P(first) | tie |"));
    assert!(read("leaderboard.md").contains("### Ranks over experiments, strategy random"));
    let csv = read("leaderboard.csv");
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let line =
        csv.lines().find(|l| l.starts_with("vote-1996,human,mode,,8,random,js_distance,")).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    assert_eq!((cells[place("rank")], cells[place("equivalent")]), ("4", "<8"));
}
