//! A plugin that dies, hangs or reaches out fails what was asked of it, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};
use support::{Place, below, run_file, stress_file, stress_plugin};

/// A run file whose methods are `marginal` and the crashing backend: six replicates each.
fn crash_file(settings: &str) -> String {
    format!(
        "name = \"crash\"\nexperiments = [\"tiny\"]\nsizes = [8]\nseeds = 6\nmetrics = [\"individual\"]\n\
         methods = [\"marginal\"]\n\
         [[method]]\nbackend = \"crash\"\nsettings = {{ {settings} }}\n[score]\nresamples = 5\n"
    )
}

/// How many replicates failed and were committed, and the records of the failures.
fn outcome(place: &Place) -> (usize, Vec<Value>) {
    let committed = below(&place.run().join("cells"), "manifest.json").len();
    let folder = place.run().join("failures");
    let failures = if folder.is_dir() { below(&folder, "1.json") } else { Vec::new() };
    let read =
        |path: &std::path::PathBuf| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    (committed, failures.iter().map(read).collect())
}

/// Runs the crashing backend, which must fail in all of its replicates with these words.
fn all_fail(settings: &str, arguments: &[&str], class: &str, words: &str) {
    const SEEDS: usize = 3;
    let file = crash_file(settings).replace("seeds = 6", &format!("seeds = {SEEDS}"));
    let place = Place::with(&file);
    let started = Instant::now();
    place.pilotbench(&[&["run", "--quiet"], arguments].concat()).assert().code(1);
    assert!(started.elapsed() < Duration::from_secs(60), "{settings}");
    let (committed, failures) = outcome(&place);
    let expected = (SEEDS, SEEDS);
    assert_eq!((committed, failures.len()), expected, "{settings}: `marginal` is not to suffer");
    for failure in failures {
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains(words), "{settings}: {message}");
        assert!(message.starts_with("crash."), "{settings}: {message}");
        assert_eq!(failure["class"], class, "{settings}: {message}");
    }
    no_worker_is_left(&place);
}

/// No process stays that was started from this place. One that was just being started takes a
/// moment to see that nobody waits for it.
fn no_worker_is_left(place: &Place) {
    let folder = place.folder.path().canonicalize().unwrap();
    wait_for(|| {
        fs::read_dir("/proc").unwrap().all(|entry| {
            let process = entry.unwrap().path();
            !fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder)
        })
    });
}

#[test]
fn deaths_fail_the_replicate_with_their_class() {
    let cases = [
        ("segfault", "died of signal 11 (SIGSEGV"),
        ("abort", "died of signal 6 (SIGABRT, abort)"),
        ("stack-overflow", "died of signal 6 (SIGABRT, stack overflow); its last words: fatal"),
        ("huge-allocation", "died of signal 6 (SIGABRT, out of memory)"),
        ("exit-zero", "exited with status 0 in the middle of a call"),
        ("exit-one", "exited with status 1 in the middle of a call"),
        ("killed", "died of signal 9 (SIGKILL"),
        ("double-panic", "died of signal 6 (SIGABRT"),
    ];
    for (how, words) in cases {
        all_fail(&format!("how = \"{how}\", at = \"respond\""), &[], "died", words);
    }
}

#[test]
fn deaths_while_learning_fail_the_replicate() {
    all_fail("how = \"abort\", at = \"adapt\"", &[], "died", "died of signal 6");
}

#[test]
fn deaths_after_the_answers_are_told_and_fail_nothing() {
    let place = Place::with(&crash_file("how = \"abort\", at = \"release\""));
    let output = place.pilotbench(&["run"]).assert().success().get_output().clone();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("crash.release: the worker died of signal 6"), "{told}");
    assert_eq!(outcome(&place).0, 12);
}

#[test]
fn memory_without_end_is_bounded() {
    let settings = "how = \"exhaust-memory\", at = \"respond\"";
    all_fail(settings, &["--memory", "1"], "died", "(SIGABRT, out of memory)");
}

#[test]
fn panics_of_all_kinds_are_typed_errors() {
    for how in ["panic-with-number", "panic-with-bomb"] {
        let settings = format!("how = \"{how}\", at = \"respond\"");
        all_fail(&settings, &[], "plugin", "panicked");
        all_fail(&settings, &["--in-process"], "plugin", "panicked");
    }
}

#[test]
fn whoever_hangs_is_told_to_stop_and_else_killed() {
    let patience = ["--patience", "1.5", "--threads", "6"];
    let polite = "how = \"hang-politely\", at = \"adapt\"";
    all_fail(polite, &patience, "plugin", "no sign of life for 1.5 s; it stopped when told to");
    let rude = "how = \"hang\", at = \"adapt\"";
    all_fail(rude, &patience, "died", "no sign of life for 1.5 s and did not stop when told to");
}

#[test]
fn only_the_guilty_replicates_fail_whatever_the_threads() {
    let failed = |threads: &str| {
        let settings = "how = \"abort\", at = \"respond\", sometimes = true";
        let place = Place::with(&crash_file(settings));
        place.pilotbench(&["run", "--threads", threads]).assert().code(1);
        let (committed, failures) = outcome(&place);
        assert_eq!(committed + failures.len(), 12);
        let mut seeds: Vec<u64> =
            failures.iter().map(|f| f["replicate"]["seed"].as_u64().unwrap()).collect();
        seeds.sort_unstable();
        seeds
    };
    let alone = failed("1");
    assert!(!alone.is_empty() && alone.len() < 6, "{alone:?}");
    assert_eq!(failed("6"), alone);
}

#[test]
fn a_plugin_that_dies_when_opened_is_a_clear_error() {
    for (how, words) in [
        ("abort", "method `crash`: the worker died of signal 6 (SIGABRT, abort)"),
        ("exit-zero", "method `crash`: the worker exited with status 0 in the middle of a call"),
        ("panic-with-number", "method `crash`: panicked"),
    ] {
        let place = Place::with(&crash_file(&format!("how = \"{how}\", at = \"open\"")));
        let fault = place.fails(&["run"], 4);
        assert!(fault.contains(words), "{fault}");
    }
    let place = Place::with(&crash_file("how = \"hang\", at = \"open\""));
    let fault = place.fails(&["run", "--patience", "1.5"], 4);
    assert!(fault.contains("method `crash`: the worker gave no sign of life for 1.5 s"), "{fault}");
}

#[test]
fn deaths_while_describing_or_closing() {
    let place = Place::with(&run_file("\"marginal\"", ""));
    let mut command = place.pilotbench(&["plugin", "info", "stress"]);
    let output = command.env("PILOTBENCH_TESTKIT_DESCRIBE", "1").assert().code(4);
    let fault = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(fault.contains("stress.describe: panicked: told to panic"), "{fault}");
    // Dying at the very end harms nobody.
    for how in ["abort", "panic-with-bomb", "hang"] {
        let place = Place::with(&crash_file(&format!("how = \"{how}\", at = \"drop\"")));
        place.pilotbench(&["run"]).assert().success();
        no_worker_is_left(&place);
    }
}

#[test]
fn whoever_disturbs_goes_on_undisturbed() {
    // The hash of the plan tells the settings apart.
    let board = |place: &Place| -> Vec<String> {
        let text = fs::read_to_string(place.run().join("leaderboard/leaderboard.csv")).unwrap();
        let is_hash = |field: &&str| field.len() == 16 && u64::from_str_radix(field, 16).is_ok();
        text.split(',').filter(|field| !is_hash(field)).map(str::to_owned).collect()
    };
    let place = Place::with(&crash_file("how = \"abort\", at = \"drop\""));
    place.pilotbench(&["run"]).assert().success();
    let expected = board(&place);
    for how in ["print", "close-standard", "move-around", "threads"] {
        let place = Place::with(&crash_file(&format!("how = \"{how}\", at = \"respond\"")));
        let output = place.pilotbench(&["run", "--json"]).assert().success().get_output().clone();
        // Nothing that a plugin prints comes among the results.
        serde_json::from_slice::<Value>(&output.stdout).unwrap();
        assert!(output.stderr.len() < 10_000, "{how}");
        assert!(board(&place) == expected, "{how}");
    }
}

#[test]
fn the_last_words_are_in_the_failure_record() {
    let place = Place::with(&crash_file("how = \"stack-overflow\", at = \"respond\""));
    place.pilotbench(&["run"]).assert().code(1);
    let (_, failures) = outcome(&place);
    let output = failures[0]["output"].as_str().unwrap();
    assert!(output.contains("has overflowed its stack"), "{output}");
}

#[test]
fn a_plugin_that_always_dies_is_given_up() {
    let file = crash_file("how = \"abort\", at = \"respond\"").replace("seeds = 6", "seeds = 25");
    let place = Place::with(&file);
    place.pilotbench(&["run"]).assert().code(1);
    let (committed, failures) = outcome(&place);
    assert_eq!((committed, failures.len()), (25, 25));
    let given_up = failures.iter().filter(|failure| {
        failure["message"].as_str().unwrap().contains("given up after 10 deaths in a row")
    });
    assert!(given_up.count() >= 10);
}

#[test]
fn a_metric_that_dies_is_a_clear_error() {
    let metric = "[[metric]]\nmetric = \"stress-metric\"\nsettings = { abort = true }\n";
    let file = run_file("\"marginal\"", metric)
        .replace("metrics = [\"distribution\", \"individual\"]\n", "");
    let fault = Place::with(&file).fails(&["run"], 4);
    assert!(fault.contains("stress-metric.evaluate: the worker died of signal 6"), "{fault}");
}

/// What the crashing backend says of its attempt to get out.
fn attempt(place: &Place, how: &str, path: &str, arguments: &[&str]) -> String {
    let settings = format!("how = \"{how}\", at = \"open\", path = \"{path}\"");
    place.write("pilotbench.toml", crash_file(&settings));
    let mut command = place.pilotbench(&[&["run"], arguments].concat());
    command.env("PILOTBENCH_TESTKIT_SECRET", "s3cret").env("PILOTBENCH_TESTKIT_SHARED", "told");
    let output = command.assert().code(4).get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_environment_is_what_the_plugin_says_it_needs() {
    let place = Place::new();
    let secret = attempt(&place, "variable", "PILOTBENCH_TESTKIT_SECRET", &["--sandbox", "off"]);
    assert!(secret.contains("PILOTBENCH_TESTKIT_SECRET is None"), "{secret}");
    let shared = attempt(&place, "variable", "PILOTBENCH_TESTKIT_SHARED", &[]);
    assert!(shared.contains("PILOTBENCH_TESTKIT_SHARED is Some(\"told\")"), "{shared}");
    assert!(attempt(&place, "variable", "HOME", &[]).contains("HOME is None"));
}

/// Whether this machine can shut plugins in; a test that cannot says so.
fn can_shut_in(place: &Place) -> bool {
    place.write("pilotbench.toml", run_file("\"marginal\"", ""));
    let output = place.pilotbench(&["plan", "--sandbox", "require"]).output().unwrap();
    if !output.status.success() {
        eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}

#[test]
fn the_sandbox_keeps_plugins_in() {
    let place = Place::new();
    if !can_shut_in(&place) {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let written = place.folder.path().join("written");
    let cases =
        [("write", written.to_str().unwrap()), ("connect", &address), ("start", "/bin/true")];
    for (how, path) in cases {
        let path = format!("hidden:{path}");
        let kept = attempt(&place, how, &path, &["--sandbox", "require"]);
        assert!(kept.contains("was kept in"), "{how} {path}: {kept}");
        let free = attempt(&place, how, &path, &["--sandbox", "off"]);
        assert!(free.contains("reached out"), "{how} {path}: {free}");
    }
    // To name a file in the settings opens it for reading only.
    let kept = attempt(&place, "write", written.to_str().unwrap(), &["--sandbox", "require"]);
    assert!(kept.contains("was kept in"), "{kept}");
}

#[test]
fn a_plugin_reads_what_its_settings_name_and_nothing_else_of_the_user() {
    let place = Place::new();
    if !can_shut_in(&place) {
        return;
    }
    let named = place.write("model.bin", "weights");
    let read = attempt(&place, "read", named.to_str().unwrap(), &["--sandbox", "require"]);
    assert!(read.contains("reached out: 7 bytes"), "{read}");
    let answers = pilotbench_testkit::experiments().join("tiny/participants.csv");
    let hidden = format!("hidden:{}", answers.display());
    let kept = attempt(&place, "read", &hidden, &["--sandbox", "require"]);
    assert!(kept.contains("was kept in"), "{kept}");
}

#[test]
fn workers_end_with_a_host_that_is_killed() {
    let place = Place::with(&stress_file("sleeps").replace("seeds = 6", "seeds = 400"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    let mut host = command
        .current_dir(place.folder.path())
        .arg("--datasets")
        .arg(pilotbench_testkit::experiments())
        .arg("--plugin")
        .arg(stress_plugin())
        .args(["run", "--quiet"])
        .spawn()
        .unwrap();
    wait_for(|| has_worker(place.folder.path()));
    host.kill().unwrap();
    host.wait().unwrap();
    wait_for(|| !has_worker(place.folder.path()));
    no_worker_is_left(&place);
}

#[test]
fn an_interrupt_ends_a_call_that_never_would() {
    let place = Place::with(&crash_file("how = \"hang\", at = \"adapt\""));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pilotbench"));
    let mut host = command
        .current_dir(place.folder.path())
        .arg("--datasets")
        .arg(pilotbench_testkit::experiments())
        .arg("--plugin")
        .arg(stress_plugin())
        .args(["run", "--quiet"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for(|| place.folder.path().join("results/runs").is_dir());
    std::thread::sleep(Duration::from_millis(300));
    let pid = rustix::process::Pid::from_child(&host);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let started = Instant::now();
    let status = host.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(started.elapsed() < Duration::from_secs(15));
    no_worker_is_left(&place);
}

fn wait_for(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "waited too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a worker runs in this folder.
fn has_worker(folder: &Path) -> bool {
    let folder = folder.canonicalize().unwrap();
    fs::read_dir("/proc").unwrap().any(|entry| {
        let process = entry.unwrap().path();
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        command.ends_with(b"\0worker\0")
            && fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder)
    })
}

#[test]
fn a_worker_is_not_for_people() {
    let place = Place::new();
    let fault = place.fails(&["worker"], 2);
    assert!(fault.contains("not by hand"), "{fault}");
}
