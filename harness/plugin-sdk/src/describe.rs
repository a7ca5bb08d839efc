use serde::Serialize;

/// Whose answers a backend may see before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnsFrom {
    /// Nobody's: its answers do not depend on the pilot.
    Nothing,
    /// The pilot's.
    Pilot,
    /// An oracle: one random half of the held-out people, to answer for the other half.
    OtherHalf,
    /// An oracle: everybody's.
    Everyone,
    /// An oracle: the same people's answers when they were asked again.
    Retest,
    /// An oracle: nobody's, but it knows the law by which a synthetic population was drawn.
    Law,
}

/// What a backend says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct BackendInfo {
    /// One line for people.
    pub summary: String,
    /// Whose answers it sees. The oracle kinds are marked so wherever results are shown.
    pub learns_from: LearnsFrom,
    /// Fewest pilot participants it works with.
    pub min_pilot: usize,
    /// Whether requests must carry the interview as chat messages (they cost time to write).
    pub needs_messages: bool,
    /// Same seed, same requests, same answers.
    pub deterministic: bool,
    /// Ways of learning from the pilot that it offers, among which a run file chooses. A backend with
    /// adapters answers as it is where none is chosen.
    pub adapters: Vec<AdapterInfo>,
    /// So many people are interviewed at a time, all items, before the next; `None`: everybody. A
    /// backend that keeps something of an interview in progress bounds it so.
    pub people_per_call: Option<usize>,
}

/// A way of learning from the pilot that a backend offers.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterInfo {
    /// Name by which run files choose it.
    pub name: String,
    /// One line for people.
    pub summary: String,
}

impl BackendInfo {
    /// A deterministic backend that learns from the pilot, works with an empty one, and needs no
    /// messages.
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            learns_from: LearnsFrom::Pilot,
            min_pilot: 0,
            needs_messages: false,
            deterministic: true,
            adapters: Vec::new(),
            people_per_call: None,
        }
    }

    /// Sets whose answers the backend sees.
    pub fn learns_from(mut self, learns_from: LearnsFrom) -> Self {
        self.learns_from = learns_from;
        self
    }

    /// Sets the fewest pilot participants the backend works with.
    pub fn min_pilot(mut self, min_pilot: usize) -> Self {
        self.min_pilot = min_pilot;
        self
    }

    /// Offers a way of learning from the pilot.
    pub fn adapter(mut self, name: impl Into<String>, summary: impl Into<String>) -> Self {
        self.adapters.push(AdapterInfo { name: name.into(), summary: summary.into() });
        self
    }

    /// Sets how many people are interviewed at a time.
    pub fn people_per_call(mut self, people: usize) -> Self {
        self.people_per_call = Some(people);
        self
    }

    /// Asks for chat messages in the requests and with the pilot.
    pub fn needs_messages(mut self) -> Self {
        self.needs_messages = true;
        self
    }

    /// Says that equal requests may be answered differently.
    pub fn nondeterministic(mut self) -> Self {
        self.deterministic = false;
        self
    }
}

/// Which way a score is good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Lower is better.
    Lower,
    /// Higher is better.
    Higher,
    /// Best at this value (for example a ratio at 1).
    At(f64),
    /// Neither: the score describes.
    Describes,
}

/// Under which heading of a report a score stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heading {
    /// Marginal fidelity: each item by itself.
    Marginal,
    /// Structural fidelity: how items hang together.
    Structural,
    /// Individual fidelity: the answers of single people.
    Individual,
    /// Inference: conclusions drawn from the answers.
    Inference,
}

/// One score that a metric reports.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreInfo {
    /// Identifier, `[a-z0-9_.]+`, unique over all metrics of a run.
    pub name: &'static str,
    /// One line: the definition, its unit and its source.
    pub summary: &'static str,
    /// Which way is good.
    pub better: Better,
    /// Heading of reports.
    pub heading: Heading,
    /// Smallest possible value, when there is one.
    pub min: Option<f64>,
    /// Largest possible value, when there is one.
    pub max: Option<f64>,
}

impl ScoreInfo {
    /// A score without bounds.
    pub const fn new(
        name: &'static str,
        heading: Heading,
        better: Better,
        summary: &'static str,
    ) -> Self {
        Self { name, summary, better, heading, min: None, max: None }
    }

    /// Sets the range of possible values.
    pub const fn range(mut self, min: f64, max: f64) -> Self {
        self.min = Some(min);
        self.max = Some(max);
        self
    }

    /// Sets the smallest possible value.
    pub const fn at_least(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }
}

/// What a metric says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct MetricInfo {
    /// One line for people.
    pub summary: String,
    /// All scores it can report.
    pub scores: Vec<ScoreInfo>,
}

/// Counters of use since a backend was opened; they only grow.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Usage {
    /// Requests answered.
    pub requests: u64,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Requests that were answered from what was computed for an equal one. A backend that keeps
    /// answers says so by counting them: one that does not and is found to keep some is taken to hide
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reused: Option<u64>,
    /// Multiply-adds of weights with numbers, where they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiply_adds: Option<u64>,
}
