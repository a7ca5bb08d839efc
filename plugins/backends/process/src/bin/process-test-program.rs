//! The other side of the protocol, for tests: `process-test-program FAULT [LOG]` finds every level
//! equally likely, or misbehaves as told, and notes in LOG its number and what it was asked.
#![allow(clippy::unwrap_used, reason = "a test program may")]

use arrow_ipc::{reader::StreamReader, writer::StreamWriter};
use pilotbench_plugin_sdk::arrow_array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    builder::{Float32Builder, Float64Builder, LargeListBuilder, ListBuilder},
    cast::AsArray,
    types::{Int32Type, Int64Type},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{BufRead, Read, Write, stderr, stdin, stdout},
    sync::Arc,
    thread::sleep,
    time::Duration,
};

const LONG: Duration = Duration::from_secs(600);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut program = Program {
        fault: arguments[1].clone(),
        log: arguments.get(2).cloned(),
        levels: BTreeMap::new(),
        responds: 0,
    };
    program.note(&std::process::id().to_string());
    match program.fault.as_str() {
        "prints-at-start" => write(b"Loading model...\n"),
        "hangs-at-start" => sleep(LONG),
        "ends-at-start" => {
            stderr().write_all(b"Traceback:\nno module named torch\n").unwrap();
            std::process::exit(1);
        }
        "other-protocol" => send(json!({"type": "hello", "protocol": 9, "name": "old"}), &[]),
        _ => {}
    }
    while let Some((header, body)) = read() {
        program.answer(&header, &body);
    }
}

struct Program {
    fault: String,
    log: Option<String>,
    /// By handle: how many levels each item has.
    levels: BTreeMap<u64, Vec<usize>>,
    responds: usize,
}

impl Program {
    fn note(&self, what: &str) {
        if let Some(path) = &self.log {
            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
            file.write_all(format!("{what}\n").as_bytes()).unwrap();
        }
    }

    fn answer(&mut self, header: &Value, body: &[u8]) {
        let kind = header["type"].as_str().unwrap();
        let handle = header["handle"].as_u64().unwrap_or_default();
        if kind != "hello" {
            let count = if kind == "adapt" { table(body).num_rows() } else { 0 };
            self.note(&format!("{kind} {handle} {count}").replace(" 0", ""));
        }
        match kind {
            "hello" => {
                send(json!({"type": "hello", "protocol": 1, "name": "test", "new": true}), &[]);
                if self.fault == "deaf" {
                    sleep(LONG);
                }
            }
            "adapt" => self.adapt(header, handle),
            "respond" => self.respond(header, body, handle),
            "bye" if self.fault == "stays" => sleep(LONG),
            "bye" => std::process::exit(0),
            _ => {}
        }
    }

    fn adapt(&mut self, header: &Value, handle: u64) {
        let call = &header["call"];
        match self.fault.as_str() {
            "reports" => {
                let message = "told to\nfail";
                send(
                    json!({"type": "error", "call": call, "code": "computation",
                           "message": message}),
                    &[],
                );
                return;
            }
            "has-no-pilot" => {
                send(
                    json!({"type": "error", "call": call, "code": "empty-pilot", "message": ""}),
                    &[],
                );
                return;
            }
            "talks" => {
                for share in [0.25, 0.5, 7.0] {
                    send(json!({"type": "progress", "call": call, "share": share}), &[]);
                }
                send(json!({"type": "warn", "message": "slow"}), &[]);
            }
            _ => {}
        }
        assert!(header["seed"].as_str().unwrap().parse::<u64>().is_ok());
        let items = header["experiment"]["items"].as_array().unwrap();
        let levels = items.iter().map(|item| item["levels"].as_array().unwrap().len());
        self.levels.insert(handle, levels.collect());
        send(json!({"type": "done", "call": call}), &[]);
    }

    fn respond(&mut self, header: &Value, body: &[u8], handle: u64) {
        self.responds += 1;
        let call = &header["call"];
        if self.misbehave(call) {
            return;
        }
        let Some(levels) = self.levels.get(&handle) else {
            send(json!({"type": "error", "code": "bad-input", "message": "unknown handle"}), &[]);
            return;
        };
        let answers = answers(&self.fault, &table(body), levels);
        send(json!({"type": "answers", "call": call}), &encoded(&answers));
    }

    /// Faults before the answer; most do not come back. Whether they were the answer.
    fn misbehave(&self, call: &Value) -> bool {
        match self.fault.as_str() {
            "ends-well" => std::process::exit(0),
            "ends-second" if self.responds == 2 => std::process::exit(0),
            "ends-badly" => {
                stderr().write_all(b"first\n\x1b[31mValueError: no\n").unwrap();
                std::process::exit(3);
            }
            "aborts" => std::process::abort(),
            "prints" => write(b"thinking about it\n"),
            "long-header" => write(&vec![b'x'; 1 << 20]),
            "unknown-type" => write(b"{\"type\":\"answer\"}\n"),
            "wrong-call" => write(b"{\"type\":\"done\",\"call\":999}\n"),
            "done-instead" => send(json!({"type": "done", "call": call}), &[]),
            "huge-body" => write(b"{\"type\":\"answers\",\"body\":99999999999999}\n"),
            "half-header" => {
                write(b"{\"type\":\"ans");
                std::process::exit(0);
            }
            "half-body" => {
                write(
                    format!("{{\"type\":\"answers\",\"call\":{call},\"body\":100}}\nabc")
                        .as_bytes(),
                );
                std::process::exit(0);
            }
            "not-arrow" => {
                send(json!({"type": "answers", "call": call}), b"certainly no table of answers");
            }
            "hangs" => sleep(LONG),
            "heeds" => {
                let (header, _) = read().unwrap();
                assert_eq!(header["type"], "cancel");
                send(
                    json!({"type": "error", "call": call, "code": "cancelled", "message": ""}),
                    &[],
                );
            }
            "floods" => loop {
                send(json!({"type": "progress", "call": call, "share": 0.1, "what": "on"}), &[]);
            },
            "leaves-a-child" => {
                let mut sleeper = std::process::Command::new("sleep").arg("600").spawn().unwrap();
                self.note(&sleeper.id().to_string());
                sleeper.wait().unwrap();
            }
            _ => return false,
        }
        true
    }
}

/// The table of answers, well made or not.
fn answers(fault: &str, requests: &RecordBatch, levels: &[usize]) -> RecordBatch {
    let ids = requests["request_id"].as_primitive::<Int64Type>();
    let items = requests["item"].as_primitive::<Int32Type>();
    let mut ids: Vec<i64> = ids.values().to_vec();
    let counts: Vec<usize> = items.values().iter().map(|item| levels[*item as usize]).collect();
    match fault {
        "few-answers" => ids[0] = ids[1],
        "unknown-request" => ids[0] = 1 << 40,
        _ => {}
    }
    let id: ArrayRef = match fault {
        "fractional" => {
            Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| *id as f64 + 0.5)))
        }
        "other-types" => Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| *id as f64))),
        "no-ids" => Arc::new(Int64Array::from(vec![None; ids.len()])),
        _ => Arc::new(Int64Array::from(ids)),
    };
    let column = match fault {
        "chooses" => ("choice", Arc::new(Int32Array::from(vec![9; counts.len()])) as ArrayRef),
        "other-types" => ("probabilities", wide_lists(&counts)),
        "reads" => ("text", last_options(requests)),
        "says-nothing" => ("unheard-of", Arc::new(Int32Array::from(vec![0; counts.len()])) as _),
        _ => ("probabilities", lists(fault, &counts)),
    };
    RecordBatch::try_from_iter_with_nullable([("request_id", id, true), (column.0, column.1, true)])
        .unwrap()
}

fn lists(fault: &str, counts: &[usize]) -> ArrayRef {
    let mut lists = ListBuilder::new(Float64Builder::new());
    for count in counts {
        let even = 1.0 / *count as f64;
        let values = match fault {
            "too-short" => vec![1.0],
            "too-much" => vec![1.0; *count],
            "negative" => [vec![-1.0, 2.0], vec![0.0; *count - 2]].concat(),
            "not-a-number" => vec![f64::NAN; *count],
            _ => vec![even; *count],
        };
        lists.values().append_slice(&values);
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// As another language may write them.
fn wide_lists(counts: &[usize]) -> ArrayRef {
    let mut lists = LargeListBuilder::new(Float32Builder::new());
    for count in counts {
        lists.values().append_slice(&vec![1.0 / *count as f32; *count]);
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// The last option of each question, as the chat words it.
fn last_options(requests: &RecordBatch) -> ArrayRef {
    let chats = requests["messages"].as_string::<i32>().iter().map(|chat| {
        let chat: Vec<Value> = serde_json::from_str(chat.unwrap()).unwrap();
        let question = chat.last().unwrap()["content"].as_str().unwrap().to_owned();
        question.rsplit("\n- ").next().unwrap().to_owned()
    });
    Arc::new(StringArray::from_iter_values(chats))
}

fn read() -> Option<(Value, Vec<u8>)> {
    let mut input = stdin().lock();
    let mut line = String::new();
    if input.read_line(&mut line).unwrap() == 0 {
        return None;
    }
    let header: Value = serde_json::from_str(&line).unwrap();
    let mut body = vec![0; header["body"].as_u64().unwrap_or_default() as usize];
    input.read_exact(&mut body).unwrap();
    Some((header, body))
}

fn send(mut header: Value, body: &[u8]) {
    header["body"] = body.len().into();
    write(&[header.to_string().as_bytes(), b"\n", body].concat());
}

fn write(bytes: &[u8]) {
    let mut out = stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

fn table(bytes: &[u8]) -> RecordBatch {
    StreamReader::try_new(bytes, None).unwrap().next().unwrap().unwrap()
}

fn encoded(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}
