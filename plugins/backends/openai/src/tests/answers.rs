//! Answers in all their ways.

use super::{LEVELS, Row, ask, ask_as, open, open_with, pilot};
use crate::{conditions::Conditions, service::Prefill};
use pilotbench_testkit::service::{
    Double, Logprobs, Manner, Route, Schemas, Scripted, json as reply_json,
};
use serde_json::{Value, json};

/// A service whose next tokens are a function of the last message and of the answer begun.
fn lawful(
    law: impl Fn(&str, &str) -> Vec<(&'static str, f64)> + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |request, _| {
        let body = request.json();
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        let last = messages.last().cloned().unwrap_or_default();
        let begun = if last["role"] == "assistant" { last["content"].as_str() } else { None };
        let question = messages.iter().rev().find(|message| message["role"] == "user");
        let question = question.and_then(|message| message["content"].as_str()).unwrap_or_default();
        let top: Vec<Value> = law(question, begun.unwrap_or_default())
            .into_iter()
            .map(|(token, p)| json!({"token": token, "logprob": p.ln()}))
            .collect();
        let place = json!({"token": "x", "logprob": -0.1, "top_logprobs": top});
        reply_json(
            200,
            &json!({
                "model": "m", "choices": [{"message": {"content": "x"}, "finish_reason": "length",
                "logprobs": {"content": [place]}}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 1},
            }),
        )
    })
}

fn close(found: &Row, right: &[f64]) {
    let p = found.p.as_ref().unwrap();
    let worst = p.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-9 && p.len() == right.len(), "{p:?} instead of {right:?}");
}

#[test]
fn letters_are_probabilities_of_options() {
    let server = lawful(|question, _| {
        assert!(question.contains("one of:\nA. "), "{question}");
        vec![("A", 0.3), (" A", 0.1), ("B", 0.2), ("D", 0.1), ("The", 0.2)]
    });
    let backend = open(&server.url(), json!({}), Conditions::default()).unwrap();
    let rows = ask(&backend, 3, 0).unwrap();
    // C is not listed: it is at most as likely as the least likely that is.
    close(&rows[0], &[0.5, 0.25, 0.125, 0.125]);
    assert_eq!(
        (rows[0].tokens, rows[0].usd, rows[0].by.as_deref()),
        ([100, 1], Some(0.0), Some("m"))
    );
    let half = open(&server.url(), json!({"temperature": 0.5}), Conditions::default()).unwrap();
    let squares = [0.25, 0.0625, 0.015625, 0.015625].map(|p| p / 0.34375);
    close(&ask(&half, 1, 0).unwrap()[0], &squares);
}

#[test]
fn orders_of_options_average_a_preference_for_places_away() {
    let server = lawful(|_, _| vec![("A", 0.8), ("B", 0.2)]);
    let backend = open(&server.url(), json!({"orders": 2}), Conditions::default()).unwrap();
    let rows = ask(&backend, 2, 1).unwrap();
    close(&rows[0], &[0.5, 0.5]);
    assert_eq!(rows[0].tokens, [200, 2]);
}

#[test]
fn the_tree_of_labels_is_walked_where_they_part() {
    let server = lawful(|question, begun| match begun {
        "Par" => vec![("is", 0.9), ("k", 0.05)],
        "" if question.contains("blue") => vec![("A", 0.5), ("B", 0.4)],
        "" => vec![("Strong", 0.4), ("Some", 0.1), ("I", 0.3)],
        "Strongly" => vec![(" agree", 0.5), (" dis", 0.25)],
        "Somewhat" => vec![(" agree", 0.1), (" disagree", 0.3)],
        other => panic!("asked after {other:?}"),
    });
    let says = |service: &mut crate::service::Service| service.prefill = Prefill::LastMessage;
    let backend = open_with(&server.url(), json!({}), Conditions::default(), says).unwrap();
    let rows = ask(&backend, 1, 0).unwrap();
    close(&rows[0], &[0.8 * 2.0 / 3.0, 0.2 * 0.25, 0.2 * 0.75, 0.8 / 3.0]);
    assert_eq!(rows[0].tokens, [300, 3]);
}

#[test]
fn a_service_that_names_no_option_is_taken_at_its_word() {
    let server = lawful(|question, _| match question.contains("blue") {
        true => vec![("A", 0.5), ("B", 0.4)],
        false => vec![("As", 0.9), ("I", 0.05)],
    });
    let backend = open(&server.url(), json!({}), Conditions::default()).unwrap();
    let rows = ask(&backend, 1, 0).unwrap();
    assert_eq!((rows[0].p.as_ref(), rows[0].text.as_deref()), (None, Some("x")));
}

/// The same law by the words of the labels, token by token and as an echo.
#[test]
fn tree_and_echo_agree() {
    let double = Double::start(Manner::default());
    let completions = |answers: &str| {
        let settings = json!({"endpoint": "completions", "answers": answers});
        open(&double.url(), settings, Conditions::default()).unwrap()
    };
    let (tree, echo) = (completions("tree"), completions("echo"));
    let (by_tree, by_echo) = (ask(&tree, 5, 0).unwrap(), ask(&echo, 5, 0).unwrap());
    for (tree, echo) in by_tree.iter().zip(&by_echo) {
        let worst = tree.p.iter().flatten().zip(echo.p.iter().flatten());
        let worst = worst.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-6 && tree.p.as_ref().unwrap().len() == 4, "{tree:?} {echo:?}");
    }
    assert_ne!(by_tree[0].p, by_tree[1].p);
}

#[test]
fn sampled_answers_are_choices_words_and_refusals() {
    let manner = Manner { logprobs: Logprobs::Null, refuse_share: 0.3, ..Manner::default() };
    let double = Double::start(manner.clone());
    let backend = open(&double.url(), json!({"answers": "schema"}), Conditions::default()).unwrap();
    let rows = ask(&backend, 40, 0).unwrap();
    let refused = rows.iter().filter(|row| row.refused).count();
    assert!((3..25).contains(&refused), "{refused}");
    assert!(rows.iter().all(|row| row.refused != row.choice.is_some()), "{rows:?}");
    assert!(rows.iter().all(|row| row.p.is_none()));
    let text = open(&double.url(), json!({"answers": "text"}), Conditions::default()).unwrap();
    let said = ask(&text, 40, 0).unwrap();
    assert!(said.iter().all(|row| row.text.is_some() && row.choice.is_none()));
    assert!(said.iter().any(|row| row.text.as_deref().is_some_and(|t| LEVELS.contains(&t))));
    let streamed = json!({"answers": "text", "stream": true});
    let streamed = open(&double.url(), streamed, Conditions::default()).unwrap();
    assert_eq!(ask(&streamed, 40, 0).unwrap().len(), 40);
}

/// Another replicate draws other answers, the same one the same.
#[test]
fn sampled_answers_belong_to_their_replicate() {
    let double = Double::start(Manner::default());
    let backend = open(&double.url(), json!({"answers": "schema"}), Conditions::default()).unwrap();
    let of = |seed| -> Vec<Option<i32>> {
        let rows = ask_as(&backend, &pilot(&[], None, seed), 30, 0).unwrap();
        rows.into_iter().map(|row| row.choice).collect()
    };
    let first = of(1);
    let sent = backend.sent();
    assert_eq!(of(1), first);
    assert_eq!(backend.sent(), sent, "the same replicate is not asked for again");
    assert_ne!(of(2), first);
    assert_eq!(backend.sent(), sent + 30);
}

#[test]
fn a_questionnaire_is_one_request_a_person() {
    for (schemas, way) in [(Schemas::Enforced, "schema"), (Schemas::Ignored, "text")] {
        let double = Double::start(Manner { schemas, ..Manner::default() });
        let settings = json!({"questionnaire": true, "answers": way});
        let opened = open(&double.url(), settings, Conditions::default());
        let Ok(backend) = opened else {
            assert_eq!(way, "schema");
            continue;
        };
        let before = double.count(Route::Chat);
        let trust = ask(&backend, 10, 0).unwrap();
        let buy = ask(&backend, 10, 1).unwrap();
        assert_eq!(double.count(Route::Chat), before + 10, "{way}");
        assert!(trust.iter().all(|row| row.tokens[0] > 0), "{trust:?}");
        assert!(buy.iter().all(|row| row.tokens == [0, 0]), "the first question pays");
        if way == "schema" {
            assert!(trust.iter().chain(&buy).all(|row| row.choice.is_some()), "{trust:?}");
            let sheet = double.requests().last().unwrap().json();
            let text = sheet["messages"][1]["content"].as_str().unwrap();
            assert!(text.starts_with("The arm.\n\nAnswer all of these"), "{text}");
            assert!(
                text.contains("q1_trust: Do you trust it?") && text.contains("- yes"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_prompt_that_is_too_long_is_told_with_its_length() {
    let double = Double::start_with(Manner::default(), |request, _| {
        let is_long = String::from_utf8_lossy(&request.body).contains("Do you buy");
        let error = json!({"error": {"code": 400, "type": "exceed_context_size_error",
            "message": "too long", "n_prompt_tokens": 3000, "n_ctx": 2048}});
        is_long.then(|| reply_json(400, &error))
    });
    let backend = open(&double.url(), json!({}), Conditions::default()).unwrap();
    assert!(ask(&backend, 1, 1).is_err_and(|error| {
        matches!(error, pilotbench_plugin_sdk::Error::TooLong { tokens: 3000, limit: 2048 })
    }));
}
