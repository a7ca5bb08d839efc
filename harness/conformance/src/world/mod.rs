//! Experiments and people made for the checks, as the host sends them.

mod designs;
mod people;
mod random;
mod tables;

pub(crate) use designs::{World, bare, law, odd, plain};
pub(crate) use people::{Person, people};
pub(crate) use random::Random;
pub(crate) use tables::{
    Asked, Simulated, people_batch, pilot_batch, requests_batch, simulated_batch, weights_batch,
    without_column,
};
