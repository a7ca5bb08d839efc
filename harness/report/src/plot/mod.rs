//! What is drawn.

pub(crate) mod cost;
pub(crate) mod curves;
pub(crate) mod distribution;
pub(crate) mod forest;
mod frame;
pub(crate) mod history;
pub(crate) mod scale;
