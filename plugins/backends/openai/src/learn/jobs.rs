//! What training and batches have in common: a file, a job that carries our name, and looking at it
//! until it ends.

use super::notes::{Note, Notes};
use crate::client::{Client, Content, Failure, REPLY_MAX};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The key of metadata under which jobs carry our name.
pub(super) const MARK: &str = "pilotbench";
/// Pages of a list that are looked through.
const PAGES: usize = 20;
/// Entries of a page.
const PAGE: usize = 100;
/// How often something that may have been made is looked for before it is made again.
const LOOKS: u32 = 3;

/// A kind of job.
pub(super) struct Kind {
    /// Where jobs are made and listed.
    pub path: &'static str,
    /// What the file is for.
    pub purpose: &'static str,
    /// Words for a job that goes on no more without a result.
    pub failed: &'static [&'static str],
    /// Words for a job with a result.
    pub done: &'static [&'static str],
}

/// A piece of work.
pub(super) struct Work<'a> {
    /// The service.
    pub client: &'a Client,
    /// Where notes are.
    pub notes: &'a Notes,
    /// Its kind.
    pub kind: Kind,
    /// A hash of everything that it is made from.
    pub name: String,
    /// The file, JSON lines.
    pub file: bytes::Bytes,
    /// What a job is made with, but for file and name.
    pub body: Value,
    /// The field of the body that names the file.
    pub file_field: &'static str,
    /// Longest time until its end.
    pub deadline: Duration,
}

impl Work<'_> {
    /// The job, made if there is none, at its end.
    ///
    /// # Errors
    /// When it fails, does not end in time, or the service cannot be asked.
    pub(super) async fn done(&self, note: &mut Note) -> Result<Value, Failure> {
        let done = self.at_its_end(note).await;
        // What failed for good is not charged; what goes on is, one day.
        if let Err(Failure::Lasting(_)) = done {
            self.client.settle_later(&mut note.reserved, 0);
            self.notes.write(&self.name, note);
        }
        done
    }

    /// The job, found or made.
    async fn begun(&self, note: &mut Note) -> Result<Value, Failure> {
        let job = match self.found(note).await? {
            Some(job) => job,
            None => {
                let file = self.uploaded(note).await?;
                self.made(note, &file).await?
            }
        };
        note.job = Some(id(&job)?);
        self.notes.write(&self.name, note);
        Ok(job)
    }

    /// A job that was made before.
    async fn found(&self, note: &Note) -> Result<Option<Value>, Failure> {
        if let Some(job) = note.job.as_ref().filter(|job| !note.failed.contains(job)) {
            match self.get(&format!("{}/{job}", self.kind.path)).await {
                Err(Failure::NotFound(_)) => {}
                job => return job.map(Some),
            }
        }
        self.listed(self.kind.path, |job| self.is_ours(note, job)).await
    }

    /// Whether a job is of this work and has not failed.
    fn is_ours(&self, note: &Note, job: &Value) -> bool {
        job["metadata"][MARK] == self.name.as_str()
            && id(job).is_ok_and(|id| !note.failed.contains(&id))
    }

    /// The uploaded file: the noted one if it is still there, one of our name, else a new one.
    async fn uploaded(&self, note: &mut Note) -> Result<String, Failure> {
        if let Some(file) = &note.file {
            match self.get(&format!("/files/{file}")).await {
                Err(Failure::NotFound(_)) => {}
                found => return found.and_then(|found| id(&found)),
            }
        }
        let name = format!("pilotbench-{}.jsonl", self.name);
        let content = Content::File {
            name: name.clone(),
            purpose: self.kind.purpose,
            bytes: self.file.clone(),
        };
        let is_it = |file: &Value| file["filename"] == name.as_str();
        let file = id(&self.once("/files", &content, is_it).await?)?;
        note.file = Some(file.clone());
        self.notes.write(&self.name, note);
        Ok(file)
    }

    async fn made(&self, note: &Note, file: &str) -> Result<Value, Failure> {
        let mut body = self.body.clone();
        body[self.file_field] = json!(file);
        body["metadata"][MARK] = json!(self.name);
        let content = Content::Json(body.to_string().into());
        self.once(self.kind.path, &content, |job| self.is_ours(note, job)).await
    }

    /// Makes something once: where it may have been made and nobody said so, it is looked for before
    /// it is made again.
    async fn once(
        &self,
        path: &str,
        content: &Content,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value, Failure> {
        let mut lost = None;
        for _ in 0..self.client.service.limits.attempts {
            match self.client.make(path, content).await {
                Ok(reply) => return parsed(&reply.body),
                Err(failure @ Failure::Passing { .. }) => lost = Some(failure),
                Err(other) => return Err(other),
            }
            for _ in 0..LOOKS {
                tokio::time::sleep(self.client.service.limits.poll.min(Duration::from_secs(2)))
                    .await;
                if let Some(made) = self.listed(path, &is_it).await? {
                    return Ok(made);
                }
            }
        }
        Err(lost.unwrap_or_else(|| Failure::GivenUp("no attempt was allowed".into())))
    }

    /// Looks at the job until it ends.
    async fn at_its_end(&self, note: &mut Note) -> Result<Value, Failure> {
        let started = Instant::now();
        let mut job = self.begun(note).await?;
        loop {
            let status = job["status"].as_str().unwrap_or_default().to_owned();
            if self.kind.done.contains(&status.as_str()) {
                return Ok(job);
            }
            if self.kind.failed.contains(&status.as_str()) {
                note.failed.extend(note.job.take());
                self.notes.write(&self.name, note);
                let why = self.client.service.key.without(&reason(&job));
                let id = id(&job).unwrap_or_default();
                return Err(Failure::Lasting(format!("{id} is {}: {why}", status.escape_debug())));
            }
            // A word that is not known is one for work that goes on.
            if started.elapsed() > self.deadline {
                let hours = self.deadline.as_secs_f64() / 3600.0;
                let id = id(&job).unwrap_or_default();
                return Err(Failure::GivenUp(format!(
                    "{id} is {} after {hours:.2} hours; `pilotbench resume` looks again",
                    status.escape_debug()
                )));
            }
            tokio::time::sleep(self.client.service.limits.poll).await;
            job = self.get(&format!("{}/{}", self.kind.path, id(&job)?)).await?;
        }
    }

    /// The first of a list that fits, page by page.
    async fn listed(
        &self,
        path: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, Failure> {
        let mut after = String::new();
        for _ in 0..PAGES {
            let page = self.get(&format!("{path}?limit={PAGE}{after}")).await?;
            let entries = page["data"].as_array().cloned().unwrap_or_default();
            if let Some(found) = entries.iter().find(|entry| fits(entry)) {
                return Ok(Some(found.clone()));
            }
            let Some(last) = entries.last().filter(|_| page["has_more"] == true) else { break };
            after = format!("&after={}", id(last)?);
        }
        Ok(None)
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        parsed(&self.client.look(Method::GET, path, REPLY_MAX).await?.body)
    }
}

/// JSON of a reply.
pub(super) fn parsed(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|e| Failure::Broken(format!("the reply is no reply: {e}")))
}

/// The identifier of a thing; only such as can be part of a path.
pub(super) fn id(thing: &Value) -> Result<String, Failure> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let id = thing["id"].as_str().filter(|id| !id.is_empty() && id.chars().all(is_part));
    id.map(str::to_owned).ok_or_else(|| Failure::Broken("the reply has no id".into()))
}

/// Why a job failed.
fn reason(job: &Value) -> String {
    let one = |error: &Value| {
        let words = [&error["code"], &error["message"]].into_iter().filter_map(Value::as_str);
        let mut words = words.collect::<Vec<_>>().join(": ");
        if let Some(line) = error["line"].as_u64() {
            words.push_str(&format!(" (line {line})"));
        }
        words
    };
    let several = job["errors"]["data"].as_array().into_iter().flatten();
    let all: Vec<String> = std::iter::once(&job["error"])
        .chain(several)
        .map(one)
        .filter(|words| !words.is_empty())
        .take(5)
        .collect();
    if all.is_empty() { "the service does not say why".into() } else { all.join("; ") }
}
