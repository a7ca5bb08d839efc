//! The language of models against `tokenizers`, `transformers` and llama.cpp, and the trees against
//! their definitions.

#![allow(clippy::unwrap_used)] // helpers of tests, not only tests, unwrap

mod gguf;
mod interviews;
mod options;
mod orders;
mod sharing;
mod templates;
mod tokens;

use backend_language::{Language, Message, PLAIN, Template, Tokenizer};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&std::fs::read(fixture(name)).unwrap()).unwrap()
}

fn says(role: &str, content: &str) -> Message {
    Message { role: role.to_owned(), content: content.to_owned() }
}

fn tiny() -> Tokenizer {
    Tokenizer::from_file(&fixture("tokenizer.json")).unwrap()
}

fn source(template: &str) -> String {
    match template {
        "plain.jinja" => PLAIN.to_owned(),
        other => std::fs::read_to_string(fixture("templates").join(other)).unwrap(),
    }
}

fn template(name: &str) -> Template {
    Template::new(&source(name), "<|begin_of_text|>", "<|eot_id|>").unwrap()
}

/// One of the templates with the tiny vocabulary and the words of the template's models.
fn language(name: &str) -> Language {
    let tokenizer = match name {
        "llama3.jinja" => Tokenizer::from_gguf(&tokens::vocabulary("llama-bpe")).unwrap(),
        "qwen3.jinja" => Tokenizer::from_gguf(&tokens::vocabulary("qwen2")).unwrap(),
        _ => tiny(),
    };
    Language::new(tokenizer, template(name), Vec::new())
}
