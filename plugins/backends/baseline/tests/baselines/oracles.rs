//! `human-split`, `human-retest` and `human-full`.

use super::{Given, Ready, answering, ask, near, open};
use backend_baseline::{HumanFull, HumanRetest, HumanSplit};
use pilotbench_plugin_sdk::{
    Backend, Control, Error, Pilot,
    arrow_array::{ArrayRef, RecordBatch, StringArray},
    testing::{self, Person},
};
use std::sync::Arc;

fn named(id: &str, answers: &[i32]) -> Person {
    Person { id: id.into(), ..answering(answers) }
}

/// The other half, with the column that names whom each stands in for.
fn halves() -> Pilot {
    let levels = |count| -> Vec<_> {
        (0..count).map(|v| serde_json::json!({"label": format!("{v}"), "value": v})).collect()
    };
    let item = |id: &str, role: &str, count: i32| serde_json::json!({"id": id, "role": role, "kind": "ordinal", "levels": levels(count)});
    let json = serde_json::json!({
        "id": "toy", "title": "Toy", "arms": [], "covariates": [],
        "items": [item("q0", "belief", 3), item("q1", "action", 2)],
    });
    let experiment = testing::experiment(&json.to_string());
    let other = [named("a", &[2, 0]), named("b", &[-1, 1]), named("c", &[0, 0])];
    let batch = testing::batch(&experiment, &other);
    let partners: StringArray = [Some("x"), Some("y"), None].into_iter().collect();
    let columns = batch.schema_ref().fields().iter().map(|f| f.name().clone());
    let columns: Vec<(String, ArrayRef)> = columns.zip(batch.columns().iter().cloned()).collect();
    let partner: (String, ArrayRef) = ("partner_id".into(), Arc::new(partners));
    let columns = columns.into_iter().chain([partner]).map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    Pilot::new(&batch, &serde_json::json!({"experiment": json, "seed": 1}).to_string()).unwrap()
}

#[test]
fn each_participant_gets_the_record_under_their_name() {
    hands_out_records::<HumanSplit>();
    hands_out_records::<HumanRetest>();
}

fn hands_out_records<B: Backend>() {
    let ready = Ready::<B>::with("{}", &halves());
    let people = [named("y", &[-1, -1]), named("x", &[-1, -1])];
    let first = ready.ask(&people, 0);
    assert!(matches!(&first[0], Given::Refusal(text) if text.contains("no answer")));
    assert_eq!(first[1], Given::Choice(2));
    assert_eq!(ready.ask(&people, 1), [Given::Choice(1), Given::Choice(0)]);
}

#[test]
fn a_participant_without_a_record_is_an_error() {
    knows_no_strangers::<HumanSplit>("has no partner in the other half");
    knows_no_strangers::<HumanRetest>("was not asked again");
}

fn knows_no_strangers<B: Backend>(words: &str) {
    let ready = Ready::<B>::with("{}", &halves());
    for stranger in ["a", "c", "z"] {
        let people = [named(stranger, &[-1, -1])];
        let requests = testing::requests(&ready.experiment, &people, 0).unwrap();
        let error = ask(&ready.backend, &ready.learned, &requests).unwrap_err();
        assert!(
            matches!(error, Error::BadInput(text) if text.contains(stranger) && text.ends_with(words))
        );
    }
}

#[test]
fn full_leaves_the_participant_out() {
    let experiment = testing::ordinal_experiment(&[3, 2]);
    let all =
        [named("a", &[0, 1]), named("b", &[0, -1]), named("c", &[2, -1]), named("d", &[-1, -1])];
    let ready = Ready::<HumanFull>::new(&experiment, &all);
    let own = |id: &str, item| ready.one(&named(id, &[-1, -1]), item);
    near(&own("a", 0), &[0.5, 0.0, 0.5]);
    near(&own("c", 0), &[1.0, 0.0, 0.0]);
    near(&own("d", 0), &[2.0 / 3.0, 0.0, 1.0 / 3.0]); // gave no answer to leave out
    near(&own("elsewhere", 0), &[2.0 / 3.0, 0.0, 1.0 / 3.0]);
    near(&own("b", 1), &[0.0, 1.0]);
    near(&own("a", 1), &[0.5, 0.5]); // nobody else answered
}

#[test]
fn nobody_to_learn_from_is_an_error() {
    fn check<B: Backend>() {
        let pilot = testing::pilot(&testing::ordinal_experiment(&[2]), &[], 0).unwrap();
        let backend: B = open("{}").unwrap();
        let error = backend.adapt(&pilot, &Control::none()).err();
        assert!(matches!(error, Some(Error::EmptyPilot)), "{}: {error:?}", B::NAME);
    }
    check::<HumanSplit>();
    check::<HumanRetest>();
    check::<HumanFull>();
    check::<backend_baseline::Mode>();
    check::<backend_baseline::Marginal>();
    check::<backend_baseline::HotDeck>();
    check::<backend_baseline::NnHotDeck>();
    check::<backend_baseline::StratumMarginal>();
    check::<backend_baseline::Ridge>();
    check::<backend_baseline::Copula>();
}
