//! For the tests of the metric plugins: tables as rows, fixtures made by other software, and
//! random experiments.

mod fixture;
mod properties;
mod rows;
mod toy;

pub use fixture::check_fixtures;
pub use properties::Properties;
pub use rows::{Scores, TestRow, score};
pub use toy::Toy;
