//! Regressions: logits with an optional ridge penalty, to predict with, and coefficients with
//! standard errors, to draw conclusions from.
//!
//! # To predict
//!
//! Three families share one Newton solver: [`Family::Binary`], [`Family::Ordinal`] (proportional
//! odds) and [`Family::Multinomial`]. A fit minimises
//!
//! ```text
//! Σᵢ wᵢ · −ln p(levelᵢ | xᵢ)  +  penalty / 2 · ‖slopes‖²
//! ```
//!
//! Intercepts and thresholds are never penalised. For the multinomial family `‖slopes‖²` is taken
//! over one slope vector per level, centred to sum to zero over the levels, so that no level is
//! singled out; without a penalty this is the usual model with level 0 as the reference.
//!
//! Whether a fit can be used is a value ([`Outcome`]), not an error: data that separate the levels
//! are common in small pilots. Data that make no model at all are an error ([`Invalid`]).
//!
//! ```
//! use pilotbench_regression::{Data, Family, fit};
//!
//! let design = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]; // one column, row by row
//! let data = Data::new(&design, 1, &[0, 0, 1, 0, 1, 1], 2)?;
//! let fit = fit(Family::Binary, &data, 1.0)?;
//! let mut probabilities = [0.0; 2];
//! fit.model.probabilities(&[5.0], &mut probabilities);
//! assert!(probabilities[1] > 0.5);
//! # Ok::<(), pilotbench_regression::Invalid>(())
//! ```
//!
//! # To draw conclusions
//!
//! A [`Fitter`] holds one table and fits it with any case weights: coefficients, standard errors and
//! p-values of least squares, binary and ordinal logits, as fast as a bootstrap needs it. It names
//! the columns that carry nothing of their own, and uses Firth's logit or a ridge, and says so,
//! where maximum likelihood has no answer.

mod binary;
mod blocks;
mod data;
mod estimates;
mod exponential;
mod firth;
mod fit;
mod fitter;
mod leave_one_out;
mod likelihood;
mod maximum;
mod model;
mod multinomial;
mod newton;
mod ordinal;
mod squares;
mod thresholds;
mod triangle;

pub use data::{Data, Invalid};
pub use estimates::{Coefficient, Estimates, Estimator, NoEstimate, normal_quantile};
pub use fit::{Fit, Path, choose_penalty, fit, fit_path};
pub use fitter::{Fitter, Kind, Scratch};
pub use model::{Family, Logit};
pub use newton::Outcome;
