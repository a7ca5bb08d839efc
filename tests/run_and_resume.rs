//! A run gives the same bytes whatever happens on the way.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};
use support::{Place, below, run_file};

const METHODS: &str = "\"uniform\", \"marginal\", \"hotdeck\", \"ridge\", \"human-split\"";

fn finished() -> Place {
    let place = Place::with(&run_file(METHODS, ""));
    place.pilotbench(&["run"]).assert().success();
    place
}

#[test]
fn a_run_ends_in_a_leaderboard_on_screen_and_on_disk() {
    let place = Place::with(&run_file(METHODS, ""));
    let output = place.pilotbench(&["run"]).assert().success().get_output().clone();
    let screen = String::from_utf8(output.stdout).unwrap();
    assert!(screen.contains("tiny [SYNTHETIC]: js_distance by pilot size"), "{screen}");
    assert!(screen.contains("human-split") && screen.contains("ORACLE, human ceiling"), "{screen}");
    let names: Vec<_> = place.leaderboard().into_iter().map(|(name, _)| name).collect();
    let expected = ["leaderboard.csv", "leaderboard.json", "leaderboard.md", "scores.parquet"];
    assert_eq!(names, expected);
    let markdown = fs::read_to_string(place.run().join("leaderboard/leaderboard.md")).unwrap();
    assert!(markdown.contains("## tiny — SYNTHETIC"), "{markdown}");
    assert!(markdown.contains("marginal on tiny at pilot size 0: needs a pilot of at least 1"));
    let json = fs::read_to_string(place.run().join("leaderboard/leaderboard.json")).unwrap();
    assert!(json.contains("\"schema\": \"pilotbench/leaderboard/1\""));
}

#[test]
fn running_again_does_nothing_and_gives_the_same_bytes() {
    let place = finished();
    let first = place.leaderboard();
    let output = place.pilotbench(&["run"]).assert().success().get_output().clone();
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert!(remarks.contains("0 replicates to run, 32 are done"), "{remarks}");
    assert_eq!(place.leaderboard(), first);
    let printed = place.pilotbench(&["leaderboard", "--format", "markdown"]).assert().success();
    let (_, markdown) = first.iter().find(|(name, _)| name == "leaderboard.md").unwrap();
    assert_eq!(printed.get_output().stdout, *markdown);
}

#[test]
fn threads_change_nothing() {
    let one = Place::with(&run_file(METHODS, ""));
    one.pilotbench(&["run", "--threads", "1"]).assert().success();
    let four = Place::with(&run_file(METHODS, ""));
    four.pilotbench(&["run", "--threads", "4"]).assert().success();
    assert_eq!(one.leaderboard(), four.leaderboard());
}

#[test]
fn resume_after_any_prefix_equals_an_uninterrupted_run() {
    let whole = finished();
    let expected = whole.leaderboard();
    let manifests = below(&whole.run().join("cells"), "manifest.json");
    assert_eq!(manifests.len(), 32);
    for kept in [0, 1, 17, 31] {
        let place = finished();
        let run = place.run();
        let all = below(&run.join("cells"), "manifest.json");
        for (i, manifest) in all.iter().enumerate().skip(kept) {
            fs::remove_file(manifest).unwrap();
            // Some cells lose their answers too, some keep them: killed before or after.
            if i % 2 == 0 {
                fs::remove_dir_all(manifest.parent().unwrap()).unwrap();
            } else {
                fs::write(manifest.with_file_name("manifest.json#1"), "{\"format\":").unwrap();
            }
        }
        fs::remove_dir_all(run.join("leaderboard")).unwrap();
        fs::write(run.join("journal.jsonl"), "{\"torn").unwrap();
        place.pilotbench(&["resume"]).assert().success();
        assert_eq!(place.leaderboard(), expected, "after {kept} replicates");
        assert!(below(&run, "#1").is_empty(), "leftovers are swept");
    }
}

#[test]
fn a_killed_run_is_resumed_to_the_same_bytes() {
    let slow =
        "[[method]]\nbackend = \"stress\"\nname = \"slow\"\nsettings = { fault = \"sleeps\" }\n";
    let file = run_file("\"marginal\", \"hotdeck\"", slow);
    let whole = Place::with(&file);
    whole.pilotbench(&["run"]).assert().success();

    let place = Place::with(&file);
    let mut child = Command::new(env!("CARGO_BIN_EXE_pilotbench"))
        .current_dir(place.folder.path())
        .args(["--datasets".as_ref(), pilotbench_testkit::experiments().as_os_str()])
        .args(["--plugin".as_ref(), support::stress_plugin().as_os_str()])
        .args(["run", "--threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let cells = || {
        let runs = place.folder.path().join("results/runs");
        let run = fs::read_dir(runs).ok()?.next()?.ok()?.path();
        Some(below(&run.join("cells").canonicalize().ok()?, "manifest.json").len())
    };
    while cells().unwrap_or(0) < 3 {
        std::thread::sleep(Duration::from_millis(5));
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let committed = cells().unwrap();
    assert!(committed < 28, "{committed} replicates were committed before the kill");
    place.pilotbench(&["resume"]).assert().success();
    assert_eq!(place.leaderboard(), whole.leaderboard());
}

#[test]
fn a_second_coordinator_is_refused() {
    let place = finished();
    let lock = fs::File::open(place.run().join("LOCK")).unwrap();
    lock.lock().unwrap();
    let fault = place.fails(&["resume"], 4);
    assert!(fault.contains("the run is locked by process"), "{fault}");
}

#[test]
fn verify_finds_one_flipped_byte_anywhere() {
    let place = finished();
    let output = place.pilotbench(&["verify"]).assert().success().get_output().clone();
    let verdict = String::from_utf8(output.stdout).unwrap();
    assert!(verdict.contains("32 replicates checked: every hash agrees"), "{verdict}");

    let flip = |path: &std::path::Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let answers = below(&place.run().join("cells"), ".parquet").swap_remove(5);
    flip(&answers);
    let output = place.pilotbench(&["verify"]).assert().code(4).get_output().clone();
    let findings = String::from_utf8(output.stdout).unwrap();
    let name = answers.file_name().unwrap().to_str().unwrap();
    assert!(findings.contains(name) && findings.contains("the manifest says"), "{findings}");
    let fault = place.fails(&["leaderboard"], 4);
    assert!(fault.contains(name), "a damaged replicate is not scored: {fault}");
    flip(&answers);

    flip(&place.run().join("leaderboard/scores.parquet"));
    let output = place.pilotbench(&["verify"]).assert().code(4).get_output().clone();
    let findings = String::from_utf8(output.stdout).unwrap();
    assert!(findings.contains("scores.parquet: does not follow"), "{findings}");
}

#[test]
fn verify_finds_a_manifest_that_tells_another_story() {
    let place = finished();
    let manifest = below(&place.run().join("cells"), "manifest.json").swap_remove(3);
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to, expected) in [
        ("\"refused\": 0", "\"refused\": 9", "counts other answers than there are"),
        ("\"rows\": ", "\"rows\": 1", "counts other participants"),
        ("\"revealed_sha256\": \"", "\"revealed_sha256\": \"0", "not those that the plan draws"),
        ("\"table_sha256\": \"", "\"table_sha256\": \"0", "another table of human answers"),
    ] {
        fs::write(&manifest, text.replacen(from, to, 1)).unwrap();
        let output = place.pilotbench(&["verify"]).assert().code(4).get_output().clone();
        let findings = String::from_utf8(output.stdout).unwrap();
        assert!(findings.contains(expected), "{from}: {findings}");
    }
}

#[test]
fn a_changed_label_is_another_run() {
    let place = Place::new();
    let own = place.folder.path().join("own/tiny");
    fs::create_dir_all(&own).unwrap();
    for file in ["experiment.toml", "participants.csv"] {
        fs::copy(pilotbench_testkit::experiments().join("tiny").join(file), own.join(file))
            .unwrap();
    }
    place.write("pilotbench.toml", run_file("\"marginal\"", ""));
    let run = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
        command.current_dir(place.folder.path()).args(["--datasets", "own"]).args(arguments);
        String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
    };
    assert!(run(&["run"]).contains("tiny [SYNTHETIC]"));
    let card = own.join("experiment.toml");
    let text = fs::read_to_string(&card).unwrap().replace("\"synthetic\"", "\"human\"");
    fs::write(&card, text).unwrap();
    assert!(run(&["run"]).contains("\ntiny: "), "the label follows the card");
}

#[test]
fn an_edited_number_in_the_leaderboard_is_found() {
    let place = finished();
    let path = place.run().join("leaderboard/leaderboard.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("0.1", "0.2", 1)).unwrap();
    place.pilotbench(&["verify"]).assert().code(4);
}

#[test]
fn the_first_interrupt_commits_and_says_how_to_go_on() {
    let slow =
        "[[method]]\nbackend = \"stress\"\nname = \"slow\"\nsettings = { fault = \"sleeps\" }\n";
    let place = Place::with(&run_file("\"marginal\"", slow));
    let mut child = Command::new(env!("CARGO_BIN_EXE_pilotbench"))
        .current_dir(place.folder.path())
        .args(["--datasets".as_ref(), pilotbench_testkit::experiments().as_os_str()])
        .args(["--plugin".as_ref(), support::stress_plugin().as_os_str()])
        .args(["run", "--threads", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = || {
        place.folder.path().join("results/runs").is_dir()
            && !below(&place.folder.path().join("results/runs"), "journal.jsonl").is_empty()
    };
    while !begun() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(100));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let remarks = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{remarks}");
    assert!(remarks.contains("go on with `pilotbench resume test-"), "{remarks}");
    place.pilotbench(&["resume"]).assert().success();
}
