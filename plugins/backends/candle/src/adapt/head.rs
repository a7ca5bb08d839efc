//! Heads: the frozen model's final rows, a few principal components of them, and a ridge logit per
//! item.
//!
//! For an item that `n` pilot participants answered, the final rows at the end of its question
//! (earlier answers as they gave them) are centred and projected on their first
//! `min(components, n − 1)` principal components, all divided by the standard deviation along the
//! first, so that a ridge shrinks minor ones more. Binary items get a logit, ordinal ones
//! proportional odds, nominal ones a multinomial logit. Each level counts as seen `1/K` times more
//! at the mean row, so that a level nobody gave keeps some probability, and a fit without slopes is
//! the pilot's smoothed shares. The penalty has the smallest approximate leave-one-out log loss, and
//! the list of penalties ends where slopes vanish.

use crate::{
    asking,
    frozen::{Frozen, Prompt},
    interviews::{Told, told},
};
use nalgebra::{DMatrix, SymmetricEigen};
use pilotbench_plugin_sdk::{ItemKind, prelude::*};
use pilotbench_regression::{Data, Family, Logit, choose_penalty};

/// Settings of the `head` adapter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HeadSettings {
    /// Most principal components.
    pub(crate) components: usize,
    /// Penalties to choose from, per pilot participant.
    pub(crate) penalties: Vec<f64>,
}

impl Default for HeadSettings {
    fn default() -> Self {
        let penalties = (0..9).map(|i| 10f64.powf(2.0 - 0.5 * f64::from(i))).collect();
        Self { components: 16, penalties }
    }
}

impl HeadSettings {
    /// Checks the values and orders the penalties from the largest.
    ///
    /// # Errors
    /// [`Error::Config`] that names the key.
    pub(crate) fn checked(mut self) -> Result<Self> {
        if !(1..=256).contains(&self.components) {
            return Err(Error::config("adapter.components", "must be from 1 to 256"));
        }
        if self.penalties.is_empty() || self.penalties.len() > 64 {
            return Err(Error::config("adapter.penalties", "give from 1 to 64 values"));
        }
        if let Some(wrong) = self.penalties.iter().find(|p| !(1e-6..=1e6).contains(*p)) {
            let message = format!("{wrong} is not from 1e-6 to 1e6");
            return Err(Error::config("adapter.penalties", message));
        }
        self.penalties.sort_by(|a, b| b.total_cmp(a));
        Ok(self)
    }
}

/// A head for each item that the pilot answered.
pub(crate) struct Heads(Vec<Option<Head>>);

struct Head {
    projection: Projection,
    logit: Logit,
}

impl Heads {
    /// Fits the heads; `None` when nobody answered anything.
    ///
    /// # Errors
    /// When the model fails or the host asks to stop.
    pub(crate) fn fit(
        frozen: &Frozen,
        pilot: &Pilot,
        settings: &HeadSettings,
        control: &Control,
    ) -> Result<Option<Self>> {
        let told = told(pilot)?;
        if told.is_empty() {
            return Ok(None);
        }
        let heads = pilot.experiment.items.iter().enumerate().map(|(item, asked)| {
            control.progress(item as f64 / pilot.experiment.items.len() as f64, "hidden states")?;
            let told: Vec<&Told> = told.iter().filter(|told| told.item == item).collect();
            if told.is_empty() {
                return Ok(None);
            }
            let rows = rows(frozen, asked, &told, control)?;
            let levels: Vec<usize> = told.iter().map(|told| told.level).collect();
            Head::fit(asked, &rows, &levels, settings).map(Some)
        });
        Ok(Some(Self(heads.collect::<Result<_>>()?)))
    }

    /// Probabilities of an item's levels given the final row of its question; `None` where there is
    /// no head.
    pub(crate) fn probabilities(&self, item: usize, row: &[f32]) -> Option<Vec<f64>> {
        let head = self.0.get(item)?.as_ref()?;
        let mut probabilities = vec![0.0; head.logit.levels()];
        head.logit.probabilities(&head.projection.apply(row), &mut probabilities);
        Some(probabilities)
    }
}

/// Final rows at the end of the questions.
fn rows(frozen: &Frozen, item: &Item, told: &[&Told], control: &Control) -> Result<Vec<Vec<f32>>> {
    let options = frozen.source.language.options_of(item)?;
    let mut rows = Vec::with_capacity(told.len());
    for told in told.chunks(crate::AT_ONCE) {
        let mut prompts: Vec<Prompt> = Vec::new();
        for told in told {
            prompts.extend(asking::question(frozen, &told.messages, told.item, &options, 1)?);
        }
        let found = frozen.rows(&prompts, control)?;
        rows.extend(found.iter().map(|rows| rows[..frozen.config.hidden].to_vec()));
    }
    Ok(rows)
}

impl Head {
    fn fit(
        item: &Item,
        rows: &[Vec<f32>],
        levels: &[usize],
        settings: &HeadSettings,
    ) -> Result<Self> {
        let projection = Projection::of(rows, settings.components);
        let columns = projection.components();
        let (n, count) = (rows.len(), item.levels.len());
        let mut design: Vec<f64> = rows.iter().flat_map(|row| projection.apply(row)).collect();
        design.resize(design.len() + count * columns, 0.0);
        let outcomes: Vec<usize> = levels.iter().copied().chain(0..count).collect();
        let mut weights = vec![1.0; n];
        weights.resize(n + count, 1.0 / count as f64);
        let penalties: Vec<f64> = settings.penalties.iter().map(|p| p * n as f64).collect();
        let floor = 1.0 / ((n + 1) * count) as f64;
        let fit = Data::new(&design, columns, &outcomes, count)
            .and_then(|data| data.weighted(&weights))
            .and_then(|data| choose_penalty(family(item), &data, &penalties, floor));
        let fit = fit.map_err(|e| Error::Computation(format!("head of `{}`: {e}", item.id)))?;
        let fit = fit.ok_or_else(|| {
            Error::Computation(format!("head of `{}`: no penalty gives a fit", item.id))
        })?;
        Ok(Self { projection, logit: fit.model })
    }
}

fn family(item: &Item) -> Family {
    match item.kind {
        _ if item.levels.len() == 2 => Family::Binary,
        ItemKind::Nominal => Family::Multinomial,
        ItemKind::Binary | ItemKind::Ordinal | ItemKind::Numeric => Family::Ordinal,
    }
}

/// Principal components of some rows.
struct Projection {
    mean: Vec<f64>,
    /// `[components][hidden]`, scaled.
    axes: Vec<Vec<f64>>,
}

impl Projection {
    /// At most so many components, fewer where the rows span less; at least one, of zeros where they
    /// are all alike.
    fn of(rows: &[Vec<f32>], most: usize) -> Self {
        let (n, width) = (rows.len(), rows[0].len());
        let mut mean = vec![0.0; width];
        for row in rows {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        mean.iter_mut().for_each(|sum| *sum /= n as f64);
        let centred = DMatrix::from_fn(n, width, |i, j| f64::from(rows[i][j]) - mean[j]);
        let SymmetricEigen { eigenvalues, eigenvectors } =
            SymmetricEigen::new(&centred * centred.transpose());
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| eigenvalues[*b].total_cmp(&eigenvalues[*a]));
        let largest = eigenvalues[order[0]];
        let deviation = (largest / n as f64).sqrt();
        let spanned = order.iter().filter(|at| eigenvalues[**at] > 1e-9 * largest);
        let axes: Vec<Vec<f64>> = spanned
            .take(most.min(n.saturating_sub(1)))
            .map(|at| {
                let axis = centred.transpose() * eigenvectors.column(*at);
                let scale = 1.0 / (eigenvalues[*at].sqrt() * deviation);
                axis.iter().map(|value| value * scale).collect()
            })
            .collect();
        match axes.is_empty() {
            true => Self { axes: vec![vec![0.0; width]], mean },
            false => Self { mean, axes },
        }
    }

    fn components(&self) -> usize {
        self.axes.len()
    }

    fn apply(&self, row: &[f32]) -> Vec<f64> {
        let product = |axis: &Vec<f64>| {
            let terms = row.iter().zip(&self.mean).zip(axis);
            terms.map(|((value, mean), axis)| (f64::from(*value) - mean) * axis).sum()
        };
        self.axes.iter().map(product).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_uncorrelated_and_fall_in_size() {
        let rows: Vec<Vec<f32>> = (0..12u16)
            .map(|i| (0..5u16).map(|j| f32::from((i * 7 + j * 3 + i * i * j) % 11)).collect())
            .collect();
        let projection = Projection::of(&rows, 3);
        let scores: Vec<Vec<f64>> = rows.iter().map(|row| projection.apply(row)).collect();
        let moment = |a: usize, b: usize| scores.iter().map(|s| s[a] * s[b]).sum::<f64>() / 12.0;
        assert!((moment(0, 0) - 1.0).abs() < 1e-9);
        assert!(moment(0, 0) > moment(1, 1) && moment(1, 1) > moment(2, 2));
        assert!(moment(0, 1).abs() < 1e-9 && moment(1, 2).abs() < 1e-9);
    }

    #[test]
    fn rows_that_are_alike_leave_the_shares() {
        let projection = Projection::of(&[vec![1.0, 2.0], vec![1.0, 2.0]], 4);
        assert_eq!(projection.apply(&[5.0, 7.0]), [0.0]);
    }
}
