//! The one inner loop: some rows times a panel of 32 columns.
#![allow(unsafe_code)]

use crate::level::Level;

/// Columns of a panel.
pub(crate) const LANES: usize = 32;
/// Most rows of a tile: with 32 lanes of f32 its sums fill 28 of 32 wide registers.
pub(crate) const ROWS: usize = 14;

/// Sums of a tile.
pub(crate) type Sums = [[f32; LANES]; ROWS];

/// Numbers `x[row * row_stride + k * k_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Grid<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) row_stride: usize,
    pub(crate) k_stride: usize,
}

/// `sums[r][c] += Σₖ x(r, k) · panel[k][c]` for the first `rows` rows, in order of `k`, one fused
/// multiply-add each.
///
/// # Panics
/// When the grid does not hold these rows, or there are more than [`ROWS`].
pub(crate) fn tile(grid: Grid, rows: usize, panel: &[f32], sums: &mut Sums) {
    let depth = panel.len() / LANES;
    if rows == 0 || depth == 0 {
        return;
    }
    assert!(rows <= ROWS, "{rows} rows in a tile");
    let last = (rows - 1) * grid.row_stride + (depth - 1) * grid.k_stride;
    assert!(last < grid.x.len(), "the tile reads number {last} of {}", grid.x.len());
    #[cfg(target_arch = "x86_64")]
    match Level::current() {
        // SAFETY: the CPU has these vectors, and the asserts above bound what is read.
        Level::Avx512 => return unsafe { x86::tile(grid, rows, panel, sums) },
        // SAFETY: as above; the code is that of the portable form.
        Level::Avx2 => return unsafe { x86::narrow(grid, rows, panel, sums) },
        Level::Portable => {}
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = Level::current();
    portable::<4>(grid, rows, panel, sums);
}

/// In steps of `R` rows and 16 columns.
#[inline(always)]
fn portable<const R: usize>(grid: Grid, rows: usize, panel: &[f32], sums: &mut Sums) {
    let Grid { x, row_stride, k_stride } = grid;
    let mut row = 0;
    while row < rows {
        let count = R.min(rows - row);
        for half in [0, LANES / 2] {
            let mut held = [[0.0; LANES / 2]; R];
            for (r, held) in held.iter_mut().enumerate().take(count) {
                held.copy_from_slice(&sums[row + r][half..half + LANES / 2]);
            }
            for (k, columns) in panel.chunks_exact(LANES).enumerate() {
                let columns = &columns[half..half + LANES / 2];
                for (r, held) in held.iter_mut().enumerate() {
                    // Rows beyond the last repeat it; their sums are thrown away.
                    let at = (row + r.min(count - 1)) * row_stride + k * k_stride;
                    let factor = x[at];
                    for (sum, value) in held.iter_mut().zip(columns) {
                        *sum = factor.mul_add(*value, *sum);
                    }
                }
            }
            for (r, held) in held.iter().enumerate().take(count) {
                sums[row + r][half..half + LANES / 2].copy_from_slice(held);
            }
        }
        row += count;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Grid, LANES, Sums, portable};
    use std::arch::x86_64::{
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    /// The portable form with 256-bit vectors.
    ///
    /// # Safety
    /// The CPU must have AVX2 and FMA.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn narrow(grid: Grid, rows: usize, panel: &[f32], sums: &mut Sums) {
        portable::<6>(grid, rows, panel, sums);
    }

    /// The tile with all its sums in registers.
    ///
    /// # Safety
    /// The CPU must have AVX-512F; `grid` must hold `rows` rows, 1 to 14, as deep as the panel.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn tile(grid: Grid, rows: usize, panel: &[f32], sums: &mut Sums) {
        macro_rules! by_rows {
            ($($n:literal)*) => {
                match rows {
                    // SAFETY: the caller's promise, with the number of rows made constant.
                    $($n => unsafe { wide::<$n>(grid, panel, sums) },)*
                    _ => unreachable!("rows were checked"),
                }
            };
        }
        by_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }

    /// # Safety
    /// As [`tile`], for `R` rows.
    #[target_feature(enable = "avx512f")]
    unsafe fn wide<const R: usize>(grid: Grid, panel: &[f32], sums: &mut Sums) {
        let depth = panel.len() / LANES;
        let (mut x, mut b) = (grid.x.as_ptr(), panel.as_ptr());
        let mut held = [[_mm512_setzero_ps(); 2]; R];
        for (held, sums) in held.iter_mut().zip(sums.iter()) {
            // SAFETY: each row of sums is 32 numbers.
            *held =
                unsafe { [_mm512_loadu_ps(sums.as_ptr()), _mm512_loadu_ps(sums.as_ptr().add(16))] };
        }
        for _ in 0..depth {
            // SAFETY: `b` is at one of `depth` groups of 32 numbers of the panel.
            let columns = unsafe { [_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16))] };
            for (r, held) in held.iter_mut().enumerate() {
                // SAFETY: the caller promises that the grid holds R rows of this depth.
                let factor = _mm512_set1_ps(unsafe { *x.add(r * grid.row_stride) });
                held[0] = _mm512_fmadd_ps(factor, columns[0], held[0]);
                held[1] = _mm512_fmadd_ps(factor, columns[1], held[1]);
            }
            x = x.wrapping_add(grid.k_stride);
            b = b.wrapping_add(LANES);
        }
        for (held, sums) in held.iter().zip(sums.iter_mut()) {
            // SAFETY: each row of sums is 32 numbers.
            unsafe {
                _mm512_storeu_ps(sums.as_mut_ptr(), held[0]);
                _mm512_storeu_ps(sums.as_mut_ptr().add(16), held[1]);
            }
        }
    }
}
