//! Rows times packed weights.

use crate::{
    Packed, Scratch, bf16,
    packed::Panels,
    tile::{self, Grid, LANES, ROWS},
};
use std::ops::Range;

/// `y = x·Wᵀ`; `x` is `[rows][inputs]`, `y` is `[rows][outputs]`.
///
/// # Panics
/// When the lengths do not fit.
pub fn multiply(x: &[f32], w: &Packed, y: &mut [f32], scratch: &mut Scratch) {
    each_tile(x, w, y, scratch, |y, sums| y.copy_from_slice(sums));
}

/// `y = y + x·Wᵀ`, the product added when it is whole.
///
/// # Panics
/// When the lengths do not fit.
pub fn multiply_add(x: &[f32], w: &Packed, y: &mut [f32], scratch: &mut Scratch) {
    each_tile(x, w, y, scratch, |y, sums| {
        y.iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
    });
}

fn each_tile(
    x: &[f32],
    w: &Packed,
    y: &mut [f32],
    scratch: &mut Scratch,
    put: impl Fn(&mut [f32], &[f32]),
) {
    let Packed { outputs, inputs, panels } = w;
    let (outputs, inputs) = (*outputs, *inputs);
    let rows = x.len() / inputs;
    assert_eq!(x.len(), rows * inputs, "x is not of rows of {inputs}");
    assert_eq!(y.len(), rows * outputs, "y is not {rows} rows of {outputs}");
    let pairs = match panels {
        Panels::F32(_) => &[],
        Panels::Bf16(_) => bf16::round(x, inputs, &mut scratch.pairs),
    };
    let width = inputs.div_ceil(2);
    for panel in 0..outputs.div_ceil(LANES) {
        let columns = panel * LANES..outputs.min((panel + 1) * LANES);
        for tile_rows in tiles(rows) {
            let mut sums = [[0.0; LANES]; ROWS];
            let count = tile_rows.len();
            match panels {
                Panels::F32(numbers) => {
                    let grid =
                        Grid { x: &x[tile_rows.start * inputs..], row_stride: inputs, k_stride: 1 };
                    let panel = &numbers[panel * inputs * LANES..][..inputs * LANES];
                    tile::tile(grid, count, panel, &mut sums);
                }
                Panels::Bf16(numbers) => {
                    let panel = &numbers[panel * width * LANES..][..width * LANES];
                    bf16::tile(&pairs[tile_rows.start * width..], width, count, panel, &mut sums);
                }
            }
            for (row, sums) in tile_rows.zip(&sums) {
                let y = &mut y[row * outputs..][columns.clone()];
                put(y, &sums[..columns.len()]);
            }
        }
    }
}

/// Rows in tiles of about equal height.
pub(crate) fn tiles(rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = rows.div_ceil(ROWS);
    (0..count).map(move |tile| rows * tile / count..rows * (tile + 1) / count)
}
