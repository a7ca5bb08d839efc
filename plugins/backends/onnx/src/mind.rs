//! A decoder with what it remembers: from prompts to the logits where their options branch,
//! computing only what no earlier prompt had.
//!
//! Prompts of a call are put into a tree; each part of it is one run of the graph, after the keys
//! and values of what stands before. A run has costs of its own (all weights are read), so that a
//! short part is rather computed again with each of those that follow it.

use crate::{
    kept::Kept,
    network::{Network, State, Wanted, failed},
};
use backend_language::{Branching, Memo, Rows, trie};
use ort::session::{Adapter, RunOptions};
use pilotbench_plugin_sdk::{Control, Error, Result};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

/// Tokens that could be computed in the time that a run of the graph takes besides them.
const RUN_COST: usize = 12;
/// How often the host is asked whether to go on.
const LOOK: Duration = Duration::from_millis(50);

/// A prompt with the places where its options branch.
pub(crate) struct Prompt {
    pub(crate) tokens: Vec<u32>,
    pub(crate) branchings: Arc<Vec<Branching>>,
}

impl Prompt {
    /// What tells prompts apart.
    fn key(&self) -> Vec<u32> {
        let mut key = self.tokens.clone();
        for branching in self.branchings.iter() {
            for part in [&branching.path, &branching.tokens] {
                key.push(u32::MAX);
                key.extend_from_slice(part);
            }
        }
        key
    }
}

/// A decoder, with an adapter of the runtime's own kind or without.
pub(crate) struct Mind {
    pub(crate) network: Arc<Network>,
    /// A file of the runtime's own; an opened one cannot go from thread to thread.
    adapter: Option<PathBuf>,
    kept: Mutex<Kept>,
    pub(crate) memo: Memo,
    context: usize,
    /// Tokens that were computed.
    pub(crate) computed: AtomicU64,
}

/// A call's work on the tree of its prompts.
struct Work<'a> {
    mind: &'a Mind,
    sequences: &'a [Vec<u32>],
    /// Whether a sequence is a prompt; else it has a part of an option behind it.
    is_prompt: Vec<bool>,
    /// Tokens whose logits are wanted after each sequence; `None`: of all.
    wanted: Vec<Option<&'a [u32]>>,
    nodes: Vec<trie::Node>,
    children: Vec<Vec<usize>>,
    kept: &'a mut Kept,
    options: &'a RunOptions,
    control: &'a Control<'a>,
    rows: Vec<Vec<f32>>,
}

/// What stands before a node: a state, and what of the sequence is not in it.
#[derive(Clone)]
struct Before {
    state: Option<Arc<State>>,
    from: usize,
    /// Sequences that end in what is not computed yet, with their last position.
    ends: Vec<(usize, usize)>,
}

impl Mind {
    pub(crate) fn new(
        network: Arc<Network>,
        adapter: Option<PathBuf>,
        context: usize,
        room: usize,
    ) -> Self {
        let (kept, memo) = (Mutex::new(Kept::new(room)), Memo::new(64 << 20));
        Self { network, adapter, kept, memo, context, computed: AtomicU64::new(0) }
    }

    /// The logits where options branch, one branching after the other, remembered.
    ///
    /// # Errors
    /// When a prompt is too long, the runtime fails, or the host asks to stop.
    pub(crate) fn rows(&self, prompts: &[Prompt], control: &Control) -> Result<Vec<Rows>> {
        let keys: Vec<Vec<u32>> = prompts.iter().map(Prompt::key).collect();
        self.memo.all(&keys, |wanted| {
            control.check()?;
            let asked: Vec<&Prompt> = wanted.iter().map(|at| &prompts[*at]).collect();
            self.compute(&asked, control)
        })
    }

    fn compute(&self, prompts: &[&Prompt], control: &Control) -> Result<Vec<Rows>> {
        let (mut sequences, mut wanted) = (Vec::new(), Vec::new());
        for prompt in prompts {
            for branching in prompt.branchings.iter() {
                sequences.push([&*prompt.tokens, &*branching.path].concat());
                wanted.push((branching.path.is_empty(), Some(branching.tokens.as_slice())));
            }
        }
        let mut found = self.run(&sequences, &wanted, control)?.into_iter();
        let row = |prompt: &&Prompt| -> Rows {
            Arc::new(found.by_ref().take(prompt.branchings.len()).flatten().collect())
        };
        Ok(prompts.iter().map(row).collect())
    }

    /// The logits of all tokens after each prompt.
    ///
    /// # Errors
    /// As [`Mind::rows`].
    pub(crate) fn next(&self, prompts: &[Vec<u32>], control: &Control) -> Result<Vec<Vec<f32>>> {
        self.run(prompts, &vec![(true, None); prompts.len()], control)
    }

    /// The logits of some tokens after each sequence, each of which is a prompt or has a part of an
    /// option behind it.
    fn run(
        &self,
        sequences: &[Vec<u32>],
        wanted: &[(bool, Option<&[u32]>)],
        control: &Control,
    ) -> Result<Vec<Vec<f32>>> {
        for sequence in sequences {
            let (tokens, limit) = (sequence.len(), self.context);
            if tokens > limit {
                return Err(Error::TooLong { tokens, limit });
            }
        }
        let mut options = RunOptions::new().map_err(failed)?;
        if let Some(path) = &self.adapter {
            let adapter = Adapter::from_file(path, None).map_err(failed)?;
            options.add_adapter(&adapter).map_err(failed)?;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = watched(&options, control, || {
            let mut work = Work::new(self, sequences, wanted, &mut kept, &options, control);
            work.all()?;
            Ok(work.rows)
        });
        // A run that was ended says so in its own words.
        control.check()?;
        found
    }
}

/// Does work that the host can end in the middle of a run.
fn watched<T>(
    options: &RunOptions,
    control: &Control,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                if control.check().is_err() {
                    // Where it cannot be ended it ends by itself.
                    let _ = options.terminate();
                    break;
                }
                thread::park_timeout(LOOK);
            }
        });
        let _end = End { is_done: &is_done, watch: watch.thread().clone() };
        work()
    })
}

/// Ends the watch, also when the work panics.
struct End<'a> {
    is_done: &'a AtomicBool,
    watch: Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Release);
        self.watch.unpark();
    }
}

impl<'a> Work<'a> {
    fn new(
        mind: &'a Mind,
        sequences: &'a [Vec<u32>],
        wanted: &[(bool, Option<&'a [u32]>)],
        kept: &'a mut Kept,
        options: &'a RunOptions,
        control: &'a Control<'a>,
    ) -> Self {
        let (is_prompt, wanted) = wanted.iter().copied().unzip();
        let rows = vec![Vec::new(); sequences.len()];
        let (nodes, children) = (Vec::new(), Vec::new());
        Self { mind, sequences, is_prompt, wanted, nodes, children, kept, options, control, rows }
    }

    fn all(&mut self) -> Result<()> {
        let found: Vec<Option<(Arc<State>, usize)>> = match self.mind.network.has_cache() {
            true => self.sequences.iter().map(|sequence| self.kept.longest(sequence)).collect(),
            false => vec![None; self.sequences.len()],
        };
        // Of a sequence that is known to its end, the last token is computed again.
        let known = |at: usize| {
            let common = found[at].as_ref().map_or(0, |(_, common)| *common);
            common.min(self.sequences[at].len().saturating_sub(1))
        };
        let known: Vec<usize> = (0..self.sequences.len()).map(known).collect();
        let sequences: Vec<&[u32]> = self.sequences.iter().map(Vec::as_slice).collect();
        self.nodes = trie::plan(&sequences, &known);
        self.children = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                self.children[parent].push(at);
            }
        }
        for root in 0..self.nodes.len() {
            let node = &self.nodes[root];
            if node.parent.is_some() {
                continue;
            }
            let from = node.tokens.start;
            let state = match &found[node.prompt] {
                Some((state, _)) if from > 0 => Some(self.cut(state, from)?),
                _ => None,
            };
            self.visit(root, Before { state, from, ends: Vec::new() })?;
        }
        Ok(())
    }

    fn cut(&self, state: &Arc<State>, tokens: usize) -> Result<Arc<State>> {
        match state.tokens == tokens {
            true => Ok(Arc::clone(state)),
            false => self.mind.network.cut(state, tokens).map(Arc::new),
        }
    }

    /// Computes a node and what follows it.
    fn visit(&mut self, at: usize, mut before: Before) -> Result<()> {
        let node = self.nodes[at].clone();
        let end = node.tokens.end;
        before.ends.extend(node.ends.iter().map(|sequence| (*sequence, end - 1)));
        let children = self.children[at].clone();
        let again = children.len().saturating_sub(1) * (end - before.from);
        let is_leaf = children.is_empty();
        if is_leaf || (self.mind.network.has_cache() && again > RUN_COST) {
            let state = self.compute(node.prompt, end, &before, !is_leaf)?;
            before = Before { state: Some(state), from: end, ends: Vec::new() };
        }
        for child in children {
            self.visit(child, before.clone())?;
            before.ends.clear();
        }
        Ok(())
    }

    /// One run of the graph: the tokens of a sequence up to `end` that are not in the state before.
    fn compute(
        &mut self,
        sequence: usize,
        end: usize,
        before: &Before,
        is_shared: bool,
    ) -> Result<Arc<State>> {
        self.control.check()?;
        let network = &self.mind.network;
        let tokens = &self.sequences[sequence][before.from..end];
        let wanted: Vec<Wanted> = before
            .ends
            .iter()
            .map(|(sequence, position)| (position - before.from, self.wanted[*sequence]))
            .collect();
        let state = before.state.as_deref();
        let (state, rows) = network.extend(state, tokens, &wanted, self.options)?;
        self.mind.computed.fetch_add(tokens.len() as u64, Ordering::Relaxed);
        let state = Arc::new(state);
        for ((sequence, position), row) in before.ends.iter().zip(rows) {
            self.rows[*sequence] = row;
            if self.is_prompt[*sequence] && network.has_cache() {
                let whole = self.cut(&state, position + 1)?;
                self.kept.keep(&self.sequences[*sequence][..=*position], &whole, false);
            }
        }
        if is_shared {
            self.kept.keep(&self.sequences[sequence][..end], &state, true);
        }
        Ok(state)
    }
}
