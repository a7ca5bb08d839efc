//! What a regression says of the people it was fitted to, and how surely.

use statrs::function::erf::{erfc, erfc_inv};
use std::{f64::consts::SQRT_2, fmt};

/// How coefficients were estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// Ordinary least squares with standard errors that allow for unequal variances (HC1).
    LeastSquares,
    /// Maximum likelihood; standard errors from the observed information.
    MaximumLikelihood,
    /// Firth's penalised likelihood, for a binary outcome that the predictors separate.
    Firth,
    /// Ridge, for an ordered outcome that the predictors separate.
    Ridge,
}

impl Estimator {
    /// Whether the data had no maximum-likelihood estimate, so that another one stands in for it.
    pub fn is_substitute(self) -> bool {
        matches!(self, Self::Firth | Self::Ridge)
    }
}

/// Why there are no estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoEstimate {
    /// Nobody has a weight above 0.
    Nobody,
    /// Everybody has the same outcome.
    ConstantOutcome,
    /// Least squares with no more people than coefficients.
    TooFewPeople,
    /// Least squares that leave no residuals, so that there is nothing to judge errors by.
    ExactFit,
    /// The iterations came to no end.
    NotConverged,
    /// Outcomes that the family cannot have, or another number of weights than of people.
    Unfit,
}

impl NoEstimate {
    /// In words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Nobody => "nobody has an outcome and all predictors",
            Self::ConstantOutcome => "the outcome is constant",
            Self::TooFewPeople => "no more people than coefficients",
            Self::ExactFit => "the predictors fit the outcome exactly",
            Self::NotConverged => "the regression does not converge",
            Self::Unfit => "the outcome does not suit the regression",
        }
    }
}

impl fmt::Display for NoEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for NoEstimate {}

/// A coefficient and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// Estimate.
    pub value: f64,
    /// Standard error.
    pub error: f64,
}

impl Coefficient {
    /// Two-sided p-value of the hypothesis that the coefficient is 0, by the normal distribution
    /// (Wald 1943), as statsmodels has it for logits and for robust least squares.
    pub fn p_value(&self) -> f64 {
        erfc((self.value / self.error).abs() / SQRT_2)
    }

    /// Wald interval that covers the true coefficient with probability `1 − alpha` in large groups.
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        let half = normal_quantile(alpha) * self.error;
        (self.value - half, self.value + half)
    }
}

/// The number that a standard normal exceeds in absolute value with probability `alpha`.
pub fn normal_quantile(alpha: f64) -> f64 {
    SQRT_2 * erfc_inv(alpha)
}

/// A fitted regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// How it was estimated.
    pub estimator: Estimator,
    /// The intercept, or the thresholds of an ordinal logit between the levels that occur.
    pub intercepts: Vec<Coefficient>,
    /// By column of the design; `None` for a column that is constant or depends on those before it,
    /// and where there is nothing to judge the error by.
    pub slopes: Vec<Option<Coefficient>>,
    /// Steps that the estimation took.
    pub steps: usize,
    /// Parameters in the units of the fit, where another one can start.
    pub(crate) theta: Vec<f64>,
}

impl Estimates {
    /// Columns without a coefficient.
    pub fn dropped(&self) -> impl Iterator<Item = usize> {
        self.slopes.iter().enumerate().filter(|(_, slope)| slope.is_none()).map(|(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_tails() {
        // scipy.stats.norm.sf(z) * 2
        for (z, p) in [
            (0.0, 1.0),
            (1.0, 0.317_310_507_862_914_1),
            (-1.959_963_984_540_054, 0.05),
            (5.0, 5.733_031_437_583_87e-7),
            (12.0, 3.552_964_224_155_357e-33),
        ] {
            let found = Coefficient { value: 2.0 * z, error: 2.0 }.p_value();
            assert!((found / p - 1.0).abs() < 1e-9, "{z}: {found}");
            if p < 1.0 {
                assert!((normal_quantile(p) / z.abs() - 1.0).abs() < 1e-9);
            }
        }
        let (low, high) = Coefficient { value: 0.3, error: 0.1 }.interval(0.05);
        assert!((low - 0.104_003_601_545_994_6).abs() < 1e-9);
        assert!((high - 0.495_996_398_454_005_4).abs() < 1e-9);
    }
}
