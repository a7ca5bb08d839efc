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
