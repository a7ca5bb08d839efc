//! Everything about asking: tokenizer and template together.

use crate::{
    Message, Options, Problem, Template, Tokenizer,
    template::{Lead, specimen},
};
use std::ops::Range;

/// A model's language. Many threads may use one.
pub struct Language {
    tokenizer: Tokenizer,
    template: Template,
    /// How the template writes answers, or why it writes none.
    manner: Result<Manner, Problem>,
}

/// How a template writes answers.
struct Manner {
    lead: Lead,
    /// Tokens that end an answer, the usual one first.
    ends: Vec<u32>,
}

/// A whole interview in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interview {
    /// All tokens.
    pub tokens: Vec<u32>,
    /// Where the tokens of each assistant message are, in order. The tokens before are its prompt,
    /// the token after ends it.
    pub answers: Vec<Range<usize>>,
}

impl Manner {
    /// Reads from a short interview how answers are written.
    fn of(tokenizer: &Tokenizer, template: &Template, ends: Vec<u32>) -> Result<Self, Problem> {
        let lead = template.lead()?;
        let usual = tokenizer.encode(&lead.after)?.first().copied();
        let others = ends.into_iter().filter(|end| Some(*end) != usual);
        let ends: Vec<u32> = usual.into_iter().chain(others).collect();
        if ends.is_empty() {
            return Err(Problem::words("chat template: no token ends an answer"));
        }
        Ok(Self { lead, ends })
    }
}

impl Language {
    /// Joins tokenizer and template. The token that the template writes after an answer is the usual
    /// one that ends it; `ends` are further ones. A template that writes no answers is told when
    /// something is asked.
    pub fn new(tokenizer: Tokenizer, template: Template, ends: Vec<u32>) -> Self {
        let manner = Manner::of(&tokenizer, &template, ends);
        Self { tokenizer, template, manner }
    }

    fn manner(&self) -> Result<&Manner, Problem> {
        self.manner.as_ref().map_err(Clone::clone)
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// One more than the largest token id.
    pub fn vocabulary_size(&self) -> usize {
        self.tokenizer.vocabulary_size()
    }

    /// Tokens that end an answer, the usual one first.
    pub fn ends(&self) -> &[u32] {
        self.manner.as_ref().map_or(&[], |manner| &manner.ends)
    }

    /// The text of tokens, special ones included; ids outside the vocabulary are left out.
    pub fn text(&self, tokens: &[u32]) -> String {
        self.tokenizer.decode(tokens)
    }

    /// The tokens of a text; special tokens in it are recognised.
    ///
    /// # Errors
    /// When the text has none in this vocabulary.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, Problem> {
        self.tokenizer.encode(text)
    }

    /// The messages up to a question as text, opened for its answer.
    ///
    /// # Errors
    /// When the last message is not a question, or the template refuses the messages.
    pub fn prompt_text(&self, messages: &[Message]) -> Result<String, Problem> {
        if messages.last().is_none_or(|last| last.role != "user") {
            return Err(Problem::input("messages: the last is not a question of the user"));
        }
        Ok(self.template.render(messages, true)? + &self.manner()?.lead.opening)
    }

    /// Tokens of the messages up to a question, opened for its answer.
    ///
    /// # Errors
    /// As [`Language::prompt_text`].
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>, Problem> {
        self.tokenizer.encode(&self.prompt_text(messages)?)
    }

    /// The tree of an item's labels after a prompt.
    ///
    /// # Errors
    /// When labels are empty or equal in tokens, or hold a token that ends an answer.
    pub fn options(&self, labels: &[&str]) -> Result<Options, Problem> {
        let question = specimen();
        let prompt = self.prompt_text(&[question])?;
        let before = self.tokenizer.encode(&prompt)?;
        let manner = self.manner()?;
        let tokens = labels.iter().map(|label| self.label(manner, &prompt, &before, label));
        Options::new(tokens.collect::<Result<_, _>>()?, manner.ends[0])
    }

    /// Tokens of a label after a prompt, of which text and tokens are given.
    fn label(
        &self,
        manner: &Manner,
        prompt: &str,
        before: &[u32],
        label: &str,
    ) -> Result<Vec<u32>, Problem> {
        if label.trim().is_empty() {
            return Err(Problem::input("an item with an empty label"));
        }
        let words = format!("{}{label}", manner.lead.gap);
        let whole = self.tokenizer.encode(&format!("{prompt}{words}"))?;
        let tokens = match whole.strip_prefix(before) {
            Some(tokens) => tokens.to_vec(),
            // A word runs across the prompt's end, whose tokens are there before an answer begins.
            None => self.tokenizer.encode(&words)?,
        };
        match tokens.iter().any(|token| manner.ends.contains(token)) {
            true => {
                Err(Problem::words(format!("label {label:?} holds a token that ends an answer")))
            }
            false => Ok(tokens),
        }
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
                Problem::words(message)
            };
            let prompt = self.prompt_text(&messages[..i])?;
            // Some templates trim what is said.
            let answered = [message.content.as_str(), message.content.trim()]
                .map(|said| Ok(format!("{prompt}{}{said}", self.manner()?.lead.gap)));
            let answered: Vec<String> = answered.into_iter().collect::<Result<_, Problem>>()?;
            let answered = answered.iter().find(|answered| text.starts_with(*answered));
            let answered = answered.ok_or_else(|| odd("the words up to"))?;
            let (start, end) = (self.tokenizer.encode(&prompt)?, self.tokenizer.encode(answered)?);
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
