//! Weights in the order in which tiles read them.

use crate::{bf16, tile::LANES};

/// In what products are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit numbers.
    F32,
    /// Weights and inputs rounded to bf16, their products summed in f32.
    Bf16,
}

/// Weights of linear maps of the same inputs, their outputs side by side: `y = x·Wᵀ`.
#[derive(Debug)]
pub struct Packed {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) panels: Panels,
}

/// Panels of 32 outputs, filled up with zeros.
#[derive(Debug)]
pub(crate) enum Panels {
    /// `[panel][input][32]`.
    F32(Vec<f32>),
    /// `[panel][pair of inputs][32]`, the earlier input in the lower half.
    Bf16(Vec<u32>),
}

impl Packed {
    /// Packs matrices `[outputs][inputs]`, stacked along their outputs.
    ///
    /// # Panics
    /// When a matrix has no whole number of rows, or bf16 is asked for where there is none.
    pub fn new(parts: &[&[f32]], inputs: usize, precision: Precision) -> Self {
        let whole = parts.iter().all(|part| part.len().is_multiple_of(inputs));
        assert!(whole, "a matrix without a whole number of rows of {inputs}");
        let rows: Vec<&[f32]> = parts.iter().flat_map(|part| part.chunks_exact(inputs)).collect();
        let panels = match precision {
            Precision::F32 => Panels::F32(f32_panels(&rows, inputs)),
            Precision::Bf16 => {
                assert!(bf16::has_bf16(), "this CPU has no bf16 products");
                Panels::Bf16(bf16_panels(&rows, inputs))
            }
        };
        Self { outputs: rows.len(), inputs, panels }
    }

    /// Numbers that come out per row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Numbers that go in per row.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        match &self.panels {
            Panels::F32(numbers) => 4 * numbers.len(),
            Panels::Bf16(pairs) => 4 * pairs.len(),
        }
    }
}

fn f32_panels(rows: &[&[f32]], inputs: usize) -> Vec<f32> {
    let mut panels = vec![0.0; rows.len().next_multiple_of(LANES) * inputs];
    for (panel, rows) in panels.chunks_exact_mut(LANES * inputs).zip(rows.chunks(LANES)) {
        for (lane, row) in rows.iter().enumerate() {
            for (k, value) in row.iter().enumerate() {
                panel[k * LANES + lane] = *value;
            }
        }
    }
    panels
}

fn bf16_panels(rows: &[&[f32]], inputs: usize) -> Vec<u32> {
    let pairs = inputs.div_ceil(2);
    let mut panels = vec![0; rows.len().next_multiple_of(LANES) * pairs];
    for (panel, rows) in panels.chunks_exact_mut(LANES * pairs).zip(rows.chunks(LANES)) {
        for (lane, row) in rows.iter().enumerate() {
            for (k, pair) in row.chunks(2).enumerate() {
                panel[k * LANES + lane] = bf16::pair(pair);
            }
        }
    }
    panels
}
