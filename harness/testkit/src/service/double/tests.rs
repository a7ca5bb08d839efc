//! The double, asked through a plain socket.

mod batches;
mod chats;
mod completions;
mod jobs;
mod stores;

use super::{Double, Manner, Route};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Sends a request on a connection of its own; the status and the raw body, or nothing when the
/// connection was lost.
fn raw(double: &Double, head: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(double.server().address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    let length = body.len();
    let head = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().unwrap(), body.into()))
}

fn send(double: &Double, method: &str, path: &str, body: &str) -> (u16, Value) {
    let (status, body) =
        raw(double, &format!("{method} {path} HTTP/1.1"), body.as_bytes()).unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

/// The body of a reply that must be fine.
fn get(double: &Double, path: &str) -> Value {
    let (status, body) = send(double, "GET", path, "");
    assert_eq!(status, 200, "{body}");
    body
}

fn post(double: &Double, path: &str, body: &Value) -> Value {
    let (status, body) = send(double, "POST", path, &body.to_string());
    assert_eq!(status, 200, "{body}");
    body
}

/// The error of a reply that must be none.
fn refused(double: &Double, path: &str, body: &Value) -> (u16, Value) {
    let (status, body) = send(double, "POST", path, &body.to_string());
    assert_ne!(status, 200);
    (status, body["error"].clone())
}

fn upload(double: &Double, purpose: &str, content: &str) -> Option<Value> {
    let head = "POST /v1/files HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=XyZ";
    let body = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n\
         --XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\
         Content-Type: application/jsonl\r\n\r\n{content}\r\n--XyZ--\r\n"
    );
    let (status, body) = raw(double, head, body.as_bytes())?;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).ok()
}

const CHAT: &str = "/v1/chat/completions";
const LETTERS: &str = "How are you?\nAnswer with one letter:\nA. Very well\nB) Very bad\nC. So so";
const LABELS: &str = "How are you?\nAnswer with one of:\n- Very well\n- Very bad\n- So so";

/// A request for an answer to one message of a user.
fn question(text: &str) -> Value {
    json!({"model": "gpt-double", "messages": [{"role": "user", "content": text}]})
}

fn content(reply: &Value) -> &str {
    reply["choices"][0]["message"]["content"].as_str().unwrap()
}

#[test]
fn lists_models_counts_routes_and_knows_no_others() {
    let double = Double::start(Manner::default());
    let models = get(&double, "/v1/models");
    assert_eq!(models["object"], "list");
    assert_eq!(models["data"][0]["id"], "gpt-double");
    assert_eq!(get(&double, "/v1/models/gpt-double")["object"], "model");
    let (status, body) = send(&double, "GET", "/v1/nothing?x=1", "");
    assert_eq!(status, 404);
    assert!(
        body["error"]["message"].as_str().unwrap().starts_with("Unknown request URL: GET /v1/")
    );
    assert_eq!((double.count(Route::Models), double.count(Route::Unknown)), (1, 1));
    assert_eq!(double.counts().len(), 3);
    assert_eq!(double.requests().len(), 3);
}

#[test]
fn keys_are_checked_and_quoted() {
    let ask = |manner, key: &str| {
        let double = Double::start(manner);
        let head = format!("GET /v1/models HTTP/1.1\r\nAuthorization: Bearer {key}");
        let (status, body) = raw(&double, &head, b"").unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap()["error"].clone())
    };
    let manner = Manner { key: Some("sk-right".into()), ..Manner::default() };
    assert_eq!(ask(manner.clone(), "sk-right").0, 200);
    let (status, error) = ask(manner.clone(), "sk-wrong-secret-key");
    assert_eq!(
        (status, &error["code"], &error["param"]),
        (401, &json!("invalid_api_key"), &json!(null))
    );
    assert_eq!(error["message"], "Incorrect API key provided: sk-wrong*******-key.");
    let (_, error) = ask(Manner { quotes_key: true, ..manner.clone() }, "sk-wrong-secret-key");
    assert!(error["message"].as_str().unwrap().contains("sk-wrong-secret-key"));
    let (_, error) = ask(Manner { integer_codes: true, ..manner }, "sk-wrong");
    assert_eq!((&error["code"], error.get("param")), (&json!(401), None));
}

#[test]
fn something_else_can_come_first() {
    let double = Double::start_with(Manner::default(), |_, number| {
        (number == 0).then(|| crate::service::reply(429, &[("retry-after", "0")], ""))
    });
    assert_eq!(send(&double, "GET", "/v1/models", "").0, 429);
    assert_eq!(send(&double, "GET", "/v1/models", "").0, 200);
    assert_eq!((double.count(Route::Models), double.requests().len()), (1, 2));
}
