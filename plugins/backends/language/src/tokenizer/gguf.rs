//! The tokenizer of a GGUF file, from its `tokenizer.ggml.*` values.
//!
//! A GGUF file names the rule that cuts text into words before merging and does not hold it. The
//! rules here are those of the models' own tokenizers; a name that is not here is refused, because
//! a wrong rule gives wrong tokens without an error.

use crate::Problem;
use std::collections::BTreeMap;
use tokenizers::{
    AddedToken, SplitDelimiterBehavior,
    models::bpe::BPE,
    normalizers::NFC,
    pre_tokenizers::{
        PreTokenizerWrapper,
        byte_level::ByteLevel,
        digits::Digits,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

/// What a GGUF file says of its tokenizer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// `tokenizer.ggml.model`: the family, `gpt2` for byte-level BPE.
    pub model: String,
    /// `tokenizer.ggml.pre`: the rule that cuts text into words; empty where the file has none.
    pub pre: String,
    /// `tokenizer.ggml.tokens`, by id.
    pub tokens: Vec<String>,
    /// `tokenizer.ggml.token_type`, by id; may be empty when no token is special.
    pub types: Vec<i32>,
    /// `tokenizer.ggml.merges`: two tokens with a space between them, most important first.
    pub merges: Vec<String>,
    /// `tokenizer.ggml.bos_token_id`.
    pub bos: Option<u32>,
    /// `tokenizer.ggml.eos_token_id`.
    pub eos: Option<u32>,
}

/// Type of tokens that steer, as `<|im_end|>` does.
const CONTROL: i32 = 3;
/// Type of tokens that are found in text before it is cut into words.
const USER_DEFINED: i32 = 4;

/// How text is cut into words. All end in bytes written as letters.
enum Words {
    /// GPT-2's pattern, which the byte-level step has built in.
    Gpt2,
    /// Each digit alone, then GPT-2's pattern.
    DigitsThenGpt2,
    /// A pattern of its own.
    Pattern(&'static str),
}

/// The rule of one or more `tokenizer.ggml.pre` names.
struct Rule {
    words: Words,
    /// A word that is a token stays one, whatever the merges say.
    whole_words: bool,
    /// Text is brought to Unicode's composed form first.
    compose: bool,
}

const LLAMA_3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN_2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The rule of a name. `default` and no name are refused: llama.cpp reads them as a fallback that
/// fits no model that was trained, GPT-2 included, which has its own name.
fn rule(pre: &str) -> Option<Rule> {
    let plain = |words| Rule { words, whole_words: false, compose: false };
    match pre {
        "gpt-2" => Some(plain(Words::Gpt2)),
        "smollm" => Some(plain(Words::DigitsThenGpt2)),
        "llama-bpe" | "llama3" | "llama-v3" => {
            Some(Rule { whole_words: true, ..plain(Words::Pattern(LLAMA_3)) })
        }
        "qwen2" => Some(Rule { compose: true, ..plain(Words::Pattern(QWEN_2)) }),
        _ => None,
    }
}

pub(super) fn build(vocabulary: &Vocabulary) -> Result<tokenizers::Tokenizer, Problem> {
    let rule = known(vocabulary)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model(vocabulary, rule.whole_words)?);
    let damaged = |e: tokenizers::Error| Problem::words(format!("tokenizer.ggml: {e}"));
    if rule.compose {
        tokenizer.with_normalizer(Some(NFC)).map_err(damaged)?;
    }
    tokenizer.with_pre_tokenizer(Some(words(&rule.words).map_err(damaged)?));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let of_type = |wanted: i32, special: bool| {
        let typed = vocabulary.tokens.iter().zip(&vocabulary.types);
        typed
            .filter(move |(_, kind)| **kind == wanted)
            .map(move |(token, _)| AddedToken::from(token.clone(), special).normalized(false))
    };
    tokenizer.add_special_tokens(of_type(CONTROL, true)).map_err(damaged)?;
    tokenizer.add_tokens(of_type(USER_DEFINED, false)).map_err(damaged)?;
    Ok(tokenizer)
}

fn known(vocabulary: &Vocabulary) -> Result<Rule, Problem> {
    let Vocabulary { model, pre, tokens, types, .. } = vocabulary;
    match model.as_str() {
        "gpt2" => {}
        "llama" => {
            return Err(Problem::words(
                "tokenizer.ggml.model is llama (SentencePiece), which a GGUF file does not hold \
                 whole; put the model's tokenizer.json beside it",
            ));
        }
        other => {
            let message = format!("tokenizer.ggml.model is {other:?}; gpt2 is known");
            return Err(Problem::words(message));
        }
    }
    if !types.is_empty() && types.len() != tokens.len() {
        let (types, tokens) = (types.len(), tokens.len());
        let message = format!("tokenizer.ggml.token_type has {types} entries for {tokens} tokens");
        return Err(Problem::words(message));
    }
    rule(pre).ok_or_else(|| {
        Problem::words(format!(
            "tokenizer.ggml.pre is {pre:?}; known are smollm, gpt-2, llama-bpe and qwen2; put the \
             model's tokenizer.json beside it"
        ))
    })
}

fn model(vocabulary: &Vocabulary, whole_words: bool) -> Result<BPE, Problem> {
    let mut ids = BTreeMap::new();
    for (id, token) in (0u32..).zip(&vocabulary.tokens) {
        if let Some(earlier) = ids.insert(token.clone(), id) {
            let message = format!("tokenizer.ggml.tokens: {earlier} and {id} are both {token:?}");
            return Err(Problem::words(message));
        }
    }
    let mut merges = Vec::with_capacity(vocabulary.merges.len());
    for (i, merge) in vocabulary.merges.iter().enumerate() {
        let Some((left, right)) = merge.split_once(' ') else {
            let message = format!("tokenizer.ggml.merges: {i} is {merge:?}, not two tokens");
            return Err(Problem::words(message));
        };
        merges.push((left.to_owned(), right.to_owned()));
    }
    BPE::builder()
        .vocab_and_merges(ids.into_iter().collect::<tokenizers::models::bpe::Vocab>(), merges)
        .ignore_merges(whole_words)
        .build()
        .map_err(|e| Problem::words(format!("tokenizer.ggml.merges: {e}")))
}

fn words(words: &Words) -> Result<PreTokenizerWrapper, tokenizers::Error> {
    let bytes = |pattern: bool| PreTokenizerWrapper::from(ByteLevel::new(false, true, pattern));
    let steps = match words {
        Words::Gpt2 => return Ok(bytes(true)),
        Words::DigitsThenGpt2 => vec![Digits::new(true).into(), bytes(true)],
        Words::Pattern(pattern) => {
            let pattern = SplitPattern::Regex((*pattern).to_owned());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
            vec![split.into(), bytes(false)]
        }
    };
    Ok(Sequence::new(steps).into())
}
