//! Services that cost money: what they take is recorded, what they may take is capped, and a method
//! whose service is of no more use leaves the others alone.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};
use support::{Place, below, files_of, run_file, stress_plugin};

/// A run file of name `paid` whose methods are `marginal` and the stress backend with this fault.
fn paid(fault: &str) -> String {
    paid_with(&format!("fault = \"{fault}\""))
}

fn paid_with(settings: &str) -> String {
    format!(
        "name = \"paid\"\nexperiments = [\"tiny\"]\nsizes = [8]\nseeds = 6\nmetrics = [\"individual\"]\n\
         methods = [\"marginal\"]\n\
         [[method]]\nbackend = \"stress\"\nname = \"service\"\nsettings = {{ {settings} }}\n\
         [score]\nresamples = 5\n"
    )
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// Committed replicates of a method.
fn committed(place: &Place, method: &str) -> usize {
    manifests(place).iter().filter(|m| m["replicate"]["method"] == method).count()
}

fn manifests(place: &Place) -> Vec<Value> {
    let paths = below(&place.run().join("cells"), "manifest.json");
    paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

fn failures(place: &Place) -> usize {
    let folder = place.run().join("failures");
    if folder.is_dir() { below(&folder, "1.json").len() } else { 0 }
}

fn ledger(place: &Place) -> PathBuf {
    place.folder.path().join("results/runs/paid.spent.jsonl")
}

#[test]
fn without_money_a_method_is_left_and_more_of_it_goes_on() {
    let whole = Place::with(&paid("budget"));
    whole.pilotbench(&["run", "--budget", "2"]).assert().success();

    let place = Place::with(&paid("budget"));
    let told = place.fails(&["run", "--threads", "1"], 3);
    let run = place.run();
    let name = run.file_name().unwrap().to_str().unwrap();
    assert!(told.contains("what is left of `service` is left for later: budget: all is"), "{told}");
    assert!(told.contains(&format!("`pilotbench resume {name} --budget MORE` goes on")), "{told}");
    assert!(!told.contains("spent 0"), "no budget was given: {told}");
    assert_eq!((committed(&place, "marginal"), failures(&place)), (6, 0));
    assert!(committed(&place, "service") < 6);
    assert_eq!(place.leaderboard().len(), 4, "what is there is scored");
    place.pilotbench(&["status"]).assert().success();

    let output = place.pilotbench(&["resume", "--budget", "2"]).assert().success();
    let told = text(output.get_output().stderr.clone());
    assert!(told.contains("spent 0 of 2 US dollars (results/runs/paid.spent.jsonl)"), "{told}");
    assert_eq!(place.leaderboard(), whole.leaderboard());
}

#[test]
fn a_service_that_refuses_or_is_gone_fails_one_replicate() {
    for (fault, code, words) in [
        ("denied", 2, "denied: the key is wrong; with another key"),
        ("unavailable", 1, "unavailable: the quota is exhausted; `pilotbench resume"),
    ] {
        let place = Place::with(&paid(fault));
        let told = place.fails(&["run"], code);
        assert!(told.contains(words), "{told}");
        assert!(told.contains("1 of 12 replicates failed"), "{told}");
        assert_eq!((committed(&place, "marginal"), failures(&place)), (6, 1), "{fault}");
        let failure = below(&place.run().join("failures"), "1.json").remove(0);
        let failure: Value = serde_json::from_slice(&fs::read(failure).unwrap()).unwrap();
        assert_eq!(failure["class"], fault);
        assert!(!told.contains("stopped with"), "{told}");
    }
}

#[test]
fn receipts_stand_in_manifests_and_on_the_board() {
    let place = Place::with(&paid("receipts"));
    let screen = text(place.pilotbench(&["run"]).assert().success().get_output().stdout.clone());
    let mut requests = 0;
    for manifest in manifests(&place) {
        if manifest["replicate"]["method"] == "marginal" {
            assert!(manifest.get("used").is_none());
            continue;
        }
        let used = &manifest["used"];
        let counted = manifest["counts"]["ok"].as_u64().unwrap();
        assert_eq!(used["requests"], counted);
        assert_eq!(used["prompt_tokens"], 10 * counted);
        assert_eq!(used["nano_usd"], 1_000_000 * counted);
        assert_eq!(used["answered_by"]["model-1"], counted);
        requests += counted;
    }
    let usd = format!("{}", requests as f64 / 1000.0);
    let row = format!(
        "| service | 8 | {requests} | {} | {requests} | {usd} | 1 | model-1 ({requests}) |",
        10 * requests
    );
    let files = place.leaderboard();
    let file = |name: &str| text(files.iter().find(|(other, _)| other == name).unwrap().1.clone());
    let markdown = file("leaderboard.md");
    assert!(markdown.contains("### tiny: cost, strategy random"), "{markdown}");
    assert!(markdown.contains(&row), "{row}: {markdown}");
    assert!(!markdown.contains("DRIFT"), "{markdown}");
    assert!(
        screen.contains("USD per 1,000 answers") || screen.contains("what it cost"),
        "{screen}"
    );
    let csv = file("leaderboard.csv");
    let header = csv.lines().next().unwrap();
    assert!(header.ends_with(
        "gain,prompt_tokens,completion_tokens,usd,prompt_tokens_per_1000,\
         completion_tokens_per_1000,usd_per_1000,answered_by"
    ));
    let ending = format!(",{},{requests},{usd},10000,1000,1,model-1 ({requests})", 10 * requests);
    assert!(csv.lines().any(|line| line.contains(",service,") && line.ends_with(&ending)), "{csv}");
    assert!(csv.lines().any(|line| line.contains(",marginal,") && line.ends_with(",,,,,,,")));
    let board: Value = serde_json::from_str(&file("leaderboard.json")).unwrap();
    let cells = board["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["method"] == "service").unwrap();
    assert_eq!(cell["used"]["nano_usd"], 1_000_000 * requests);
    assert_eq!(cell["per_1000_answers"]["usd"], 1.0);
    place.pilotbench(&["verify"]).assert().success();
    let status = text(place.pilotbench(&["status"]).assert().get_output().stdout.clone());
    assert!(status.contains(&format!("answers of services: {requests}, ")), "{status}");
    assert!(status.contains(&format!("{usd} US dollars")), "{status}");
    let status = place.pilotbench(&["status", "--json"]).assert().get_output().stdout.clone();
    let status: Value = serde_json::from_slice(&status).unwrap();
    assert_eq!(status[0]["used"]["requests"], requests);
}

#[test]
fn several_names_of_who_answered_are_drift() {
    let place = Place::with(&paid("drifts"));
    let screen = text(place.pilotbench(&["run"]).assert().success().get_output().stdout.clone());
    let markdown = fs::read_to_string(place.run().join("leaderboard/leaderboard.md")).unwrap();
    assert!(markdown.contains("model-1 (") && markdown.contains(") DRIFT |"), "{markdown}");
    assert!(markdown.contains("DRIFT: answers of one method came under several names"));
    assert!(screen.contains("DRIFT: answers of one method"), "{screen}");
}

#[test]
fn a_board_without_receipts_says_nothing_of_money() {
    let place = Place::with(&run_file("\"marginal\"", ""));
    place.pilotbench(&["run"]).assert().success();
    for (name, bytes) in place.leaderboard() {
        let said = String::from_utf8_lossy(&bytes).into_owned();
        for word in ["\"used\":", "nano_usd", "per_1000", "USD", "cost, strategy", "tokens"] {
            assert!(!said.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn what_is_spent_is_told() {
    let place = Place::with(&format!("budget_usd = 5.0\n{}", paid("receipts")));
    let spent = |arguments: &[&str]| {
        let output = place.pilotbench(arguments).assert().success().get_output().clone();
        text(output.stderr)
    };
    let told = spent(&["run"]);
    assert!(told.contains("spent 0.006 of 5 US dollars (results/runs/paid.spent.jsonl)"), "{told}");
    // What is typed wins, and the run file is remembered.
    let told = spent(&["resume", "--budget", "0.5"]);
    assert!(told.contains("spent 0.006 of 0.5 US dollars"), "{told}");
    assert!(spent(&["resume"]).contains("spent 0.006 of 5 US dollars"));
    let status = text(place.pilotbench(&["status"]).assert().get_output().stdout.clone());
    assert!(status.contains("spent 0.006 US dollars (results/runs/paid.spent.jsonl)"), "{status}");
    fs::write(ledger(&place), "{\"nano_usd\": 1, \"for\": \"\"}\nwords\n").unwrap();
    let fault = place.fails(&["run"], 4);
    assert!(fault.contains("paid.spent.jsonl:2: no line of a ledger"), "{fault}");
}

/// What the stress backend says of the variables that it finds.
fn variables(place: &Place, variable: &str, arguments: &[&str]) -> String {
    place.write(
        "pilotbench.toml",
        paid_with(&format!("fault = \"tells\", variable = \"{variable}\"")),
    );
    let mut command = place.pilotbench(arguments);
    // Conditions are the host's to set.
    command.env("PILOTBENCH_ESTIMATE", "1").env("PILOTBENCH_LEDGER", "/nowhere");
    command.env("MY_OWN_KEY", "of the user");
    text(command.assert().code(4).get_output().stderr.clone())
}

#[test]
fn conditions_reach_the_plugins_that_need_them() {
    let place = Place::new();
    let told = variables(&place, "", &["run"]);
    for name in ["BUDGET", "LEDGER", "REPLAY", "NO_CACHE", "ESTIMATE"] {
        assert!(told.contains(&format!("PILOTBENCH_{name} is None")), "{told}");
    }
    assert!(!ledger(&place).exists());
    let told = variables(&place, "", &["run", "--budget", "0.25", "--replay"]);
    assert!(told.contains("PILOTBENCH_BUDGET is Some(\"0.25\")"), "{told}");
    assert!(told.contains("PILOTBENCH_REPLAY is Some(\"1\")"), "{told}");
    let path = place.folder.path().canonicalize().unwrap().join("results/runs/paid.spent.jsonl");
    assert!(told.contains(&format!("PILOTBENCH_LEDGER is Some({path:?})")), "{told}");
    assert_eq!(fs::read(ledger(&place)).unwrap(), b"");
    let told = variables(&place, "", &["run", "--no-cache"]);
    assert!(told.contains("PILOTBENCH_NO_CACHE is Some(\"1\")"), "{told}");
    let told = variables(&place, "", &["run", "--estimate", "--budget", "1"]);
    assert!(told.contains("PILOTBENCH_ESTIMATE is Some(\"1\")"), "{told}");
    assert!(told.contains("PILOTBENCH_BUDGET is None"), "{told}");
    let told = variables(&place, "", &["plan", "--budget", "1"]);
    assert!(told.contains("PILOTBENCH_BUDGET is Some(\"1\")"), "{told}");
}

#[test]
fn a_setting_names_the_variable_of_a_key() {
    let place = Place::new();
    let told = variables(&place, "MY_OWN_KEY", &["run"]);
    assert!(told.contains("MY_OWN_KEY is Some(\"of the user\")"), "{told}");
    place.write("pilotbench.toml", paid_with("fault = \"none\", variable = \"LD_PRELOAD\""));
    let fault = place.fails(&["run"], 2);
    assert!(fault.contains("the variable `LD_PRELOAD` is not for plugins"), "{fault}");
}

/// The binary with a key on descriptor 3.
fn with_key(place: &Place, key: &str, arguments: &[&str]) -> (i32, String) {
    let path = place.write("key.txt", key);
    let plugin = stress_plugin();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "exec 3<\"$1\"; shift; exec \"$@\"", "sh"]).arg(&path);
    shell.arg(env!("CARGO_BIN_EXE_pilotbench")).current_dir(place.folder.path());
    shell.arg("--datasets").arg(pilotbench_testkit::experiments()).arg("--plugin").arg(plugin);
    shell.env("XDG_CACHE_HOME", place.folder.path().join("cache"));
    let output = shell.args(arguments).output().unwrap();
    fs::remove_file(path).unwrap();
    (output.status.code().unwrap(), text(output.stderr))
}

#[test]
fn a_key_over_a_descriptor_reaches_whoever_needs_it_and_no_file() {
    let place = Place::new();
    let file = |fault: &str, variable: &str| {
        paid_with(&format!("fault = \"{fault}\", variable = \"{variable}\""))
    };
    place.write("pilotbench.toml", file("tells", "MY_KEY"));
    let key = ["--key-fd", "MY_KEY=3"];
    let (code, told) = with_key(&place, "s3cret-key\n", &[&["run"][..], &key].concat());
    assert!(code == 4 && told.contains("MY_KEY is Some(\"s3cret-key\")"), "{told}");
    // A plugin that needs another variable does not get it.
    place.write("pilotbench.toml", file("tells", "OTHER"));
    let (_, told) = with_key(&place, "s3cret-key\n", &[&key[..], &["run"]].concat());
    assert!(told.contains("OTHER is None") && !told.contains("s3cret"), "{told}");
    // Nothing that is written holds it.
    place.write("pilotbench.toml", file("receipts", "MY_KEY"));
    let (code, told) = with_key(&place, "s3cret-key\n", &[&["run"][..], &key].concat());
    assert_eq!(code, 0, "{told}");
    for file in below(place.folder.path(), "") {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|word| word == b"s3cret"), "{}", file.display());
    }
    for (key, words) in [("", "holds nothing"), ("a\nb\n", "several lines")] {
        let (code, told) = with_key(&place, key, &["run", "--key-fd", "MY_KEY=3"]);
        assert!(code == 2 && told.contains(words) && told.contains("--key-fd MY_KEY"), "{told}");
    }
    let fault = place.fails(&["run", "--key-fd", "MY_KEY=37"], 2);
    assert!(fault.contains("descriptor 37: cannot be read"), "{fault}");
}

#[test]
fn what_needs_workers_or_does_not_go_together_is_refused() {
    let place = Place::with(&paid("receipts"));
    for arguments in [
        &["run", "--in-process", "--budget", "1"][..],
        &["run", "--in-process", "--replay"],
        &["run", "--in-process", "--estimate"],
        &["run", "--in-process", "--key-fd", "MY_KEY=0"],
    ] {
        let fault = place.fails(arguments, 2);
        assert!(fault.contains("needs workers"), "{arguments:?}: {fault}");
    }
    for arguments in [
        &["run", "--replay", "--no-cache"][..],
        &["resume", "--replay", "--no-cache"],
        &["run", "--estimate", "--replay"],
        &["run", "--estimate", "--fresh"],
        &["run", "--budget", "-1"],
        &["run", "--budget", "much"],
        &["run", "--key-fd", "LD_PRELOAD=3"],
        &["run", "--key-fd", "MY_KEY"],
    ] {
        place.fails(arguments, 2);
    }
    place.write("pilotbench.toml", format!("budget_usd = -1\n{}", paid("receipts")));
    let fault = place.fails(&["run"], 2);
    assert!(fault.contains("pilotbench.toml:1: `budget_usd` is no amount of money"), "{fault}");
}

/// The stress plugin as one that reaches out: a need that no test here uses makes room for `network`.
fn reaching_out(place: &Place) -> PathBuf {
    let mut bytes = fs::read(stress_plugin()).unwrap();
    let old = b"env:PILOTBENCH_TESTKIT_SHARED";
    let new = format!("{:X<1$}", "network\nenv:", old.len());
    let found: Vec<usize> =
        (0..bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(!found.is_empty());
    for at in found {
        bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
    }
    place.write("service.so", bytes)
}

fn estimate(place: &Place, plugin: &Path, arguments: &[&str]) -> String {
    let plugin = ["--plugin", plugin.to_str().unwrap(), "run", "--estimate"];
    let mut command = place.pilotbench_alone(&[&plugin[..], arguments].concat());
    text(command.assert().success().get_output().stdout.clone())
}

#[test]
fn an_estimate_is_of_services_alone_and_records_nothing() {
    let place = Place::with(&paid("receipts"));
    let said = estimate(&place, &stress_plugin(), &[]);
    assert_eq!(said, "no method uses a service: nothing would be charged\n");
    let plugin = reaching_out(&place);
    let said = estimate(&place, &plugin, &[]);
    assert!(said.contains("service") && !said.contains("marginal"), "{said}");
    let json: Value = serde_json::from_str(&estimate(&place, &plugin, &["--json"])).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["method"]), (1, &"service".into()));
    assert_eq!((&rows[0]["experiment"], &rows[0]["replicates"]), (&"tiny".into(), &6.into()));
    let requests = rows[0]["requests"].as_u64().unwrap();
    assert!(requests > 0);
    assert_eq!(json["total"]["nano_usd"], 1_000_000 * requests);
    let usd = format!("{}", requests as f64 / 1000.0);
    let said = estimate(&place, &plugin, &["--budget", "1000"]);
    let words = format!("{usd} US dollars are within the 1000 that are left of a budget of 1000");
    assert!(said.contains(&words), "{said}");
    assert!(!place.folder.path().join("results").exists(), "nothing is recorded");
    place.write("results/runs/paid.spent.jsonl", "{\"nano_usd\": 999999999999, \"for\": \"\"}\n");
    let said = estimate(&place, &plugin, &["--budget", "1000"]);
    assert!(said.contains("are MORE than the 0.000000001 that are left"), "{said}");
    let said = estimate(&place, &plugin, &["--budget", "1000", "--json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&json["is_within"], &json["budget_nano_usd"]),
        (&false.into(), &1_000_000_000_000_u64.into())
    );
    assert_eq!(files_of(&place.folder.path().join("results/runs")).len(), 1);
}
