//! Language models and classifiers as ONNX graphs, run by ONNX Runtime.
//!
//! The way of one answer: the request's chat becomes tokens (`backend_language`); [`mind`] puts the
//! prompts of a call into a tree and runs what no earlier prompt had through [`network`], which is
//! one call of the graph whose names [`graph`] found; the logits where options branch give the
//! log-probabilities of the levels. [`runtime`] finds the library, [`file`] reads what a graph says
//! of itself, [`table`] has models that were adapted elsewhere, [`classifier`] is the way of graphs
//! that have a class for each level.

mod classifier;
mod file;
mod graph;
mod kept;
#[doc(hidden)]
pub mod measure;
mod mind;
mod network;
mod runtime;
mod settings;
mod table;
mod text;

pub use settings::{Provider, Settings};
pub use text::OnnxText;

use backend_language::{Language, Manner, Options, Problem, chat, orders, place};
use classifier::Classifier;
use graph::Kind;
use mind::{Mind, Prompt};
use network::Network;
use ort::session::Adapter;
use pilotbench_plugin_sdk::prelude::*;
use serde_json::Value;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use table::Table;

/// People that are asked together: enough to see what their prompts share, few enough that all
/// their keys and values are kept from question to question.
const AT_ONCE: usize = 4;
/// Most tokens of a prompt unless a run file or the model sets another limit.
const CONTEXT: usize = 8192;
/// The same where nothing says what the model can take.
const UNKNOWN: usize = 2048;

/// A graph with its words.
pub struct Onnx {
    settings: Settings,
    language: Language,
    manner: Manner,
    base: Learned,
    table: Option<Table>,
    /// Adapted models in use, by file.
    open: Mutex<HashMap<PathBuf, Weak<Learned>>>,
    /// SHA-256 over all files that the answers of the base depend on.
    sha256: String,
    version: String,
    answered: AtomicU64,
    has_warned: AtomicBool,
}

/// A model that answers.
enum Learned {
    Decoder(Mind),
    Classifier(Classifier),
}

/// What answers after a pilot.
pub struct Adapted {
    /// Of each item; empty for classifiers.
    options: Vec<Options>,
    /// Another model than the base, where a table has one.
    learned: Option<Arc<Learned>>,
}

/// Settings of the adapter `table`: none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableSettings {}

impl Backend for Onnx {
    const NAME: &'static str = "onnx";
    type Config = Settings;
    type Adapted = Adapted;

    fn describe() -> BackendInfo {
        BackendInfo::new(
            "an ONNX graph of a language model or a classifier; option log-probabilities",
        )
        .learns_from(LearnsFrom::Nothing)
        .needs_messages()
        .people_per_call(AT_ONCE)
        .adapter("table", "models that were adapted elsewhere, chosen by their recorded pilot")
    }

    fn open(settings: Settings) -> Result<Self> {
        settings.check()?;
        let wrong = |problem: Problem| Error::config("model", problem.to_string());
        let path = place::find(&settings.model, "onnx").map_err(wrong)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let language = Language::of_folder(folder).map_err(wrong)?;
        let table = settings.adapted.as_deref().map(Table::open).transpose()?;
        let runtime = runtime::runtime(settings.runtime.as_deref())?;
        let network = Network::open(&path, &settings, runtime)?;
        let files = [network.files.clone(), Language::files_of(folder)].concat();
        let sha256 = place::sha256(&files).map_err(wrong)?;
        let base = Learned::new(Arc::new(network), None, &language, &settings)?;
        Ok(Self {
            manner: settings.manner(),
            settings,
            language,
            base,
            table,
            open: Mutex::default(),
            sha256,
            version: runtime.version.clone(),
            answered: AtomicU64::new(0),
            has_warned: AtomicBool::new(false),
        })
    }

    fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Adapted> {
        self.warn(control);
        let items = pilot.experiment.items.iter();
        let options = match &self.base {
            Learned::Decoder(_) => {
                items.map(|item| self.language.options_of(item)).collect::<Result<_>>()?
            }
            Learned::Classifier(_) => Vec::new(),
        };
        let learned = match pilot.adapter() {
            None => None,
            Some(adapter) if adapter.name == "table" => self.adapted(pilot, &adapter.settings)?,
            Some(adapter) => {
                let message =
                    format!("`{}` is not one: there is table", adapter.name.escape_debug());
                return Err(Error::config("adapter", message));
            }
        };
        Ok(Adapted { options, learned })
    }

    fn respond(
        &self,
        adapted: &Adapted,
        requests: &Requests,
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let rows: Vec<Request> = requests.iter().collect();
        for (done, chunk) in rows.chunks(AT_ONCE).enumerate() {
            control.progress((done * AT_ONCE) as f64 / rows.len() as f64, "answering")?;
            match adapted.learned.as_deref().unwrap_or(&self.base) {
                Learned::Decoder(mind) => {
                    self.answer(mind, &adapted.options, chunk, answers, control)?;
                }
                Learned::Classifier(model) => self.classify(model, chunk, answers, control)?,
            }
        }
        self.answered.fetch_add(rows.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn usage(&self) -> Usage {
        let held = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let [mut computed, mut reused] = self.base.counts();
        for learned in held.values().filter_map(Weak::upgrade) {
            let more = learned.counts();
            computed += more[0];
            reused += more[1];
        }
        Usage {
            requests: self.answered.load(Ordering::Relaxed),
            prompt_tokens: computed,
            reused: Some(reused),
            ..Usage::default()
        }
    }

    fn provenance(&self) -> Vec<(String, String)> {
        let mut facts = vec![
            ("model_sha256".to_owned(), self.sha256.clone()),
            ("onnxruntime".to_owned(), self.version.clone()),
        ];
        facts.extend(self.table.iter().map(|t| ("adapted_sha256".to_owned(), t.sha256.clone())));
        facts
    }
}

impl Learned {
    /// A graph, with the limits of its prompts.
    fn new(
        network: Arc<Network>,
        adapter: Option<PathBuf>,
        language: &Language,
        settings: &Settings,
    ) -> Result<Self> {
        let folder = network.path.parent().unwrap_or(Path::new(""));
        let own = network.context.or_else(|| context(folder));
        let most = own.unwrap_or(UNKNOWN).min(CONTEXT);
        let context = settings.context.unwrap_or(most);
        if own.is_some_and(|own| context > own) {
            let message = format!("the model takes {} tokens at most", own.unwrap_or_default());
            return Err(Error::config("context", message));
        }
        let words = language.vocabulary_size();
        match network.graph.kind {
            Kind::Classifier(_) => Ok(Self::Classifier(Classifier::new(network, context))),
            Kind::Decoder(_) => {
                if let Some(tokens) = network.vocabulary.filter(|tokens| words > *tokens) {
                    let place = network.path.display();
                    let message = format!(
                        "{place}: the tokenizer has {words} tokens, the graph only {tokens}"
                    );
                    return Err(Error::config("model", message));
                }
                let room = settings.memory_mib << 20;
                Ok(Self::Decoder(Mind::new(network, adapter, context, room)))
            }
        }
    }

    fn network(&self) -> &Arc<Network> {
        match self {
            Self::Decoder(mind) => &mind.network,
            Self::Classifier(model) => &model.network,
        }
    }

    /// Tokens that were computed, and prompts that did not have to be.
    fn counts(&self) -> [u64; 2] {
        match self {
            Self::Decoder(mind) => [mind.computed.load(Ordering::Relaxed), mind.memo.reused()],
            Self::Classifier(model) => {
                [model.computed.load(Ordering::Relaxed), model.memo.reused()]
            }
        }
    }
}

/// What the files beside a graph say of the longest prompt.
fn context(folder: &Path) -> Option<usize> {
    let read = |name: &str| -> Option<Value> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(name)).ok()?).ok()
    };
    let of_config = || {
        let config = read("config.json")?;
        ["max_position_embeddings", "n_positions"].iter().find_map(|key| config[*key].as_u64())
    };
    let of_genai = || read("genai_config.json")?["model"]["context_length"].as_u64();
    of_config().or_else(of_genai).and_then(|tokens| usize::try_from(tokens).ok())
}

impl Onnx {
    /// Tells once that answers may depend on what is computed together.
    fn warn(&self, control: &Control) {
        let network = self.base.network();
        if let Some(kind) = &network.dynamic
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            control.warn(&format!(
                "{}: {kind} takes one scale for all that is computed together: option distributions \
                 may be far off and depend on how prompts are cut; export with --precision q8 instead",
                network.path.display()
            ));
        }
    }

    /// The model of the table that was trained on this pilot; the base without a pilot.
    fn adapted(&self, pilot: &Pilot, settings: &Value) -> Result<Option<Arc<Learned>>> {
        let _: TableSettings = serde_json::from_value(settings.clone())
            .map_err(|e| Error::config("adapter", e.to_string()))?;
        let table = self.table.as_ref().ok_or_else(|| {
            Error::config("adapted", "names no folder with models, which the adapter `table` needs")
        })?;
        if pilot.people.is_empty() {
            return Ok(None);
        }
        let chosen = table.choose(pilot)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&chosen.path).and_then(Weak::upgrade) {
            return Ok(Some(known));
        }
        chosen.check()?;
        let learned = Arc::new(self.load(&chosen.path)?);
        open.insert(chosen.path, Arc::downgrade(&learned));
        Ok(Some(learned))
    }

    /// A graph, or an adapter for the base's.
    fn load(&self, path: &Path) -> Result<Learned> {
        let settings = &self.settings;
        if path.extension().is_some_and(|kind| kind == "onnx_adapter") {
            Adapter::from_file(path, None).map_err(|e| {
                Error::config("adapted", format!("{}: {}", path.display(), network::failed(e)))
            })?;
            let network = Arc::clone(self.base.network());
            return Learned::new(network, Some(path.to_owned()), &self.language, settings);
        }
        let runtime = runtime::runtime(settings.runtime.as_deref())?;
        let network = Network::open(path, settings, runtime)?;
        Learned::new(Arc::new(network), None, &self.language, settings)
    }

    /// Answers some requests together.
    fn answer(
        &self,
        mind: &Mind,
        options: &[Options],
        requests: &[Request],
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        let mut prompts: Vec<Prompt> = Vec::new();
        let mut ends = Vec::with_capacity(requests.len());
        for request in requests {
            let options = &options[request.item_index()];
            let branchings = Arc::new(options.branchings.clone());
            let orders = self.language.question(&chat(request)?, options, self.manner.orders)?;
            prompts.extend(
                orders
                    .into_iter()
                    .map(|tokens| Prompt { tokens, branchings: Arc::clone(&branchings) }),
            );
            ends.push(prompts.len());
        }
        let rows = mind.rows(&prompts, control)?;
        let mut start = 0;
        for (request, end) in requests.iter().zip(ends) {
            let options = &options[request.item_index()];
            let orders = rows[start..end].iter().map(|row| levels(options, row));
            let orders: Vec<Vec<f64>> = orders.collect::<Result<_>>()?;
            answers.log_probabilities(request.id(), &self.manner.averaged(&orders));
            start = end;
        }
        Ok(())
    }

    /// Answers some requests by classes.
    fn classify(
        &self,
        model: &Classifier,
        requests: &[Request],
        answers: &mut Answers,
        control: &Control,
    ) -> Result<()> {
        for request in requests {
            let chat = chat(request)?;
            let chats = orders::chats(&chat, request.levels(), self.manner.orders)?;
            let texts = chats.iter().map(|chat| self.language.prompt_text(chat));
            let texts: Vec<String> = texts.collect::<std::result::Result<_, _>>()?;
            let orders = model.levels(&self.language, request.item(), &texts, control)?;
            answers.log_probabilities(request.id(), &self.manner.averaged(&orders));
        }
        Ok(())
    }
}

/// Log-probabilities of the levels from the logits of all branchings.
fn levels(options: &Options, row: &[f32]) -> Result<Vec<f64>> {
    let mut rest = row;
    let mut logits = Vec::with_capacity(options.branchings.len());
    for branching in &options.branchings {
        let Some((own, after)) = rest.split_at_checked(branching.tokens.len()) else {
            return Err(Error::computation("the model gave too few logits"));
        };
        logits.push(own);
        rest = after;
    }
    let mut levels = vec![0.0; options.levels()];
    options.log_probabilities(&logits, &mut levels)?;
    Ok(levels)
}

export_plugin! {
    name: "onnx",
    backends: [Onnx, OnnxText],
    metrics: [],
    needs: [
        "env:HOME",
        "env:XDG_DATA_HOME",
        "env:ORT_DYLIB_PATH",
        "env:VIRTUAL_ENV",
        "env:CONDA_PREFIX",
        "read:~/.local/share/pilotbench/models",
        "read:~/.local/lib",
        "read:$ORT_DYLIB_PATH",
        "read:$VIRTUAL_ENV",
        "read:$CONDA_PREFIX",
    ],
}
