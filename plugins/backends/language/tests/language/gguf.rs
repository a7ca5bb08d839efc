//! The little of the GGUF format that the test on a real model needs.

use backend_language::Vocabulary;
use std::{collections::BTreeMap, path::Path};

struct Bytes {
    all: Vec<u8>,
    at: usize,
}

enum Value {
    Number(u64),
    Text(String),
    Array(Vec<Value>),
}

impl Bytes {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.all[self.at..self.at + N].try_into().unwrap();
        self.at += N;
        taken
    }

    fn count(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn text(&mut self) -> String {
        let length = self.count() as usize;
        let text = String::from_utf8(self.all[self.at..self.at + length].to_vec()).unwrap();
        self.at += length;
        text
    }

    /// Floating-point numbers are read as their bits: nobody looks at them.
    fn value(&mut self, kind: u32) -> Value {
        match kind {
            0 | 1 | 7 => Value::Number(u64::from(self.take::<1>()[0])),
            2 | 3 => Value::Number(u64::from(u16::from_le_bytes(self.take()))),
            4..=6 => Value::Number(u64::from(u32::from_le_bytes(self.take()))),
            8 => Value::Text(self.text()),
            9 => {
                let kind = u32::from_le_bytes(self.take());
                let length = self.count();
                Value::Array((0..length).map(|_| self.value(kind)).collect())
            }
            10..=12 => Value::Number(self.count()),
            other => panic!("type {other}"),
        }
    }
}

/// The tokenizer of a GGUF file.
pub(crate) fn vocabulary(path: &Path) -> Vocabulary {
    let mut bytes = Bytes { all: std::fs::read(path).unwrap(), at: 0 };
    assert_eq!(&bytes.take::<4>(), b"GGUF");
    bytes.take::<4>();
    bytes.count();
    let mut found = BTreeMap::new();
    for _ in 0..bytes.count() {
        let key = bytes.text();
        let kind = u32::from_le_bytes(bytes.take());
        let value = bytes.value(kind);
        found.insert(key, value);
    }
    let mut take = |key: &str| found.remove(&format!("tokenizer.ggml.{key}")).unwrap();
    let text = |value| match value {
        Value::Text(text) => text,
        _ => panic!("no text"),
    };
    let number = |value| match value {
        Value::Number(number) => number as u32,
        _ => panic!("no number"),
    };
    let list = |value| match value {
        Value::Array(list) => list,
        _ => panic!("no array"),
    };
    Vocabulary {
        model: text(take("model")),
        pre: text(take("pre")),
        tokens: list(take("tokens")).into_iter().map(text).collect(),
        types: list(take("token_type")).into_iter().map(|v| number(v) as i32).collect(),
        merges: list(take("merges")).into_iter().map(text).collect(),
        bos: Some(number(take("bos_token_id"))),
        eos: Some(number(take("eos_token_id"))),
    }
}
