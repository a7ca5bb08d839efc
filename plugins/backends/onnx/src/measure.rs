//! For benches: the backend's work on prompts that are given as text, without a host.

use crate::{AT_ONCE, Learned, Onnx, Settings, levels, mind::Prompt};
pub use backend_language::measure::{Line, read};
use backend_language::{Options, measure::asked_in_turn};
use pilotbench_plugin_sdk::{Backend, Control, Error, Result};
use std::sync::Arc;

/// An open model.
pub struct Model(Onnx);

impl Model {
    /// Opens a model on so many threads.
    ///
    /// # Errors
    /// As the backend's.
    pub fn open(settings: Settings, threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| Error::computation(e.to_string()))?;
        pool.install(|| Onnx::open(settings)).map(Self)
    }

    /// Log-probabilities of the options of every question, asked in the order of a host: some people
    /// at a time, question by question.
    ///
    /// # Errors
    /// As the backend's.
    pub fn score(&self, lines: &[Line]) -> Result<Vec<Vec<f64>>> {
        let Learned::Decoder(mind) = &self.0.base else {
            return Err(Error::unsupported("a classifier"));
        };
        asked_in_turn(lines, AT_ONCE, |lines, _| {
            let asked = lines.iter().map(|line| self.prompt(line));
            let (trees, prompts): (Vec<Options>, Vec<Prompt>) =
                asked.collect::<Result<Vec<_>>>()?.into_iter().unzip();
            let rows = mind.rows(&prompts, &Control::none())?;
            trees.iter().zip(&rows).map(|(tree, row)| levels(tree, row)).collect()
        })
    }

    fn prompt(&self, line: &Line) -> Result<(Options, Prompt)> {
        let labels: Vec<&str> = line.options.iter().map(String::as_str).collect();
        let tree = self.0.language.options(&labels)?;
        let branchings = Arc::new(tree.branchings.clone());
        Ok((tree, Prompt { tokens: self.0.language.tokens(&line.prompt)?, branchings }))
    }

    /// Tokens that were computed so far.
    pub fn computed(&self) -> u64 {
        self.0.base.counts()[0]
    }
}
