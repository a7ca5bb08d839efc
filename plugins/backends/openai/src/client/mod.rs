//! The way of one request: kept answers, its turn, the limits per minute, the money, attempts on the
//! wire, and what is kept of the reply.

mod attempt;
mod buckets;
mod failure;
mod kept;
mod ledger;
mod pace;
#[cfg(test)]
mod tests;

pub(crate) use attempt::{Content, FILE_MAX, REPLY_MAX, Reply};
use failure::Reached;
pub(crate) use failure::{Failure, of_error, of_status};
pub(crate) use kept::{Kept, write_file};

use crate::{
    conditions::Conditions,
    service::{Price, Service, Tokens},
    wire::{self, Said},
};
use attempt::Wire;
use backon::{BackoffBuilder, ExponentialBuilder};
use buckets::Bucket;
use kept::{Key, Store};
use ledger::{Ledger, Refused, Reservation};
use pace::Pace;
use reqwest::Method;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// First wait between attempts; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait that nobody asked for.
const USUAL_WAIT: Duration = Duration::from_secs(20);
/// Attempts of a request whose reply is no answer: each may be charged.
const BROKEN_MAX: u32 = 2;
/// How often a request that finds the budget reserved looks again.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of a request for each token of its prompt, until the service tells.
const BYTES_PER_TOKEN: f64 = 3.5;

/// One service with everything that is shared between requests to it.
pub(crate) struct Client {
    /// The service.
    pub service: Service,
    conditions: Conditions,
    wire: Wire,
    store: Store,
    pace: Pace,
    requests_per_minute: Option<Bucket>,
    tokens_per_minute: Option<Bucket>,
    ledger: Option<Arc<Ledger>>,
    /// Requests with money reserved.
    reserved: AtomicUsize,
    /// As bits.
    bytes_per_token: AtomicU64,
    /// Fingerprints of the answers so far, by model.
    fingerprints: Mutex<BTreeMap<String, BTreeSet<String>>>,
    /// Requests that were sent, attempts counted.
    pub sent: AtomicU64,
}

/// A request for an answer.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Where it goes.
    pub path: &'static str,
    /// What it says.
    pub body: Value,
    /// The model as the service resolves it: part of what an answer is found by.
    pub model: String,
    /// Whether replies have to name that model.
    pub is_resolved: bool,
    /// Which of several sampled answers it is.
    pub replicate: u64,
    /// Most tokens of the answer.
    pub most_tokens: u64,
    /// What a reply has to hold. One that does not is no answer, and is not kept.
    pub(crate) needs: Part,
    /// What it costs; `None` where nobody knows.
    pub price: Option<Price>,
}

/// What a reply has to hold, if it is no refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Whatever it does.
    Anything,
    /// Words.
    Text,
    /// Log-probabilities.
    Likelihoods,
}

impl Call {
    fn key(&self, base_url: &str) -> Key {
        Key::of(base_url, self.path, &self.model, &self.body, self.replicate)
    }

    /// Most tokens that it may take, in so many bytes: no token is shorter than a byte.
    pub(crate) fn most(&self, bytes: usize) -> Tokens {
        Tokens { prompt: bytes as u64, cached: 0, completion: self.most_tokens }
    }

    fn is_stream(&self) -> bool {
        self.body["stream"] == true
    }
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// What is wrong with key, certificates or the file of what is spent.
    pub(crate) fn new(
        service: Service,
        conditions: Conditions,
        origin: &str,
    ) -> Result<Self, String> {
        let limits = &service.limits;
        let authorization = service.key.header().map_err(str::to_owned)?;
        let wire = Wire::new(authorization, service.is_loopback(), limits.in_flight)?;
        let budget = conditions.budget.as_ref().filter(|_| !conditions.is_silent());
        let ledger = budget.map(|budget| Ledger::open(budget, origin)).transpose()?;
        Ok(Self {
            wire,
            store: Store::new(conditions.folder.as_deref(), !conditions.anew),
            pace: Pace::new(limits.in_flight),
            requests_per_minute: limits.requests_per_minute.map(Bucket::new),
            tokens_per_minute: limits.tokens_per_minute.map(Bucket::new),
            ledger,
            reserved: AtomicUsize::new(0),
            bytes_per_token: AtomicU64::new(BYTES_PER_TOKEN.to_bits()),
            fingerprints: Mutex::default(),
            sent: AtomicU64::new(0),
            service,
            conditions,
        })
    }

    /// The conditions that it works under.
    pub(crate) fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// An answer: a kept one, or a new one. Whoever asks the same at the same time waits for it.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn ask(&self, call: &Call) -> Result<Arc<Kept>, Failure> {
        let key = call.key(&self.service.base_url);
        let place = self.store.place(key);
        if self.conditions.estimate {
            let is_known = self.is_known(key);
            let kept = place.get_or_init(async || Arc::new(self.estimated(call))).await;
            return Ok(match is_known {
                true => Arc::new(Kept::new(Said::default(), Some(0))),
                false => Arc::clone(kept),
            });
        }
        let kept = place.get_or_try_init(async || match self.store.read(key) {
            Some(kept) => Ok(Arc::new(kept)),
            None if self.conditions.replay => Err(not_kept()),
            None => {
                let kept = self.fetch(call).await?;
                self.store.write(key, &kept);
                Ok(Arc::new(kept))
            }
        });
        let kept = kept.await.cloned()?;
        self.note(&kept.said);
        Ok(kept)
    }

    /// Keeps an answer that came another way than by [`Client::ask`].
    pub(crate) fn keep(&self, call: &Call, kept: Kept) {
        let key = call.key(&self.service.base_url);
        self.store.write(key, &kept);
        // Where somebody was faster, there is that answer.
        let _ = self.store.place(key).set(Arc::new(kept));
    }

    /// Whether an answer is kept.
    pub(crate) fn has(&self, call: &Call) -> bool {
        self.is_known(call.key(&self.service.base_url))
    }

    fn is_known(&self, key: Key) -> bool {
        self.store.place(key).get().is_some() || self.store.read(key).is_some()
    }

    /// A name of a call that is the same whenever it is made.
    pub(crate) fn name_of(&self, call: &Call) -> String {
        call.key(&self.service.base_url).hex()
    }

    /// What a request would cost, with an answer that says nothing.
    fn estimated(&self, call: &Call) -> Kept {
        let prompt_tokens = estimated_tokens(&call.body);
        let completion_tokens = call.most_tokens;
        let said = Said { prompt_tokens, completion_tokens, ..Said::default() };
        Kept::new(said.clone(), call.price.map(|price| price.nano(tokens(&said))))
    }

    /// Asks the service, whatever is kept.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn fetch(&self, call: &Call) -> Result<Kept, Failure> {
        let text = bytes::Bytes::from(call.body.to_string());
        let mut paid = 0;
        let said = self.insist(async || self.attempt(call, &text, &mut paid).await).await?;
        Ok(Kept::new(said, call.price.map(|_| paid)))
    }

    /// One attempt at an answer; what it costs is added to `paid`.
    async fn attempt(
        &self,
        call: &Call,
        text: &bytes::Bytes,
        paid: &mut i64,
    ) -> Result<Said, Failure> {
        let _turn = self.pace.turn().await;
        self.keep_limits(text.len(), call.most_tokens).await;
        let most = call.most(text.len());
        let price = call.price.filter(|price| !price.is_free());
        let reserved = match price {
            Some(price) => self.reserve(price.nano(most)).await?,
            None => None,
        };
        let said = self.said(call, text).await;
        let cost = match (&said, price) {
            (Ok(said), Some(price)) => price.nano(tokens(said)),
            // It may be charged, and nobody says how much.
            (Err(failure), Some(price)) if failure.may_be_charged() => price.nano(most),
            _ => 0,
        };
        *paid += cost;
        if let Some(reserved) = reserved {
            reserved.settle(cost);
        }
        said
    }

    async fn said(&self, call: &Call, text: &bytes::Bytes) -> Result<Said, Failure> {
        let content = Content::Json(text.clone());
        let reply = self.send(Method::POST, call.path, &content, REPLY_MAX).await?;
        let key = &self.service.key;
        let said = match call.is_stream() {
            true => wire::stream(&reply.body, key)?,
            false => wire::reply(&reply.body, key)?,
        };
        if let (true, Some(model)) = (call.is_resolved, &said.model)
            && *model != call.model
        {
            let message = format!(
                "the reply is of the model `{}` instead of `{}`",
                key.without(model),
                call.model
            );
            return Err(Failure::Broken(message));
        }
        let is_whole = match call.needs {
            Part::Anything => true,
            Part::Text => said.text.is_some(),
            Part::Likelihoods => !said.places.is_empty(),
        };
        if !is_whole && !said.is_refusal() {
            return Err(Failure::Broken(
                format!("the reply lacks its {:?}", call.needs).to_lowercase(),
            ));
        }
        self.learn_length(text.len(), said.prompt_tokens);
        self.pace.went_well();
        Ok(said)
    }

    /// Sends once, and takes an error status as what it means.
    async fn send(
        &self,
        method: Method,
        path: &str,
        content: &Content,
        most: usize,
    ) -> Result<Reply, Failure> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}{path}", self.service.base_url);
        let sent = self.wire.send((method, &url), content, most, self.service.limits.timeout).await;
        let reply = sent?;
        match reply.status.is_success() {
            true => Ok(reply),
            false => {
                let Reply { status, headers, body } = reply;
                Err(failure::of_status(status, &headers, &body, &self.service.key))
            }
        }
    }

    /// A request about files and jobs that may be made again: a look, or a removal.
    ///
    /// # Errors
    /// Why there is no reply.
    pub(crate) async fn look(
        &self,
        method: Method,
        path: &str,
        most: usize,
    ) -> Result<Reply, Failure> {
        let look = async || self.send(method.clone(), path, &Content::None, most).await;
        self.insist(look).await
    }

    /// A request that makes something, which must not be made twice: it is made again only where the
    /// service certainly did nothing.
    ///
    /// # Errors
    /// Why there is no reply; [`Failure::Passing`] where the thing may have been made.
    pub(crate) async fn make(&self, path: &str, content: &Content) -> Result<Reply, Failure> {
        let made = async || match self.send(Method::POST, path, content, REPLY_MAX).await {
            // For what may be done, the one who asked looks.
            Err(failure @ Failure::Passing { is_crowded: false, reached, .. })
                if reached != Reached::Nobody =>
            {
                Ok(Err(failure))
            }
            Err(failure) => Err(failure),
            Ok(reply) => Ok(Ok(reply)),
        };
        self.insist(made).await?
    }

    /// Makes attempts until one works, or until none will.
    async fn insist<T>(
        &self,
        mut act: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let limits = &self.service.limits;
        let started = Instant::now();
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(USUAL_WAIT)
            .with_jitter()
            .without_max_times()
            .build();
        let (mut attempt, mut broken) = (0, 0);
        loop {
            attempt += 1;
            let failure = match act().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            let asked = match &failure {
                Failure::Passing { wait, is_crowded, .. } => {
                    if *is_crowded {
                        self.pace.is_crowded();
                    }
                    *wait
                }
                Failure::Broken(_) if broken + 1 < BROKEN_MAX => {
                    broken += 1;
                    None
                }
                _ => return Err(failure),
            };
            let given_up = |why: String| Failure::GivenUp(format!("{why}: {}", failure.message()));
            if let Some(asked) = asked.filter(|asked| *asked > limits.longest_wait) {
                let seconds = asked.as_secs();
                let why = format!(
                    "the service says to come back in {seconds} s; `pilotbench resume` goes on then"
                );
                return Err(given_up(why));
            }
            if attempt >= limits.attempts {
                return Err(given_up(format!("given up after {attempt} attempts")));
            }
            let usual = waits.next().unwrap_or(USUAL_WAIT);
            let wait = usual.max(asked.unwrap_or_default());
            if started.elapsed() + wait > limits.deadline {
                let seconds = limits.deadline.as_secs_f64();
                return Err(given_up(format!("given up after {seconds} s")));
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until limits per minute allow a request.
    async fn keep_limits(&self, bytes: usize, most_tokens: u64) {
        if let Some(bucket) = &self.requests_per_minute {
            bucket.take(1).await;
        }
        if let Some(bucket) = &self.tokens_per_minute {
            let per_token = f64::from_bits(self.bytes_per_token.load(Ordering::Relaxed));
            let tokens = bytes as f64 / per_token + most_tokens as f64;
            bucket.take(tokens.ceil() as u32).await;
        }
    }

    /// How long tokens are here, for what the next requests are reckoned at.
    fn learn_length(&self, bytes: usize, tokens: u64) {
        if tokens > 0 {
            let before = f64::from_bits(self.bytes_per_token.load(Ordering::Relaxed));
            let after = 0.95 * before + 0.05 * (bytes as f64 / tokens as f64).clamp(1.0, 20.0);
            self.bytes_per_token.store(after.to_bits(), Ordering::Relaxed);
        }
    }

    /// Reserves money, where there is a cap. As long as requests of ours are under way, more may
    /// become free.
    ///
    /// # Errors
    /// When it would be more than may be spent.
    pub(crate) async fn reserve(&self, nano: i64) -> Result<Option<Held<'_>>, Failure> {
        let Some(ledger) = &self.ledger else { return Ok(None) };
        loop {
            let others = self.reserved.load(Ordering::SeqCst);
            match ledger.reserve(nano) {
                Ok(reservation) => {
                    self.reserved.fetch_add(1, Ordering::SeqCst);
                    return Ok(Some(Held { client: self, reservation: Some(reservation) }));
                }
                Err(Refused::Spent(_)) if others > 0 => tokio::time::sleep(LOOK).await,
                Err(Refused::Spent(message)) => return Err(Failure::Budget(message)),
                Err(Refused::Broken(message)) => return Err(Failure::Lasting(message)),
            }
        }
    }

    /// Settles what was reserved earlier, perhaps by another process.
    pub(crate) fn settle_later(&self, reserved: &mut Option<i64>, nano: i64) {
        if let (Some(ledger), Some(reserved)) = (&self.ledger, reserved.take()) {
            ledger.correct(nano - reserved);
        }
    }

    /// Notes who answered.
    fn note(&self, said: &Said) {
        let (Some(model), Some(fingerprint)) = (&said.model, &said.fingerprint) else { return };
        let mut all = self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner);
        let of_model = all.entry(model.clone()).or_default();
        if !of_model.contains(fingerprint) {
            of_model.insert(fingerprint.clone());
        }
    }

    /// Models whose answers so far, kept ones included, come from several states of the service, with
    /// the fingerprints of these.
    pub(crate) fn drifted(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut all = self.fingerprints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.retain(|_, fingerprints| fingerprints.len() > 1);
        all
    }
}

/// Money of a request under way.
pub(crate) struct Held<'a> {
    client: &'a Client,
    reservation: Option<Reservation>,
}

impl Held<'_> {
    /// The request cost so much, nano-dollars.
    pub(crate) fn settle(mut self, nano: i64) {
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(nano);
        }
    }

    /// Leaves it reserved, for somebody to settle later; how much it is.
    pub(crate) fn leave(mut self) -> i64 {
        self.reservation.take().map_or(0, |reservation| reservation.nano())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.client.reserved.fetch_sub(1, Ordering::SeqCst);
    }
}

/// About how many tokens a prompt has: what English takes, and the marks around messages.
fn estimated_tokens(body: &Value) -> u64 {
    let contents = body["messages"].as_array().into_iter().flatten().map(|m| &m["content"]);
    let texts = contents.chain([&body["prompt"]]).filter_map(Value::as_str);
    texts.map(|text| (text.len() as u64).div_ceil(4) + 4).sum()
}

/// Tokens of an answer.
pub(crate) fn tokens(said: &Said) -> Tokens {
    Tokens {
        prompt: said.prompt_tokens,
        cached: said.cached_tokens,
        completion: said.completion_tokens,
    }
}

fn not_kept() -> Failure {
    let message = "no kept answer, and with --replay nothing is asked";
    Failure::NotKept(message.to_owned())
}
