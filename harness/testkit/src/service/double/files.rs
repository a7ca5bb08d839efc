//! Files of the service.

use super::failure::Failure;
use super::multipart::fields;
use super::page::page;
use super::query::Query;
use super::state::{File, State};
use crate::service::Request;
use serde_json::{Value, json};
use std::sync::Arc;

/// Keeps the file of a form.
pub(super) fn create(state: &mut State, request: &Request) -> Result<Value, Failure> {
    let form = fields(request.header("content-type").unwrap_or_default(), &request.body)
        .ok_or_else(|| Failure::new(400, "Could not parse multipart form"))?;
    let field = |name: &str| {
        form.iter()
            .find(|field| field.name == name)
            .ok_or_else(|| Failure::invalid(name, format!("Missing required parameter: '{name}'.")))
    };
    let purpose = String::from_utf8_lossy(field("purpose")?.content).into_owned();
    if !["assistants", "batch", "evals", "fine-tune", "user_data", "vision"].contains(&&*purpose) {
        return Err(Failure::invalid("purpose", format!("'{purpose}' is not one of the purposes")));
    }
    let file = field("file")?;
    let filename = file.filename.as_deref().unwrap_or("file");
    Ok(keep(state, filename, &purpose, file.content.to_vec()))
}

/// Keeps a file; its object.
pub(super) fn keep(state: &mut State, filename: &str, purpose: &str, content: Vec<u8>) -> Value {
    let object = json!({
        "id": format!("file-{}", state.next("file")),
        "object": "file",
        "bytes": content.len(),
        "created_at": state.now(),
        "filename": filename,
        "purpose": purpose,
        "status": "processed",
    });
    state.files.push(File { object: object.clone(), content: Arc::new(content) });
    object
}

/// A page of the files, the newest first.
pub(super) fn list(state: &State, query: &Query) -> Value {
    let purpose = query.get("purpose");
    let wanted = |file: &&Value| purpose.is_none_or(|purpose| file["purpose"] == purpose);
    page(state.files.iter().rev().map(|file| &file.object).filter(wanted), query)
}

/// A file that must be there.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a File, Failure> {
    state.file(id).ok_or_else(|| Failure::missing("File", id))
}

/// Forgets a file.
pub(super) fn delete(state: &mut State, id: &str) -> Result<Value, Failure> {
    get(state, id)?;
    state.files.retain(|file| file.object["id"] != id);
    Ok(json!({"id": id, "object": "file", "deleted": true}))
}
