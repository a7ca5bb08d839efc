//! What the author of a pilotbench plugin depends on, and all of it.
//!
//! A plugin is a `cdylib` that exports backends (they answer for participants) and metrics (they
//! compare simulated answers with human ones). Implement [`Backend`] or [`Metric`] for a type with
//! a serde `Config` and list the type in [`export_plugin!`]; the macro makes the symbols, checks
//! and panic guards that the host relies on.
//!
//! The host asks and draws; a backend only says how likely each option is (or which one it took).
//! A metric sees all people at once, with resample weights, and never draws either.
//!
//! ```
//! use pilotbench_plugin_sdk::prelude::*;
//!
//! /// Every option is as likely as every other.
//! struct Uniform;
//!
//! impl Backend for Uniform {
//!     const NAME: &'static str = "my-uniform";
//!     type Config = NoConfig;
//!     type Adapted = ();
//!     fn describe() -> BackendInfo {
//!         BackendInfo::new("every option equally likely").learns_from(LearnsFrom::Nothing)
//!     }
//!     fn open(_: NoConfig) -> Result<Self> {
//!         Ok(Self)
//!     }
//!     fn adapt(&self, _: &Pilot, _: &Control) -> Result<()> {
//!         Ok(())
//!     }
//!     fn respond(&self, _: &(), asked: &Requests, answers: &mut Answers, _: &Control) -> Result<()> {
//!         for row in 0..asked.len() {
//!             let levels = asked.item(row).levels.len();
//!             answers.probabilities(asked.request_id(row), &vec![1.0 / levels as f64; levels]);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! export_plugin! { name: "my-plugin", backends: [Uniform], metrics: [] }
//! # fn main() {}
//! ```

mod backend;
mod control;
mod describe;
mod error;
mod experiment;
#[doc(hidden)]
pub mod glue;
mod metric;
mod people;
pub mod testing;

pub use arrow_array;
pub use arrow_buffer;
pub use arrow_schema;
pub use backend::{Answers, Backend, Pilot, Requests};
pub use control::Control;
pub use describe::{BackendInfo, Better, Heading, LearnsFrom, MetricInfo, ScoreInfo, Usage};
pub use error::{Error, Result};
pub use experiment::{
    Arm, Covariate, CovariateKind, Experiment, ImpliedAction, ImpliedRule, Item, ItemKind, Level,
    LinearTerm, NearerTerm, Regression, RegressionFamily, RegressionTerm, Role, TermPart, TieRule,
};
pub use metric::{Evaluation, Group, Metric, MetricTable, Resampled, Row, Weights};
pub use people::{People, Simulated};
#[doc(hidden)]
pub use pilotbench_plugin_abi as abi;

/// Everything an author usually needs.
pub mod prelude {
    pub use crate::{
        Answers, Backend, BackendInfo, Better, Control, Error, Evaluation, Experiment, Group,
        Heading, Item, ItemKind, LearnsFrom, Metric, MetricInfo, MetricTable, NoConfig, People,
        Pilot, Requests, Resampled, Result, Role, Row, ScoreInfo, Simulated, Usage, Weights,
        export_plugin,
    };
    pub use serde::Deserialize;
}

/// The configuration of a plugin without settings: any key is an error.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
