//! An open model: its weights, its threads, and what it has computed so far.

use crate::{
    decoder::{Chain, Stage, Wanted, Worth},
    settings::{EngineSetting, Settings},
    source::{Config, Source},
    tensors::TensorModel,
    weights::{Ends, RawLayer},
};
use backend_language::{Memo, Problem, Rows};
use candle_core::Device;
use pilotbench_kernels::{Precision, Rope, rms_norm};
use pilotbench_plugin_sdk::{Control, Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Most tokens of a prompt unless a run file sets another limit.
const CONTEXT: usize = 8192;

/// A prompt with the places where its options branch.
pub(crate) struct Prompt {
    pub(crate) tokens: Vec<u32>,
    /// Tokens after the prompt of each branching; the first branching has none.
    pub(crate) paths: Vec<Vec<u32>>,
    pub(crate) worth: Worth,
}

impl Prompt {
    /// What tells prompts apart.
    fn key(&self) -> Vec<u32> {
        let mut key = self.tokens.clone();
        for path in &self.paths {
            key.push(u32::MAX);
            key.extend_from_slice(path);
        }
        key
    }
}

/// A model whose weights stay as they are.
pub(crate) struct Frozen {
    pub(crate) source: Source,
    pub(crate) config: Arc<Config>,
    pub(crate) rope: Arc<Rope>,
    pub(crate) ends: Ends,
    pub(crate) precision: Precision,
    pub(crate) context: usize,
    pub(crate) pool: ThreadPool,
    /// Layers that are never adapted.
    pub(crate) lower: Stage,
    /// The others as the file has them.
    pub(crate) upper: Stage,
    /// Bytes that an upper stage may keep.
    pub(crate) upper_budget: usize,
    /// Instead of the stages, where a run file asks for it.
    tensors: Option<TensorModel>,
    memo: Memo,
    /// Rows that enter adapted layers, by pilot interview.
    pub(crate) entries: Memo,
    /// Tokens that went through the lower and through an upper stage.
    pub(crate) computed: [AtomicU64; 2],
}

impl Frozen {
    /// Reads and packs the weights.
    ///
    /// # Errors
    /// [`Error::Config`] when the model or a setting is wrong.
    pub(crate) fn open(settings: &Settings, source: Source) -> Result<Self> {
        let wrong = |problem: Problem| Error::config("model", problem.to_string());
        let config = Arc::new(source.config.clone());
        let most = config.context.min(CONTEXT);
        let context = settings.context.unwrap_or(most);
        if context > config.context {
            let message = format!("the model takes {} tokens at most", config.context);
            return Err(Error::config("context", message));
        }
        let precision = settings.precision();
        let pool = ThreadPoolBuilder::new().thread_name(|at| format!("candle-{at}")).build();
        let pool = pool.map_err(|e| Error::Computation(e.to_string()))?;
        let ends = Ends::read(&source).map_err(wrong)?;
        let tensors = tensors(settings, &source, &ends, context)?;
        // The tensor engine does without packed layers.
        let packed = if tensors.is_some() { 0 } else { config.layers };
        let upper = settings.upper_layers.min(packed);
        let split = packed - upper;
        let read = |range: std::ops::Range<usize>| -> Result<Vec<_>> {
            let layer = |index| {
                let raw = RawLayer::read(&source, index).map_err(wrong)?;
                Ok(Arc::new(raw.pack(&config, precision)))
            };
            range.map(layer).collect()
        };
        let rope = Arc::new(Rope::new(&config.inverse_frequencies, context));
        let budget = settings.memory_mib << 20;
        // Each layer keeps the same for a token, so the stages share by layers.
        let upper_budget = budget * upper / config.layers;
        let stage = |layers, budget| Stage::new(&config, &rope, layers, budget);
        Ok(Self {
            ends,
            tensors,
            lower: stage(read(0..split)?, budget - upper_budget),
            upper: stage(read(split..packed)?, upper_budget),
            source,
            rope,
            precision,
            context,
            pool,
            upper_budget,
            memo: Memo::new(96 << 20),
            entries: Memo::new(128 << 20),
            computed: Default::default(),
            config,
        })
    }

    /// Prompts whose rows were there.
    pub(crate) fn reused(&self) -> u64 {
        self.memo.reused()
    }

    /// Products with the weights of layers so far; those of attention and of the embedding are not
    /// among them. `None` where the tensor engine computes, which counts nothing.
    pub(crate) fn multiply_adds(&self) -> Option<u64> {
        if self.tensors.is_some() {
            return None;
        }
        let layers = [&self.lower, &self.upper].map(|stage| stage.layers() as u64);
        let tokens = self.computed.each_ref().map(|tokens| tokens.load(Ordering::Relaxed));
        let weights = self.config.layer_weights() as u64;
        Some(weights * (tokens[0] * layers[0] + tokens[1] * layers[1]))
    }

    /// First layer that may be adapted.
    pub(crate) fn split(&self) -> usize {
        self.config.layers - self.upper.layers()
    }

    /// Final rows of prompts by the model as it is, remembered. What another call is computing is
    /// waited for.
    ///
    /// # Errors
    /// When a prompt is too long or the host asks to stop.
    pub(crate) fn rows(&self, prompts: &[Prompt], control: &Control) -> Result<Vec<Rows>> {
        let keys: Vec<Vec<u32>> = prompts.iter().map(Prompt::key).collect();
        self.memo.all(&keys, |wanted| {
            control.check()?;
            let asked: Vec<&Prompt> = wanted.iter().map(|at| &prompts[*at]).collect();
            self.rows_with(&self.upper, &asked, control)
        })
    }

    /// Final rows of prompts with another upper stage; equal prompts are computed once.
    ///
    /// # Errors
    /// As [`Frozen::rows`].
    pub(crate) fn rows_with(
        &self,
        upper: &Stage,
        prompts: &[&Prompt],
        control: &Control,
    ) -> Result<Vec<Rows>> {
        let mut first: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut distinct: Vec<&Prompt> = Vec::new();
        let places: Vec<usize> = prompts
            .iter()
            .map(|prompt| {
                *first.entry(prompt.key()).or_insert_with(|| {
                    distinct.push(prompt);
                    distinct.len() - 1
                })
            })
            .collect();
        let rows = self.compute(upper, &distinct, control)?;
        Ok(places.into_iter().map(|place| Arc::clone(&rows[place])).collect())
    }

    fn compute(&self, upper: &Stage, prompts: &[&Prompt], control: &Control) -> Result<Vec<Rows>> {
        let mut whole: Vec<(Vec<u32>, usize)> = Vec::new();
        for (at, prompt) in prompts.iter().enumerate() {
            for path in &prompt.paths {
                let tokens = [prompt.tokens.as_slice(), path].concat();
                self.check_length(tokens.len())?;
                whole.push((tokens, at));
            }
        }
        let wanted: Vec<Wanted> = whole
            .iter()
            .map(|(tokens, at)| Wanted {
                tokens,
                keep: prompts[*at].tokens.len(),
                worth: prompts[*at].worth,
            })
            .collect();
        if let Some(tensors) = &self.tensors {
            return rows_by_tensors(tensors, prompts.len(), &whole);
        }
        let hidden = self.config.hidden;
        let exits = self.pool.install(|| self.through(upper, &wanted, control))?;
        let mut rows: Vec<Vec<f32>> = prompts.iter().map(|_| Vec::new()).collect();
        for ((tokens, at), exit) in whole.iter().zip(&exits) {
            let start = rows[*at].len();
            rows[*at].resize(start + hidden, 0.0);
            let last = exit.exit(tokens.len() - 1, hidden);
            rms_norm(last, &self.ends.norm, self.config.eps, &mut rows[*at][start..]);
        }
        Ok(rows.into_iter().map(Arc::new).collect())
    }

    fn through(&self, upper: &Stage, wanted: &[Wanted], control: &Control) -> Result<Vec<Chain>> {
        let hidden = self.config.hidden;
        let below = self.lower(wanted, control)?;
        let from_below = |at: usize, positions: std::ops::Range<usize>, x: &mut Vec<f32>| {
            let chain: &Chain = &below[at];
            positions.for_each(|position| x.extend_from_slice(chain.exit(position, hidden)));
        };
        let (chains, tokens) = upper.extend(wanted, &from_below, control)?;
        self.computed[1].fetch_add(tokens as u64, Ordering::Relaxed);
        Ok(chains)
    }

    /// Takes prompts through the lower stage, in the current pool.
    ///
    /// # Errors
    /// When the host asks to stop.
    pub(crate) fn lower(&self, wanted: &[Wanted], control: &Control) -> Result<Vec<Chain>> {
        let embedded = |at: usize, positions: std::ops::Range<usize>, x: &mut Vec<f32>| {
            for token in &wanted[at].tokens[positions] {
                x.extend_from_slice(self.ends.row(*token));
            }
        };
        let (chains, tokens) = self.lower.extend(wanted, &embedded, control)?;
        self.computed[0].fetch_add(tokens as u64, Ordering::Relaxed);
        Ok(chains)
    }

    /// Rows of a prompt as they enter the last layers.
    ///
    /// # Errors
    /// When the host asks to stop.
    pub(crate) fn entries_of(
        &self,
        tokens: &[u32],
        last_layers: usize,
        control: &Control,
    ) -> Result<Vec<f32>> {
        let hidden = self.config.hidden;
        let wanted = [Wanted { tokens, keep: tokens.len(), worth: Worth::Course }];
        let between = self.upper.first(self.upper.layers() - last_layers);
        let chains = self.pool.install(|| {
            let below = self.lower(&wanted, control)?;
            let input = |_: usize, positions: std::ops::Range<usize>, x: &mut Vec<f32>| {
                positions.for_each(|position| x.extend_from_slice(below[0].exit(position, hidden)));
            };
            between.extend(&wanted, &input, control).map(|(chains, _)| chains)
        })?;
        let rows = (0..tokens.len()).flat_map(|position| chains[0].exit(position, hidden));
        Ok(rows.copied().collect())
    }

    pub(crate) fn check_length(&self, tokens: usize) -> Result<()> {
        match tokens <= self.context {
            true => Ok(()),
            false => Err(Error::TooLong { tokens, limit: self.context }),
        }
    }
}

/// The tensor engine, where a run file asks for it.
fn tensors(
    settings: &Settings,
    source: &Source,
    ends: &Ends,
    context: usize,
) -> Result<Option<TensorModel>> {
    let device = match settings.engine {
        EngineSetting::Kernels => return Ok(None),
        EngineSetting::Tensors => Device::Cpu,
        EngineSetting::Cuda => Device::new_cuda(0).map_err(|e| {
            let what = e.to_string();
            Error::config("engine", format!("cuda: {}", what.lines().next().unwrap_or_default()))
        })?,
    };
    let failed = |e: candle_core::Error| Error::Computation(e.to_string());
    let mut model = TensorModel::new(device, &source.config, ends, context).map_err(failed)?;
    for index in 0..source.config.layers {
        let raw = RawLayer::read(source, index);
        let raw = raw.map_err(|problem| Error::config("model", problem.to_string()))?;
        model.push(&raw).map_err(failed)?;
    }
    Ok(Some(model))
}

fn rows_by_tensors(
    tensors: &TensorModel,
    prompts: usize,
    whole: &[(Vec<u32>, usize)],
) -> Result<Vec<Rows>> {
    let mut rows: Vec<Vec<f32>> = vec![Vec::new(); prompts];
    for (tokens, at) in whole {
        let all = tensors.rows(tokens).map_err(|e| Error::Computation(e.to_string()))?;
        rows[*at].extend(all.last().into_iter().flatten());
    }
    Ok(rows.into_iter().map(Arc::new).collect())
}
