//! For benches: the backend's work on prompts that are given as text, without a host.

use crate::{
    adapt::lora,
    asking,
    decoder::Worth,
    frozen::{Frozen, Prompt},
    settings::Settings,
    source::Source,
};
pub use backend_language::measure::{Line, read};
use backend_language::{Options, measure::asked_in_turn, parse_messages};
use pilotbench_plugin_sdk::{Control, Error, Result};
use std::sync::{Arc, atomic::Ordering};

/// An open model.
pub struct Model {
    frozen: Arc<Frozen>,
}

impl Model {
    /// Opens a model on so many threads.
    ///
    /// # Errors
    /// As the backend's.
    pub fn open(settings: Settings, threads: usize) -> Result<Self> {
        settings.check()?;
        let source = Source::open(&settings.model)?;
        let mut frozen = Frozen::open(&settings, source)?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        frozen.pool = pool.map_err(|e| Error::Computation(e.to_string()))?;
        Ok(Self { frozen: Arc::new(frozen) })
    }

    /// The prompts of a whole interview, a JSON list of chat messages: one before each answer.
    ///
    /// # Errors
    /// When the chat is none, or the model's template refuses it.
    pub fn prompts(&self, chat: &str) -> Result<Vec<String>> {
        let messages = parse_messages(chat)?;
        let answers = (0..messages.len()).filter(|at| messages[*at].role == "assistant");
        let language = &self.frozen.source.language;
        answers.map(|at| Ok(language.prompt_text(&messages[..at])?)).collect()
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.frozen.source.language.tokens(text)?)
    }

    fn options(&self, line: &Line) -> Result<Options> {
        let labels: Vec<&str> = line.options.iter().map(String::as_str).collect();
        Ok(self.frozen.source.language.options(&labels)?)
    }

    /// Log-probabilities of the options of every question, asked in the order of a host: some people
    /// at a time, question by question.
    ///
    /// # Errors
    /// As the backend's.
    pub fn score(&self, lines: &[Line]) -> Result<Vec<Vec<f64>>> {
        asked_in_turn(lines, super::AT_ONCE, |lines, item| {
            let worth = if item == 0 { Worth::Beginning } else { Worth::Course };
            let (mut prompts, mut options) = (Vec::new(), Vec::new());
            for line in lines {
                let tree = self.options(line)?;
                let paths = tree.branchings.iter().map(|b| b.path.clone()).collect();
                prompts.push(Prompt { tokens: self.tokens(&line.prompt)?, paths, worth });
                options.push(tree);
            }
            let rows = self.frozen.rows(&prompts, &Control::none())?;
            let levels = options.iter().zip(&rows);
            levels.map(|(tree, rows)| asking::levels(&self.frozen.ends, tree, rows)).collect()
        })
    }

    /// Tokens that went through the lower and through the upper layers so far.
    pub fn computed(&self) -> [u64; 2] {
        [0, 1].map(|stage| self.frozen.computed[stage].load(Ordering::Relaxed))
    }

    /// Trains a low-rank adapter of the last layers on interviews, `epochs` times all of them, with
    /// rank 8 on all linear maps and two interviews a step; the last answer of each is its first
    /// option.
    ///
    /// # Errors
    /// As the backend's.
    pub fn train(&self, lines: &[Line], last_layers: usize, epochs: usize) -> Result<()> {
        let mut interviews = Vec::new();
        for lines in lines.chunk_by(|a, b| a.participant == b.participant) {
            let (mut answers, mut end) = (Vec::new(), Vec::new());
            for (at, line) in lines.iter().enumerate() {
                let (start, tree) = (self.tokens(&line.prompt)?.len(), self.options(line)?);
                let next =
                    lines.get(at + 1).map(|next| next.prompt[line.prompt.len()..].to_owned());
                let told = |label: &&String| {
                    next.as_ref().is_none_or(|next| next.starts_with(label.as_str()))
                };
                // Of two options of which one begins the other, the longer was told.
                let label = line.options.iter().filter(told).max_by_key(|label| match next {
                    Some(_) => label.len(),
                    None => 0,
                });
                let level = label.and_then(|label| line.options.iter().position(|o| o == label));
                let level = level.ok_or_else(|| Error::bad_input("an interview without answer"))?;
                end = self.tokens(&format!("{}{}", line.prompt, line.options[level]))?;
                answers.push((start, tree, level));
            }
            interviews.push((end, answers));
        }
        lora::train_for_bench(&self.frozen, interviews, last_layers, epochs)
    }
}
