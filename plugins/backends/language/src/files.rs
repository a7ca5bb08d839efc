//! A model's tokenizer and chat template, from its own files.

use crate::{Language, Problem, Template, Tokenizer, Vocabulary};
use serde_json::Value;
use std::path::{Path, PathBuf};

const TOKENIZER: &str = "tokenizer.json";
const SETTINGS: &str = "tokenizer_config.json";
const TEMPLATE: &str = "chat_template.jinja";

impl Language {
    /// The language of a folder with `tokenizer.json`, and with a chat template where the model has
    /// one; a model without is asked in plain words.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn of_folder(folder: &Path) -> Result<Self, Problem> {
        let tokenizer = Tokenizer::from_file(&folder.join(TOKENIZER))?;
        let settings = json(&folder.join(SETTINGS))?.unwrap_or(Value::Null);
        let generation = json(&folder.join("generation_config.json"))?.unwrap_or(Value::Null);
        let special = |key: &str| match &settings[key] {
            Value::String(text) => text.clone(),
            other => other["content"].as_str().unwrap_or_default().to_owned(),
        };
        let (bos, eos) = (special("bos_token"), special("eos_token"));
        let mut ends: Vec<u32> = tokenizer.token(&eos).into_iter().collect();
        ends.extend(ids(&generation["eos_token_id"]));
        let template = match template(folder, &settings)? {
            Some(source) => Template::new(&source, &bos, &eos).map_err(|p| p.at(folder))?,
            None => Template::plain(),
        };
        Ok(Language::new(tokenizer, template, known_ends(ends)))
    }

    /// The files of a folder that its language depends on.
    pub fn files_of(folder: &Path) -> Vec<PathBuf> {
        let more = [SETTINGS, TEMPLATE].map(|name| folder.join(name));
        let more = more.into_iter().filter(|path| path.exists());
        std::iter::once(folder.join(TOKENIZER)).chain(more).collect()
    }

    /// The language that the metadata of the GGUF file at `path` describe.
    ///
    /// # Errors
    /// As [`Tokenizer::from_gguf`] and [`Template::new`].
    pub fn of_vocabulary(
        vocabulary: &Vocabulary,
        template: Option<&str>,
        path: &Path,
    ) -> Result<Self, Problem> {
        let tokenizer = Tokenizer::from_gguf(vocabulary).map_err(|problem| problem.at(path))?;
        let text = |id: Option<u32>| {
            let token = id.and_then(|id| vocabulary.tokens.get(id as usize));
            token.cloned().unwrap_or_default()
        };
        let template = match template {
            Some(source) => Template::new(source, &text(vocabulary.bos), &text(vocabulary.eos)),
            None => Ok(Template::plain()),
        };
        let ends = vocabulary.eos.into_iter().collect();
        Ok(Language::new(
            tokenizer,
            template.map_err(|problem| problem.at(path))?,
            known_ends(ends),
        ))
    }
}

/// Each end once.
fn known_ends(mut ends: Vec<u32>) -> Vec<u32> {
    ends.sort_unstable();
    ends.dedup();
    ends
}

fn ids(value: &Value) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Value::Array(list) => list.iter().filter_map(one).collect(),
        single => one(single).into_iter().collect(),
    }
}

/// A JSON file that need not be there.
fn json(path: &Path) -> Result<Option<Value>, Problem> {
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(|e| Problem::file(path, e))?;
    serde_json::from_str(&text).map(Some).map_err(|e| Problem::model(path, e))
}

/// The chat template: a file of its own, or in the tokenizer's settings, there alone or the one that
/// is called `default`.
fn template(folder: &Path, settings: &Value) -> Result<Option<String>, Problem> {
    let path = folder.join(TEMPLATE);
    if path.exists() {
        return std::fs::read_to_string(&path).map(Some).map_err(|e| Problem::file(&path, e));
    }
    Ok(match &settings["chat_template"] {
        Value::String(source) => Some(source.clone()),
        Value::Array(list) => list
            .iter()
            .find(|entry| entry["name"] == "default")
            .and_then(|entry| entry["template"].as_str().map(str::to_owned)),
        _ => None,
    })
}
