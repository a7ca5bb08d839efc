//! An opened graph, and one call of it.

use crate::{
    file::File,
    graph::{ASKED, BRANCH, COLUMNS, Cache, Graph, Kind, LOGITS, MASK, POSITIONS, TOKENS, TYPES},
    runtime::Runtime,
    settings::{Provider, Settings},
};
use backend_language::Problem;
use half::f16;
use ort::{
    session::{RunOptions, Session, SessionInputValue, builder::GraphOptimizationLevel},
    value::{DynValue, PrimitiveTensorElementType, Tensor},
};
use pilotbench_plugin_sdk::{Error, Result};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    fmt::Debug,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// A graph that can be run.
pub(crate) struct Network {
    /// The runtime takes one call at a time, on all threads.
    session: Mutex<Session>,
    pub(crate) graph: Graph,
    pub(crate) path: PathBuf,
    /// The graph and its weights.
    pub(crate) files: Vec<PathBuf>,
    /// An operator that makes answers depend on what else is computed.
    pub(crate) dynamic: Option<String>,
    /// What the graph says of its vocabulary and its longest prompt.
    pub(crate) vocabulary: Option<usize>,
    pub(crate) context: Option<usize>,
}

/// Logits that are wanted: after which token of a call, and of which tokens; `None`: of all.
pub(crate) type Wanted<'a> = (usize, Option<&'a [u32]>);

/// Keys and values of all layers after some tokens.
pub(crate) struct State {
    values: Vec<DynValue>,
    pub(crate) tokens: usize,
    pub(crate) bytes: usize,
}

type Input<'a> = (Cow<'a, str>, SessionInputValue<'a>);

/// The runtime's error as ours, in one line.
pub(crate) fn failed(e: impl std::fmt::Display) -> Error {
    Error::Computation(one_line(&e.to_string()))
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Network {
    /// Opens a graph's file.
    ///
    /// # Errors
    /// [`Error::Config`] with the file and the reason.
    pub(crate) fn open(path: &Path, settings: &Settings, runtime: &Runtime) -> Result<Self> {
        let wrong = |problem: Problem| Error::config("model", problem.to_string());
        let File { files, dynamic } = File::read(path).map_err(wrong)?;
        let session = session(path, settings, runtime)?;
        let graph = Graph::of(&session, path).map_err(wrong)?;
        let said = |key: &str| session.metadata().ok()?.custom(key)?.parse().ok();
        Ok(Self {
            vocabulary: said("vocabulary").or(graph.width),
            context: said("context"),
            session: Mutex::new(session),
            graph,
            path: path.to_owned(),
            files,
            dynamic,
        })
    }

    /// Whether keys and values of earlier tokens can be given.
    pub(crate) fn has_cache(&self) -> bool {
        matches!(self.graph.kind, Kind::Decoder(Some(_)))
    }

    /// Runs tokens after a state; gives the state after them and the wanted logits, a row for each.
    ///
    /// # Errors
    /// When the runtime fails or gives another shape than the graph promises.
    pub(crate) fn extend(
        &self,
        state: Option<&State>,
        tokens: &[u32],
        wanted: &[Wanted],
        options: &RunOptions,
    ) -> Result<(State, Vec<Vec<f32>>)> {
        self.call(state, tokens, wanted, LOGITS, options)
    }

    /// Logits of the classes for a whole text, from the output of an item.
    ///
    /// # Errors
    /// As [`Network::extend`], and when there is no output for the item.
    pub(crate) fn classify(
        &self,
        tokens: &[u32],
        item: &str,
        options: &RunOptions,
    ) -> Result<Vec<f32>> {
        let Kind::Classifier(outputs) = &self.graph.kind else {
            return Err(failed("the graph is no classifier"));
        };
        let own = format!("{LOGITS}.{item}");
        let output = outputs.iter().find(|name| **name == own);
        let output = output.or_else(|| outputs.iter().find(|name| *name == LOGITS));
        let output = output.ok_or_else(|| {
            Error::unsupported(format!("the graph has no output `{own}` and none for all items"))
        })?;
        let (_, mut rows) = self.call(None, tokens, &[(0, None)], output, options)?;
        rows.pop().ok_or_else(|| failed("the graph gave no logits"))
    }

    fn call(
        &self,
        state: Option<&State>,
        tokens: &[u32],
        wanted: &[Wanted],
        output: &str,
        options: &RunOptions,
    ) -> Result<(State, Vec<Vec<f32>>)> {
        let before = state.map_or(0, |state| state.tokens);
        let total = before + tokens.len();
        let mut inputs: Vec<Input> = Vec::new();
        self.integers(&mut inputs, TOKENS, tokens.iter().map(|token| i64::from(*token)))?;
        if self.graph.has_mask {
            self.integers(&mut inputs, MASK, std::iter::repeat_n(1, total))?;
        }
        if self.graph.has_positions {
            self.integers(&mut inputs, POSITIONS, (before..total).map(|at| at as i64))?;
        }
        if self.graph.has_types {
            self.integers(&mut inputs, TYPES, std::iter::repeat_n(0, tokens.len()))?;
        }
        if self.graph.has_branch {
            let branch = Tensor::from_array(([1usize], vec![before > 0])).map_err(failed)?;
            inputs.push((BRANCH.into(), branch.into()));
        }
        let pick = Pick::of(self, tokens.len(), wanted)?;
        if self.graph.has_asked {
            let asked = pick.positions.iter().map(|position| *position as i64);
            self.integers(&mut inputs, ASKED, asked)?;
        }
        if self.graph.has_columns {
            let columns: Vec<i64> = pick.columns.iter().map(|token| i64::from(*token)).collect();
            let columns = Tensor::from_array(([columns.len()], columns)).map_err(failed)?;
            inputs.push((COLUMNS.into(), columns.into()));
        }
        let cache = match &self.graph.kind {
            Kind::Decoder(cache) => cache.as_ref(),
            Kind::Classifier(_) => None,
        };
        if let Some(cache) = cache {
            past(&mut inputs, cache, state)?;
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outputs = session.run_with_options(inputs, options).map_err(failed)?;
        let logits = outputs.remove(output).ok_or_else(|| failed("the graph gave no logits"))?;
        let names = cache.into_iter().flat_map(|cache| &cache.names);
        let values = names.map(|(_, output)| {
            outputs.remove(output).ok_or_else(|| failed(format!("the graph gave no {output}")))
        });
        let values: Vec<DynValue> = values.collect::<Result<_>>()?;
        drop(outputs);
        drop(session);
        let bytes = cache.map_or(0, |cache| cache.bytes(total));
        Ok((State { values, tokens: total, bytes }, pick.rows(&logits, wanted)?))
    }

    /// The state after fewer tokens.
    ///
    /// # Errors
    /// When the runtime fails.
    pub(crate) fn cut(&self, state: &State, tokens: usize) -> Result<State> {
        let Kind::Decoder(Some(cache)) = &self.graph.kind else {
            return Err(failed("a graph without keys and values has no state"));
        };
        let values = state.values.iter().map(|value| match cache.is_half {
            false => shortened::<f32>(value, tokens),
            true => shortened::<f16>(value, tokens),
        });
        let values = values.collect::<Result<_>>()?;
        Ok(State { values, tokens, bytes: cache.bytes(tokens) })
    }

    /// Adds whole numbers `[1, count]`, as wide as the graph takes them.
    fn integers<'a>(
        &self,
        inputs: &mut Vec<Input<'a>>,
        name: &'a str,
        values: impl ExactSizeIterator<Item = i64>,
    ) -> Result<()> {
        let shape = [1, values.len()];
        let value: SessionInputValue = match self.graph.is_narrow {
            false => {
                Tensor::from_array((shape, values.collect::<Vec<_>>())).map_err(failed)?.into()
            }
            true => {
                let values: Vec<i32> = values.map(|value| value as i32).collect();
                Tensor::from_array((shape, values)).map_err(failed)?.into()
            }
        };
        inputs.push((name.into(), value));
        Ok(())
    }
}

impl Cache {
    fn bytes(&self, tokens: usize) -> usize {
        let width = if self.is_half { 2 } else { 4 };
        self.names.len() * self.heads * self.dim * tokens * width
    }
}

fn session(path: &Path, settings: &Settings, runtime: &Runtime) -> Result<Session> {
    let wrong = |e: &dyn std::fmt::Display| {
        let message = format!("{}: {}", path.display(), one_line(&e.to_string()));
        Error::config("model", message)
    };
    let threads = rayon::current_num_threads();
    let builder = Session::builder(&runtime.environment).map_err(|e| wrong(&e))?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All);
    let builder = builder.map_err(|e| wrong(&e))?.with_intra_threads(threads);
    let builder = builder.map_err(|e| wrong(&e))?.with_inter_threads(1);
    let builder = builder.map_err(|e| wrong(&e))?.with_deterministic_compute(true);
    // Prompts differ in length: what one took says nothing of the next.
    let mut builder =
        builder.map_err(|e| wrong(&e))?.with_memory_pattern(false).map_err(|e| wrong(&e))?;
    for provider in settings.providers.iter().filter(|p| **p != Provider::Cpu) {
        builder = builder.with_execution_providers([provider.build()]).map_err(|e| {
            let message = format!(
                "{}: {}; this ONNX Runtime ({}) may be built without it",
                provider.name(),
                one_line(&e.to_string()),
                runtime.version
            );
            Error::config("providers", message)
        })?;
    }
    builder.commit_from_file(path).map_err(|e| wrong(&e))
}

/// Adds keys and values; before the first token there are none, of length 0.
fn past<'a>(inputs: &mut Vec<Input<'a>>, cache: &'a Cache, state: Option<&'a State>) -> Result<()> {
    for (at, (name, _)) in cache.names.iter().enumerate() {
        let shape = [1, cache.heads, 0, cache.dim];
        let value: SessionInputValue = match state {
            Some(state) => (&state.values[at]).into(),
            None if cache.is_half => {
                Tensor::from_array((shape, Vec::<f16>::new())).map_err(failed)?.into()
            }
            None => Tensor::from_array((shape, Vec::<f32>::new())).map_err(failed)?.into(),
        };
        inputs.push((name.as_str().into(), value));
    }
    Ok(())
}

/// The first tokens of `[1, heads, tokens, dim]`.
fn shortened<T: PrimitiveTensorElementType + Debug + Copy + 'static>(
    value: &DynValue,
    tokens: usize,
) -> Result<DynValue> {
    let (shape, numbers) = value.try_extract_tensor::<T>().map_err(failed)?;
    let [_, heads, length, dim] = shape[..] else {
        return Err(failed("keys and values have another shape than promised"));
    };
    let (heads, length, dim) = (heads as usize, length as usize, dim as usize);
    let mut kept = Vec::with_capacity(heads * tokens * dim);
    for head in numbers.chunks_exact((length * dim).max(1)) {
        kept.extend_from_slice(&head[..tokens * dim]);
    }
    let tensor = Tensor::from_array(([1, heads, tokens, dim], kept)).map_err(failed)?;
    Ok(tensor.into_dyn())
}

/// Which logits a call computes.
struct Pick {
    /// Positions, in order; the graph's rows, if it computes only those.
    positions: Vec<usize>,
    /// Tokens, in order; the graph's columns, if it computes only those.
    columns: Vec<u32>,
    has_asked: bool,
    has_columns: bool,
}

impl Pick {
    fn of(network: &Network, tokens: usize, wanted: &[Wanted]) -> Result<Self> {
        let mut positions: BTreeSet<usize> = wanted.iter().map(|(position, _)| *position).collect();
        // A graph gives at least one row, wanted or not.
        if positions.is_empty() {
            positions.insert(tokens - 1);
        }
        let has_columns = network.graph.has_columns;
        let columns: BTreeSet<u32> = match wanted.iter().all(|(_, columns)| columns.is_some()) {
            _ if !has_columns => BTreeSet::new(),
            true => wanted
                .iter()
                .flat_map(|(_, columns)| columns.unwrap_or_default())
                .copied()
                .collect(),
            false => {
                let all = network.vocabulary;
                let all = all.ok_or_else(|| failed("the graph does not say its vocabulary"))?;
                (0..all as u32).collect()
            }
        };
        let mut columns: Vec<u32> = columns.into_iter().collect();
        if columns.is_empty() && has_columns {
            columns.push(0);
        }
        let positions = positions.into_iter().collect();
        Ok(Self { positions, columns, has_asked: network.graph.has_asked, has_columns })
    }

    /// The wanted logits out of what the graph gave: `[1, rows, columns]`, or `[1, classes]`.
    fn rows(&self, logits: &DynValue, wanted: &[Wanted]) -> Result<Vec<Vec<f32>>> {
        let (shape, numbers) = match logits.try_extract_tensor::<f32>() {
            Ok((shape, numbers)) => (shape.to_vec(), Cow::Borrowed(numbers)),
            Err(_) => {
                let (shape, numbers) = logits.try_extract_tensor::<f16>().map_err(failed)?;
                (shape.to_vec(), numbers.iter().map(|number| number.to_f32()).collect())
            }
        };
        let width = shape.last().map_or(0, |width| *width as usize).max(1);
        let row = |(position, columns): &Wanted| {
            let at = match self.has_asked {
                true => self.positions.binary_search(position).unwrap_or(usize::MAX),
                false => *position,
            };
            let row = at.checked_mul(width).and_then(|start| numbers.get(start..start + width));
            let row =
                row.ok_or_else(|| failed(format!("the graph gave logits of shape {shape:?}")))?;
            let Some(columns) = columns else { return Ok(row.to_vec()) };
            let number = |token: &u32| {
                let at = match self.has_columns {
                    true => self.columns.binary_search(token).unwrap_or(usize::MAX),
                    false => *token as usize,
                };
                let number = row.get(at).copied();
                number.ok_or_else(|| failed(format!("the graph has no logit of token {token}")))
            };
            columns.iter().map(number).collect()
        };
        wanted.iter().map(row).collect()
    }
}
