//! A double of a service, answers and all.

mod batch_lines;
mod batches;
mod chat;
mod choices;
mod completions;
mod examples;
mod failure;
mod files;
mod hash;
mod jobs;
mod law;
mod learned;
mod manner;
mod message;
mod models;
mod multipart;
mod page;
mod plain;
mod query;
mod route;
mod scene;
mod schema;
mod service;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod token;

pub use manner::{BatchEnd, JobEnd, Logprobs, Manner, Schemas};
pub use route::Route;
pub use state::{File, State};

use super::stop::locked;
use super::{Request, Scripted, Step};
use service::Service;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A double of an OpenAI-compatible service: it answers by a hidden law of the words that it is
/// asked, keeps files, trains models and works through batches. It ends with its value.
pub struct Double {
    server: Scripted,
    service: Arc<Service>,
}

impl Double {
    /// A service of this manner.
    pub fn start(manner: Manner) -> Self {
        Self::start_with(manner, |_, _| None)
    }

    /// A service that does something else first with some requests, numbered from 0: where the
    /// function says what, the service never sees the request.
    pub fn start_with(
        manner: Manner,
        first: impl Fn(&Request, usize) -> Option<Vec<Step>> + Send + Sync + 'static,
    ) -> Self {
        let service = Arc::new(Service::new(manner));
        let behind = Arc::clone(&service);
        let server = Scripted::start(move |request, number| {
            first(request, number).unwrap_or_else(|| behind.steps(request))
        });
        Self { server, service }
    }

    /// Base URL of the service, without a slash at its end.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The server under the service.
    pub fn server(&self) -> &Scripted {
        &self.server
    }

    /// All requests so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// How often each route was asked.
    pub fn counts(&self) -> BTreeMap<Route, usize> {
        locked(&self.service.state).counts.clone()
    }

    /// How often one route was asked.
    pub fn count(&self, route: Route) -> usize {
        locked(&self.service.state).counts.get(&route).copied().unwrap_or(0)
    }

    /// What the service remembers now.
    pub fn state(&self) -> State {
        locked(&self.service.state).clone()
    }

    /// Replies have this fingerprint from now on.
    pub fn set_fingerprint(&self, fingerprint: Option<&str>) {
        locked(&self.service.state).fingerprint = fingerprint.map(Into::into);
    }

    /// Makes the next fine-tuning job but loses the connection before the reply.
    pub fn lose_next_create(&self) {
        locked(&self.service.state).lose.job = true;
    }

    /// Makes the next batch but loses the connection before the reply.
    pub fn lose_next_batch(&self) {
        locked(&self.service.state).lose.batch = true;
    }

    /// Keeps the next file but loses the connection before the reply.
    pub fn lose_next_file(&self) {
        locked(&self.service.state).lose.file = true;
    }
}
