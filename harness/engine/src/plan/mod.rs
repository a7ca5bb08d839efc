//! Stage 3: a run file becomes a plan, the list of replicates with their identities.
//!
//! Invariant: the plan alone decides what is computed. Its identity covers what changes answers
//! (data, words, method, size, strategy, seed), not threads, retries or where files lie.

mod adapter;
mod expand;
mod facts;
mod format;
mod protocol;
mod runfile;

/// The score that the host makes itself: the share of requests that were answered with a level.
pub const VALID_RATE: &str = "valid_rate";

pub use adapter::Adapter;
pub use expand::{HOST_ADAPTERS, check_method_name, expand, rescored};
pub use facts::{BackendFacts, LearnsFrom, MetricFacts, PluginFacts};
pub use format::{
    Left, PLAN_FORMAT, Plan, PlannedExperiment, PlannedMethod, PlannedMetric, Replicate,
    ScoreSettings,
};
pub use protocol::Protocol;
pub use runfile::{
    HeldOut, IntervalKind, LeaderboardSpec, MethodSpec, MetricSpec, RunFile, ScoreSpec,
    ScoringFile, Seeds, Sizes,
};
