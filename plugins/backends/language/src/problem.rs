//! What can go wrong.

use std::{fmt::Display, path::Path};

/// What a [`Problem`] lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file cannot be read.
    File,
    /// A model is damaged, of a form that is not known here, or cannot say or take this.
    Model,
    /// A request, setting or number breaks the contract.
    BadInput,
}

/// Something that went wrong, in one line: the place, what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", place, if place.is_empty() { "" } else { ": " })]
pub struct Problem {
    /// What it lies in.
    pub kind: Kind,
    /// The file; empty when no file is at fault or none is known.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl Problem {
    fn new(kind: Kind, place: String, message: impl Display) -> Self {
        // Files and templates may hold any text; a problem is one line.
        let message = message.to_string().trim_end().replace(['\n', '\r'], " ");
        Self { kind, place, message }
    }

    /// A file that cannot be read.
    pub fn file(path: &Path, message: impl Display) -> Self {
        Self::new(Kind::File, path.display().to_string(), message)
    }

    /// A file that makes no model.
    pub fn model(path: &Path, message: impl Display) -> Self {
        Self::new(Kind::Model, path.display().to_string(), message)
    }

    /// Something that a model cannot say or take.
    pub fn words(message: impl Display) -> Self {
        Self::new(Kind::Model, String::new(), message)
    }

    /// A request, setting or number that breaks the contract.
    pub fn input(message: impl Display) -> Self {
        Self::new(Kind::BadInput, String::new(), message)
    }

    /// Says in which file, unless a place is told already.
    pub fn at(mut self, path: &Path) -> Self {
        if self.place.is_empty() {
            self.place = path.display().to_string();
        }
        self
    }

    /// Whether it is the model that cannot do this.
    pub fn is_model(&self) -> bool {
        self.kind == Kind::Model
    }
}
