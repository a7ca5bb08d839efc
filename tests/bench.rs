//! How fast methods answer: numbers with their spread, rules that are kept or said to be broken, and
//! the same beside leaderboards.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use pilotbench_tiny_llama::Family;
use serde_json::Value;
use std::{fs, path::PathBuf};
use support::{Place, run_file};

/// The tiny experiment, for a moment; what is said twice counts as said last.
fn quick(more: &[&str]) -> Vec<String> {
    let mut words = vec!["bench", "--quiet", "--experiment", "tiny"];
    let usual = [
        ("--runs", "2"),
        ("--warm-up", "0"),
        ("--min-duration", "0.01"),
        ("--min-count", "8"),
        ("--adapt-seeds", "2"),
    ];
    for (flag, value) in usual.into_iter().filter(|(flag, _)| !more.contains(flag)) {
        words.extend([flag, value]);
    }
    words.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

/// Measures something; what was printed. A machine that stands still for a moment makes a result
/// invalid: it is 1 then and only then.
fn bench(place: &Place, more: &[&str]) -> String {
    let arguments = quick(more);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let assert = place.pilotbench(&arguments).assert();
    let output = assert.get_output().clone();
    let code = output.status.code().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let is_invalid = text.contains("INVALID") || text.contains("\"valid\": false");
    assert_eq!(code, i32::from(is_invalid), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn result(place: &Place, name: &str) -> PathBuf {
    place.folder.path().join(format!("results/throughput/{name}.json"))
}

/// The stress backend with a fault, as JSON.
fn stress(place: &Place, fault: &str, more: &[&str]) -> Value {
    let settings = format!("{{\"fault\": \"{fault}\"}}");
    let mut arguments = vec!["stress", "--settings", &settings, "--json"];
    arguments.extend(more);
    json(&bench(place, &arguments))
}

fn said(report: &Value, what: &str) -> String {
    report["methods"][0]["validity"][what].to_string()
}

/// Every number has its spread or says why it is none.
fn check_numbers(value: &Value, at: &str, count: &mut usize) {
    match value {
        Value::Object(map) if map.contains_key("half_width") => {
            *count += 1;
            assert!(map["runs"].as_array().unwrap().len() >= 2, "{at}");
            for key in ["mean", "half_width", "sd", "min", "max"] {
                assert!(map[key].is_f64() || map[key].is_u64(), "{at}.{key}");
            }
        }
        Value::Object(map) if map.contains_key("undefined") => {
            *count += 1;
            assert!(!map["undefined"].as_str().unwrap().is_empty(), "{at}");
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| check_numbers(value, &format!("{at}.{key}"), count));
        }
        Value::Array(all) => all.iter().for_each(|value| check_numbers(value, at, count)),
        _ => {}
    }
}

#[test]
fn a_result_is_complete_and_stored() {
    let place = Place::new();
    let printed = bench(&place, &["marginal", "uniform", "--json", "--name", "mine"]);
    let report = json(&printed);
    assert_eq!(report["schema"], "pilotbench/throughput/1");
    assert_eq!(report["experiment"], "tiny");
    assert_eq!(report["synthetic"], true);
    assert_eq!(fs::read_to_string(result(&place, "mine")).unwrap().trim(), printed.trim());
    let mut count = 0;
    check_numbers(&report, "", &mut count);
    // 18 of each method besides learning, 2 of the machine.
    assert!(count >= 2 * 18 + 2, "{count}");
    for method in report["methods"].as_array().unwrap() {
        for at in ["/offline/answers_per_s/mean", "/single_stream/p99_ms/mean", "/load_s/mean"] {
            assert!(method.pointer(at).unwrap().as_f64().unwrap() > 0.0, "{at}: {method}");
        }
        let compared = &method["validity"]["compared"];
        assert_eq!(compared["asked"], compared["identical"]);
        assert_eq!(method["method"]["plugin"]["sha256"].as_str().unwrap().len(), 64);
        assert!(method["server"]["rate"].as_f64().unwrap() > 0.0);
    }
    // One learns from pilots of each size, the other from nobody.
    let sizes = |at: usize| report["methods"][at]["adapt"].as_array().unwrap().len();
    assert!(sizes(0) >= 2, "{report}");
    assert_eq!(report["methods"][1]["adapt"][0]["seconds"]["undefined"], "it learns from nobody");
}

#[test]
fn names_are_of_what_is_measured() {
    let place = Place::new();
    let name = |more: &[&str]| json(&bench(&place, more))["name"].as_str().unwrap().to_owned();
    let first = name(&["marginal", "--json"]);
    assert!(first.starts_with("bench-") && result(&place, &first).is_file());
    assert_eq!(first, name(&["marginal", "--json"]));
    assert_ne!(first, name(&["marginal", "--json", "--size", "15"]));
}

#[test]
fn tables_for_people() {
    let place = Place::new();
    let terminal = bench(&place, &["marginal", "--in-process"]);
    for words in ["Offline: all requests at once", "single-stream", "±", "machine: ", "[SYNTHETIC]"]
    {
        assert!(terminal.contains(words), "{words}: {terminal}");
    }
    assert!(terminal.contains("undef: plugins run inside the host (marginal)"), "{terminal}");
    let markdown = bench(&place, &["marginal", "--format", "markdown", "--name", "mine"]);
    assert!(markdown.starts_with("# Throughput: mine\n"), "{markdown}");
    assert!(markdown.contains("| method | n | validity |"), "{markdown}");
}

#[test]
fn a_hidden_cache_is_found_and_a_declared_one_is_a_label() {
    let place = Place::new();
    let cache = "answers repeated questions from a cache";
    let hidden = stress(&place, "remembers", &["--runs", "4"]);
    assert!(said(&hidden, "reasons").contains(cache), "{hidden}");
    let open = stress(&place, "remembers-openly", &["--runs", "4"]);
    assert!(!said(&open, "reasons").contains(cache), "{open}");
    assert!(
        said(&open, "labels").contains("keeps answers to equal requests and says so"),
        "{open}"
    );
    // It is asked everything once, so that nothing that is timed was there.
    assert_eq!(open["methods"][0]["validity"]["reused_offline"], 0);
    let none = stress(&place, "none", &["--runs", "4"]);
    assert!(!said(&none, "reasons").contains(cache), "{none}");
    assert_eq!(none["methods"][0]["validity"]["declares_reuse"], false);
}

#[test]
fn other_answers_when_timed_are_found() {
    let place = Place::new();
    let tires = stress(&place, "tires", &["--name", "tired"]);
    assert!(said(&tires, "reasons").contains("timed answers are not the scored ones"), "{tires}");
    // It is written all the same, and says so.
    assert!(fs::read_to_string(result(&place, "tired")).unwrap().contains("\"valid\": false"));
    let settings = r#"{"fault": "tires"}"#;
    assert!(bench(&place, &["stress", "--settings", settings]).contains("INVALID stress: "));
}

#[test]
fn more_than_it_can_answer_is_said() {
    let place = Place::new();
    let sleeps = stress(&place, "sleeps", &["--rate", "10000", "--min-count", "40"]);
    assert!(said(&sleeps, "reasons").contains("server: the queue grew"), "{sleeps}");
    assert_eq!(sleeps["methods"][0]["server"]["rate"], 10000.0);
}

#[test]
fn too_few_questions_for_asking_once_are_said() {
    let place = Place::new();
    let more = ["--min-count", "1000", "--min-duration", "0.001"];
    let open = stress(&place, "remembers-openly", &more);
    assert!(said(&open, "reasons").contains("fewer than 1000 answers in 2 of 2 runs"), "{open}");
}

#[test]
fn methods_of_a_run_file_are_measured() {
    let place = Place::with(&run_file(
        "\"uniform\"",
        "[[method]]\nbackend = \"ridge\"\nname = \"strong\"\nsettings = { penalties = [1.0, 10.0] }",
    ));
    let report = json(&bench(&place, &["--methods-from", "pilotbench.toml", "marginal", "--json"]));
    let names: Vec<&str> = report["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["method"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["uniform", "strong", "marginal"]);
}

#[test]
fn language_models_count_their_work_and_their_reuse() {
    let place = Place::new();
    pilotbench_tiny_llama::write(&place.folder.path().join("model"), Family::Llama).unwrap();
    let method = |name: &str| {
        format!(
            "[[method]]\nname = \"{name}\"\nbackend = \"candle\"\nadapter = \"{name}\"\n\
             settings = {{ model = \"./model\" }}\n"
        )
    };
    let methods = ["none", "calibrate", "head"].map(method).concat();
    let file = run_file("\"uniform\"", &methods);
    place.write("llm.toml", file);
    let report = json(&bench(&place, &["--methods-from", "llm.toml", "--json"]));
    let methods = &report["methods"].as_array().unwrap()[1..];
    assert_eq!(methods.len(), 3);
    for method in methods {
        let offline = &method["offline"];
        assert!(offline["prompt_tokens_per_s"]["mean"].as_f64().unwrap() > 0.0, "{method}");
        assert_eq!(offline["generated_tokens_per_s"]["mean"], 0.0);
        assert!(offline["peak_share"]["mean"].as_f64().unwrap() > 0.0, "{method}");
        let validity = &method["validity"];
        assert_eq!(validity["declares_reuse"], true);
        assert_eq!(validity["compared"]["asked"], validity["compared"]["identical"], "{method}");
        assert!(!validity["reasons"].to_string().contains("cache"), "{method}");
    }
    assert_eq!(methods[0]["adapt"][0]["seconds"]["undefined"], "it learns from nobody");
    let learned = methods[1]["adapt"].as_array().unwrap().last().unwrap();
    assert_eq!(learned["size"], 15);
    assert!(learned["seconds"]["mean"].as_f64().unwrap() > 0.0);
}

#[test]
fn wrong_input_says_what_would_be_right() {
    let place = Place::new();
    let fails = |more: &[&str], code: i32, words: &str| {
        let mut arguments = vec!["bench", "--experiment", "tiny"];
        arguments.extend(more);
        let said = place.fails(&arguments, code);
        assert!(said.contains(words), "{words}: {said}");
    };
    fails(&["marginal", "--runs", "1"], 2, "one run has no spread");
    fails(&["marginal", "--min-duration", "0"], 2, "--min-duration: seconds, more than 0");
    fails(&["marginal", "--warm-up", "nan"], 2, "--warm-up");
    fails(&["marginal", "--adapt-seeds", "1"], 2, "--adapt-seeds");
    fails(&["margins"], 2, "margins");
    fails(&["marginal", "--size", "59"], 2, "a pilot of 59");
    fails(&["marginal", "--people", "5"], 2, "5 people are asked; at least 8 are needed");
    fails(&["marginal", "--name", "../up"], 2, "--name: `../up` is not a name");
    fails(&["marginal", "ridge", "--settings", "{}"], 2, "exactly one BACKEND");
    fails(&["ridge", "--settings", "[1]"], 2, "not a JSON object");
    fails(&["ridge", "--settings", "{\"penalty\": 1}"], 2, "penalty");
    fails(&["marginal", "--methods-from", "none.toml"], 2, "none.toml");
    fails(&["openai", "--settings", "{\"model\": \"m\"}"], 2, "--budget USD says");
    fails(&[], 2, "BACKEND");
}

#[test]
fn a_leaderboard_shows_its_own_methods_alone() {
    let place = Place::with(&run_file("\"marginal\", \"uniform\"", ""));
    place.pilotbench(&["run", "--quiet"]).assert().success();
    bench(&place, &["marginal", "ridge", "--name", "mine"]);
    let file = result(&place, "mine");
    let file = file.to_str().unwrap();
    let board = |more: &[&str]| {
        let mut arguments = vec!["leaderboard", "--quiet"];
        arguments.extend(more);
        let output = place.pilotbench(&arguments).assert().success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    };
    // Without results the bytes are those of the run's own board.
    let plain = board(&["--format", "json"]);
    let stored = place.leaderboard().into_iter().find(|(name, _)| name == "leaderboard.json");
    assert_eq!(plain.as_bytes(), stored.unwrap().1);
    let with = json(&board(&["--format", "json", "--throughput", file]));
    let methods = with["throughput"]["reports"][0]["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 1);
    assert_eq!(methods[0]["method"]["name"], "marginal");
    let elsewhere = with["throughput"]["elsewhere"].to_string();
    assert!(elsewhere.contains("`ridge` of mine is not shown"), "{elsewhere}");
    let markdown = board(&["--format", "markdown", "--throughput", file]);
    assert!(markdown.contains("\n## Throughput\n") && markdown.contains("| marginal |"));
    assert!(board(&["--throughput", file]).contains("throughput, mine:"));

    // Another build is said, not shown.
    let mut other = json(&fs::read_to_string(file).unwrap());
    other["methods"][0]["method"]["plugin"]["sha256"] = "0".repeat(64).into();
    let other = place.write("other.json", other.to_string());
    let said = board(&["--throughput", other.to_str().unwrap()]);
    assert!(said.contains("another build of `baseline`"), "{said}");

    // A number that nobody measured is refused.
    let mut forged = json(&fs::read_to_string(file).unwrap());
    forged["methods"][0]["offline"]["answers_per_s"]["mean"] = 1e9.into();
    let forged = place.write("forged.json", forged.to_string());
    let said = place.fails(&["leaderboard", "--throughput", forged.to_str().unwrap()], 2);
    assert!(said.contains("a number does not follow from its runs"), "{said}");
    let said = place.fails(&["leaderboard", "--throughput", "nowhere.json"], 2);
    assert!(said.contains("nowhere.json"), "{said}");
}

#[test]
fn a_page_shows_it_and_nothing_in_it_is_markup() {
    let place = Place::with(&run_file("\"marginal\", \"uniform\"", ""));
    place.pilotbench(&["run", "--quiet"]).assert().success();
    bench(&place, &["marginal", "--name", "mine"]);
    let mut hostile = json(&fs::read_to_string(result(&place, "mine")).unwrap());
    hostile["machine"]["processor"] = "<script>alert(1)</script>\u{1b}[31m".into();
    let hostile = place.write("hostile.json", hostile.to_string());
    let hostile = hostile.to_str().unwrap();
    let arguments = ["report", "--quiet", "--out", "site", "--throughput", hostile];
    place.pilotbench(&arguments).assert().success();
    let page = fs::read_to_string(place.folder.path().join("site/index.html")).unwrap();
    assert!(page.contains("<h2 id=\"throughput\">Throughput</h2>"));
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"));
    assert!(!page.contains('\u{1b}'));
    let arguments = ["leaderboard", "--quiet", "--throughput", hostile];
    let output = place.pilotbench(&arguments).assert().success().get_output().stdout.clone();
    assert!(!output.contains(&0x1b));
    // Without results a page says nothing of it.
    place.pilotbench(&["report", "--quiet", "--out", "plain"]).assert().success();
    let page = fs::read_to_string(place.folder.path().join("plain/index.html")).unwrap();
    assert!(!page.contains("id=\"throughput\""));
}
