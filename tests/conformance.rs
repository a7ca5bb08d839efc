//! `plugin check`: every built-in conforms, and a plugin that breaks the contract is told where.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use pilotbench_plugin_sdk::testing::{self, Options, Report};
use pilotbench_testkit::{Stress, StressMetric};
use serde_json::Value;
use support::Place;

/// The reports of a check that must end with this code.
fn reports(arguments: &[&str], code: i32) -> Vec<Value> {
    let place = Place::new();
    let arguments = [&["plugin", "check", "--json"], arguments].concat();
    let output = place.pilotbench(&arguments).assert().code(code).get_output().clone();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Identifiers of the checks that ended so.
fn checks<'r>(report: &'r Value, outcome: &str) -> Vec<&'r str> {
    let all = report["checks"].as_array().unwrap();
    let ended = all.iter().filter(|check| check["outcome"] == outcome);
    ended.map(|check| check["id"].as_str().unwrap()).collect()
}

/// All of a built-in plugin conforms, and hardly anything is skipped.
fn conforms(arguments: &[&str], provided: usize) {
    let (reports, plugin) = (reports(arguments, 0), arguments[0]);
    assert_eq!(reports.len(), provided);
    for report in &reports {
        assert_eq!(report["conforms"], true, "{report:#}");
        assert_eq!(report["plugin"]["name"], plugin);
        let skipped = checks(report, "skipped");
        // An oracle's table has its own sizes, and it may know one population only.
        let may_be = [
            "backend.pilot.empty",
            "backend.adapters.learn",
            "backend.adapters.unknown",
            "backend.progress",
            "metric.progress",
            "backend.answers.experiments",
            "backend.answers.unicode",
        ];
        assert!(skipped.iter().all(|id| may_be.contains(id)), "{}: {skipped:?}", report["name"]);
    }
}

#[test]
fn built_in_backends_conform() {
    conforms(&["baseline"], 12);
}

#[test]
fn built_in_metrics_conform() {
    conforms(&["distribution"], 1);
    for plugin in ["coherence", "heterogeneity", "individual"] {
        conforms(&[plugin, "--quick"], 1);
    }
}

#[test]
fn built_in_metrics_that_draw_and_fit_conform() {
    for plugin in ["inference", "peers", "structure", "usefulness"] {
        conforms(&[plugin, "--quick"], 1);
    }
}

/// Names of an object's fields.
fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The made experiments cross in the form in which the host sends an experiment.
#[test]
fn experiments_are_sent_as_in_a_run() {
    let folder = pilotbench_testkit::experiments().join("tiny");
    let tiny = pilotbench_engine::experiment::Experiment::load(&folder).unwrap();
    let sent = serde_json::to_value(&tiny.design).unwrap();
    let made = &pilotbench_conformance::experiments()[0];
    let places = [
        "",
        "/arms/0",
        "/covariates/0",
        "/covariates/0/levels/0",
        "/items/0",
        "/items/0/levels/0",
        "/implied_action",
        "/implied_action/terms/0",
        "/regressions/0",
        "/regressions/0/terms/0",
    ];
    for place in places {
        let (sent, made) = (sent.pointer(place).unwrap(), made.pointer(place).unwrap());
        assert_eq!(fields(made), fields(sent), "at `{place}`");
    }
}

/// Little is asked: the faults show at once.
const LITTLE: Options = Options { rows: 100, calls: 5, people: 100 };

fn backend_report(fault: &str) -> Report {
    testing::check_backend_with::<Stress>(&format!("{{\"fault\": \"{fault}\"}}"), LITTLE)
}

#[test]
fn refusals_words_and_slowness_are_no_breach() {
    for fault in ["none", "speaks-well", "speaks-badly", "sleeps"] {
        backend_report(fault).assert_conforms();
    }
}

#[test]
fn each_fault_of_a_backend_fails_its_check() {
    let cases: [(&str, &[&str]); 12] = [
        ("panic-in-adapt", &["backend.pilot.plain"]),
        ("fails", &["backend.pilot.plain"]),
        ("panic-sometimes", &["backend.pilot.seeds"]),
        ("panic-in-respond", &["backend.answers.plain"]),
        ("few-answers", &["backend.answers.complete"]),
        ("answers-twice", &["backend.answers.once"]),
        // Instead of the request that was asked.
        ("unknown-request", &["backend.answers.complete", "backend.answers.known"]),
        ("choice-too-large", &["backend.answers.levels"]),
        ("wrong-length", &["backend.answers.levels"]),
        ("sum-too-large", &["backend.answers.probabilities"]),
        ("not-a-number", &["backend.answers.probabilities"]),
        // By row, not by participant.
        ("refuses", &["backend.same.order", "backend.same.split"]),
    ];
    for (fault, expected) in cases {
        let report = backend_report(fault);
        assert_eq!(report.failed(), expected, "{fault}: {}", report.text());
    }
}

#[test]
fn each_fault_of_a_metric_fails_its_check() {
    let report = |settings| testing::check_metric_with::<StressMetric>(settings, LITTLE);
    report("{}").assert_conforms();
    assert_eq!(report("{\"panic\": true}").failed(), ["metric.rows.plain"]);
    assert_eq!(report("{\"undescribed\": true}").failed(), ["metric.rows.described"]);
    assert_eq!(report("{\"no-such\": true}").failed(), ["metric.settings.opens"]);
}

/// The host's way to a plugin tells errors apart as the SDK's does.
#[test]
fn the_same_through_a_library() {
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["--backend", "stress", "--settings", "{\"fault\": \"fails\"}"],
            &["backend.pilot.plain"],
        ),
        (
            &["--backend", "stress", "--settings", "{\"fault\": \"refuses\"}"],
            &["backend.same.order", "backend.same.split"],
        ),
        (
            &["--metric", "stress-metric", "--settings", "{\"undescribed\": true}"],
            &["metric.rows.described"],
        ),
    ];
    for (arguments, expected) in cases {
        let reports = reports(&[&["stress", "--quick"], arguments].concat(), 4);
        assert_eq!(reports.len(), 1);
        assert_eq!(checks(&reports[0], "failed"), expected);
    }
}

#[test]
fn a_report_names_the_file_and_says_what_to_do() {
    let place = Place::new();
    let settings = "{\"fault\": \"sum-too-large\"}";
    let plugin = support::stress_plugin();
    let arguments = ["plugin", "check", plugin.to_str().unwrap(), "--backend", "stress", "--quick"];
    let arguments = [&arguments[..], &["--settings", settings]].concat();
    let output = place.pilotbench(&arguments).assert().code(4).get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    let listed = place.pilotbench(&["plugin", "list", "--json"]).assert().get_output().clone();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let sha256 = listed["plugins"][0]["sha256"].as_str().unwrap();
    assert!(
        text.contains(&format!("backend stress of stress 0.1.0 ({})", &sha256[..16])),
        "{text}"
    );
    assert!(text.contains("  FAILED  backend.answers.probabilities "), "{text}");
    assert!(text.contains("request_id 0: the probabilities sum to 5, not to 1"), "{text}");
    assert!(text.contains("hint: log-probabilities are at most 0"), "{text}");
    assert!(
        text.trim_end().ends_with("does not conform: 1 of 37 checks failed, 7 skipped"),
        "{text}"
    );
    assert!(output.stderr.is_empty(), "no bar without a terminal");
}

#[test]
fn what_is_typed_wrongly_is_said() {
    let place = Place::new();
    let says = |arguments: &[&str], expected: &str| {
        let fault = place.fails(&[&["plugin", "check"], arguments].concat(), 2);
        assert!(fault.contains(expected), "{fault}");
    };
    says(&[], "<NAME>");
    says(&["nothing"], "there is no plugin `nothing`");
    says(&["stress", "--backend", "b"], "plugin `stress` provides no backend `b`");
    says(&["stress", "--settings", "[1]"], "--settings: no JSON object");
    let output = place.pilotbench(&["plugin", "check", "--list"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.contains("backend.same.seed") && text.contains("metric.best.itself"), "{text}");
}
