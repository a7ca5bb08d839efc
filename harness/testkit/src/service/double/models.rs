//! Models, listed and fine-tuned.

use super::Manner;
use super::failure::Failure;
use super::state::{State, no_model};
use serde_json::{Value, json};

fn object(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_600_000_000, "owned_by": "double"})
}

/// All models.
pub(super) fn list(state: &State, manner: &Manner) -> Value {
    let all: Vec<_> = manner.models.iter().chain(state.tuned.keys()).map(|id| object(id)).collect();
    json!({"object": "list", "data": all})
}

/// One model.
pub(super) fn get(state: &State, manner: &Manner, id: &str) -> Result<Value, Failure> {
    let known = manner.models.iter().any(|known| known == id) || state.tuned.contains_key(id);
    if known { Ok(object(id)) } else { Err(no_model(id)) }
}

/// Deletes a fine-tuned model.
pub(super) fn delete(state: &mut State, id: &str) -> Result<Value, Failure> {
    state.tuned.remove(id).ok_or_else(|| no_model(id))?;
    Ok(json!({"id": id, "object": "model", "deleted": true}))
}
