//! Everything about asking: tokenizer and template together.

use crate::{Message, Options, Problem, Template, Tokenizer};
use std::ops::Range;

/// A model's language.
pub struct Language {
    tokenizer: Tokenizer,
    template: Template,
    /// Text that the template writes between the opened prompt and an answer, up to its last space.
    opening: String,
    /// Spaces before an answer: part of its first token.
    gap: String,
    end: Vec<u32>,
}

/// A whole interview in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interview {
    /// All tokens.
    pub tokens: Vec<u32>,
    /// Where the tokens of each assistant message are, in order; the tokens before are its prompt,
    /// the token after is one that ends an answer.
    pub answers: Vec<Range<usize>>,
}

/// The interview from which a template's habits are read.
fn specimen() -> [Message; 2] {
    let says = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    [says("user", "Question"), says("assistant", "Answer")]
}

impl Language {
    /// Joins tokenizer and template. `end` holds the tokens that end an answer, the usual one
    /// first; when it is empty, it is the token that the template writes after one.
    ///
    /// # Errors
    /// When the template does not write an answer after an opened prompt, or ends it with no token.
    pub fn new(tokenizer: Tokenizer, template: Template, end: Vec<u32>) -> Result<Self, Problem> {
        let [question, answer] = specimen();
        let open = template.render(std::slice::from_ref(&question), true)?;
        let whole = template.render(&[question, answer.clone()], false)?;
        let odd = || Problem::file("chat_template: an answer does not follow the opened prompt");
        let rest = whole.strip_prefix(&open).ok_or_else(odd)?;
        let (lead, after) = rest.split_once(&answer.content).ok_or_else(odd)?;
        let opening = lead.trim_end_matches(' ');
        let gap = lead[opening.len()..].to_owned();
        let end = match end.is_empty() {
            true => tokenizer.encode(after)?.into_iter().take(1).collect(),
            false => end,
        };
        if end.is_empty() {
            return Err(Problem::file("chat_template: no token ends an answer"));
        }
        let opening = opening.to_owned();
        Ok(Self { tokenizer, template, opening, gap, end })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Tokens that end an answer, the usual one first.
    pub fn end(&self) -> &[u32] {
        &self.end
    }

    /// Tokens of the messages up to a question, opened for its answer.
    ///
    /// # Errors
    /// When the last message is not a question, or the template refuses the messages.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>, Problem> {
        self.tokenizer.encode(&self.opened(messages)?)
    }

    fn opened(&self, messages: &[Message]) -> Result<String, Problem> {
        if messages.last().is_none_or(|last| last.role != "user") {
            return Err(Problem::input("messages: the last is not a question of the user"));
        }
        Ok(self.template.render(messages, true)? + &self.opening)
    }

    /// The tree of an item's labels after a prompt.
    ///
    /// # Errors
    /// When labels are empty or equal in tokens, or hold a token that ends an answer.
    pub fn options(&self, labels: &[&str]) -> Result<Options, Problem> {
        let [question, _] = specimen();
        let prompt = self.opened(&[question])?;
        let before = self.tokenizer.encode(&prompt)?;
        let tokens = labels.iter().map(|label| self.label(&prompt, &before, label));
        Options::new(tokens.collect::<Result<_, _>>()?, self.end[0])
    }

    /// Tokens of a label after a prompt, of which text and tokens are given.
    fn label(&self, prompt: &str, before: &[u32], label: &str) -> Result<Vec<u32>, Problem> {
        if label.trim().is_empty() {
            return Err(Problem::input("an item with an empty label"));
        }
        let whole = self.tokenizer.encode(&format!("{prompt}{}{label}", self.gap))?;
        let tokens = match whole.strip_prefix(before) {
            Some(tokens) => tokens.to_vec(),
            // Words run across the prompt's end, but its tokens stand before an answer begins.
            None => self.tokenizer.encode(&format!("{}{label}", self.gap))?,
        };
        if tokens.iter().any(|token| self.end.contains(token)) {
            let message = format!("label {label:?} holds a token that ends an answer");
            return Err(Problem::input(message));
        }
        Ok(tokens)
    }

    /// Tokens of an interview with its answers, and where each answer is.
    ///
    /// # Errors
    /// When the prompt of an answer is not where the whole interview begins, in text or in tokens:
    /// there are templates that write an answer differently once another follows.
    pub fn interview(&self, messages: &[Message]) -> Result<Interview, Problem> {
        let text = self.template.render(messages, false)?;
        let tokens = self.tokenizer.encode(&text)?;
        let mut answers = Vec::new();
        for (i, message) in messages.iter().enumerate().filter(|(_, m)| m.role == "assistant") {
            let odd = |what: &str| {
                let message = format!("messages: {what} answer {i} are not as in its own prompt");
                Problem::input(message)
            };
            let prompt = self.opened(&messages[..i])?;
            let answered = format!("{prompt}{}{}", self.gap, message.content.trim());
            if !text.starts_with(&answered) {
                return Err(odd("the words up to"));
            }
            let (start, end) = (self.tokenizer.encode(&prompt)?, self.tokenizer.encode(&answered)?);
            if !tokens.starts_with(&start) {
                return Err(odd("the tokens before"));
            }
            if !tokens.starts_with(&end) {
                return Err(odd("the tokens of"));
            }
            answers.push(start.len()..end.len());
        }
        Ok(Interview { tokens, answers })
    }
}
