//! Fitting one item.

use super::predictors::Predictors;
use crate::marginal::marginal;
use pilotbench_plugin_sdk::{Error, Item, ItemKind, Pilot, Result};
use pilotbench_regression::{Data, Family, Invalid, Logit, choose_penalty};

/// How an item is answered.
#[derive(Debug)]
pub(super) enum ItemModel {
    /// Log-probabilities, the same for everybody.
    Shares(Vec<f64>),
    /// A regression.
    Logit { predictors: Predictors, logit: Logit },
}

fn family(item: &Item) -> Family {
    match item.kind {
        _ if item.levels.len() == 2 => Family::Binary,
        ItemKind::Nominal => Family::Multinomial,
        ItemKind::Binary | ItemKind::Ordinal | ItemKind::Numeric => Family::Ordinal,
    }
}

impl ItemModel {
    pub(super) fn learn(pilot: &Pilot, item: usize, penalties: &[f64]) -> Result<Self> {
        Ok(Self::regression(pilot, item, penalties)?.unwrap_or_else(|| {
            let levels = pilot.experiment.items[item].levels.len();
            Self::Shares(marginal(&pilot.people, item, levels).iter().map(|p| p.ln()).collect())
        }))
    }

    /// `None` when the pilot does not carry a regression.
    fn regression(pilot: &Pilot, item: usize, penalties: &[f64]) -> Result<Option<Self>> {
        let (people, asked) = (&pilot.people, &pilot.experiment.items[item]);
        let levels = asked.levels.len();
        let answered: Vec<(usize, usize)> =
            (0..people.len()).filter_map(|row| Some((row, people.answer(row, item)?))).collect();
        let (rows, outcomes): (Vec<usize>, Vec<usize>) = answered.into_iter().unzip();
        if levels < 2 || (0..levels).any(|level| !outcomes.contains(&level)) {
            return Ok(None);
        }
        let predictors = Predictors::new(&pilot.experiment, people, &rows, item);
        if predictors.len() == 0 {
            return Ok(None);
        }
        let mut design = Vec::with_capacity(rows.len() * predictors.len());
        for row in &rows {
            predictors.encode(people, *row, &mut design);
        }
        let n = rows.len() as f64;
        let absolute: Vec<f64> = penalties.iter().map(|penalty| penalty * n).collect();
        let floor = 1.0 / (n * levels as f64);
        let fit = Data::new(&design, predictors.len(), &outcomes, levels)
            .and_then(|data| choose_penalty(family(asked), &data, &absolute, floor));
        let fit =
            fit.map_err(|e: Invalid| Error::Computation(format!("item `{}`: {e}", asked.id)))?;
        Ok(fit.map(|fit| Self::Logit { predictors, logit: fit.model }))
    }
}
