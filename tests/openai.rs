//! Models behind a service, as their users run them: the budget, the key, replays and estimates.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use pilotbench_testkit::service::{Double, Manner, Route};
use serde_json::Value;
use std::{fs, path::Path, process::Command};
use support::{Place, below};

/// A key that must be found nowhere.
const KEY: &str = "sk-test-fedcba9876543210";
const PRICES: &str = "date = \"2026-01-01\"\n[[price]]\nservice = \"double\"\nmodel = \"*\"\n\
                      input = 1.0\noutput = 4.0\nbatch = 0.5\ntraining = 8.0\n";

/// A service with a price and a key, and a run file that asks it in this way.
fn place(double: &Double, methods: &str) -> Place {
    let place = Place::with(&format!(
        "name = \"asked\"\nexperiments = [\"tiny\"]\nsizes = [8, 12]\nseeds = 2\n\
         metrics = [\"individual\"]\nmethods = [\"marginal\"]\n{methods}\n[score]\nresamples = 5\n"
    ));
    place.write("data/pilotbench/openai/prices.toml", PRICES);
    let service = format!(
        "[double]\nbase_url = \"{}\"\nkey_env = \"DOUBLE_KEY\"\nfree = false\npoll_s = 0.01\n",
        double.url()
    );
    place.write("data/pilotbench/openai/services.toml", service);
    place
}

fn method(name: &str, more: &str) -> String {
    format!(
        "[[method]]\nbackend = \"openai\"\nname = \"{name}\"\n\
         settings = {{ service = \"double\", model = \"gpt-double\", key_env = \"DOUBLE_KEY\" }}\n{more}\n"
    )
}

fn keyed() -> Double {
    let manner = Manner { key: Some(KEY.into()), quotes_key: true, ..Manner::default() };
    Double::start(manner)
}

fn pilotbench(place: &Place, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = place.pilotbench_alone(arguments);
    command.env("DOUBLE_KEY", KEY);
    command
}

fn told(command: &mut assert_cmd::Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn spent(place: &Place) -> f64 {
    let ledger = place.folder.path().join("results/runs/asked.spent.jsonl");
    let text = fs::read_to_string(ledger).unwrap();
    let nano =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["nano_usd"].as_i64().unwrap();
    text.lines().map(nano).sum::<i64>() as f64 / 1e9
}

/// Everything below a folder that holds these bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let holds = |path: &std::path::PathBuf| {
        let read = fs::read(path).unwrap_or_default();
        read.windows(bytes.len()).any(|window| window == bytes)
    };
    let all = below(folder, "").into_iter().filter(holds);
    all.map(|path| path.display().to_string()).collect()
}

#[test]
fn a_run_within_its_budget_is_recorded_replayed_and_holds_no_key() {
    let double = keyed();
    let methods = method("asked", "")
        + &method("in-context", "adapter = { name = \"in-context\", people = 2 }")
        + &method("calibrated", "adapter = \"calibrate\"");
    let place = place(&double, &methods);
    let output = told(&mut pilotbench(&place, &["run", "--budget", "1"]), 0);
    assert!(output.contains(" of 1 US dollars (results/runs/asked.spent.jsonl)"), "{output}");
    assert!(output.contains("asked") && !output.contains(KEY), "{output}");
    let board = place.leaderboard();
    let markdown = &board.iter().find(|(name, _)| name == "leaderboard.md").unwrap().1;
    let markdown = String::from_utf8_lossy(markdown);
    assert!(
        markdown.contains("gpt-double fp\\_double ("),
        "{}",
        &markdown[markdown.find("cost").unwrap()..]
    );
    let asked = double.count(Route::Chat);
    assert!(spent(&place) > 0.0 && asked > 100, "{asked}");
    pilotbench(&place, &["verify"]).assert().success();
    let kept = told(&mut pilotbench(&place, &["cache", "show"]), 0);
    assert!(kept.contains(" answers of services"), "{kept}");
    pilotbench(&place, &["cache", "clear"]).assert().success();

    // The key went over the wire and nowhere else.
    assert_eq!(holding(place.folder.path(), KEY.as_bytes()), Vec::<String>::new());
    assert!(double.requests().iter().all(|request| {
        request.header("authorization") == Some(format!("Bearer {KEY}").as_str())
    }));

    // With the server off, the same again and not one request.
    let url = double.url();
    drop(double);
    let again =
        told(pilotbench(&place, &["run", "--fresh", "--replay"]).env_remove("DOUBLE_KEY"), 0);
    assert!(!again.contains(KEY), "{again} {url}");
    assert_eq!(place.leaderboard(), board);
}

#[test]
fn a_spent_budget_ends_with_3_and_more_money_goes_on_without_asking_twice() {
    let double = keyed();
    let place = place(&double, &method("asked", ""));
    let whole = self::place(&double, &method("asked", ""));
    let output = told(&mut pilotbench(&place, &["run", "--budget", "0.003"]), 3);
    assert!(output.contains("the budget of 0.003 US dollars is used up"), "{output}");
    assert!(output.contains("`marginal`") || output.contains("marginal"), "{output}");
    assert!(spent(&place) <= 0.003, "{}", spent(&place));
    let before = double.count(Route::Chat);
    let resumed = told(&mut pilotbench(&place, &["resume", "--budget", "5"]), 0);
    assert!(resumed.contains(" of 5 US dollars"), "{resumed}");
    let asked = double.count(Route::Chat);
    pilotbench(&whole, &["run", "--budget", "5"]).assert().success();
    let all = double.count(Route::Chat) - asked;
    // Each question went out once; the second opening asks what the service can do once more.
    assert_eq!(before + (asked - before), all + 1, "{before} {asked} {all}");
    assert_eq!(place.leaderboard(), whole.leaderboard());
}

/// Answers of one plan are of one model: another behind the same name is told before it is asked.
#[test]
fn a_run_does_not_go_on_with_another_model() {
    let double = keyed();
    let place = place(&double, &method("asked", ""));
    told(&mut pilotbench(&place, &["run", "--budget", "0.003"]), 3);
    let resolved = Some("gpt-double-2".to_owned());
    let other = Double::start(Manner { key: Some(KEY.into()), resolved, ..Manner::default() });
    let services = place.folder.path().join("data/pilotbench/openai/services.toml");
    let text = fs::read_to_string(&services).unwrap().replace(&double.url(), &other.url());
    fs::write(&services, text).unwrap();
    let output = told(&mut pilotbench(&place, &["resume", "--budget", "5"]), 2);
    assert!(output.contains("method `asked` has changed since the plan was made"), "{output}");
    assert!(output.contains("its model is `gpt-double-2` and was `gpt-double`"), "{output}");
    assert_eq!(other.count(Route::Chat), 1, "what it is was asked, no more");
}

#[test]
fn an_estimate_asks_nothing_and_is_near_what_is_spent() {
    let double = keyed();
    let place = place(&double, &method("asked", ""));
    let output = pilotbench(&place, &["run", "--estimate", "--json", "--budget", "1"])
        .env_remove("DOUBLE_KEY")
        .assert()
        .success()
        .get_output()
        .clone();
    let estimate: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(double.requests().len(), 0);
    assert!(!place.folder.path().join("results/runs").exists(), "an estimate records nothing");
    assert_eq!(estimate["is_within"], true);
    let estimated = estimate["total"]["nano_usd"].as_u64().unwrap() as f64 / 1e9;
    pilotbench(&place, &["run", "--budget", "1"]).assert().success();
    let ratio = estimated / spent(&place);
    assert!((0.5..2.0).contains(&ratio), "{estimated} {}", spent(&place));
    // What was paid for costs nothing more.
    let output = pilotbench(&place, &["run", "--estimate", "--json"]).assert().get_output().clone();
    let again: Value = serde_json::from_slice(&output.stdout).unwrap();
    let left = again["total"]["nano_usd"].as_u64().unwrap() as f64 / 1e9;
    assert!(left < 0.7 * estimated, "{left} of {estimated}");
}

#[test]
fn what_is_wrong_before_a_run_ends_with_2_and_a_hint() {
    let double = keyed();
    let place = place(&double, &method("asked", ""));
    let mut nameless = pilotbench(&place, &["run", "--budget", "1"]);
    let output = told(nameless.env_remove("DOUBLE_KEY"), 2);
    assert!(output.contains("`DOUBLE_KEY` is not set") && output.contains("--key-fd"), "{output}");
    let mut wrong = pilotbench(&place, &["run", "--budget", "1"]);
    let output = told(wrong.env("DOUBLE_KEY", "sk-wrong-0123456789"), 2);
    assert!(output.contains("the key in `DOUBLE_KEY` is refused: status 401"), "{output}");
    assert!(!output.contains("sk-wrong"), "{output}");
    let output = told(&mut pilotbench(&place, &["run"]), 2);
    assert!(output.contains("costs money") && output.contains("--budget 5"), "{output}");
    let output = told(&mut pilotbench(&place, &["run", "--replay"]), 2);
    assert!(output.contains("nothing is kept of this model"), "{output}");
}

/// A key that stops working in the middle: no more is asked, exit code 2.
#[test]
fn a_key_that_is_withdrawn_gives_the_method_up() {
    let double =
        Double::start_with(Manner { key: Some(KEY.into()), ..Manner::default() }, |_, n| {
            let denied =
                serde_json::json!({"error": {"message": "revoked", "code": "invalid_api_key"}});
            (n > 20).then(|| pilotbench_testkit::service::json(401, &denied))
        });
    let place = place(&double, &method("asked", ""));
    let output = told(&mut pilotbench(&place, &["run", "--budget", "1"]), 2);
    assert!(output.contains("what is left of `asked` is left for later"), "{output}");
    assert!(output.contains("status 401"), "{output}");
}

#[test]
fn a_key_comes_over_a_descriptor() {
    let double = keyed();
    let place = place(&double, &method("asked", ""));
    let key = place.write("secret", format!("{KEY}\n"));
    let script = format!(
        "exec {} --datasets {} run --quiet --budget 1 --key-fd DOUBLE_KEY=3 3<{}",
        env!("CARGO_BIN_EXE_pilotbench"),
        pilotbench_testkit::experiments().display(),
        key.display()
    );
    let folder = place.folder.path();
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("DOUBLE_KEY")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(holding(folder, KEY.as_bytes()), [key.display().to_string()]);
}

#[test]
fn a_model_is_trained_for_each_pilot_and_found_again() {
    let double = keyed();
    let tuned = method("tuned", "adapter = { name = \"fine-tune\", epochs = 2 }");
    let place = place(&double, &tuned);
    place.write(
        "pilotbench.toml",
        fs::read_to_string(place.folder.path().join("pilotbench.toml"))
            .unwrap()
            .replace("[8, 12]", "[12]"),
    );
    let output = told(&mut pilotbench(&place, &["run", "--budget", "5"]), 0);
    assert_eq!(double.count(Route::CreateJob), 2, "one for each seed: {output}");
    let board = String::from_utf8_lossy(&place.leaderboard()[3].1).into_owned()
        + &String::from_utf8_lossy(&place.leaderboard()[2].1);
    assert!(board.contains("ft:gpt-double:org:pb-"), "{board}");
    let first = place.leaderboard();
    pilotbench(&place, &["run", "--fresh", "--budget", "5"]).assert().success();
    assert_eq!(double.count(Route::CreateJob), 2);
    assert_eq!(place.leaderboard(), first);
}

#[test]
fn the_plugin_keeps_its_contract() {
    let double = Double::start(Manner::default());
    let place = place(&double, "");
    let services = place.folder.path().join("data/pilotbench/openai/services.toml");
    let free = fs::read_to_string(&services).unwrap().replace("free = false", "free = true");
    fs::write(&services, free).unwrap();
    let settings = r#"{"service": "double", "model": "gpt-double", "key_env": "DOUBLE_KEY"}"#;
    let check = ["plugin", "check", "openai", "--settings", settings];
    let report = told(&mut pilotbench(&place, &check), 0);
    assert!(report.contains("conforms"), "{report}");
}
