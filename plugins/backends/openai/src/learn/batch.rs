//! Requests through the batch endpoint: half the price, an answer within a day. What comes back is
//! kept like any other answer, and found there.

use super::{
    jobs::{Kind, Work, parsed},
    notes::Notes,
};
use crate::{
    client::{Call, Client, FILE_MAX, Failure, Kept, of_status, tokens},
    wire,
};
use backend_language::place::hex;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Fewer requests are not worth a day: they are made at once.
pub(crate) const FEWEST: usize = 10;
/// Times that what has no answer is asked in a batch.
const ROUNDS: usize = 2;
/// Longest time of a batch, beyond what services promise.
const DEADLINE: Duration = Duration::from_secs(26 * 3600);

/// Has every call answered and kept, by as many batches as are needed.
///
/// # Errors
/// When some have no answer in the end, or money or time is up.
pub(crate) async fn fill(client: &Client, calls: &[Call]) -> Result<(), Failure> {
    let mut failures: BTreeMap<String, Failure> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let missing = missing(client, calls);
        if missing.is_empty() {
            return Ok(());
        }
        failures = round(client, &missing).await?;
    }
    let missing = missing(client, calls);
    let Some(first) = missing.keys().next() else { return Ok(()) };
    let (left, all) = (missing.len(), calls.len());
    let why = failures.remove(first);
    match why {
        Some(failure @ (Failure::TooLong { .. } | Failure::Quota(_))) => Err(failure),
        why => {
            let why = why.map_or_else(|| "absent from the output".into(), |why| why.message());
            let message = format!("{left} of {all} requests of a batch have no answer: {why}");
            Err(Failure::Lasting(message))
        }
    }
}

/// Calls without a kept answer, by name.
pub(crate) fn missing<'a>(client: &Client, calls: &'a [Call]) -> BTreeMap<String, &'a Call> {
    let all = calls.iter().map(|call| (client.name_of(call), call));
    all.filter(|(_, call)| !client.has(call)).collect()
}

/// One batch; why requests in it have no answer.
async fn round(
    client: &Client,
    calls: &BTreeMap<String, &Call>,
) -> Result<BTreeMap<String, Failure>, Failure> {
    let notes = Notes::new(client.conditions().folder.as_deref());
    let mut digest = Sha256::new();
    calls.keys().for_each(|name| digest.update(name));
    let name = hex(&digest.finalize()[..16]);
    let mut note = notes.read(&name);
    if note.reserved.is_none() {
        let most = |call: &&Call| {
            let most = call.most(call.body.to_string().len());
            call.price.map_or(0, |price| price.nano(most))
        };
        let most: i64 = calls.values().map(most).sum();
        if most > 0
            && let Some(held) = client.reserve(most).await?
        {
            note.reserved = Some(held.leave());
            notes.write(&name, &note);
        }
    }
    let endpoint = |path: &str| format!("{}{path}", prefix(client));
    let path = calls.values().next().map_or("/chat/completions", |call| call.path);
    let line = |(name, call): (&String, &&Call)| {
        let line = json!({"custom_id": name, "method": "POST", "url": endpoint(call.path), "body": call.body});
        format!("{line}\n")
    };
    let work = Work {
        client,
        notes: &notes,
        kind: Kind {
            path: "/batches",
            purpose: "batch",
            failed: &["failed", "cancelled"],
            done: &["completed", "expired"],
        },
        file: calls.iter().map(line).collect::<String>().into(),
        body: json!({"endpoint": endpoint(path), "completion_window": "24h"}),
        name: name.clone(),
        file_field: "input_file_id",
        deadline: DEADLINE,
    };
    let job = work.done(&mut note).await?;
    let mut lines = Vec::new();
    for file in ["output_file_id", "error_file_id"] {
        if let Some(file) = job[file].as_str().filter(|file| !file.is_empty()) {
            lines.extend(downloaded(client, file).await?);
        }
    }
    let (failures, cost) = joined(client, calls, lines)?;
    client.settle_later(&mut note.reserved, cost);
    // Asked again, it is another batch.
    note.failed.extend(note.job.take());
    notes.write(&name, &note);
    Ok(failures)
}

/// The path of the service's URL, which batches have in their lines.
fn prefix(client: &Client) -> String {
    let url = reqwest::Url::parse(&client.service.base_url);
    url.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}

async fn downloaded(client: &Client, file: &str) -> Result<Vec<Value>, Failure> {
    let path = format!("/files/{file}/content");
    let reply = client.look(Method::GET, &path, FILE_MAX).await?;
    let lines = reply.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(parsed).collect()
}

/// Keeps the answers, each under the name that it came with; why others have none, and the cost.
fn joined(
    client: &Client,
    calls: &BTreeMap<String, &Call>,
    lines: Vec<Value>,
) -> Result<(BTreeMap<String, Failure>, i64), Failure> {
    let key = &client.service.key;
    let mut seen = BTreeSet::new();
    let (mut failures, mut cost) = (BTreeMap::new(), 0);
    for line in lines {
        let name = line["custom_id"].as_str().unwrap_or_default().to_owned();
        let Some(call) = calls.get(&name) else {
            let shown = name.escape_debug();
            return Err(Failure::Broken(format!(
                "the batch answers `{shown}`, which was not asked"
            )));
        };
        if !seen.insert(name.clone()) {
            return Err(Failure::Broken(format!("the batch answers `{name}` twice")));
        }
        let status = line["response"]["status_code"].as_u64().unwrap_or_default();
        let body = line["response"]["body"].to_string();
        let said = match (status, line["error"].is_null()) {
            (200, true) => wire::reply(body.as_bytes(), key),
            (_, false) => Err(Failure::Lasting(key.without(&line["error"]["message"].to_string()))),
            (status, true) => {
                let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok());
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Err(of_status(status, &HeaderMap::new(), body.as_bytes(), key))
            }
        };
        match said {
            Ok(said) => {
                let nano = call.price.map(|price| price.nano(tokens(&said)));
                cost += nano.unwrap_or(0);
                client.keep(call, Kept::new(said, nano));
            }
            Err(failure) => {
                failures.insert(name, failure);
            }
        }
    }
    Ok((failures, cost))
}
