//! One error type for the whole engine: what is wrong, where, and what would be right.

use std::fmt;

/// Who has to act on a [`Fault`]; the binary maps this to its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The user: a card, table, run file, setting or argument is wrong.
    Usage,
    /// A plugin: it could not be loaded, or broke the contract, or failed.
    Plugin,
    /// A plugin's worker process died, or had to be killed.
    Died,
    /// What was asked is longer than a backend takes: less may be asked.
    TooLong,
    /// The store: a file is missing, damaged or cannot be written.
    Store,
    /// Two computations of the same replicate gave different bytes.
    Nondeterminism,
    /// The work was stopped from outside.
    Interrupted,
    /// The user: the money that may be spent is spent.
    Budget,
    /// A service outside is of no more use in this run.
    Unavailable,
    /// The user: a service outside refuses whom it is asked by.
    Denied,
}

impl FaultKind {
    /// Word for machines; it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Plugin => "plugin",
            Self::Died => "died",
            Self::TooLong => "too-long",
            Self::Store => "store",
            Self::Nondeterminism => "nondeterminism",
            Self::Interrupted => "interrupted",
            Self::Budget => "budget",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
        }
    }

    /// Whether whoever asks again now is told the same: there is no use in it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Self::Budget | Self::Unavailable | Self::Denied)
    }
}

/// Something that went wrong, in one line, with a place and usually a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Who has to act.
    pub kind: FaultKind,
    /// File, line, key or participant; empty when the message says it all.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
    /// What a plugin printed before; recorded, not shown in the one line.
    pub output: String,
}

/// Result of the engine's functions.
pub type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// A fault of this kind.
    pub fn new(kind: FaultKind, place: impl fmt::Display, message: impl fmt::Display) -> Self {
        let one_line = |text: String| text.trim_end().replace(['\n', '\r'], " ");
        let (place, message) = (one_line(place.to_string()), one_line(message.to_string()));
        let hint = remedy(&message).map(str::to_owned);
        Self { kind, place, message, hint, output: String::new() }
    }

    /// The user has to act.
    pub fn usage(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self::new(FaultKind::Usage, place, message)
    }

    /// A plugin is at fault.
    pub fn plugin(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self::new(FaultKind::Plugin, place, message)
    }

    /// The store is at fault.
    pub fn store(place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self::new(FaultKind::Store, place, message)
    }

    /// Adds what a plugin printed.
    pub fn output(mut self, output: &str) -> Self {
        output.clone_into(&mut self.output);
        self
    }

    /// Says what would be right.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Says which names there are where this one is not, and which of them may be meant.
    pub fn names(self, wanted: &str, known: &[&str]) -> Self {
        let meant = match similar(wanted, known) {
            Some(meant) => format!("; did you mean `{meant}`?"),
            None => String::new(),
        };
        self.hint(format!("there are: {}{meant}", known.join(", ")))
    }
}

/// What helps against an error of the system that any file may meet; who knows more says more.
fn remedy(message: &str) -> Option<&'static str> {
    let is = |number: u8| message.ends_with(&format!("(os error {number})"));
    match () {
        () if is(13) || is(30) => Some(
            "choose a place where you may, or get the right; `pilotbench doctor` looks at folders",
        ),
        () if is(28) => Some("make room there, or choose another place"),
        () => None,
    }
}

/// The name that is nearest to one that is not there, if any is near.
pub fn similar<'a>(wanted: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer ones are no slips of the finger.
    if wanted.len() > 64 {
        return None;
    }
    let scored = known.iter().map(|name| (strsim::jaro_winkler(wanted, name), *name));
    let near = scored.filter(|(score, _)| *score > NEAR);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

/// Similarity from which a name may be meant, of 1.
const NEAR: f64 = 0.8;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// All faults of a file, or the first of a computation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The value when there is no fault, else the first fault, which says how many follow.
    ///
    /// # Errors
    /// When there is a fault.
    pub fn first(mut self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rest = self.0.len() - 1;
        let mut first = self.0.swap_remove(0);
        if rest > 0 {
            first.message += &format!(" (and {rest} more)");
        }
        Err(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_has_a_remedy_unless_more_is_known() {
        let denied = std::io::Error::from_raw_os_error(13);
        let fault = Fault::store("results", &denied);
        assert!(fault.hint.as_deref().is_some_and(|hint| hint.contains("doctor")), "{fault}");
        assert_eq!(fault.hint("name another").hint.as_deref(), Some("name another"));
        assert_eq!(Fault::store("results", std::io::Error::from_raw_os_error(2)).hint, None);
    }

    #[test]
    fn a_slip_of_the_finger_is_told_and_a_stranger_is_not() {
        let known = ["marginal", "mode", "ridge"];
        assert_eq!(similar("marginel", &known), Some("marginal"));
        assert_eq!(similar("rigde", &known), Some("ridge"));
        assert_eq!(similar("gpt-4o", &known), None);
        assert_eq!(similar(&"m".repeat(10_000), &known), None);
        let fault = Fault::usage("", "no").names("mod", &known).to_string();
        assert_eq!(fault, "no\nhint: there are: marginal, mode, ridge; did you mean `mode`?");
    }
}
