//! CPU kernels of a Llama-like decoder: plain slices in and out, one thread, no state.
//!
//! # The same bits
//!
//! Every number that comes out is one fixed sequence of operations on the numbers that it depends on.
//! A product of matrices adds up over `k = 0, 1, 2, …` in one accumulator with fused multiply-add;
//! attention adds up over the numbers of a head, and over positions, in order; `exp` is a polynomial
//! of our own. Vectors run across outputs, never across a sum. So a result does not depend on how
//! many rows are in the call, how keys are cut into [`Span`]s, or the thread, and for f32 not on the
//! CPU either: the AVX-512, AVX2 and portable forms give the same bits. [`Precision::Bf16`] is the
//! exception: its instruction rounds in its own way and exists on some CPUs only ([`has_bf16`]).
//!
//! # Speed
//!
//! `cargo run --release -p pilotbench-kernels --example peak` prints what this machine does. All
//! products go through one tile of 14 by 32 sums held in registers ([`Packed`] keeps weights in the
//! order in which it reads them); attention uses the same tile with queries side by side.

mod attention;
mod backward;
mod bf16;
mod elementwise;
mod exponential;
mod level;
mod multiply;
mod packed;
mod tile;

pub use attention::{Shape, Span, attention};
pub use backward::{
    accumulate_outer, attention_backward, rms_norm_backward, silu_product_backward,
};
pub use bf16::has_bf16;
pub use elementwise::{Rope, log_softmax, rms_norm, silu_product};
#[doc(hidden)]
pub use level::{Level, with_level};
pub use multiply::{multiply, multiply_add};
pub use packed::{Packed, Precision};

/// Buffers that calls use again; what is in them does not matter.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Rows of x as pairs of bf16.
    pairs: Vec<u32>,
    /// Queries side by side, `[dim][LANES]`.
    queries: Vec<f32>,
    /// Scores, then weights, `[keys][LANES]`.
    scores: Vec<f32>,
}
