//! The stages of pilotbench, in the order in which one answer passes through them.
//!
//! A stage uses earlier stages only; a test holds this. What is above the stages serves them all.

pub mod fault;

pub mod identity;

pub mod random;

pub mod money;

pub mod whole;

// A card and a table become a validated experiment.
pub mod experiment;

// Who is in the pilot and who is held out.
pub mod pilot;

// The list of replicates with their identities.
pub mod plan;

// What a method may learn from before it answers, and for whom it answers.
pub mod adapter;

// Plugins are found, checked, loaded and called.
pub mod plugin;

// Held-out participants are interviewed, each answer chained to the next.
pub mod interview;

// What a run leaves on disk.
pub mod record;

// What a frozen model said is kept and not asked again.
pub mod cache;

// The replicates of a plan are executed and committed.
pub mod run;

// Stored answers meet human ones and are scored.
pub mod score;

// What scores mean: against the same pilot without a model, against humans, against other methods.
pub mod compare;

// One run against another: what changed.
pub mod contrast;

// Runs of the same work, night after night.
pub mod history;

// Scores become tables.
pub mod leaderboard;

// Runs of others are checked and put on one board.
pub mod submission;
