//! Lists in pages.

use super::query::Query;
use serde_json::{Value, json};

/// Objects per page if nothing is said.
const LIMIT: usize = 20;

/// A page of objects, after those that the query names and with the metadata that it wants.
pub(super) fn page<'a>(all: impl Iterator<Item = &'a Value>, query: &Query) -> Value {
    let mut wanted: Vec<_> = all.filter(|object| has_metadata(object, query)).collect();
    if let Some(after) = query.get("after") {
        let place = wanted.iter().position(|object| object["id"] == after);
        wanted.drain(..place.map_or(0, |place| place + 1));
    }
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(LIMIT);
    let has_more = wanted.len() > limit;
    wanted.truncate(limit);
    let id = |object: Option<&&Value>| object.map(|object| object["id"].clone());
    json!({"object": "list", "data": wanted, "has_more": has_more,
        "first_id": id(wanted.first()), "last_id": id(wanted.last())})
}

fn has_metadata(object: &Value, query: &Query) -> bool {
    query.metadata().all(|(key, value)| object["metadata"][key] == value)
}
