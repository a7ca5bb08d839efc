//! Answers to chats.

use super::*;
use crate::service::{Logprobs, Schemas};

fn with(mut body: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

/// The first word's alternatives and their probabilities.
fn top(reply: &Value) -> Vec<(String, f64)> {
    let top = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"].as_array().unwrap();
    let each = top.iter().map(|entry| {
        assert_eq!(
            entry["bytes"].as_array().unwrap().len(),
            entry["token"].as_str().unwrap().len()
        );
        (entry["token"].as_str().unwrap().into(), entry["logprob"].as_f64().unwrap().exp())
    });
    each.collect()
}

fn share(top: &[(String, f64)], token: &str) -> f64 {
    top.iter().find(|(text, _)| text == token).unwrap_or_else(|| panic!("{token} in {top:?}")).1
}

#[test]
fn replies_are_whole_and_the_same_again() {
    let manner = Manner { resolved: Some("gpt-double-2026".into()), ..Manner::default() };
    let double = Double::start(manner);
    let first = post(&double, CHAT, &question(LABELS));
    assert!(LABELS.contains(&format!("- {}", content(&first))));
    assert_eq!(
        (&first["object"], &first["model"]),
        (&json!("chat.completion"), &json!("gpt-double-2026"))
    );
    assert_eq!(first["system_fingerprint"], "fp_double");
    assert_eq!(first["choices"][0]["finish_reason"], "stop");
    assert_eq!(first["usage"]["prompt_tokens"], LABELS.len().div_ceil(4));
    assert_eq!(first["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
    double.set_fingerprint(Some("fp_new"));
    let second = post(&double, CHAT, &question(LABELS));
    assert_eq!(content(&first), content(&second));
    assert_eq!(second["system_fingerprint"], "fp_new");
    assert_ne!(first["id"], second["id"]);
}

#[test]
fn seeds_draw_by_the_law_and_cold_answers_are_the_likeliest() {
    let double = Double::start(Manner::default());
    let logprobs = json!({"logprobs": true, "top_logprobs": 20, "temperature": 0});
    let cold = post(&double, CHAT, &with(question(LETTERS), logprobs));
    let law = top(&cold);
    assert_eq!(content(&cold), law[0].0);
    let mut drawn = 0;
    for seed in 0..200 {
        let reply = post(&double, CHAT, &with(question(LETTERS), json!({"seed": seed})));
        drawn += usize::from(content(&reply) == law[0].0);
    }
    let expected = law[0].1 / 0.95 / 0.9 * 200.0;
    assert!((drawn as f64 - expected).abs() < 25.0, "{drawn} for {expected}");
}

#[test]
fn letters_come_beside_variants_and_other_words() {
    let double = Double::start(Manner::default());
    let all = json!({"logprobs": true, "top_logprobs": 20, "max_tokens": 1});
    let reply = post(&double, CHAT, &with(question(LETTERS), all));
    let law = top(&reply);
    assert_eq!(law.len(), 8);
    assert!((law.iter().map(|(_, p)| p).sum::<f64>() - 1.0).abs() < 1e-9);
    assert!((share(&law, "The") + share(&law, "Sure") - 0.05).abs() < 1e-9);
    assert!((share(&law, " B") * 9.0 - share(&law, "B")).abs() < 1e-9);
    let some =
        post(&double, CHAT, &with(question(LETTERS), json!({"logprobs": true, "top_logprobs": 2})));
    assert_eq!(top(&some), law[..2]);
    let other = post(
        &double,
        CHAT,
        &with(
            question(&LETTERS.replace("you", "they")),
            json!({"logprobs": true, "top_logprobs": 20}),
        ),
    );
    assert_ne!(share(&top(&other), "A"), share(&law, "A"));
}

#[test]
fn labels_are_spoken_word_by_word_and_continued() {
    let double = Double::start(Manner { prefill: true, ..Manner::default() });
    let all = json!({"logprobs": true, "top_logprobs": 5});
    let reply = post(&double, CHAT, &with(question(LABELS), all.clone()));
    let law = top(&reply);
    assert_eq!(law.len(), 2);
    assert!((share(&law, "Very") + share(&law, "So") - 1.0).abs() < 1e-9);
    let continued = |begun: &str| {
        let mut body = with(question(LABELS), all.clone());
        let answer = json!({"role": "assistant", "content": begun});
        body["messages"].as_array_mut().unwrap().push(answer);
        post(&double, CHAT, &body)
    };
    let reply = continued("Very");
    assert!([" well", " bad"].contains(&content(&reply)));
    assert!((share(&top(&reply), " well") + share(&top(&reply), " bad") - 1.0).abs() < 1e-9);
    assert_eq!(content(&continued("Very w")), "ell");
    let done = continued("So so");
    assert_eq!((content(&done), top(&done)[0].0.as_str()), ("", "<|end|>"));
    assert!([" Very well", " Very bad", " So so"].contains(&content(&continued("Answer:"))));
}

#[test]
fn log_probabilities_may_be_unknown_or_too_many() {
    let asked = with(question(LETTERS), json!({"logprobs": true, "top_logprobs": 21}));
    let double = Double::start(Manner::default());
    let (status, error) = refused(&double, CHAT, &asked);
    assert_eq!((status, &error["param"]), (400, &json!("top_logprobs")));
    let double =
        Double::start(Manner { logprobs: Logprobs::Null, most_top: 50, ..Manner::default() });
    assert_eq!(post(&double, CHAT, &asked)["choices"][0]["logprobs"], Value::Null);
    let double = Double::start(Manner { logprobs: Logprobs::Refused, ..Manner::default() });
    assert!(
        refused(&double, CHAT, &asked).1["message"].as_str().unwrap().contains("not supported")
    );
}

#[test]
fn json_conforms_to_schemas() {
    let schema = json!({"type": "object", "additionalProperties": false,
        "required": ["mood", "sure"], "properties": {
            "mood": {"type": "string", "enum": ["Very well", "So \"so\""]},
            "sure": {"type": "string", "enum": ["yes", "no"]}}});
    let format = json!({"response_format": {"type": "json_schema",
        "json_schema": {"name": "answers", "strict": true, "schema": schema}}});
    let double = Double::start(Manner::default());
    let mut body = with(question(LABELS), format);
    for seed in 0..20 {
        body["seed"] = json!(seed);
        let reply = post(&double, CHAT, &body);
        let answer: Value = serde_json::from_str(content(&reply)).unwrap();
        assert!(["Very well", "So \"so\""].contains(&answer["mood"].as_str().unwrap()));
        assert!(["yes", "no"].contains(&answer["sure"].as_str().unwrap()));
    }
    body["logprobs"] = json!(true);
    let reply = post(&double, CHAT, &body);
    let tokens = reply["choices"][0]["logprobs"]["content"].as_array().unwrap();
    let text: String = tokens.iter().map(|token| token["token"].as_str().unwrap()).collect();
    assert_eq!(text, content(&reply));
    let ignoring = Double::start(Manner { schemas: Schemas::Ignored, ..Manner::default() });
    assert!(LABELS.contains(content(&post(&ignoring, CHAT, &body))));
    let refusing = Double::start(Manner { schemas: Schemas::Refused, ..Manner::default() });
    assert_eq!(refused(&refusing, CHAT, &body).0, 400);
    body["response_format"]["json_schema"]["schema"]["additionalProperties"] = json!(true);
    assert_eq!(refused(&double, CHAT, &body).1["param"], "response_format");
}

#[test]
fn streams_hold_the_same_as_replies() {
    let double = Double::start(Manner::default());
    let body = with(question(LABELS), json!({"logprobs": true, "top_logprobs": 3}));
    let reply = post(&double, CHAT, &body);
    let more = json!({"stream": true, "stream_options": {"include_usage": true}});
    let head = "POST /v1/chat/completions HTTP/1.1";
    let (_, text) = raw(&double, head, with(body, more).to_string().as_bytes()).unwrap();
    let events: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!((events.len(), events[5]), (6, "[DONE]"));
    let events: Vec<Value> =
        events[..5].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let delta = |place: usize| &events[place]["choices"][0]["delta"]["content"];
    assert_eq!(delta(0), &Value::Null);
    let text = [1, 2].map(|place| delta(place).as_str().unwrap()).concat();
    assert_eq!(text, content(&reply));
    let first = &events[1]["choices"][0]["logprobs"]["content"][0];
    assert_eq!(first, &reply["choices"][0]["logprobs"]["content"][0]);
    assert_eq!(events[3]["choices"][0]["finish_reason"], "stop");
    assert_eq!((&events[4]["choices"], &events[4]["usage"]), (&json!([]), &reply["usage"]));
}

#[test]
fn some_conversations_are_refused() {
    let double = Double::start(Manner { refuse_share: 0.5, ..Manner::default() });
    let refusals = (0..40).filter(|number| {
        let reply = post(&double, CHAT, &question(&format!("{number} {LABELS}")));
        let message = &reply["choices"][0]["message"];
        assert_ne!(message["content"].is_null(), message["refusal"].is_null());
        message["content"].is_null()
    });
    assert!((8..32).contains(&refusals.count()));
}

#[test]
fn strange_requests_are_errors() {
    let double = Double::start(Manner { only_listed: true, ..Manner::default() });
    let unknown = with(question(LABELS), json!({"model": "other"}));
    let (status, error) = refused(&double, CHAT, &unknown);
    assert_eq!((status, &error["code"]), (404, &json!("model_not_found")));
    let empty = json!({"model": "gpt-double", "messages": []});
    assert_eq!(refused(&double, CHAT, &empty).0, 400);
    assert_eq!(send(&double, "POST", CHAT, "{").0, 400);
}
