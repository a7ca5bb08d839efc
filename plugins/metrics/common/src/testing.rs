//! For the tests of the metric plugins: tables as rows, fixtures made by other software, and
//! random experiments.

mod disclosure;
mod fixture;
mod fresh;
mod properties;
mod rows;
mod timing;
mod toy;

pub use fixture::check_fixtures;
pub use fresh::fresh_answers;
pub use properties::Properties;
pub use rows::{Scores, TestRow, score};
pub use timing::time;
pub use toy::Toy;
