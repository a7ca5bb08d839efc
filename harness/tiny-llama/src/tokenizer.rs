//! A byte-level tokenizer of 384 tokens.

use serde_json::{Map, Value, json};

/// Number of tokens.
pub(crate) const SIZE: usize = 384;

pub(crate) const SPECIAL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// ChatML, as SmolLM2 has it.
pub(crate) const TEMPLATE: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Common pairs, most joined with what was joined before.
const WORDS: &str = "the you to of and in is are or not agree disagree strongly your answer with one yes no with of answers stored for that information our say system user assistant do what neither nor slightly liberal conservative moderate extremely personal sharing benefit";

/// The characters that stand for bytes, in GPT-2's way: printable ones for themselves.
fn byte_symbols() -> Vec<char> {
    let mut next = 256u32;
    (0..=255u8)
        .map(|byte| match byte {
            b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
            _ => {
                next += 1;
                char::from_u32(next - 1).unwrap_or('?')
            }
        })
        .collect()
}

/// Tokens by id and merges by rank.
pub(crate) fn vocabulary() -> (Vec<String>, Vec<[String; 2]>) {
    let mut tokens: Vec<String> = SPECIAL.iter().map(|token| (*token).to_owned()).collect();
    tokens.extend(byte_symbols().into_iter().map(String::from));
    let mut merges: Vec<[String; 2]> = Vec::new();
    'words: for word in WORDS.split(' ') {
        let mut left = String::from('\u{120}');
        for letter in word.chars() {
            let pair = [left.clone(), letter.to_string()];
            left.push(letter);
            if !tokens.contains(&left) {
                if tokens.len() == SIZE {
                    break 'words;
                }
                tokens.push(left.clone());
                merges.push(pair);
            }
        }
    }
    for filler in tokens.len()..SIZE {
        tokens.push(format!("<filler {filler}>"));
    }
    (tokens, merges)
}

/// `tokenizer.json`.
pub(crate) fn json() -> Value {
    let (tokens, merges) = vocabulary();
    let ids: Map<String, Value> =
        tokens.iter().enumerate().map(|(id, token)| (token.clone(), json!(id))).collect();
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let digits = json!({"type": "Digits", "individual_digits": true});
    let added: Vec<Value> = SPECIAL
        .iter()
        .enumerate()
        .map(|(id, token)| {
            json!({"id": id, "content": token, "special": true, "single_word": false,
                   "lstrip": false, "rstrip": false, "normalized": false})
        })
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": null,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, bytes.clone()]},
        "post_processor": null,
        "decoder": bytes,
        "model": {"type": "BPE", "vocab": ids, "merges": merges},
    })
}

/// `tokenizer_config.json`.
pub(crate) fn settings() -> Value {
    json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": SPECIAL[1],
        "eos_token": SPECIAL[2],
        "chat_template": TEMPLATE,
    })
}
