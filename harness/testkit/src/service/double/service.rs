//! A request in, a reply out.

use super::failure::Failure;
use super::query::Query;
use super::state::State;
use super::{Manner, Route, batches, chat, completions, files, jobs, models, stream};
use crate::service::stop::locked;
use crate::service::{Request, Step, json, reply, sse};
use serde_json::Value;
use std::sync::Mutex;

/// What comes back.
enum Reply {
    Json(Value),
    Bytes(Vec<u8>),
    Events(Vec<String>),
    /// The connection is lost before the reply.
    Lost,
}

/// The service behind a double.
pub(super) struct Service {
    pub(super) manner: Manner,
    pub(super) state: Mutex<State>,
}

impl Service {
    pub(super) fn new(manner: Manner) -> Self {
        let mut state = State::default();
        state.fingerprint.clone_from(&manner.fingerprint);
        Self { manner, state: Mutex::new(state) }
    }

    /// What to do with a request.
    pub(super) fn steps(&self, request: &Request) -> Vec<Step> {
        let mut steps = match self.answer(request) {
            Ok(Reply::Json(body)) => json(200, &body),
            Ok(Reply::Bytes(body)) => {
                reply(200, &[("content-type", "application/octet-stream")], body)
            }
            Ok(Reply::Events(events)) => sse(&events.iter().map(|e| &**e).collect::<Vec<_>>()),
            Ok(Reply::Lost) => vec![Step::Reset],
            Err(failure) => json(failure.status, &failure.body(&self.manner)),
        };
        if !self.manner.delay.is_zero() {
            steps.insert(0, Step::Pause(self.manner.delay));
        }
        steps
    }

    fn answer(&self, request: &Request) -> Result<Reply, Failure> {
        let (parts, query) = Query::split(&request.path);
        let (route, id) = Route::find(&request.method, &parts);
        *locked(&self.state).counts.entry(route).or_default() += 1;
        self.authorised(request)?;
        match route {
            Route::Unknown => Err(unknown(request)),
            Route::Chat | Route::Completions => self.complete(route, &body(request)?),
            Route::CreateFile | Route::CreateJob | Route::CreateBatch => {
                self.create(route, request)
            }
            _ => self.look(route, &id, &query),
        }
    }

    fn authorised(&self, request: &Request) -> Result<(), Failure> {
        let Some(key) = &self.manner.key else { return Ok(()) };
        let given = request.header("authorization").unwrap_or_default();
        let Some(given) = given.strip_prefix("Bearer ").filter(|given| !given.is_empty()) else {
            return Err(Failure::new(401, "You didn't provide an API key."));
        };
        if given == key {
            return Ok(());
        }
        let quoted = if self.manner.quotes_key { given.into() } else { masked(given) };
        let why = format!("Incorrect API key provided: {quoted}.");
        Err(Failure::new(401, why).code("invalid_api_key"))
    }

    fn complete(&self, route: Route, body: &Value) -> Result<Reply, Failure> {
        let scene = locked(&self.state).scene(body, &self.manner)?;
        if route == Route::Completions {
            return completions::answer(body, &self.manner, &scene).map(Reply::Json);
        }
        let reply = chat::answer(body, &self.manner, &scene)?;
        let streams = body["stream"] == true;
        Ok(if streams { Reply::Events(stream::events(&reply, body)) } else { Reply::Json(reply) })
    }

    fn create(&self, route: Route, request: &Request) -> Result<Reply, Failure> {
        let state = &mut *locked(&self.state);
        let (made, lose) = match route {
            Route::CreateFile => (files::create(state, request)?, &mut state.lose.file),
            Route::CreateJob => (jobs::create(state, &body(request)?)?, &mut state.lose.job),
            _ => (batches::create(state, &body(request)?)?, &mut state.lose.batch),
        };
        Ok(if std::mem::take(lose) { Reply::Lost } else { Reply::Json(made) })
    }

    /// All that takes no body.
    fn look(&self, route: Route, id: &str, query: &Query) -> Result<Reply, Failure> {
        let (state, manner) = (&mut *locked(&self.state), &self.manner);
        Ok(Reply::Json(match route {
            Route::Models => models::list(state, manner),
            Route::Model => models::get(state, manner, id)?,
            Route::DeleteModel => models::delete(state, id)?,
            Route::Files => files::list(state, query),
            Route::File => files::get(state, id)?.object.clone(),
            Route::FileContent => {
                return Ok(Reply::Bytes(files::get(state, id)?.content.to_vec()));
            }
            Route::DeleteFile => files::delete(state, id)?,
            Route::Jobs => jobs::list(state, query),
            Route::Job => jobs::poll(state, manner, id)?,
            Route::CancelJob => jobs::cancel(state, id)?,
            Route::JobEvents => jobs::events(state, id, query)?,
            Route::JobCheckpoints => jobs::checkpoints(state, id, query)?,
            Route::Batches => batches::list(state, query),
            Route::Batch => batches::poll(state, manner, id)?,
            _ => batches::cancel(state, id)?,
        }))
    }
}

fn body(request: &Request) -> Result<Value, Failure> {
    let why = "We could not parse the JSON body of your request.";
    let body: Option<Value> = serde_json::from_slice(&request.body).ok();
    body.filter(Value::is_object).ok_or_else(|| Failure::new(400, why))
}

fn unknown(request: &Request) -> Failure {
    let (method, path) = (&request.method, request.path.split('?').next().unwrap_or_default());
    Failure::new(404, format!("Unknown request URL: {method} {path}. Please check the URL."))
}

/// A key of which the middle is hidden.
fn masked(key: &str) -> String {
    let shown: Vec<_> = key.chars().collect();
    let hidden = shown.len().saturating_sub(12);
    if hidden == 0 {
        return "*".repeat(shown.len());
    }
    let (start, end) = (&shown[..8], &shown[shown.len() - 4..]);
    start
        .iter()
        .copied()
        .chain(std::iter::repeat_n('*', hidden))
        .chain(end.iter().copied())
        .collect()
}
