//! What is found out, and refused, before a run.

use super::{ask, open, open_with, way};
use crate::{conditions::Conditions, service::Prefill};
use pilotbench_plugin_sdk::{Backend, Error};
use pilotbench_testkit::service::{Double, Logprobs, Manner, Schemas};
use serde_json::{Value, json};

fn opened(manner: Manner, settings: Value) -> Result<String, String> {
    let double = Double::start(manner);
    let backend = open(&double.url(), settings, Conditions::default());
    backend.map(|backend| way(&backend)).map_err(|e| e.to_string())
}

#[test]
fn a_service_is_asked_as_well_as_it_allows() {
    let way = |manner: Manner, settings: Value| opened(manner, settings).unwrap();
    let auto = || json!({});
    assert_eq!(way(Manner::default(), auto()), "letters");
    let few = Manner { most_top: 5, ..Manner::default() };
    assert_eq!(way(few, auto()), "letters");
    for logprobs in [Logprobs::Null, Logprobs::Refused] {
        let without = Manner { logprobs, ..Manner::default() };
        assert_eq!(way(without.clone(), auto()), "schema");
        for schemas in [Schemas::Ignored, Schemas::Refused] {
            assert_eq!(way(Manner { schemas, ..without.clone() }, auto()), "text");
        }
        let said = opened(without, json!({"answers": "letters"})).unwrap_err();
        assert!(said.contains("setting `answers`: `letters`: the service gives no log"), "{said}");
    }
    let completions = || json!({"endpoint": "completions"});
    assert_eq!(way(Manner::default(), completions()), "echo");
    let silent = Manner { echo: false, ..Manner::default() };
    assert_eq!(way(silent.clone(), completions()), "tree");
    let echo = json!({"endpoint": "completions", "answers": "echo"});
    assert!(opened(silent, echo).unwrap_err().contains("does not echo"));
    assert_eq!(way(Manner::default(), json!({"questionnaire": true})), "schema");
}

#[test]
fn begun_answers_are_gone_on_with_where_the_service_does() {
    let with = |prefill: bool, settings: Value| {
        let double = Double::start(Manner { prefill, ..Manner::default() });
        let says = |service: &mut crate::service::Service| service.prefill = Prefill::LastMessage;
        let backend = open_with(&double.url(), settings, Conditions::default(), says);
        backend.map(|backend| way(&backend)).map_err(|e| e.to_string())
    };
    assert_eq!(with(true, json!({})).unwrap(), "tree");
    assert_eq!(with(false, json!({})).unwrap(), "letters");
    assert!(with(false, json!({"answers": "tree"})).unwrap_err().contains("does not go on"));
}

#[test]
fn what_the_service_refuses_is_told_before_a_run() {
    let key =
        Manner { key: Some("sk-right-0123456789".into()), quotes_key: true, ..Manner::default() };
    let said = opened(key, json!({})).unwrap_err();
    assert!(said.starts_with("setting `key_env`: no key was given"), "{said}");
    let only = Manner { only_listed: true, ..Manner::default() };
    let said = opened(only, json!({"model": "gpt-5-typo"})).unwrap_err();
    assert!(said.contains("setting `model`: `gpt-5-typo` is not to be had"), "{said}");
    let nobody = pilotbench_testkit::service::refused_url();
    let said = open(&nobody, json!({}), Conditions::default()).err().unwrap().to_string();
    assert!(said.contains("setting `service`") && said.contains("no connection"), "{said}");
}

#[test]
fn money_is_talked_about_before_anything_is_sent() {
    let double = Double::start(Manner::default());
    let with = |settings: Value, free: bool| {
        open_with(&double.url(), settings, Conditions::default(), |service| {
            service.free = free;
            service.name = "openai".into();
        })
        .map(|_| ())
        .map_err(|e| e.to_string())
    };
    let said = with(json!({"model": "unheard-of"}), false).unwrap_err();
    assert!(said.contains("no price is known of `unheard-of` at `openai`"), "{said}");
    let said = with(json!({"model": "gpt-4o-mini"}), false).unwrap_err();
    assert!(said.contains("--budget") && said.contains("--estimate"), "{said}");
    assert_eq!(double.requests().len(), 0);
    with(json!({"model": "unheard-of", "allow_unpriced": true}), false).unwrap();
    with(json!({"model": "gpt-4o-mini"}), true).unwrap();
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let said = |settings: Value| opened(Manner::default(), settings).unwrap_err();
    assert!(said(json!({"orders": 0})).contains("`orders`"));
    assert!(said(json!({"orders": 2, "answers": "text"})).contains("cannot be averaged"));
    assert!(said(json!({"body": {"messages": []}})).contains("`messages` is set by"));
    assert!(said(json!({"answers": "echo"})).contains("need `completions`"));
    assert!(said(json!({"batch": true, "answers": "tree"})).contains("use `letters`"));
    assert!(said(json!({"questionnaire": true, "answers": "letters"})).contains("questionnaire"));
    let template = json!({"endpoint": "completions", "template": "/no/such.jinja"});
    assert!(said(template).contains("/no/such.jinja"));
}

#[test]
fn a_replay_needs_what_was_kept_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keeping = Conditions { folder: Some(folder.path().into()), ..Conditions::default() };
    let double = Double::start(Manner::default());
    let url = double.url();
    let first = open(&url, json!({}), keeping.clone()).unwrap();
    let answers = ask(&first, 6, 0).unwrap();
    drop((first, double));
    let replaying = Conditions { replay: true, ..keeping.clone() };
    let replay = open(&url, json!({}), replaying.clone()).unwrap();
    assert_eq!(ask(&replay, 6, 0).unwrap(), answers);
    let missing = ask(&replay, 7, 0).unwrap_err().to_string();
    assert!(missing.contains("--replay"), "{missing}");
    assert_eq!(replay.sent(), 0);
    let unknown = open(&url, json!({"model": "another"}), replaying).err().unwrap();
    assert!(matches!(unknown, Error::Config { .. }), "{unknown}");
    let estimating = Conditions { estimate: true, ..keeping };
    let estimate = open(&url, json!({}), estimating).unwrap();
    let rows = ask(&estimate, 8, 0).unwrap();
    assert_eq!(rows[5].tokens, [0, 0], "a kept answer costs nothing more");
    assert!(rows[7].tokens[0] > 20 && rows[7].p == Some(vec![0.25; 4]), "{:?}", rows[7]);
    assert_eq!((estimate.sent(), estimate.usage().requests), (0, 8));
}
