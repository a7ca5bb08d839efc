//! Answers as JSON after a schema.

use super::failure::Failure;
use super::law::Law;
use super::token::{Token, Ways};
use serde_json::{Value, json};

/// What a strict service refuses in a schema.
pub(super) fn check(format: &Value) -> Result<(), Failure> {
    let (name, schema) = (&format["name"], &format["schema"]);
    let wrong = |why: &str| {
        let why = format!("Invalid schema for response_format {name}: In context=(), {why}");
        Err(Failure::invalid("response_format", why))
    };
    let Some(properties) = schema["properties"].as_object() else {
        return wrong("schema must have type 'object' and 'properties'.");
    };
    if format["strict"] != true {
        return Ok(());
    }
    if schema["additionalProperties"] != false {
        return wrong("'additionalProperties' is required to be supplied and to be false.");
    }
    let required = schema["required"].as_array().map_or(0, Vec::len);
    if required != properties.len() {
        return wrong("'required' is required to be supplied and to include every property.");
    }
    Ok(())
}

/// An object that conforms: the values of enumerations follow the law.
pub(super) fn answer(law: &Law, schema: &Value) -> Vec<Token> {
    let mut tokens = Vec::new();
    object(law, schema, "", &mut tokens);
    tokens
}

fn object(law: &Law, schema: &Value, path: &str, tokens: &mut Vec<Token>) {
    let mut before = "{".to_owned();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        before.push_str(&format!("{}:", json!(name)));
        tokens.push(Token::certain(before));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        value(law, property, &path, tokens);
        before = ",".into();
    }
    let close = if before == "{" { "{}" } else { "}" };
    tokens.push(Token::certain(close.into()));
}

fn value(law: &Law, schema: &Value, path: &str, tokens: &mut Vec<Token>) {
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.is_empty()) {
        return tokens.extend(one_of(law, values, path));
    }
    if schema["properties"].is_object() {
        return object(law, schema, path, tokens);
    }
    let plain = match schema["type"].as_str() {
        _ if schema.get("const").is_some() => schema["const"].clone(),
        Some("string") => json!("text"),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        _ => Value::Null,
    };
    tokens.push(Token::certain(plain.to_string()));
}

/// A value in the words of JSON: its quotes belong to its first and last word.
fn one_of(law: &Law, values: &[Value], path: &str) -> Vec<Token> {
    let labels: Vec<_> = values.iter().map(label).collect();
    let labels: Vec<_> = labels.iter().map(String::as_str).collect();
    let shares = law.shares(&labels, path);
    let written: Vec<_> = values.iter().map(Value::to_string).collect();
    let chosen = written[law.draw(&shares, path)].clone();
    Ways { whole: written.into_iter().zip(shares).collect(), lettered: false }.speak(&chosen, "")
}

fn label(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
