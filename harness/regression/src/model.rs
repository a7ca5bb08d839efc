//! A fitted model: what it predicts.

use crate::{Invalid, binary, likelihood::Likelihood, multinomial, ordinal};

/// The families of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Two levels.
    Binary,
    /// Ordered levels with proportional odds: `P(Y ≤ k) = F(threshold_k − slopes·x)`.
    Ordinal,
    /// Levels without order.
    Multinomial,
}

impl Family {
    pub(crate) fn likelihood(
        self,
        levels: usize,
        columns: usize,
    ) -> Result<Box<dyn Likelihood>, Invalid> {
        match self {
            Self::Binary if levels == 2 => Ok(Box::new(binary::Binary { columns })),
            Self::Binary => Err(Invalid::LevelCount),
            Self::Ordinal => Ok(Box::new(ordinal::Ordinal { levels, columns })),
            Self::Multinomial => Ok(Box::new(multinomial::Multinomial { levels, columns })),
        }
    }
}

/// A logit with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Logit {
    pub(crate) family: Family,
    pub(crate) levels: usize,
    pub(crate) columns: usize,
    pub(crate) theta: Vec<f64>,
}

impl Logit {
    /// Family.
    pub fn family(&self) -> Family {
        self.family
    }

    /// Number of outcome levels.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// Number of predictors.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Fills the probability of each level for an observation with these predictors.
    ///
    /// # Panics
    /// When `x` or `out` have another length than the model's columns and levels.
    pub fn probabilities(&self, x: &[f64], out: &mut [f64]) {
        assert_eq!((x.len(), out.len()), (self.columns, self.levels), "predictors and levels");
        match self.family {
            Family::Binary => binary::probabilities(&self.theta, x, out),
            Family::Ordinal => {
                let (thresholds, slopes) = self.theta.split_at(self.levels - 1);
                ordinal::probabilities(thresholds, slopes, x, out);
            }
            Family::Multinomial => multinomial::probabilities(&self.theta, x, out),
        }
    }

    /// Intercepts: one for a binary logit (of level 1), the thresholds of an ordinal one, one for
    /// each level but the first of a multinomial one.
    pub fn intercepts(&self) -> Vec<f64> {
        match self.family {
            Family::Binary | Family::Ordinal => self.theta[..self.levels - 1].to_vec(),
            Family::Multinomial => {
                self.theta.chunks_exact(1 + self.columns).map(|block| block[0]).collect()
            }
        }
    }

    /// Slopes. `equation` is 0 but for a multinomial logit, where equation `k` compares level
    /// `k + 1` with level 0.
    ///
    /// # Panics
    /// When there is no such equation.
    pub fn slopes(&self, equation: usize) -> &[f64] {
        let first = match self.family {
            Family::Binary | Family::Ordinal => {
                assert_eq!(equation, 0, "a binary or ordinal logit has one equation");
                self.levels - 1
            }
            Family::Multinomial => equation * (1 + self.columns) + 1,
        };
        &self.theta[first..first + self.columns]
    }
}
