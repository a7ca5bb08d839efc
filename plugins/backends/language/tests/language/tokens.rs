//! Tokens of odd texts.

use crate::{fixture, gguf, read, tiny};
use backend_language::{Kind, Tokenizer, Vocabulary};
use std::{collections::BTreeMap, path::Path};

#[derive(serde::Deserialize)]
struct Reference {
    tokens: Vec<String>,
    types: Vec<i32>,
    merges: Vec<String>,
    expected: BTreeMap<String, Vec<Vec<u32>>>,
    decoded: Vec<String>,
}

fn reference() -> Reference {
    read("tokens.json")
}

pub(crate) fn vocabulary(pre: &str) -> Vocabulary {
    let Reference { tokens, types, merges, .. } = reference();
    let (model, pre) = ("gpt2".to_owned(), pre.to_owned());
    Vocabulary { model, pre, tokens, types, merges, bos: Some(1), eos: Some(2) }
}

fn check(tokenizer: &Tokenizer, expected: &[Vec<u32>], rule: &str) {
    let texts: Vec<String> = read("texts.json");
    assert_eq!(texts.len(), expected.len());
    for (text, expected) in texts.iter().zip(expected) {
        assert_eq!(&tokenizer.encode(text).unwrap(), expected, "{rule}: {text:?}");
    }
}

#[test]
fn a_gguf_vocabulary_gives_the_tokens_of_the_models_own_tokenizer() {
    for (rule, expected) in &reference().expected {
        check(&Tokenizer::from_gguf(&vocabulary(rule)).unwrap(), expected, rule);
    }
}

#[test]
fn a_tokenizer_file_gives_the_same_tokens() {
    check(&tiny(), &reference().expected["smollm"], "file");
}

#[test]
fn tokens_become_text_again() {
    let Reference { expected, decoded, .. } = reference();
    for tokenizer in [tiny(), Tokenizer::from_gguf(&vocabulary("smollm")).unwrap()] {
        for (tokens, text) in expected["smollm"].iter().zip(&decoded) {
            assert_eq!(&tokenizer.decode(tokens), text);
        }
    }
}

#[test]
fn the_vocabulary_is_known_by_size_and_by_token() {
    let Reference { tokens, .. } = reference();
    for tokenizer in [tiny(), Tokenizer::from_gguf(&vocabulary("smollm")).unwrap()] {
        assert_eq!(tokenizer.vocabulary_size(), tokens.len());
        assert_eq!(tokenizer.token("<|im_end|>"), Some(2));
        assert_eq!(tokenizer.token("<tool_call>"), Some(tokens.len() as u32 - 1));
        assert_eq!(tokenizer.token("no such token"), None);
    }
}

/// Needs the model: `PILOTBENCH_SMOLLM2` is the path of SmolLM2-135M-Instruct.Q4_1.gguf.
#[test]
#[ignore = "needs a model file of 98 MB"]
fn smollm2_gives_the_tokens_of_llama_cpp() {
    #[derive(serde::Deserialize)]
    struct Expected {
        expected: Vec<Vec<u32>>,
    }
    let path = std::env::var("PILOTBENCH_SMOLLM2").expect("PILOTBENCH_SMOLLM2 names the GGUF file");
    let vocabulary = gguf::vocabulary(Path::new(&path));
    let tokenizer = Tokenizer::from_gguf(&vocabulary).unwrap();
    assert_eq!(tokenizer.vocabulary_size(), 49_152);
    check(&tokenizer, &read::<Expected>("smollm2.json").expected, "SmolLM2");
}

fn refused(vocabulary: &Vocabulary) -> String {
    let problem = Tokenizer::from_gguf(vocabulary).err().expect("refused");
    assert_eq!(problem.kind, Kind::Model);
    problem.message
}

#[test]
fn unknown_rules_are_refused_by_name() {
    for name in ["default", "", "tekken", "smollm3"] {
        let message = refused(&vocabulary(name));
        assert!(message.contains(&format!("{name:?}")) && message.contains("qwen2"), "{message}");
    }
}

#[test]
fn other_families_are_refused_by_name() {
    let of = |model: &str| Vocabulary { model: model.to_owned(), ..vocabulary("smollm") };
    assert!(refused(&of("llama")).contains("SentencePiece"));
    assert!(refused(&of("rwkv")).contains("\"rwkv\""));
}

#[test]
fn damaged_vocabularies_are_told_with_the_place() {
    let whole = vocabulary("smollm");
    let mut short = whole.clone();
    short.types.pop();
    assert!(refused(&short).contains("token_type has"), "{}", refused(&short));
    let mut twice = whole.clone();
    twice.tokens[20] = twice.tokens[10].clone();
    assert!(refused(&twice).contains("10 and 20 are both"), "{}", refused(&twice));
    let mut merge = whole.clone();
    merge.merges[3] = "alone".to_owned();
    assert!(refused(&merge).contains("3 is \"alone\""), "{}", refused(&merge));
    let mut foreign = whole;
    foreign.merges.push("q Q".to_owned());
    assert!(refused(&foreign).contains("merges"), "{}", refused(&foreign));
}

#[test]
fn a_file_that_is_no_tokenizer_is_told_with_its_path() {
    for (name, kind) in [("texts.json", Kind::Model), ("missing.json", Kind::File)] {
        let problem = Tokenizer::from_file(&fixture(name)).err().expect("refused");
        assert_eq!(problem.kind, kind);
        assert!(problem.to_string().contains(&format!("{name}: ")), "{problem}");
    }
}
