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
//! # A backend
//!
//! This one learns each item's shares from the pilot, smoothed by one imagined answer, and ends in
//! the [check](testing::check_backend) that everything the host relies on holds.
//!
//! ```standalone_crate
//! use pilotbench_plugin_sdk::prelude::*;
//!
//! /// The pilot's smoothed shares of each level, items independent of each other.
//! struct Shares {
//!     weight: f64,
//! }
//!
//! /// Settings; a misspelt one is an error.
//! #[derive(Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Settings {
//!     /// Imagined answers per item, spread evenly over its levels.
//!     weight: f64,
//! }
//!
//! impl Default for Settings {
//!     fn default() -> Self {
//!         Self { weight: 1.0 }
//!     }
//! }
//!
//! impl Backend for Shares {
//!     const NAME: &'static str = "shares";
//!     type Config = Settings;
//!     /// Probabilities by item and level.
//!     type Adapted = Vec<Vec<f64>>;
//!
//!     fn describe() -> BackendInfo {
//!         BackendInfo::new("the pilot's smoothed shares")
//!     }
//!
//!     fn open(settings: Settings) -> Result<Self> {
//!         match settings.weight > 0.0 && settings.weight.is_finite() {
//!             true => Ok(Self { weight: settings.weight }),
//!             false => Err(Error::config("weight", "must be a positive number")),
//!         }
//!     }
//!
//!     fn adapt(&self, pilot: &Pilot, control: &Control) -> Result<Self::Adapted> {
//!         let items = pilot.experiment.items.iter().enumerate();
//!         let shares = items.map(|(index, item)| {
//!             control.check()?;
//!             let mut counts = vec![self.weight / item.levels.len() as f64; item.levels.len()];
//!             for level in pilot.people.iter().filter_map(|person| person.answer(index)) {
//!                 counts[level] += 1.0;
//!             }
//!             let sum: f64 = counts.iter().sum();
//!             Ok(counts.iter().map(|count| count / sum).collect())
//!         });
//!         shares.collect()
//!     }
//!
//!     fn respond(
//!         &self,
//!         shares: &Self::Adapted,
//!         requests: &Requests,
//!         answers: &mut Answers,
//!         control: &Control,
//!     ) -> Result<()> {
//!         control.check()?;
//!         for request in requests.iter() {
//!             answers.probabilities(request.id(), &shares[request.item_index()]);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! export_plugin! { name: "shares", backends: [Shares], metrics: [] }
//!
//! # fn main() {
//! // In tests/conformance.rs:
//! use pilotbench_plugin_sdk::testing;
//! testing::check_backend::<Shares>("{}").assert_conforms();
//! # }
//! ```
//!
//! # A metric
//!
//! This one compares means by item and group, with resamples for the interval.
//!
//! ```standalone_crate
//! use pilotbench_plugin_sdk::prelude::*;
//!
//! /// Distance between the mean human and the mean simulated answer.
//! struct MeanGap;
//!
//! impl Metric for MeanGap {
//!     const NAME: &'static str = "mean-gap";
//!     type Config = NoConfig;
//!
//!     fn describe() -> MetricInfo {
//!         let summary = "absolute difference of the mean level values; ordered items";
//!         let score = ScoreInfo::new("mean_gap", Heading::Marginal, Better::Lower, summary);
//!         MetricInfo { summary: "mean answers".into(), scores: vec![score.at_least(0.0)] }
//!     }
//!
//!     fn open(_: NoConfig) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     fn evaluate(&self, input: &Evaluation, table: &mut MetricTable, control: &Control) -> Result<()> {
//!         for group in input.groups() {
//!             for (index, item) in input.experiment.items.iter().enumerate() {
//!                 control.check()?;
//!                 let human = means(&input.human, &input.human_weights, &group, index, item);
//!                 let simulated =
//!                     means(&input.simulated, &input.simulated_weights, &group, index, item);
//!                 let people = (answered(&input.human, &group, index), answered(&input.simulated, &group, index));
//!                 let row = table.score("mean_gap").item(item).over(&group).people(people.0, people.1);
//!                 if !item.is_ordered() {
//!                     row.undefined("a nominal item has no mean");
//!                     continue;
//!                 }
//!                 let gaps = human.into_iter().zip(simulated);
//!                 row.values(gaps.map(|pair| match pair {
//!                     (Some(human), Some(simulated)) => Ok((human - simulated).abs()),
//!                     _ => Err("nobody answered"),
//!                 }));
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! /// People of a group who answered an item.
//! fn answered(people: &People, group: &Group, item: usize) -> usize {
//!     group.rows(people).into_iter().filter(|row| people.answer(*row, item).is_some()).count()
//! }
//!
//! /// The mean level value of a group: of the table as it is, and of every resample.
//! fn means(
//!     people: &People,
//!     weights: &Weights,
//!     group: &Group,
//!     index: usize,
//!     item: &Item,
//! ) -> Vec<Option<f64>> {
//!     let mut sums = vec![(0.0, 0.0); weights.width()];
//!     for row in group.rows(people) {
//!         let Some(level) = people.answer(row, index) else { continue };
//!         for (sum, weight) in sums.iter_mut().zip(weights.row(row)) {
//!             sum.0 += f64::from(*weight) * item.levels[level].value;
//!             sum.1 += f64::from(*weight);
//!         }
//!     }
//!     sums.into_iter().map(|(sum, n)| (n > 0.0).then(|| sum / n)).collect()
//! }
//!
//! export_plugin! { name: "mean-gap", backends: [], metrics: [MeanGap] }
//!
//! # fn main() {
//! // In tests/conformance.rs:
//! use pilotbench_plugin_sdk::testing;
//! testing::check_metric::<MeanGap>("{}").assert_conforms();
//! # }
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
mod table;
pub mod testing;

pub use arrow_array;
pub use arrow_buffer;
pub use arrow_schema;
pub use backend::{AdapterChoice, Answers, Backend, Pilot, Receipt, Request, Requests};
pub use control::Control;
pub use describe::{
    AdapterInfo, BackendInfo, Better, Heading, LearnsFrom, MetricInfo, ScoreInfo, Usage,
};
pub use error::{Error, Result};
pub use experiment::{
    Arm, Covariate, CovariateKind, Experiment, ImpliedAction, ImpliedRule, Item, ItemKind, Level,
    LinearTerm, NearerTerm, Regression, RegressionFamily, RegressionTerm, Role, TermPart, TieRule,
};
pub use metric::{Evaluation, Group, Metric, Resampled, Weights};
pub use people::{People, Person, Simulated};
#[doc(hidden)]
pub use pilotbench_plugin_abi as abi;
pub use table::{MetricTable, Row, RowBuilder};

/// Everything an author usually needs.
pub mod prelude {
    pub use crate::{
        Answers, Backend, BackendInfo, Better, Control, Error, Evaluation, Experiment, Group,
        Heading, Item, ItemKind, LearnsFrom, Metric, MetricInfo, MetricTable, NoConfig, People,
        Person, Pilot, Receipt, Request, Requests, Resampled, Result, Role, Row, ScoreInfo,
        Simulated, Usage, Weights, export_plugin,
    };
    pub use serde::Deserialize;
}

/// The configuration of a plugin without settings: any key is an error.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
