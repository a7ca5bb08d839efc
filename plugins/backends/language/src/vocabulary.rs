//! The tokenizer of a GGUF file, which has its vocabulary but not its rules: these are known by name.

use crate::Problem;
use serde_json::{Map, Value, json};

/// What a GGUF file says of its tokens, `tokenizer.ggml.*`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vocabulary {
    /// `gpt2` for byte-level pairs.
    pub model: String,
    /// Name of the rules by which text is cut first.
    pub pre: String,
    /// Tokens by id.
    pub tokens: Vec<String>,
    /// Pairs that are joined, in order of rank, with a space between the two.
    pub merges: Vec<String>,
    /// By id: 3 control, 4 defined by the user, others ordinary.
    pub types: Vec<i32>,
    /// Token that begins a text.
    pub bos: Option<u32>,
    /// Token that ends an answer.
    pub eos: Option<u32>,
}

/// How Llama 3 and Qwen 2 cut text; they differ in how many digits stay together.
fn words(digits: &str) -> String {
    format!(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
}

impl Vocabulary {
    /// The same as a `tokenizer.json`.
    pub(crate) fn tokenizer_json(&self) -> Result<Value, Problem> {
        if self.model != "gpt2" {
            let message = format!(
                "tokenizer `{}` is not known: there is gpt2 (byte-level pairs); use a folder with \
                 tokenizer.json",
                self.model.escape_debug()
            );
            return Err(Problem::words(message));
        }
        let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
        let split = |pattern: String| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
        let sequence = |parts: Vec<Value>| json!({"type": "Sequence", "pretokenizers": parts});
        let (pre_tokenizer, normalizer, whole_words) = match self.pre.as_str() {
            "smollm" => {
                let digits = json!({"type": "Digits", "individual_digits": true});
                (sequence(vec![digits, bytes(true)]), Value::Null, false)
            }
            "gpt-2" | "default" => (bytes(true), Value::Null, false),
            "llama-bpe" | "llama3" | "llama-v3" => {
                (sequence(vec![split(words(r"\p{N}{1,3}")), bytes(false)]), Value::Null, true)
            }
            "qwen2" => {
                (sequence(vec![split(words(r"\p{N}")), bytes(false)]), json!({"type": "NFC"}), false)
            }
            other => {
                let message = format!(
                    "pre-tokenizer `{}` is not known: there are smollm, gpt-2, llama-bpe and qwen2; \
                     use a folder with tokenizer.json",
                    other.escape_debug()
                );
                return Err(Problem::words(message));
            }
        };
        let merges: Vec<Vec<&str>> =
            self.merges.iter().map(|merge| merge.splitn(2, ' ').collect()).collect();
        let vocabulary = self.tokens.iter().enumerate();
        let vocabulary: Map<String, Value> =
            vocabulary.map(|(id, token)| (token.clone(), json!(id))).collect();
        Ok(json!({
            "version": "1.0",
            "added_tokens": self.added(),
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
            "post_processor": null,
            "decoder": bytes(true),
            "model": {
                "type": "BPE",
                "vocab": vocabulary,
                "merges": merges,
                "ignore_merges": whole_words,
            },
        }))
    }

    /// Tokens that are never cut.
    fn added(&self) -> Vec<Value> {
        let whole = self.tokens.iter().zip(&self.types).enumerate();
        let whole = whole.filter(|(_, (_, kind))| matches!(kind, 3 | 4));
        let entry = |(id, (token, kind)): (usize, (&String, &i32))| {
            json!({
                "id": id, "content": token, "special": *kind == 3, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            })
        };
        whole.map(entry).collect()
    }
}
