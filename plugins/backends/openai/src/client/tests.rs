//! What the client does when networks and services misbehave, row by row of a table of faults.

use super::*;
use crate::{
    conditions::Budget,
    service::{Key as SecretKey, Limits},
};
use futures_util::future::join_all;
use pilotbench_testkit::service::{
    Request, Scripted, Step, chunked, endless, json as reply_json, refused_url, reply, sse,
    wrong_length,
};
use serde_json::json;
use std::time::SystemTime;

/// A key that must be found nowhere.
const KEY: &str = "sk-test-0123456789abcdef";
/// Nano-dollars of [`good`]'s tokens, and of the most that a request may cost.
const PRICE: Price = Price { input: 1.0, cached_input: 1.0, output: 1.0, training: None };

fn limits() -> Limits {
    Limits {
        in_flight: 8,
        attempts: 3,
        timeout: Duration::from_millis(400),
        deadline: Duration::from_secs(20),
        longest_wait: Duration::from_secs(5),
        poll: Duration::from_millis(10),
        ..Limits::default()
    }
}

fn service(url: &str, limits: Limits) -> Service {
    Service {
        name: "test".into(),
        base_url: url.to_owned(),
        key_env: "TEST_KEY".into(),
        key: SecretKey::new(Some(KEY.into())),
        free: false,
        prefill: crate::service::Prefill::None,
        max_tokens: crate::service::MaxTokens::MaxTokens,
        top_logprobs: 20,
        limits,
    }
}

fn client(url: &str, conditions: Conditions) -> Client {
    Client::new(service(url, limits()), conditions, "prices of a test").unwrap()
}

fn call(n: u64) -> Call {
    Call {
        path: "/chat/completions",
        body: json!({"model": "m", "messages": [{"role": "user", "content": format!("question {n}")}]}),
        model: "m-1".into(),
        is_resolved: true,
        replicate: 0,
        most_tokens: 4,
        needs: Part::Text,
        price: Some(PRICE),
    }
}

fn good() -> Value {
    json!({
        "model": "m-1", "system_fingerprint": "fp",
        "choices": [{"message": {"content": "Yes"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2},
    })
}

fn ok() -> Vec<Step> {
    reply_json(200, &good())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

/// What comes of one call to a server that plays this script, how many requests it took, and how long.
fn asked(script: Vec<Vec<Step>>) -> (Result<Arc<Kept>, Failure>, usize, Duration) {
    let server = Scripted::replies(script);
    let client = client(&server.url(), Conditions::default());
    let started = Instant::now();
    let said = run(client.ask(&call(0)));
    let taken = started.elapsed();
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    }
    if let Err(failure) = &said {
        let message = failure.message();
        assert!(!message.contains(KEY), "{message}");
        assert!(message.len() < 3000, "{} bytes of message", message.len());
    }
    (said, server.count(), taken)
}

fn message_of(said: Result<Arc<Kept>, Failure>) -> String {
    said.expect_err("there is no answer").message()
}

/// A1
#[test]
fn waits_are_as_long_as_the_service_says() {
    let busy = |name: &str, value: &str| {
        reply(429, &[(name, value)], r#"{"error": {"message": "slow", "code": "rate_limit"}}"#)
    };
    for (name, value, least) in
        [("retry-after", "1", 1000), ("retry-after-ms", "700", 700), ("retry-after", "soon", 0)]
    {
        let (said, count, taken) = asked(vec![busy(name, value), ok()]);
        assert_eq!((said.unwrap().said.text.as_deref(), count), (Some("Yes"), 2), "{name} {value}");
        let millis = taken.as_millis();
        assert!((least..least + 2500).contains(&millis), "{name} {value}: {millis} ms");
    }
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let (said, count, taken) = asked(vec![busy("retry-after", &date), ok()]);
    assert!(said.is_ok() && count == 2 && taken >= Duration::from_millis(900), "{taken:?}");
    let (said, count, taken) = asked(vec![busy("retry-after", "99999"), ok()]);
    let message = message_of(said);
    assert!(message.contains("come back in 99999 s") && message.contains("resume"), "{message}");
    assert!(count == 1 && taken < Duration::from_secs(1), "{taken:?}");
}

/// A2
#[test]
fn an_exhausted_account_is_not_asked_again() {
    let quota = json!({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}});
    let (said, count, _) = asked(vec![reply_json(429, &quota), ok()]);
    assert!(matches!(said, Err(Failure::Quota(_))), "{said:?}");
    assert_eq!(count, 1);
    let error: pilotbench_plugin_sdk::Error = said.unwrap_err().into();
    assert!(matches!(error, pilotbench_plugin_sdk::Error::Unavailable(_)));
}

/// A3
#[test]
fn broken_services_are_asked_again() {
    let html = "<html><body><h1>502 Bad Gateway</h1></body></html>".repeat(1000);
    for status in [500, 502, 503, 529] {
        let (said, count, _) = asked(vec![reply(status, &[], &html), ok()]);
        assert!(said.is_ok() && count == 2, "{status}: {said:?}");
    }
    let (said, count, _) = asked(vec![reply(502, &[], &html)]);
    let message = message_of(said);
    assert_eq!(count, 3);
    assert!(message.contains("given up after 3 attempts: status 502"), "{message}");
    assert!(!message.contains("html"), "{message}");
    for status in [400, 404, 413, 422, 501] {
        let (said, count, _) = asked(vec![reply(status, &[], "no"), ok()]);
        assert!(said.is_err() && count == 1, "{status}");
    }
}

/// A4
#[test]
fn broken_connections_are_tried_again_until_attempts_are_used_up() {
    let head =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"mod";
    let faults: [(&str, Vec<Step>); 5] = [
        ("reset before headers", vec![Step::Reset]),
        ("closed before headers", vec![Step::Close]),
        (
            "reset inside the body",
            vec![Step::Bytes(head.to_vec()), Step::Pause(Duration::from_millis(20)), Step::Reset],
        ),
        ("headers stall", vec![Step::KeepOpen]),
        ("the body stalls", vec![Step::Bytes(head.to_vec()), Step::KeepOpen]),
    ];
    for (what, fault) in faults {
        let (said, count, _) = asked(vec![fault.clone(), ok()]);
        assert!(said.is_ok() && count == 2, "{what}: {said:?}, {count}");
        let (said, count, taken) = asked(vec![fault]);
        assert_eq!(count, 3, "{what}");
        assert!(message_of(said).contains("given up after 3 attempts"), "{what}");
        assert!(taken < limits().deadline + limits().timeout, "{what}: {taken:?}");
    }
    let nobody = client(&refused_url(), Conditions::default());
    let message = message_of(run(nobody.ask(&call(0))));
    assert!(message.contains("no connection") && message.contains("refused"), "{message}");
    assert_eq!(nobody.sent.load(Ordering::Relaxed), 3);
    let nowhere = client("http://no-such-host.invalid/v1", Conditions::default());
    assert!(message_of(run(nowhere.ask(&call(0)))).contains("no connection"));
}

/// A4: no more attempts than the time allows.
#[test]
fn a_deadline_ends_attempts() {
    let server = Scripted::replies(vec![reply(500, &[], "")]);
    let limits = Limits { attempts: 100, deadline: Duration::from_millis(900), ..limits() };
    let client = Client::new(service(&server.url(), limits), Conditions::default(), "").unwrap();
    let started = Instant::now();
    let message = message_of(run(client.ask(&call(0))));
    assert!(message.contains("given up after 0.9 s"), "{message}");
    assert!(started.elapsed() < Duration::from_millis(1400), "{:?}", started.elapsed());
    assert!((2..6).contains(&server.count()), "{}", server.count());
}

/// A5
#[test]
fn a_stream_without_its_end_is_no_answer() {
    let piece =
        |text: &str| json!({"model": "m-1", "choices": [{"delta": {"content": text}}]}).to_string();
    let end = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}).to_string();
    let usage =
        json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).to_string();
    let good = sse(&[&piece("Ye"), &piece("s"), &end, &usage, "[DONE]"]);
    let no_done = sse(&[&piece("Yes"), &end, &usage]);
    let no_finish = sse(&[&piece("Yes"), &usage, "[DONE]"]);
    let invalid = sse(&[&piece("Yes"), "{\"choices\": [{", &end, &usage, "[DONE]"]);
    let error =
        sse(&[&piece("Yes"), r#"{"error": {"message": "overloaded", "code": 529}}"#, "[DONE]"]);
    let mut cut =
        chunked(200, "text/event-stream", vec![format!("data: {}\n\n", piece("Yes")).into()]);
    cut.truncate(2);
    cut.push(Step::Close);
    let mut streamed = call(0);
    streamed.body["stream"] = json!(true);
    for (what, fault) in [
        ("no [DONE]", no_done),
        ("no finish", no_finish),
        ("invalid", invalid),
        ("error", error),
        ("cut", cut),
    ] {
        let server = Scripted::replies(vec![fault.clone(), good.clone()]);
        let said = run(client(&server.url(), Conditions::default()).ask(&streamed));
        assert_eq!(said.unwrap().said.text.as_deref(), Some("Yes"), "{what}");
        assert_eq!(server.count(), 2, "{what}");
        let server = Scripted::replies(vec![fault]);
        let folder = tempfile::tempdir().unwrap();
        let keeping = Conditions { folder: Some(folder.path().into()), ..Conditions::default() };
        let said = run(client(&server.url(), keeping).ask(&streamed));
        assert!(said.is_err(), "{what}");
        assert!((2..=3).contains(&server.count()), "{what}");
        assert!(folder.path().read_dir().unwrap().next().is_none(), "{what}: something is kept");
    }
}

/// A6
#[test]
fn a_reply_that_lacks_what_counts_is_an_error_with_its_kind() {
    let with = |change: fn(&mut Value)| {
        let mut body = good();
        change(&mut body);
        reply_json(200, &body)
    };
    let logs = |log: &str| {
        let text = r#"{"model": "m-1", "choices": [{"message": {"content": "A"}, "logprobs": {"content":
            [{"token": "A", "logprob": LOG}]}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}"#;
        reply(200, &[], text.replace("LOG", log))
    };
    let null = with(|b| b["choices"][0]["message"]["content"] = Value::Null);
    let faults: [(&str, Vec<Step>, &str); 8] = [
        ("null content", null, "lacks its text"),
        ("empty choices", with(|b| b["choices"] = json!([])), "0 choices"),
        ("no usage", with(|b| drop(b.as_object_mut().unwrap().remove("usage"))), "no usage"),
        ("another model", with(|b| b["model"] = json!("m-2")), "`m-2` instead of `m-1`"),
        ("NaN", logs("NaN"), "no reply"),
        ("positive", logs("0.5"), "log-probability of 0.5"),
        ("a key twice", reply(200, &[], r#"{"model": "m-1", "model": "m-1"}"#), "duplicate field"),
        ("nothing", reply(200, &[], ""), "is empty"),
    ];
    for (what, fault, word) in faults {
        let (said, count, _) = asked(vec![fault]);
        assert!(matches!(said, Err(Failure::Broken(_))), "{what}: {said:?}");
        assert!(message_of(said).contains(word), "{what}");
        assert_eq!(count, 2, "{what}: each may be charged");
    }
}

/// A6: what was asked for and does not come is no answer, and is not kept.
#[test]
fn log_probabilities_that_do_not_come_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let keeping = Conditions { folder: Some(folder.path().into()), ..Conditions::default() };
    let mut filtered = good();
    filtered["choices"][0]["finish_reason"] = json!("content_filter");
    let server = Scripted::replies(vec![ok(), ok(), reply_json(200, &filtered)]);
    let client = client(&server.url(), keeping);
    let likely = Call { needs: Part::Likelihoods, ..call(0) };
    let message = message_of(run(client.ask(&likely)));
    assert_eq!(message, "the reply lacks its likelihoods");
    assert!(folder.path().read_dir().unwrap().next().is_none(), "it is kept");
    assert!(run(client.ask(&likely)).is_ok(), "a refusal has none");
}

/// A7
#[test]
fn replies_are_cut_at_their_bounds() {
    let gzip = reply(200, &[("content-encoding", "gzip")], [0x1f, 0x8b, 8, 0, 0, 0]);
    let deep = reply(200, &[], format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)));
    let faults = [
        ("longer than it says", wrong_length(200, good().to_string(), 100_000), "broke"),
        ("1 GB", endless(200, 1 << 30), "longer than"),
        ("says that it is 1 GB", wrong_length(200, "{", 1 << 30), "longer than"),
        ("compressed", gzip, "compressed"),
        ("nested", deep, "nested"),
    ];
    for (what, fault, word) in faults {
        let before = resident();
        let (said, _, _) = asked(vec![fault]);
        let message = message_of(said);
        assert!(message.contains(word), "{what}: {message}");
        let grown = resident().saturating_sub(before);
        assert!(grown < 100 << 20, "{what}: {grown} bytes more");
    }
    // Shorter than it is: what follows is no reply to anything.
    let (said, _, _) = asked(vec![wrong_length(200, good().to_string(), 20)]);
    assert!(said.is_err());
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// A8
#[test]
fn a_refused_key_is_told_without_the_key() {
    let message = format!("Incorrect API key provided: {KEY}. Bearer {KEY}");
    let denied = json!({"error": {"message": message, "code": "invalid_api_key"}});
    let (said, count, _) = asked(vec![reply_json(401, &denied), ok()]);
    assert!(matches!(said, Err(Failure::Denied(_))), "{said:?}");
    assert_eq!(count, 1);
    let message = message_of(said);
    assert!(message.contains("Incorrect API key provided: [key]"), "{message}");
}

/// A9
#[test]
fn codes_of_any_shape_are_classed_alike() {
    for code in [json!(429), json!("rate_limit_exceeded"), Value::Null] {
        let body = json!({"error": {"message": "slow down", "code": code}});
        let (said, count, _) = asked(vec![reply_json(429, &body), ok()]);
        assert!(said.is_ok() && count == 2, "{code}");
        let (said, count, _) = asked(vec![reply_json(400, &body), ok()]);
        assert!(matches!(said, Err(Failure::Lasting(_))) && count == 1, "{code}");
    }
}

fn with_budget(folder: &std::path::Path, nano_usd: i64) -> Conditions {
    let budget = Budget { nano_usd, ledger: folder.join("spent.jsonl") };
    Conditions { budget: Some(budget), folder: Some(folder.into()), ..Conditions::default() }
}

fn spent(folder: &std::path::Path) -> i64 {
    let text = std::fs::read_to_string(folder.join("spent.jsonl")).unwrap();
    let nano =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["nano_usd"].as_i64().unwrap();
    text.lines().map(nano).sum()
}

/// A10
#[test]
fn a_cap_is_never_passed_and_a_higher_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let slow =
        |_: &Request, _: usize| [vec![Step::Pause(Duration::from_millis(30))], ok()].concat();
    let server = Scripted::start(slow);
    let each = PRICE.nano(Tokens { prompt: 10, cached: 0, completion: 2 });
    // Enough for 120 of 200; what is under way is reserved at more than it costs.
    let cap = 120 * each;
    let answers = |cap: i64| {
        let client = client(&server.url(), with_budget(folder.path(), cap));
        let calls: Vec<Call> = (0..200).map(call).collect();
        run(join_all(calls.iter().map(|call| client.ask(call))))
    };
    let said = answers(cap);
    let done = said.iter().filter(|said| said.is_ok()).count();
    let refused = |said: &Result<_, Failure>| matches!(said, Err(Failure::Budget(_)));
    assert_eq!(done + said.iter().filter(|said| refused(said)).count(), 200);
    assert!((100..=120).contains(&done), "{done}");
    assert_eq!(server.most_at_once(), 8);
    assert_eq!(spent(folder.path()), done as i64 * each);
    assert_eq!(server.count(), done);
    let said = answers(1000 * each);
    assert!(said.iter().all(Result::is_ok));
    assert_eq!(server.count(), 200, "kept answers are not asked for again");
    assert_eq!(spent(folder.path()), 200 * each);
}

/// A10: what may have been charged counts.
#[test]
fn attempts_that_may_be_charged_are_reckoned() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::replies(vec![reply(200, &[], "half an ans"), ok()]);
    let client = client(&server.url(), with_budget(folder.path(), 1_000_000_000));
    let kept = run(client.ask(&call(0))).unwrap();
    let most = PRICE.nano(Tokens {
        prompt: call(0).body.to_string().len() as u64,
        cached: 0,
        completion: call(0).most_tokens,
    });
    let each = PRICE.nano(Tokens { prompt: 10, cached: 0, completion: 2 });
    assert_eq!(kept.nano_usd, Some(most + each));
    assert_eq!(spent(folder.path()), most + each);
    let server = Scripted::replies(vec![reply(429, &[], "{}"), ok()]);
    let folder = tempfile::tempdir().unwrap();
    let client = super::tests::client(&server.url(), with_budget(folder.path(), 1_000_000_000));
    assert_eq!(run(client.ask(&call(0))).unwrap().nano_usd, Some(each));
}

/// A11
#[test]
fn redirects_are_not_followed() {
    let elsewhere = Scripted::replies(vec![ok()]);
    for status in [301, 302, 307, 308] {
        let location = format!("{}/chat/completions", elsewhere.url());
        let (said, count, _) = asked(vec![reply(status, &[("location", &location)], "")]);
        assert!(message_of(said).contains("a redirect to 127.0.0.1"), "{status}");
        assert_eq!((count, elsewhere.count()), (1, 0), "{status}");
    }
}

/// A12
#[test]
fn a_replay_makes_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let keeping = Conditions { folder: Some(folder.path().into()), ..Conditions::default() };
    let server = Scripted::replies(vec![ok()]);
    let first = run(client(&server.url(), keeping.clone()).ask(&call(0))).unwrap();
    let url = server.url();
    drop(server);
    let replay = client(&url, Conditions { replay: true, ..keeping.clone() });
    assert_eq!(run(replay.ask(&call(0))).unwrap(), first);
    assert!(matches!(run(replay.ask(&call(1))), Err(Failure::NotKept(_))));
    assert_eq!(replay.sent.load(Ordering::Relaxed), 0);
    let anew = client(&url, Conditions { anew: true, ..keeping });
    assert!(matches!(run(anew.ask(&call(0))), Err(Failure::GivenUp(_))));
}

#[test]
fn who_asks_the_same_at_the_same_time_is_answered_once() {
    let slow =
        |_: &Request, _: usize| [vec![Step::Pause(Duration::from_millis(20))], ok()].concat();
    let server = Scripted::start(slow);
    let client = client(&server.url(), Conditions::default());
    let (one, other) = (call(0), call(1));
    let said = run(join_all((0..20).map(|i| client.ask(if i % 2 == 0 { &one } else { &other }))));
    assert!(said.iter().all(Result::is_ok));
    assert_eq!(server.count(), 2);
}

#[test]
fn changes_of_the_service_are_noticed() {
    let mut number = 0;
    let changing = std::sync::Mutex::new(move || {
        number += 1;
        let mut body = good();
        body["system_fingerprint"] = json!(format!("fp{}", number / 3));
        body
    });
    let server = Scripted::start(move |_, _| {
        let body = (*changing.lock().unwrap())();
        reply_json(200, &body)
    });
    let client = client(&server.url(), Conditions::default());
    for n in 0..2 {
        run(client.ask(&call(n))).unwrap();
    }
    assert!(client.drifted().is_empty());
    run(client.ask(&call(2))).unwrap();
    let drifted = client.drifted();
    assert_eq!(drifted["m-1"].iter().collect::<Vec<_>>(), ["fp0", "fp1"]);
}

#[test]
fn a_crowded_service_is_asked_by_fewer() {
    let server = Scripted::start(|_, number| {
        let crowded = (4..12).contains(&number);
        let then = if crowded { reply(429, &[("retry-after-ms", "1")], "{}") } else { ok() };
        [vec![Step::Pause(Duration::from_millis(10))], then].concat()
    });
    let client = client(&server.url(), Conditions::default());
    let calls: Vec<Call> = (0..60).map(call).collect();
    let said = run(join_all(calls.iter().map(|call| client.ask(call))));
    assert!(said.iter().all(Result::is_ok), "{said:?}");
    assert_eq!(server.most_at_once(), 8);
}

#[test]
fn limits_per_minute_are_kept() {
    let server = Scripted::replies(vec![ok()]);
    let limits = Limits { requests_per_minute: Some(1200), ..limits() };
    let client = Client::new(service(&server.url(), limits), Conditions::default(), "").unwrap();
    let calls: Vec<Call> = (0..80).map(call).collect();
    let started = Instant::now();
    let said = run(join_all(calls.iter().map(|call| client.ask(call))));
    assert!(said.iter().all(Result::is_ok));
    // 60 go out at once, 20 more at 19 a second.
    let taken = started.elapsed();
    assert!(taken >= Duration::from_millis(1000), "{taken:?}");
}
