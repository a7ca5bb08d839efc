//! What can go wrong.

use std::fmt::Display;

/// Who has to act on a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file is missing, damaged, or of a form that is not known here.
    File,
    /// The model gave what no model should give.
    Model,
    /// An interview is longer than the model can read.
    TooLong,
    /// A request or setting is wrong.
    BadInput,
}

/// Something that went wrong, in one line: the file or part, what is wrong, what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Who has to act.
    pub kind: Kind,
    /// The line.
    pub message: String,
}

impl Problem {
    /// A problem of this kind; line ends become spaces.
    pub fn new(kind: Kind, message: impl Display) -> Self {
        let message = message.to_string().trim_end().replace(['\n', '\r'], " ");
        Self { kind, message }
    }

    pub(crate) fn file(message: impl Display) -> Self {
        Self::new(Kind::File, message)
    }

    pub(crate) fn input(message: impl Display) -> Self {
        Self::new(Kind::BadInput, message)
    }
}
