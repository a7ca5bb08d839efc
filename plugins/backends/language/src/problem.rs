use std::{fmt, path::Path};

/// What is wrong with a model's files or words, in one line, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if place.is_empty() { String::new() } else { format!("{place}: ") })]
pub struct Problem {
    place: String,
    message: String,
    is_model: bool,
}

impl Problem {
    fn new(place: String, message: impl fmt::Display, is_model: bool) -> Self {
        let message = message.to_string().trim_end().replace(['\n', '\r'], " ");
        Self { place, message, is_model }
    }

    /// A file that cannot be read.
    pub fn file(path: &Path, message: impl fmt::Display) -> Self {
        Self::new(path.display().to_string(), message, false)
    }

    /// A file that makes no model.
    pub fn model(path: &Path, message: impl fmt::Display) -> Self {
        Self::new(path.display().to_string(), message, true)
    }

    /// Words that the model cannot take.
    pub fn words(message: impl fmt::Display) -> Self {
        Self::new(String::new(), message, true)
    }

    /// A message or number that breaks the contract.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::new(String::new(), message, false)
    }

    /// Says in which file, unless a place is told already.
    pub fn at(mut self, path: &Path) -> Self {
        if self.place.is_empty() {
            self.place = path.display().to_string();
        }
        self
    }

    /// Whether it is the model that cannot do this, rather than a file or message that is damaged.
    pub fn is_model(&self) -> bool {
        self.is_model
    }
}
