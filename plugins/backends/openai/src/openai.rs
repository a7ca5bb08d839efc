//! The backend.

use crate::{
    asking::{Answered, Asking, Model, Question, Style, Trouble, Written},
    client::{Call, Client},
    conditions::Conditions,
    engine::{Engine, UnderWay},
    learn::{FineTuned, batch, fine_tune},
    probe::Capabilities,
    service::{Price, Prices, Service},
    settings::{Endpoint, Settings},
};
use backend_language::{Template, chat, place};
use futures_util::StreamExt;
use pilotbench_plugin_sdk::prelude::*;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

/// How often a caller looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);
/// How long requests under way may still take when a caller stops: they are paid for.
const GRACE: Duration = Duration::from_millis(1500);

/// Models behind a service.
pub struct OpenAi {
    engine: Engine,
    shared: Arc<Shared>,
    answered: AtomicU64,
    tokens: [AtomicU64; 2],
    /// Models of which was said that their service changed.
    told: Mutex<BTreeMap<String, usize>>,
}

/// What work on the service's thread needs.
struct Shared {
    client: Client,
    settings: Settings,
    style: Style,
    found: Capabilities,
    prices: Prices,
}

/// What was learned from a pilot.
pub struct Adapted {
    shared: Arc<Shared>,
    items: Arc<[Item]>,
    seed: u64,
    model: Model,
    trained: Option<FineTuned>,
    /// Of the training: the first answer pays for it.
    receipt: Mutex<Option<Receipt>>,
    deletes: bool,
}

impl Backend for OpenAi {
    const NAME: &'static str = "openai";
    type Config = Settings;
    type Adapted = Adapted;

    fn describe() -> BackendInfo {
        BackendInfo::new("a language model behind an OpenAI-compatible service")
            .learns_from(LearnsFrom::Nothing)
            .needs_messages()
            .nondeterministic()
            .adapter("fine-tune", "the service trains the model on the pilot's interviews")
    }

    fn open(settings: Settings) -> Result<Self> {
        Self::under(settings, Conditions::of_environment()?)
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Adapted> {
        let shared = Arc::clone(&self.shared);
        let mut adapted = Adapted {
            items: pilot.experiment.items.clone().into(),
            seed: pilot.seed,
            model: shared.model(),
            trained: None,
            receipt: Mutex::default(),
            deletes: false,
            shared,
        };
        let Some(adapter) = pilot.adapter() else { return Ok(adapted) };
        if adapter.name != "fine-tune" {
            let message = format!("`{}` is not `fine-tune`", adapter.name.escape_debug());
            return Err(Error::config("adapter", message));
        }
        let read = serde_json::from_value::<fine_tune::FineTuneSettings>(adapter.settings.clone());
        let settings = read.map_err(|e| Error::config("adapter", e.to_string()))?.checked()?;
        let file = fine_tune::training_file(pilot, self.shared.found.way)?;
        if file.is_empty() {
            // With nobody to learn from, the model is as it is.
            return Ok(adapted);
        }
        adapted.deletes = settings.delete;
        let trained = self.wait(control, "training", move |shared| async move {
            let price = |model: &str| shared.price(model, false);
            fine_tune::train(&shared.client, &shared.model(), &settings, file, price).await
        })??;
        adapted.model = trained.model.clone();
        adapted.receipt = Mutex::new(Some(trained.receipt.clone()));
        adapted.trained = Some(trained);
        Ok(adapted)
    }

    fn respond(
        &self,
        adapted: &Adapted,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let questions = requests.iter().map(|request| question(&request, adapted.seed));
        let questions: Vec<Question> = questions.collect::<Result<_>>()?;
        let ids: Vec<i64> = questions.iter().map(|question| question.id).collect();
        let answered = self.answers(adapted, questions, control)?;
        for (id, answered) in ids.into_iter().zip(answered) {
            let receipt = answered.receipt();
            self.tokens[0].fetch_add(receipt.prompt_tokens, Ordering::Relaxed);
            self.tokens[1].fetch_add(receipt.completion_tokens, Ordering::Relaxed);
            let training = adapted.receipt.lock().unwrap_or_else(PoisonError::into_inner).take();
            answered.give(id, receipt, training, answers);
        }
        self.answered.fetch_add(requests.len() as u64, Ordering::Relaxed);
        self.tell_of_drift(control);
        Ok(())
    }

    fn usage(&self) -> Usage {
        Usage {
            requests: self.answered.load(Ordering::Relaxed),
            prompt_tokens: self.tokens[0].load(Ordering::Relaxed),
            completion_tokens: self.tokens[1].load(Ordering::Relaxed),
            ..Usage::default()
        }
    }

    fn provenance(&self) -> Vec<(String, String)> {
        let Shared { client, found, .. } = &*self.shared;
        vec![
            ("service".into(), client.service.base_url.clone()),
            ("model".into(), self.shared.model().resolved),
            ("answers".into(), found.way.name().into()),
        ]
    }
}

impl OpenAi {
    /// Opens the backend under conditions that are not those of the environment.
    ///
    /// # Errors
    /// As [`Backend::open`].
    pub(crate) fn under(settings: Settings, conditions: Conditions) -> Result<Self> {
        let service = Service::of(&settings, &conditions)?;
        Self::at(settings, conditions, service)
    }

    /// Opens the backend at a service.
    pub(crate) fn at(settings: Settings, conditions: Conditions, service: Service) -> Result<Self> {
        settings.check()?;
        let users = conditions.prices.as_ref();
        let prices = Prices::read(users.map(|(_, text)| text.as_str())).map_err(|why| {
            let file = users.map_or("prices.toml".into(), |(path, _)| path.display().to_string());
            Error::config("prices", format!("{file}: {why}"))
        })?;
        let style = style(&settings, &service)?;
        let price = price(&prices, &service, &settings.model, false);
        check_money(&settings, &service, &conditions, price)?;
        let client = Client::new(service, conditions, &prices.origin)
            .map_err(|why| Error::config("service", why))?;
        let engine = Engine::start().map_err(|e| Error::external(format!("no thread: {e}")))?;
        let (sender, receiver) = channel();
        let probing = settings.clone();
        let task = engine.begin(move || async move {
            let found = Capabilities::of(&client, &probing, &style, price).await;
            let _ = sender.send((client, style, found));
        });
        let lost = || Error::external("the service's thread is gone");
        let (client, style, found) = receiver.recv().map_err(|_| lost())?;
        drop(task);
        let shared = Arc::new(Shared { client, style, found: found?, prices, settings });
        let (answered, tokens, told) = Default::default();
        Ok(Self { engine, shared, answered, tokens, told })
    }

    /// Requests that were sent, attempts counted.
    #[doc(hidden)]
    pub fn sent(&self) -> u64 {
        self.shared.client.sent.load(Ordering::Relaxed)
    }

    /// Does something on the service's thread, and watches.
    fn wait<T: Send + 'static, F: Future<Output = T> + 'static>(
        &self,
        control: &Control,
        what: &str,
        work: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = channel();
        let shared = Arc::clone(&self.shared);
        let _task = self.engine.begin(move || async move {
            let _ = sender.send(work(shared).await);
        });
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(done) => return Ok(done),
                Err(RecvTimeoutError::Timeout) => control.progress(0.0, what)?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::external("the service's thread is gone"));
                }
            }
        }
    }

    /// Answers all questions, in their order.
    fn answers(
        &self,
        adapted: &Adapted,
        questions: Vec<Question>,
        control: &Control,
    ) -> Result<Vec<Answered>> {
        let (count, stops) = (questions.len(), Arc::new(AtomicBool::new(false)));
        let (sender, receiver) = channel();
        let (shared, model) = (Arc::clone(&self.shared), adapted.model.clone());
        let (items, stopping) = (Arc::clone(&adapted.items), Arc::clone(&stops));
        let task = self.engine.begin(move || async move {
            let asking = shared.asking(&model, &items);
            let by_batch = shared.price(&model.name, true);
            answer_all(&asking, &questions, by_batch, (&stopping, &sender)).await;
        });
        Collected { answered: Vec::new(), failed: None, receiver, stops, task }.all(count, control)
    }

    /// Says once of each model that its service changed.
    fn tell_of_drift(&self, control: &Control) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (model, fingerprints) in self.shared.client.drifted() {
            if told.insert(model.clone(), fingerprints.len()) != Some(fingerprints.len()) {
                let list: Vec<&str> = fingerprints.iter().map(String::as_str).collect();
                control.warn(&format!(
                    "answers of `{model}` come from several states of the service: {}",
                    list.join(", ")
                ));
            }
        }
    }
}

impl Shared {
    fn asking<'a>(&'a self, model: &'a Model, items: &'a [Item]) -> Asking<'a> {
        let Self { client, settings, style, found, .. } = self;
        Asking { client, settings, style, model, items, way: found.way, top: found.top }
    }

    /// The model as it is.
    fn model(&self) -> Model {
        let name = self.settings.model.clone();
        let resolved = self.found.resolved.clone();
        let is_resolved = resolved.is_some();
        // An estimate is of the way that most requests will take.
        let by_batch = self.settings.batch && self.client.conditions().estimate;
        let price = self.price(&name, by_batch);
        Model { resolved: resolved.unwrap_or_else(|| name.clone()), name, is_resolved, price }
    }

    fn price(&self, model: &str, by_batch: bool) -> Option<Price> {
        price(&self.prices, &self.client.service, model, by_batch)
    }
}

fn price(prices: &Prices, service: &Service, model: &str, by_batch: bool) -> Option<Price> {
    match service.free {
        true => Some(Price::FREE),
        false => prices.of(&service.name, model, by_batch),
    }
}

/// Before anything is sent it is known what it costs, and how much may be spent.
fn check_money(
    settings: &Settings,
    service: &Service,
    conditions: &Conditions,
    price: Option<Price>,
) -> Result<()> {
    match price {
        None if !settings.allow_unpriced => {
            let message = format!(
                "no price is known of `{}` at `{}`; write it into openai/prices.toml in your data folder, or set `allow_unpriced = true`",
                settings.model.escape_debug(),
                service.name
            );
            Err(Error::config("model", message))
        }
        Some(price)
            if !price.is_free() && conditions.budget.is_none() && !conditions.is_silent() =>
        {
            let message = format!(
                "`{}` costs money; say how much may be spent: `--budget 5`, or `budget_usd = 5` in the run file (`pilotbench run --estimate` tells how much it takes)",
                settings.model.escape_debug()
            );
            Err(Error::config("budget", message))
        }
        _ => Ok(()),
    }
}

fn style(settings: &Settings, service: &Service) -> Result<Style> {
    if settings.endpoint == Endpoint::Chat {
        return Ok(Style::Chat(service.prefill));
    }
    let wrong = |why: String| Error::config("template", why);
    let template = match settings.template.as_str() {
        "" => Template::plain(),
        path => {
            let text = std::fs::read_to_string(place::expanded(path));
            let text = text.map_err(|e| wrong(format!("{path}: {e}")))?;
            Template::new(&text, "", "").map_err(|problem| wrong(problem.to_string()))?
        }
    };
    let written = Written::by(template).map_err(|problem| wrong(problem.to_string()))?;
    Ok(Style::Text(Box::new(written)))
}

/// What a request of the host asks.
fn question(request: &Request, seed: u64) -> Result<Question> {
    let (person, item) = (request.person().id(), request.item_index());
    let (replicate, sheet) =
        (key(&format!("{seed}/{item}/{person}")), key(&format!("{seed}/{person}")));
    Ok(Question { id: request.id(), chat: chat(request)?, item, replicate, sheet })
}

fn key(text: &str) -> u64 {
    Sha256::digest(text)[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// What came of the question at an index.
type Found = (usize, std::result::Result<Answered, Trouble>);

/// Answers questions, as many at once as the service allows. Where one fails, no more are begun; those
/// under way end, for they are paid for.
async fn answer_all(
    asking: &Asking<'_>,
    questions: &[Question],
    batch_price: Option<Price>,
    (stops, sender): (&AtomicBool, &Sender<Found>),
) {
    if asking.settings.batch
        && !asking.client.conditions().is_silent()
        && let Err(trouble) = by_batch(asking, questions, batch_price).await
    {
        let _ = sender.send((0, Err(trouble)));
        return;
    }
    let one = |(index, question)| answer_one(asking, index, question, stops, sender);
    let at_once = asking.client.service.limits.in_flight;
    let all = futures_util::stream::iter(questions.iter().enumerate().map(one));
    all.buffer_unordered(at_once).for_each(|()| std::future::ready(())).await;
}

async fn answer_one(
    asking: &Asking<'_>,
    index: usize,
    question: &Question,
    stops: &AtomicBool,
    sender: &Sender<Found>,
) {
    if stops.load(Ordering::Relaxed) {
        return;
    }
    let answered = asking.answer(question).await;
    if answered.is_err() {
        stops.store(true, Ordering::Relaxed);
    }
    // Whoever asked may be gone.
    let _ = sender.send((index, answered));
}

/// Has the questions answered by a batch, where they are enough for one.
async fn by_batch(
    asking: &Asking<'_>,
    questions: &[Question],
    price: Option<Price>,
) -> std::result::Result<(), Trouble> {
    let mut calls: Vec<Call> = Vec::new();
    for question in questions {
        calls.extend(asking.calls(question)?);
    }
    calls.iter_mut().for_each(|call| call.price = price);
    if batch::missing(asking.client, &calls).len() >= batch::FEWEST {
        batch::fill(asking.client, &calls).await?;
    }
    Ok(())
}

/// Answers on their way in.
struct Collected {
    answered: Vec<Option<Answered>>,
    failed: Option<Error>,
    receiver: Receiver<Found>,
    stops: Arc<AtomicBool>,
    task: UnderWay,
}

impl Collected {
    fn all(mut self, count: usize, control: &Control) -> Result<Vec<Answered>> {
        self.answered.resize_with(count, || None);
        let (mut done, mut stopped) = (0, None::<Instant>);
        loop {
            match self.receiver.recv_timeout(LOOK) {
                Ok((index, Ok(answered))) => {
                    self.answered[index] = Some(answered);
                    done += 1;
                }
                Ok((_, Err(trouble))) => {
                    self.failed.get_or_insert(trouble.into());
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if stopped.is_some_and(|at| at.elapsed() > GRACE) {
                        break;
                    }
                    let share = done as f64 / count.max(1) as f64;
                    if let Err(error) = control.progress(share, "asking") {
                        self.stops.store(true, Ordering::Relaxed);
                        self.failed = Some(error);
                        stopped.get_or_insert_with(Instant::now);
                    }
                }
            }
        }
        drop(self.task);
        match self.failed {
            Some(error) => Err(error),
            None => {
                let all: Option<Vec<Answered>> = self.answered.into_iter().collect();
                all.ok_or_else(|| Error::external("the service's thread is gone"))
            }
        }
    }
}

impl Drop for Adapted {
    fn drop(&mut self) {
        let Some(trained) = self.trained.take().filter(|_| self.deletes) else { return };
        if self.shared.client.conditions().is_silent() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let (sender, receiver) = channel();
        // A thread of its own: this may be the end of the backend.
        let Ok(engine) = Engine::start() else { return };
        let _task = engine.begin(move || async move {
            let _ = sender.send(fine_tune::remove(&shared.client, &trained).await);
        });
        // What is not removed now, the owner of the account finds there by its name.
        let _ = receiver.recv_timeout(Duration::from_secs(20));
    }
}
