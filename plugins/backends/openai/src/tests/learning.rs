//! Training and batches at a double of the service.

use super::{answered, ask, ask_as, open, open_with, pilot, requests};
use crate::{
    conditions::{Budget, Conditions},
    service::Service,
};
use pilotbench_plugin_sdk::{Answers, Backend, Control, Error, Pilot, Result};
use pilotbench_testkit::service::{BatchEnd, Double, JobEnd, Logprobs, Manner, Route};
use serde_json::{Value, json};
use std::path::Path;

/// Twelve people who all agree a little and buy.
fn agreeing(adapter: Value) -> Pilot {
    let mut answers = vec![[Some(1), Some(1)]; 12];
    answers[3] = [Some(1), None];
    pilot(&answers, Some(json!({"name": "fine-tune", "settings": adapter})), 7)
}

fn training_files(double: &Double) -> usize {
    let files = double.state().files;
    files.iter().filter(|file| file.object["purpose"] == "fine-tune").count()
}

fn keeping(folder: &Path) -> Conditions {
    Conditions { folder: Some(folder.into()), ..Conditions::default() }
}

#[test]
fn a_trained_model_answers_like_its_pilot() {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(Manner::default());
    let backend = open(&double.url(), json!({}), keeping(folder.path())).unwrap();
    let before = ask(&backend, 8, 0).unwrap();
    let rows = ask_as(&backend, &agreeing(json!({"epochs": 2})), 8, 0).unwrap();
    let mean =
        |rows: &[super::Row]| rows.iter().map(|r| r.p.as_ref().unwrap()[1]).sum::<f64>() / 8.0;
    assert!(mean(&rows) > 0.8 && mean(&before) < 0.6, "{} {}", mean(&rows), mean(&before));
    assert!(
        rows[0].by.as_deref().unwrap().starts_with("ft:gpt-double:org:pb-"),
        "{:?}",
        rows[0].by
    );
    let state = double.state();
    let file = String::from_utf8(state.files[0].content.to_vec()).unwrap();
    let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 12);
    // In letters, as it is asked; what nobody answered is left out at the end.
    assert_eq!(lines[0]["messages"][2], json!({"role": "assistant", "content": "B"}));
    assert_eq!(lines[3]["messages"].as_array().unwrap().len(), 3);
    assert_eq!(state.jobs[0]["method"]["supervised"]["hyperparameters"]["n_epochs"], 2);
    // The same pilot again: the model is there.
    let again = ask_as(&backend, &agreeing(json!({"epochs": 2})), 8, 0).unwrap();
    assert_eq!((again, double.count(Route::CreateJob)), (rows, 1));
    let other = agreeing(json!({"epochs": 3}));
    ask_as(&backend, &other, 8, 0).unwrap();
    assert_eq!(double.count(Route::CreateJob), 2);
}

/// A13: the job was made and nobody said so; the process was killed while it ran.
#[test]
fn a_job_is_found_again_and_not_made_twice() {
    for has_folder in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let conditions = if has_folder { keeping(folder.path()) } else { Conditions::default() };
        let double = Double::start(Manner::default());
        double.lose_next_create();
        double.lose_next_file();
        let backend = open(&double.url(), json!({}), conditions.clone()).unwrap();
        ask_as(&backend, &agreeing(json!({})), 4, 0).unwrap();
        assert_eq!(double.state().jobs.len(), 1, "with a folder: {has_folder}");
        assert_eq!(training_files(&double), 1);
        drop(backend);
        // Another process that knows nothing but the service.
        let backend = open(&double.url(), json!({}), Conditions::default()).unwrap();
        ask_as(&backend, &agreeing(json!({})), 4, 0).unwrap();
        assert_eq!(double.state().jobs.len(), 1);
    }
}

/// A13
#[test]
fn a_job_that_fails_is_told_with_the_services_code_and_made_anew_by_a_later_run() {
    let end = JobEnd::FailsAfterRunning { code: "server_error".into(), message: "it broke".into() };
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(Manner { job: end, ..Manner::default() });
    let backend = open(&double.url(), json!({}), keeping(folder.path())).unwrap();
    let said = ask_as(&backend, &agreeing(json!({})), 4, 0).unwrap_err().to_string();
    assert!(said.contains("server_error: it broke") && said.contains("failed"), "{said}");
    assert_eq!(double.state().jobs.len(), 1);
    let said = ask_as(&backend, &agreeing(json!({})), 4, 0).unwrap_err().to_string();
    assert!(said.contains("server_error"), "{said}");
    assert_eq!((double.state().jobs.len(), training_files(&double)), (2, 1));
}

/// A13
#[test]
fn too_few_examples_are_the_services_to_refuse() {
    let double = Double::start(Manner::default());
    let backend = open(&double.url(), json!({}), Conditions::default()).unwrap();
    let few =
        pilot(&[[Some(1), Some(1)]; 3], Some(json!({"name": "fine-tune", "settings": {}})), 7);
    let said = ask_as(&backend, &few, 4, 0).unwrap_err().to_string();
    assert!(said.contains("invalid_training_file"), "{said}");
    let nobody = pilot(&[], Some(json!({"name": "fine-tune", "settings": {}})), 7);
    assert_eq!(ask_as(&backend, &nobody, 4, 0).unwrap(), ask(&backend, 4, 0).unwrap());
    let wrong = agreeing(json!({"epoch": 3}));
    assert!(matches!(ask_as(&backend, &wrong, 4, 0), Err(Error::Config { .. })));
}

/// A13
#[test]
fn a_status_that_nobody_knows_goes_on_until_the_deadline() {
    let double =
        Double::start(Manner { job: JobEnd::Unknown("pondering".into()), ..Manner::default() });
    let backend = open(&double.url(), json!({}), Conditions::default()).unwrap();
    let pilot = agreeing(json!({"deadline_hours": 0.0001}));
    let said = ask_as(&backend, &pilot, 4, 0).unwrap_err().to_string();
    assert!(said.contains("is pondering after") && said.contains("resume"), "{said}");
    assert_eq!(double.state().jobs.len(), 1);
    assert!(double.count(Route::Job) > 10, "{}", double.count(Route::Job));
}

#[test]
fn models_and_files_are_removed_where_asked() {
    let double = Double::start(Manner::default());
    let backend = open(&double.url(), json!({}), Conditions::default()).unwrap();
    let adapted = backend.adapt(&agreeing(json!({"delete": true})), &Control::none()).unwrap();
    answered(&backend, &adapted, 4, 0).unwrap();
    assert_eq!(double.state().tuned_models().len(), 1);
    drop(adapted);
    for r in double.requests() {
        eprintln!("{} {}", r.method, r.path);
    }
    assert_eq!((double.state().tuned_models().len(), double.state().files.len()), (0, 0));
}

/// A priced service with a cap.
fn priced(double: &Double, folder: &Path, usd: f64, settings: Value) -> Result<crate::OpenAi> {
    let budget = Budget { nano_usd: (usd * 1e9) as i64, ledger: folder.join("spent.jsonl") };
    let prices = "date = \"2026-01-01\"\n[[price]]\nservice = \"double\"\nmodel = \"*\"\ninput = 1\noutput = 2\nbatch = 0.5\ntraining = 10\n";
    let conditions = Conditions {
        budget: Some(budget),
        prices: Some(("prices.toml".into(), prices.into())),
        ..keeping(folder)
    };
    open_with(&double.url(), settings, conditions, |service: &mut Service| {
        service.name = "double".into();
        service.free = false;
    })
}

fn spent(folder: &Path) -> i64 {
    let text = std::fs::read_to_string(folder.join("spent.jsonl")).unwrap();
    text.lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["nano_usd"].as_i64().unwrap())
        .sum()
}

#[test]
fn training_is_reserved_settled_and_charged_to_the_first_answer() {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(Manner::default());
    let backend = priced(&double, folder.path(), 10.0, json!({})).unwrap();
    let before = spent(folder.path());
    let rows = ask_as(&backend, &agreeing(json!({"epochs": 2})), 4, 0).unwrap();
    let tokens = double.state().jobs[0]["trained_tokens"].as_u64().unwrap();
    let training = tokens as f64 * 10.0 / 1e6;
    assert!(rows[0].usd.unwrap() > training && rows[1].usd.unwrap() < training, "{rows:?}");
    let all: f64 = rows.iter().map(|row| row.usd.unwrap()).sum();
    assert!(((spent(folder.path()) - before) as f64 / 1e9 - all).abs() < 1e-9);
    let poor = tempfile::tempdir().unwrap();
    let backend = priced(&double, poor.path(), 0.01, json!({})).unwrap();
    let said = ask_as(&backend, &agreeing(json!({"epochs": 4})), 4, 0).unwrap_err();
    assert!(matches!(said, Error::Budget(_)), "{said}");
    assert_eq!(double.state().jobs.len(), 1);
}

fn batched(end: BatchEnd) -> (Double, crate::OpenAi, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(Manner { batch: end, ..Manner::default() });
    let backend = priced(&double, folder.path(), 1.0, json!({"batch": true})).unwrap();
    (double, backend, folder)
}

/// A14
#[test]
fn a_batch_answers_as_requests_do_at_half_the_price() {
    let (double, backend, folder) = batched(BatchEnd::Completes);
    let chats = double.count(Route::Chat);
    let rows = ask(&backend, 30, 0).unwrap();
    assert_eq!((double.count(Route::Chat), double.state().batches.len()), (chats, 1));
    let direct = priced(&double, folder.path(), 1.0, json!({})).unwrap();
    let other = tempfile::tempdir().unwrap();
    let fresh = priced(&double, other.path(), 1.0, json!({})).unwrap();
    let same = |a: &super::Row, b: &super::Row| (&a.p, a.tokens) == (&b.p, b.tokens);
    let once = ask(&fresh, 30, 0).unwrap();
    assert!(rows.iter().zip(&once).all(|(a, b)| same(a, b)));
    assert!((rows[0].usd.unwrap() * 2.0 - once[0].usd.unwrap()).abs() < 2e-9);
    // Kept like any other answer.
    let sent = direct.sent();
    assert_eq!(ask(&direct, 30, 0).unwrap(), rows);
    assert_eq!(direct.sent(), sent);
    // A handful is not worth a day.
    ask(&backend, 33, 0).unwrap();
    assert_eq!(double.state().batches.len(), 1);
}

/// A14
#[test]
fn what_a_batch_lacks_is_asked_once_more() {
    for end in [BatchEnd::Drops, BatchEnd::ExpiresWith(0.5)] {
        let (double, backend, _folder) = batched(end.clone());
        let said = ask(&backend, 30, 0);
        let batches = double.state().batches.len();
        match end {
            BatchEnd::Drops => assert!(said.is_ok() && batches == 2, "{said:?}"),
            _ => {
                let said = said.unwrap_err().to_string();
                assert!(said.contains("of 30 requests of a batch have no answer"), "{said}");
                assert_eq!(batches, 2);
            }
        }
    }
}

/// A14
#[test]
fn a_batch_that_answers_twice_is_no_answer() {
    let (double, backend, _folder) = batched(BatchEnd::Duplicates);
    let said = ask(&backend, 30, 0).unwrap_err().to_string();
    assert!(said.contains("twice"), "{said}");
    assert_eq!(double.state().batches.len(), 1);
    let (_double, backend, folder) = batched(BatchEnd::FailsValidation(3));
    let before = spent(folder.path());
    let said = ask(&backend, 30, 0).unwrap_err().to_string();
    assert!(said.contains("line 3"), "{said}");
    assert_eq!(spent(folder.path()), before, "nothing was done");
}

/// A14: made, and nobody said so.
#[test]
fn a_batch_is_found_again() {
    let (double, backend, _folder) = batched(BatchEnd::Completes);
    double.lose_next_batch();
    ask(&backend, 30, 0).unwrap();
    assert_eq!(double.state().batches.len(), 1);
    // Which lines fail is chance; that all of thirty work is none.
    let (double, backend, _folder) = batched(BatchEnd::FailsSome(0.4));
    if let Err(error) = ask(&backend, 30, 0) {
        assert!(error.to_string().contains("status 500"), "{error}");
    }
    assert_eq!(double.state().batches.len(), 2, "lines that failed are asked once more");
}

#[test]
fn a_whole_questionnaire_goes_through_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let double = Double::start(Manner { logprobs: Logprobs::Null, ..Manner::default() });
    let settings = json!({"batch": true, "questionnaire": true});
    let backend = priced(&double, folder.path(), 1.0, settings).unwrap();
    let adapted = backend.adapt(&pilot(&[], None, 7), &Control::none()).unwrap();
    for item in 0..2 {
        let mut answers = Answers::with_capacity(20);
        backend.respond(&adapted, &requests(20, item), &mut answers, &Control::none()).unwrap();
        assert!(super::rows(&answers.finish().unwrap()).iter().all(|row| row.choice.is_some()));
    }
    assert_eq!(double.state().batches.len(), 1);
}
