//! What a regression is fitted to.

use std::fmt;

/// Data that make no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// The design, the outcomes or the weights have lengths that do not fit together.
    Shape,
    /// A value or a weight is not finite, or a weight is negative.
    NotFinite,
    /// Fewer than two levels, or another number than two for a binary logit.
    LevelCount,
    /// An outcome at or above the number of levels.
    LevelOutOfRange,
    /// Nobody is at this level, so its intercept has no finite estimate.
    LevelAbsent(usize),
    /// A penalty that is negative or not finite.
    Penalty,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("design, outcomes and weights differ in length"),
            Self::NotFinite => f.write_str("a value is not finite or a weight is negative"),
            Self::LevelCount => f.write_str("the family cannot have this number of levels"),
            Self::LevelOutOfRange => f.write_str("an outcome is not one of the levels"),
            Self::LevelAbsent(level) => write!(f, "no observation at level {level}"),
            Self::Penalty => f.write_str("a penalty must be finite and not negative"),
        }
    }
}

impl std::error::Error for Invalid {}

/// Observations: a design matrix row by row without a column of ones, an outcome level each, and
/// optional case weights.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    design: &'a [f64],
    columns: usize,
    outcomes: &'a [usize],
    levels: usize,
    weights: Option<&'a [f64]>,
}

impl<'a> Data<'a> {
    /// Observations of weight 1.
    ///
    /// # Errors
    /// [`Invalid`] when the lengths disagree, a value is not finite or an outcome is no level.
    pub fn new(
        design: &'a [f64],
        columns: usize,
        outcomes: &'a [usize],
        levels: usize,
    ) -> Result<Self, Invalid> {
        if design.len() != columns * outcomes.len() {
            return Err(Invalid::Shape);
        }
        if !design.iter().all(|value| value.is_finite()) {
            return Err(Invalid::NotFinite);
        }
        if levels < 2 {
            return Err(Invalid::LevelCount);
        }
        if outcomes.iter().any(|level| *level >= levels) {
            return Err(Invalid::LevelOutOfRange);
        }
        Ok(Self { design, columns, outcomes, levels, weights: None })
    }

    /// The same observations with case weights: weight 2 counts as two equal observations.
    ///
    /// # Errors
    /// [`Invalid`] when there is another number of weights, or one is negative or not finite.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, Invalid> {
        if weights.len() != self.len() {
            return Err(Invalid::Shape);
        }
        if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) {
            return Err(Invalid::NotFinite);
        }
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Number of observations.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there are no observations.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Number of columns of the design.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of outcome levels.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// Predictors of an observation.
    pub fn row(&self, row: usize) -> &'a [f64] {
        &self.design[row * self.columns..(row + 1) * self.columns]
    }

    /// Outcome level of an observation.
    pub fn outcome(&self, row: usize) -> usize {
        self.outcomes[row]
    }

    /// Whether the weights are not all 1 by construction.
    pub(crate) fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// Case weight of an observation.
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Total weight at each level.
    pub fn level_weights(&self) -> Vec<f64> {
        let mut totals = vec![0.0; self.levels];
        for row in 0..self.len() {
            totals[self.outcome(row)] += self.weight(row);
        }
        totals
    }
}
