//! Baselines: statistical methods that get the same pilot as a model and that a model must beat,
//! and four oracles that know more than any model may.
//!
//! No baseline draws (of the oracles, only [`FreshPopulation`] does). Each returns how likely the
//! levels of the item asked are, given the pilot and what the interview holds so far, and the host
//! draws. A method that copies whole records is therefore stated as a chain of conditional
//! distributions (see [`HotDeck`]).
//!
//! Equal requests get equal answers, whatever else is in the batch.

mod copula;
mod donors;
mod fresh_population;
mod hotdeck;
mod human_full;
mod human_records;
mod marginal;
mod mode;
mod nn_hotdeck;
mod records;
mod ridge;
mod stratum_marginal;
mod tables;
mod uniform;

pub use copula::{Copula, CopulaConfig};
pub use fresh_population::FreshPopulation;
pub use hotdeck::HotDeck;
pub use human_full::HumanFull;
pub use human_records::{HumanRetest, HumanSplit};
pub use marginal::{Marginal, MarginalConfig};
pub use mode::Mode;
pub use nn_hotdeck::NnHotDeck;
pub use ridge::{Ridge, RidgeConfig};
pub use stratum_marginal::{StratumMarginal, StratumMarginalConfig};
pub use uniform::Uniform;

use pilotbench_plugin_sdk::{Error, Pilot, Result, export_plugin};

export_plugin! {
    name: "baseline",
    backends: [
        Uniform, Mode, Marginal, HotDeck, NnHotDeck, StratumMarginal, Ridge, Copula, HumanSplit,
        HumanRetest, HumanFull, FreshPopulation
    ],
    metrics: [],
}

/// Refuses an empty pilot.
fn somebody(pilot: &Pilot) -> Result<()> {
    if pilot.people.is_empty() { Err(Error::EmptyPilot) } else { Ok(()) }
}
