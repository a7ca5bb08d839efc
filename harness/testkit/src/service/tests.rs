//! The scripted server, asked through a plain socket.

use super::{Scripted, Step, chunked, endless, json, refused_url, reply, sse, wrong_length};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Connects, with a limit on how long a test may hang.
fn connect(server: &Scripted) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, method: &str, path: &str, body: &str) {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
}

/// One reply whose head announces a length: its head and its body.
fn answer(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split_once("content-length: ").unwrap().1.split_once('\r').unwrap().0;
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn everything(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn plays_replies_in_order_on_one_connection_and_repeats_the_last() {
    let server = Scripted::replies(vec![
        reply(429, &[("retry-after", "1")], "slow down"),
        json(200, &json!({"fine": true})),
    ]);
    let mut stream = connect(&server);
    let mut heads = Vec::new();
    for number in 0..3 {
        ask(&mut stream, "POST", &format!("/v1/x?n={number}"), r#"{"a":1}"#);
        heads.push(answer(&mut stream));
    }
    assert!(heads[0].0.starts_with("HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\n"));
    assert_eq!(heads[0].1, b"slow down");
    assert_eq!(serde_json::from_slice::<Value>(&heads[2].1).unwrap(), json!({"fine": true}));
    let requests = server.requests();
    assert_eq!((server.count(), requests.len(), server.most_at_once()), (3, 3, 1));
    assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("POST", "/v1/x?n=1"));
    assert_eq!((requests[1].header("host"), requests[1].connection), (Some("x"), 0));
    assert_eq!(requests[1].json(), json!({"a": 1}));
    assert!(requests[1].at >= requests[0].at);
    assert!(server.url().ends_with(&format!(":{}/v1", server.address().port())));
}

#[test]
fn the_handler_sees_chunked_bodies_and_numbers() {
    let server = Scripted::start(|request, number| {
        reply(200, &[], format!("{number}:{}", String::from_utf8_lossy(&request.body)))
    });
    let mut stream = connect(&server);
    let chunks =
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    stream.write_all(chunks.repeat(2).as_bytes()).unwrap();
    assert_eq!(answer(&mut stream).1, b"0:abcde");
    assert_eq!(answer(&mut stream).1, b"1:abcde");
}

#[test]
fn an_unreadable_request_gets_a_400() {
    let server = Scripted::replies(vec![reply(200, &[], "")]);
    let mut stream = connect(&server);
    stream.write_all(b"nonsense\r\n\r\n").unwrap();
    assert!(everything(&mut stream).starts_with("HTTP/1.1 400 "));
    assert_eq!(server.count(), 0);
}

#[test]
fn connections_end_as_told() {
    let half = Step::Bytes(b"HTTP/1.1 200 OK\r\n".to_vec());
    let server = Scripted::replies(vec![
        vec![half.clone(), Step::Close],
        vec![half.clone(), Step::Pause(Duration::from_millis(20)), Step::Reset],
        wrong_length(200, "{}", 10),
    ]);
    let mut stream = connect(&server);
    ask(&mut stream, "GET", "/", "");
    assert_eq!(everything(&mut stream), "HTTP/1.1 200 OK\r\n");
    let mut stream = connect(&server);
    ask(&mut stream, "GET", "/", "");
    let mut got = Vec::new();
    let error = stream.read_to_end(&mut got).unwrap_err();
    assert_eq!((error.kind(), got.len()), (ErrorKind::ConnectionReset, 17));
    let mut stream = connect(&server);
    ask(&mut stream, "GET", "/", "");
    assert!(everything(&mut stream).ends_with("content-length: 10\r\n\r\n{}"));
    let connections: Vec<_> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1, 2]);
}

#[test]
fn chunks_events_and_long_bodies_come_whole() {
    let close = |steps: Vec<Step>| [steps, vec![Step::Close]].concat();
    let server = Scripted::replies(vec![
        close(chunked(200, "text/plain", vec![b"ab".to_vec(), vec![], b"c".to_vec()])),
        close(sse(&["{}", "[DONE]"])),
        endless(200, 200_000),
    ]);
    let next = || {
        let mut stream = connect(&server);
        ask(&mut stream, "GET", "/", "");
        everything(&mut stream)
    };
    assert!(next().ends_with("\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"));
    assert!(next().contains("\r\n\r\na\r\ndata: {}\n\n\r\n"));
    let long = next();
    assert!(long.len() > 200_000 && long.len() < 300_000 && !long.contains("content-length"));
}

#[test]
fn drop_ends_stalls_pauses_and_idle_connections_at_once() {
    let server = Scripted::start(|_, number| match number {
        0 => vec![Step::KeepOpen],
        1 => vec![Step::Pause(Duration::from_secs(60))],
        _ => vec![Step::Repeat(vec![0; 1 << 20], usize::MAX)],
    });
    let mut streams: Vec<_> = (0..4).map(|_| connect(&server)).collect();
    for (number, stream) in streams.iter_mut().take(3).enumerate() {
        ask(stream, "GET", "/", "");
        wait(|| server.count() == number + 1);
    }
    assert_eq!(server.most_at_once(), 3);
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(everything(&mut streams[0]), "");
}

#[test]
fn a_client_that_leaves_frees_its_place() {
    let server = Scripted::replies(vec![vec![Step::KeepOpen]]);
    for _ in 0..3 {
        let mut stream = connect(&server);
        let before = server.count();
        ask(&mut stream, "GET", "/", "");
        wait(|| server.count() == before + 1);
        drop(stream);
        wait(|| server.busy() == 0);
    }
    assert_eq!(server.most_at_once(), 1);
}

#[test]
fn nobody_listens_where_connections_are_refused() {
    let url = refused_url();
    let address = url.trim_start_matches("http://").trim_end_matches("/v1");
    let error = TcpStream::connect(address.parse::<SocketAddr>().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

/// Measured with `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn serves_many_small_requests() {
    const CONNECTIONS: usize = 64;
    const EACH: usize = 1_000;
    let server = Scripted::unrecorded(|_, _| json(200, &json!({"choices": []})));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let mut stream = connect(&server);
            scope.spawn(move || {
                let mut buffer = [0; 4096];
                for _ in 0..EACH {
                    ask(&mut stream, "POST", "/v1/chat/completions", &"x".repeat(500));
                    assert!(stream.read(&mut buffer).unwrap() > 50);
                }
            });
        }
    });
    let rate = (CONNECTIONS * EACH) as f64 / start.elapsed().as_secs_f64();
    println!("{rate:.0} requests/s");
    assert!(server.requests().is_empty());
    assert!(rate > 10_000.0, "{rate}");
}

fn wait(until: impl Fn() -> bool) {
    let start = Instant::now();
    while !until() {
        assert!(start.elapsed() < Duration::from_secs(4), "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}
