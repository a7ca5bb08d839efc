//! Classic completions.

use super::*;

const PATH: &str = "/v1/completions";

fn body(prompt: &str, echo: bool) -> Value {
    json!({"model": "gpt-double", "prompt": prompt, "echo": echo, "logprobs": 5, "max_tokens": 1})
}

#[test]
fn an_answer_follows_the_prompt() {
    let double = Double::start(Manner::default());
    let reply = post(&double, PATH, &body(&format!("{LETTERS}\nAnswer:"), false));
    let choice = &reply["choices"][0];
    assert_eq!(reply["object"], "text_completion");
    assert!([" A", " B", " C"].contains(&choice["text"].as_str().unwrap()));
    assert_eq!(choice["logprobs"]["tokens"], json!([choice["text"]]));
    let top = choice["logprobs"]["top_logprobs"][0].as_object().unwrap();
    assert!(top.contains_key(" A") && top.contains_key(" C"));
}

#[test]
fn echoes_give_the_probability_of_each_answer() {
    let double = Double::start(Manner::default());
    let mut sum = 0.0;
    for label in ["Very well", "Very bad", "So so"] {
        let prompt = format!("{LABELS}\nAnswer: {label}");
        let reply = post(&double, PATH, &body(&prompt, true));
        let choice = &reply["choices"][0];
        assert!(choice["text"].as_str().unwrap().starts_with(&prompt));
        let logprobs = &choice["logprobs"];
        assert_eq!(logprobs["token_logprobs"][0], Value::Null);
        let start = prompt.len() - label.len() - 1;
        let offsets = logprobs["text_offset"].as_array().unwrap();
        let of_label = offsets.iter().enumerate().filter(|(_, offset)| {
            (start..prompt.len()).contains(&(offset.as_u64().unwrap() as usize))
        });
        let each = of_label.map(|(at, _)| logprobs["token_logprobs"][at].as_f64().unwrap());
        sum += each.sum::<f64>().exp();
    }
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
}

#[test]
fn echo_may_be_ignored() {
    let double = Double::start(Manner { echo: false, ..Manner::default() });
    let reply = post(&double, PATH, &body(&format!("{LABELS}\nAnswer:"), true));
    let choice = &reply["choices"][0];
    assert!([" Very", " So"].contains(&choice["text"].as_str().unwrap()));
    assert_eq!(choice["logprobs"]["content"][0]["token"], choice["text"]);
    assert_eq!(choice["finish_reason"], "length");
}
