use serde::{Deserialize, Serialize};

/// Who vouches for the numbers of a method on a shared board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The board itself: a reference that came with it.
    Reference,
    /// Whoever handed it in.
    SelfReported,
    /// The board: every score was computed again from the answers.
    ReScored,
    /// The board: its keepers ran the method themselves.
    ReRun,
}

impl Level {
    /// Word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::SelfReported => "self-reported",
            Self::ReScored => "re-scored",
            Self::ReRun => "re-run",
        }
    }
}

/// What the levels mean, for whoever reads a board.
pub const LEVELS: [(&str, &str); 4] = [
    ("reference", "came with the board: the baselines and oracles that scores are read against"),
    ("self-reported", "answers checked, scores as handed in; shown, not ranked"),
    ("re-scored", "every score was computed again here, from the answers that were handed in"),
    ("re-run", "the keepers of the board ran the method themselves and got the same"),
];

/// What makes a board one of several hands.
#[derive(Debug, Clone, Serialize)]
pub struct Shared {
    /// Title of the board.
    pub title: String,
    /// What was handed in.
    pub submissions: Vec<HandedIn>,
}

/// A submission on a board, in the words of whoever handed it in.
#[derive(Debug, Clone, Serialize)]
pub struct HandedIn {
    /// `by.name`.
    pub submission: String,
    /// Who vouches for its numbers.
    pub level: Level,
    /// Its methods, as the board calls them.
    pub methods: Vec<String>,
    /// Whether the models saw the human answers in training: yes, no or unknown.
    pub seen_in_training: String,
    /// Licence of the answers.
    pub licence: Option<String>,
    /// Words for readers.
    pub note: Option<String>,
}

/// Columns of a table of submissions.
pub const HANDED_IN: [&str; 6] =
    ["submission", "level", "methods", "seen in training", "licence", "note"];

impl HandedIn {
    /// Its row in such a table. Nothing in it is escaped.
    pub fn row(&self) -> [String; 6] {
        let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "not said".to_owned());
        [
            self.submission.clone(),
            self.level.name().to_owned(),
            self.methods.join(", "),
            self.seen_in_training.clone(),
            said(&self.licence),
            self.note.clone().unwrap_or_default().replace('\n', " "),
        ]
    }
}
