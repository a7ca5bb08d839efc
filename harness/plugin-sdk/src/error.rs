use pilotbench_plugin_abi::{ErrorCode, PluginError};

/// Result of an author's function.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong inside a plugin. Each variant crosses to the host as a code of its own.
///
/// | variant | code | what the host does |
/// |---|---:|---|
/// | [`Config`](Self::Config) | 1 | ends the run before it begins: the user corrects the run file |
/// | [`Unsupported`](Self::Unsupported) | 2 | fails the replicate: the method cannot do this experiment |
/// | [`BadInput`](Self::BadInput) | 3 | fails the replicate: the host broke the contract |
/// | [`EmptyPilot`](Self::EmptyPilot) | 4 | fails the replicate: describe `min_pilot` as 1 or more |
/// | [`UnknownHandle`](Self::UnknownHandle) | 5 | fails the replicate; the SDK's glue reports it |
/// | [`Cancelled`](Self::Cancelled) | 6 | nothing: it asked for it |
/// | [`Computation`](Self::Computation) | 7 | fails the replicate |
/// | [`External`](Self::External) | 8 | fails the replicate |
/// | [`Panicked`](Self::Panicked) | 9 | fails the replicate; the SDK's glue reports it |
/// | [`TooLong`](Self::TooLong) | 10 | asks with fewer examples where it can, else fails the replicate |
/// | [`Budget`](Self::Budget) | 11 | leaves what is left of the method for later; exit code 3 |
/// | [`Unavailable`](Self::Unavailable) | 12 | fails the replicate, leaves what is left of the method |
/// | [`Denied`](Self::Denied) | 13 | fails the replicate, leaves what is left of the method; exit code 2 |
///
/// What is merely undefined is no error: a metric writes a row with the reason, a backend a refusal.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is wrong.
    #[error("{}{message}", if key.is_empty() { "settings: ".to_owned() } else { format!("setting `{key}`: ") })]
    Config {
        /// Key of the setting, empty for the configuration as a whole.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// The plugin cannot do this.
    #[error("{0}")]
    Unsupported(String),
    /// The host passed data that breaks the contract.
    #[error("{0}")]
    BadInput(String),
    /// The method needs at least one pilot participant.
    #[error("the pilot is empty, and this backend needs one")]
    EmptyPilot,
    /// A handle that was never given out, or was released.
    #[error("handle {0} is unknown")]
    UnknownHandle(u64),
    /// The host asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The computation failed.
    #[error("{0}")]
    Computation(String),
    /// Something outside failed.
    #[error("{message}")]
    External {
        /// What failed.
        message: String,
        /// Milliseconds after which another attempt makes sense; 0 when it is pointless.
        retry_after_ms: u64,
    },
    /// The plugin panicked.
    #[error("{message}")]
    Panicked {
        /// The panic message.
        message: String,
        /// `file:line:column`.
        at: String,
    },
    /// A prompt is longer than the model takes.
    #[error("a prompt of {tokens} tokens, and the model takes {limit}")]
    TooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Most tokens of a prompt.
        limit: usize,
    },
    /// The money that may be spent is spent.
    #[error("{0}")]
    Budget(String),
    /// A service outside is of no more use in this run: an exhausted quota.
    #[error("{0}")]
    Unavailable(String),
    /// A service outside refuses whom it was asked by: a wrong key.
    #[error("{0}")]
    Denied(String),
}

impl Error {
    /// A wrong setting.
    pub fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { key: key.into(), message: message.into() }
    }

    /// Something that the method cannot do: an experiment without arms, a nominal item.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::Unsupported(message.into())
    }

    /// Data that breaks the contract.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::BadInput(message.into())
    }

    /// A computation without result.
    pub fn computation(message: impl Into<String>) -> Self {
        Self::Computation(message.into())
    }

    /// Something outside that failed for good: a missing file, a refused key.
    pub fn external(message: impl Into<String>) -> Self {
        Self::External { message: message.into(), retry_after_ms: 0 }
    }

    /// Something outside that may work after a while: a busy server.
    pub fn busy(message: impl Into<String>, retry_after_ms: u64) -> Self {
        Self::External { message: message.into(), retry_after_ms }
    }

    fn code(&self) -> u32 {
        match self {
            Self::Config { .. } => ErrorCode::CONFIG,
            Self::Unsupported(_) => ErrorCode::UNSUPPORTED,
            Self::BadInput(_) => ErrorCode::BAD_INPUT,
            Self::EmptyPilot => ErrorCode::EMPTY_PILOT,
            Self::UnknownHandle(_) => ErrorCode::UNKNOWN_HANDLE,
            Self::Cancelled => ErrorCode::CANCELLED,
            Self::Computation(_) => ErrorCode::COMPUTATION,
            Self::External { .. } => ErrorCode::EXTERNAL,
            Self::Panicked { .. } => ErrorCode::PANICKED,
            Self::TooLong { .. } => ErrorCode::TOO_LONG,
            Self::Budget(_) => ErrorCode::BUDGET,
            Self::Unavailable(_) => ErrorCode::UNAVAILABLE,
            Self::Denied(_) => ErrorCode::DENIED,
        }
    }
}

impl From<Error> for PluginError {
    fn from(error: Error) -> Self {
        let (detail, retry_after_ms) = match &error {
            Error::Config { key, .. } => (key.clone(), 0),
            Error::Panicked { at, .. } => (at.clone(), 0),
            Error::TooLong { tokens, limit } => (format!("{tokens}/{limit}"), 0),
            Error::External { retry_after_ms, .. } => (String::new(), *retry_after_ms),
            _ => (String::new(), 0),
        };
        Self {
            code: error.code(),
            retry_after_ms,
            message: error.to_string().into(),
            detail: detail.into(),
        }
    }
}
