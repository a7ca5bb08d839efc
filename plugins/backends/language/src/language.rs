use crate::{Options, Problem, Template, Tokenizer};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A turn of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The words.
    pub content: String,
}

/// Reads a chat from JSON text.
///
/// # Errors
/// When it is no list of messages.
pub fn parse_messages(json: &str) -> Result<Vec<Message>, Problem> {
    serde_json::from_str(json).map_err(|e| Problem::input(format!("messages: {e}")))
}

/// A whole interview in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interview {
    /// All tokens.
    pub tokens: Vec<u32>,
    /// Where each answer begins and ends.
    pub answers: Vec<Range<usize>>,
}

/// A model's words: tokenizer, chat template, and the tokens that end an answer.
pub struct Language {
    tokenizer: Tokenizer,
    template: Template,
    ends: Vec<u32>,
}

impl Language {
    /// Puts the parts together. Without a token that ends answers, options of which one begins
    /// another cannot be told apart.
    pub fn new(tokenizer: Tokenizer, template: Template, ends: Vec<u32>) -> Self {
        let line = tokenizer.encode("\n\n").ok().filter(|_| template.ends_with_lines());
        let ends = line.and_then(|line| line.first().copied()).map_or(ends, |first| vec![first]);
        Self { tokenizer, template, ends }
    }

    /// Number of tokens of the tokenizer.
    pub fn vocabulary_size(&self) -> usize {
        self.tokenizer.vocabulary_size()
    }

    /// Tokens that end an answer.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The text of tokens.
    ///
    /// # Errors
    /// When a token is not known.
    pub fn text(&self, tokens: &[u32]) -> Result<String, Problem> {
        self.tokenizer.decode(tokens)
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// When the text has none in this vocabulary.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, Problem> {
        self.tokenizer.encode(text)
    }

    /// A chat in words, its next answer opened.
    ///
    /// # Errors
    /// When the template refuses it.
    pub fn prompt_text(&self, messages: &[Message]) -> Result<String, Problem> {
        self.template.render(messages, true)
    }

    /// A chat in tokens, its next answer opened.
    ///
    /// # Errors
    /// When the template refuses it, or a word has no tokens.
    pub fn prompt(&self, messages: &[Message]) -> Result<Vec<u32>, Problem> {
        let tokens = self.tokenizer.encode(&self.prompt_text(messages)?)?;
        match tokens.is_empty() {
            false => Ok(tokens),
            true => Err(Problem::input("a chat without words")),
        }
    }

    /// The options of an item as they follow an opened answer.
    ///
    /// # Errors
    /// When an option has no tokens, two have the same, or their tokens depend on what is before.
    pub fn options(&self, labels: &[&str]) -> Result<Options, Problem> {
        let question = Message { role: "user".into(), content: "?".into() };
        let opened = self.template.render(&[question], true)?;
        let before = self.tokenizer.encode(&opened)?;
        let option = |label: &&str| {
            let words = format!("{}{label}", self.template.lead());
            let tokens = self.tokenizer.encode(&words)?;
            let together = self.tokenizer.encode(&format!("{opened}{words}"))?;
            match together.strip_prefix(&*before) {
                Some(after) if after == tokens && !tokens.is_empty() => Ok(tokens),
                _ => Err(Problem::words(format!(
                    "option `{label}` is not tokens of its own after an opened answer"
                ))),
            }
        };
        let tokens: Vec<Vec<u32>> = labels.iter().map(option).collect::<Result<_, _>>()?;
        Options::new(&tokens, self.ends.first().copied())
    }

    /// A whole interview in tokens.
    ///
    /// # Errors
    /// When the chat up to an answer is not the beginning of the whole chat, in tokens.
    pub fn interview(&self, messages: &[Message]) -> Result<Interview, Problem> {
        let tokens = self.tokenizer.encode(&self.template.render(messages, false)?)?;
        let mut answers = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            if message.role != "assistant" {
                continue;
            }
            let before = self.prompt(&messages[..at])?;
            let words = format!("{}{}", self.template.lead(), message.content);
            let answer = self.tokenizer.encode(&words)?;
            let end = before.len() + answer.len();
            let fits = tokens.starts_with(&before) && tokens.get(before.len()..end) == Some(&answer);
            if !fits {
                let message = format!("answer {} of an interview has other tokens in it", answers.len() + 1);
                return Err(Problem::words(message));
            }
            answers.push(before.len()..end);
        }
        Ok(Interview { tokens, answers })
    }
}
