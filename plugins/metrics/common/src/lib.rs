//! What the metric plugins share: weighted counts for all resamples at once, and the quantities
//! that follow from counts.
//!
//! The way of a score: answers become [`Codes`], one pass over the rows of a [`Side`] fills a
//! [`Tally`] for every group and weight index, a small function turns each pair of count slices
//! into a [`Value`], and [`Report`] writes the rows, per item and over items.

mod codes;
mod correlation;
mod divergence;
mod layout;
mod logs;
mod moments;
mod ordered;
mod random;
mod report;
mod side;
mod structure;
mod tables;
mod tally;
#[cfg(feature = "testing")]
pub mod testing;

pub use codes::{Codes, MISSING};
pub use correlation::{average_ranks, pearson, spearman_of_cross_table};
pub use divergence::{Pair, entropy, js_divergence, total_variation};
pub use layout::Layout;
pub use moments::{Moments, mean_and_sd, weighted_means};
pub use ordered::{Scale, levels_by_value};
pub use random::{Random, order_by_id};
pub use report::{ItemMeans, People, Report};
pub use side::Side;
pub use structure::{ByVector, Structures, VectorCounts, ln_factorial, rarefied, vectors_by_row};
pub use tables::ItemTables;
pub use tally::Tally;

/// A score at one weight index, or why it has none.
pub type Value = Result<f64, &'static str>;

/// Nobody on the human side.
pub const NO_HUMANS: &str = "no human answers";
/// Nobody on the simulated side.
pub const NO_SIMULATED: &str = "no simulated answers";
/// A score that needs ordered levels.
pub const NOMINAL: &str = "nominal item";

/// `simulated / human`, undefined when the human value is zero.
///
/// # Errors
/// The reason of the undefined part, or `zero`.
pub fn ratio(simulated: Value, human: Value, zero: &'static str) -> Value {
    let (human, simulated) = (human?, simulated?);
    if human == 0.0 { Err(zero) } else { Ok(simulated / human) }
}

/// `|simulated - human|`.
///
/// # Errors
/// The reason of the undefined part.
pub fn gap(simulated: Value, human: Value) -> Value {
    let human = human?;
    Ok((simulated? - human).abs())
}
