//! A bad plugin is refused before its code runs, or fails its replicates alone; the host lives.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::{fs, path::Path};
use support::{Place, below, library, probe_at, run_file, stress_file, stress_plugin};

/// What the host says of a plugin file.
fn refusal(path: &Path) -> String {
    let place = Place::new();
    let fault = place.fails(&["--plugin", path.to_str().unwrap(), "plugin", "list"], 4);
    let first = fault.lines().next().unwrap().to_owned();
    assert!(first.starts_with("error: "), "{fault}");
    first
}

/// The stress plugin with its bytes changed.
fn changed(name: &str, change: impl Fn(&mut Vec<u8>)) -> String {
    let place = Place::new();
    let mut bytes = fs::read(stress_plugin()).unwrap();
    change(&mut bytes);
    refusal(&place.write(name, bytes))
}

#[test]
fn files_that_are_no_libraries() {
    let place = Place::new();
    assert!(refusal(&place.folder.path().join("none.so")).contains("plugin file not found"));
    assert!(refusal(place.folder.path()).contains("not a regular file"));
    for (name, text) in [("empty.so", ""), ("short.so", "abc"), ("text.so", "just words\n")] {
        let refusal = refusal(&place.write(name, text));
        assert!(refusal.contains("not a shared library (no ELF header)"), "{refusal}");
    }
    #[cfg(unix)]
    {
        let link = place.folder.path().join("link.so");
        std::os::unix::fs::symlink("nowhere.so", &link).unwrap();
        assert!(refusal(&link).contains("plugin file not found"));
    }
}

#[test]
fn truncated_libraries() {
    let length = fs::metadata(stress_plugin()).unwrap().len() as usize;
    for kept in [5, 64, 4096, length / 2, length - 1] {
        let refusal = changed("cut.so", |bytes| bytes.truncate(kept));
        let known = ["cut short", "damaged", "not a 64-bit"];
        assert!(known.iter().any(|word| refusal.contains(word)), "{kept} bytes: {refusal}");
    }
}

#[test]
fn libraries_of_another_machine() {
    let refusal = changed("arm.so", |bytes| bytes[18] = 183);
    assert!(refusal.contains("built for aarch64, this host is x86_64"), "{refusal}");
    let refusal = changed("thirtytwo.so", |bytes| bytes[4] = 1);
    assert!(refusal.contains("not a 64-bit library"), "{refusal}");
    let refusal = changed("program.so", |bytes| bytes[16] = 2);
    assert!(refusal.contains("not a shared library"), "{refusal}");
}

#[test]
fn probes_that_do_not_fit() {
    let refusal = changed("magic.so", |bytes| {
        let at = probe_at(bytes);
        bytes[at] = b'X';
    });
    assert!(refusal.contains("the probe has a wrong magic"), "{refusal}");
    let refusal = changed("small.so", |bytes| {
        let at = probe_at(bytes);
        bytes[at + 8..at + 12].copy_from_slice(&16_u32.to_le_bytes());
    });
    assert!(refusal.contains("the probe says 16 bytes"), "{refusal}");
    let interfaces = |bytes: &mut Vec<u8>| {
        let position = bytes.windows(18).position(|w| w == b"backend/1 metric/1").unwrap();
        bytes[position..position + 18].copy_from_slice(b"backend/7 metric/7");
    };
    let refusal = changed("later.so", interfaces);
    assert!(refusal.contains("speaks backend/7, metric/7; this host speaks backend/1, metric/1"));
    // Where it aborts, it takes only a worker with it.
    let place = Place::new();
    let mut bytes = fs::read(stress_plugin()).unwrap();
    let at = probe_at(&bytes);
    bytes[at + 16] |= 1;
    let abort = place.write("abort.so", bytes);
    let abort = abort.to_str().unwrap();
    place.pilotbench(&["plugin", "info", abort]).assert().success();
    let fault = place.fails(&["plugin", "info", abort, "--in-process"], 4);
    assert!(fault.contains("built with panic=abort: it runs in a worker only"), "{fault}");
}

#[test]
fn a_library_that_is_no_plugin() {
    // Any proc-macro library beside the binary will do.
    let beside = stress_plugin();
    let stranger = fs::read_dir(beside.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.to_str().unwrap().contains("libserde_derive")
                && path.extension() == Some("so".as_ref())
        })
        .unwrap();
    assert!(refusal(&stranger).contains("not a pilotbench plugin (no probe symbol)"));
}

#[test]
fn listing_runs_no_code_and_shows_what_is_refused() {
    let place = Place::new();
    place.write(".pilotbench/plugins/broken.so", "words");
    fs::copy(stress_plugin(), place.folder.path().join(".pilotbench/plugins/stress.so")).unwrap();
    let output = place.pilotbench(&["plugin", "list", "--json"]).assert().success();
    let listed: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert!(listed["refused"][0].as_str().unwrap().contains("broken.so: not a shared library"));
    let used = listed["plugins"].as_array().unwrap().iter().filter(|p| p["state"] == "used");
    let names: Vec<_> = used.map(|p| p["name"].as_str().unwrap()).collect();
    let built_in =
        ["baseline", "candle", "coherence", "distribution", "heterogeneity", "individual"];
    let others = ["inference", "onnx", "openai", "peers", "process", "structure", "usefulness"];
    assert_eq!(names, [&["stress"][..], &built_in, &others].concat());
    assert_eq!(listed["plugins"][0]["source"], "argument");
    assert_eq!(listed["plugins"][1]["source"], "built-in");
}

#[test]
fn info_loads_and_describes() {
    let place = Place::new();
    let output = place.pilotbench(&["plugin", "info", "distribution"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.contains("metric distribution:") && text.contains("js_distance:"), "{text}");
    let fault = place.fails(&["plugin", "info", "nothing"], 2);
    assert!(fault.contains("there are: stress, baseline"), "{fault}");
}

/// Runs the stress backend with a fault that every replicate meets.
fn failure(fault: &str) -> String {
    let place = Place::with(&stress_file(fault));
    let remarks = place.fails(&["run"], 1);
    assert!(remarks.contains("6 of 6 replicates failed"), "{remarks}");
    assert_eq!(below(&place.run().join("failures"), ".json").len(), 6);
    let status = place.pilotbench(&["status"]).assert().code(1).get_output().clone();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("0 of 6 replicates committed, 6 failed, 0 left"), "{status}");
    status
}

#[test]
fn panics_are_errors_with_a_place() {
    let status = failure("panic-in-adapt");
    assert!(status.contains("stress.adapt: panicked: told to panic in adapt at "), "{status}");
    assert!(status.contains("lib.rs:"), "{status}");
    let status = failure("panic-in-respond");
    assert!(status.contains("stress.respond: panicked: told to panic in respond at "), "{status}");
}

#[test]
fn typed_errors_come_across() {
    let status = failure("fails");
    assert!(status.contains("stress.adapt: computation: told to fail"), "{status}");
}

#[test]
fn replies_that_break_the_contract() {
    let cases = [
        ("few-answers", "1 of 52 requests are not answered"),
        ("answers-twice", "request_id 0 is answered twice"),
        ("unknown-request", "request_id 1099511627776 was not asked"),
        ("choice-too-large", "choice 3 of item `b1`, which has 3 levels"),
        ("sum-too-large", "probabilities sum to 3"),
        ("not-a-number", "probabilities sum to NaN"),
        ("wrong-length", "1 log-probabilities for 3 levels"),
    ];
    for (fault, expected) in cases {
        let status = failure(fault);
        assert!(status.contains(expected), "{fault}: {status}");
    }
}

#[test]
fn a_failure_fails_its_replicate_alone_and_is_tried_again() {
    let place = Place::with(&stress_file("panic-sometimes"));
    let remarks = place.fails(&["run"], 1);
    let failed = below(&place.run().join("failures"), ".json").len();
    let committed = below(&place.run().join("cells"), "manifest.json").len();
    assert_eq!(failed + committed, 6, "{remarks}");
    assert!(failed > 0 && committed > 0, "{failed} failed, {committed} committed");
    let markdown = fs::read_to_string(place.run().join("leaderboard/leaderboard.md")).unwrap();
    assert!(markdown.contains(&format!("{committed} of 6 INCOMPLETE")), "{markdown}");
    place.fails(&["resume"], 1);
    assert_eq!(below(&place.run().join("failures"), "2.json").len(), failed);
}

#[test]
fn refused_and_unreadable_answers_are_counted_not_imputed() {
    let counts = |fault: &str| {
        let place = Place::with(&stress_file(fault));
        place.pilotbench(&["run"]).assert().success();
        let output = place.pilotbench(&["status", "--json"]).assert().success();
        let status: serde_json::Value =
            serde_json::from_slice(&output.get_output().stdout).unwrap();
        let count = |name: &str| status[0][name].as_u64().unwrap();
        (count("ok"), count("refused"), count("invalid"))
    };
    // 6 seeds × 52 held-out × 3 items = 936 answers.
    assert_eq!(counts("none"), (936, 0, 0));
    assert_eq!(counts("refuses"), (468, 468, 0));
    assert_eq!(counts("speaks-well"), (936, 0, 0));
    assert_eq!(counts("speaks-badly"), (0, 0, 936));
}

#[test]
fn metrics_that_misbehave() {
    let with = |settings: &str| {
        let metric =
            format!("[[metric]]\nmetric = \"stress-metric\"\nsettings = {{ {settings} }}\n");
        let file = run_file("\"marginal\"", &metric)
            .replace("metrics = [\"distribution\", \"individual\"]\n", "");
        Place::with(&file).fails(&["run"], 4)
    };
    let fault = with("panic = true");
    assert!(
        fault.contains("stress-metric.evaluate: panicked: told to panic in evaluate"),
        "{fault}"
    );
    let fault = with("undescribed = true");
    assert!(fault.contains("score `surprise` was not described"), "{fault}");
}

#[test]
fn a_rebuilt_plugin_is_not_mixed_in_silently() {
    let place = Place::new();
    let folder = place.folder.path().join(".pilotbench/plugins");
    fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("baseline.so");
    fs::copy(library("backend_baseline"), &copy).unwrap();
    place.write("pilotbench.toml", run_file("\"marginal\"", ""));
    place.pilotbench(&["run"]).assert().success();
    // Bytes after the end of a library change its hash and nothing else.
    let mut bytes = fs::read(&copy).unwrap();
    bytes.push(0);
    fs::remove_file(&copy).unwrap();
    fs::write(&copy, bytes).unwrap();
    let fault = place.fails(&["resume"], 4);
    assert!(fault.contains("plugin baseline: another file than the one that began"), "{fault}");
    place.pilotbench(&["resume", "--allow-changed-plugins"]).assert().success();
}
