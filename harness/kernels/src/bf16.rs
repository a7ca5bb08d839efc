//! Products of bf16 numbers, summed in f32, where the CPU has the instruction.
#![allow(unsafe_code)]

use crate::tile::{LANES, ROWS, Sums};

/// Whether this CPU multiplies bf16 numbers (AVX512_BF16).
pub fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The nearest bf16, ties to even, as its upper 16 bits.
#[inline(always)]
fn rounded(value: f32) -> u32 {
    let bits = value.to_bits();
    (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
}

/// One or two numbers as a pair, the first in the lower half.
#[inline(always)]
pub(crate) fn pair(numbers: &[f32]) -> u32 {
    rounded(numbers[0]) | numbers.get(1).map_or(0, |second| rounded(*second) << 16)
}

crate::level::dispatched! {
    /// Rows of numbers as rows of pairs.
    fn pair_rows(x: &[f32], inputs: usize, pairs: &mut [u32]) {
        let width = inputs.div_ceil(2);
        for (row, pairs) in x.chunks_exact(inputs).zip(pairs.chunks_exact_mut(width)) {
            let (whole, rest) = row.split_at(inputs / 2 * 2);
            for (numbers, pair) in whole.chunks_exact(2).zip(pairs.iter_mut()) {
                *pair = rounded(numbers[0]) | rounded(numbers[1]) << 16;
            }
            if let ([last], [.., pair]) = (rest, pairs) {
                *pair = rounded(*last);
            }
        }
    }
}

/// Rounds rows for [`tile`], into a buffer that is used again.
pub(crate) fn round<'a>(x: &[f32], inputs: usize, buffer: &'a mut Vec<u32>) -> &'a [u32] {
    buffer.resize(x.len() / inputs * inputs.div_ceil(2), 0);
    pair_rows(x, inputs, buffer);
    buffer
}

/// `sums[r][c] += Σ x(r, k) · panel[k][c]` over pairs, in order.
///
/// # Panics
/// When there are fewer rows of pairs, more than a tile's rows, or no such instruction.
pub(crate) fn tile(x: &[u32], width: usize, rows: usize, panel: &[u32], sums: &mut Sums) {
    assert!(rows <= ROWS && x.len() >= rows * width && panel.len() == width * LANES);
    assert!(has_bf16());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction is there, and the assert bounds what is read.
    unsafe {
        x86::tile(x, width, rows, panel, sums);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, width, rows, panel, sums);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{LANES, Sums};
    use std::arch::x86_64::{
        __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    /// # Safety
    /// The CPU must have AVX512_BF16; `x` must hold `rows` rows, 1 to 14, of `width` pairs, the panel
    /// `width` groups of 32.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(super) unsafe fn tile(
        x: &[u32],
        width: usize,
        rows: usize,
        panel: &[u32],
        sums: &mut Sums,
    ) {
        macro_rules! by_rows {
            ($($n:literal)*) => {
                match rows {
                    // SAFETY: the caller's promise, with the number of rows made constant.
                    $($n => unsafe { wide::<$n>(x, width, panel, sums) },)*
                    _ => {}
                }
            };
        }
        by_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }

    /// # Safety
    /// As [`tile`], for `R` rows.
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn wide<const R: usize>(x: &[u32], width: usize, panel: &[u32], sums: &mut Sums) {
        let (mut x, mut b) = (x.as_ptr(), panel.as_ptr());
        let mut held = [[_mm512_setzero_ps(); 2]; R];
        for (held, sums) in held.iter_mut().zip(sums.iter()) {
            // SAFETY: each row of sums is 32 numbers.
            *held =
                unsafe { [_mm512_loadu_ps(sums.as_ptr()), _mm512_loadu_ps(sums.as_ptr().add(16))] };
        }
        for _ in 0..width {
            // SAFETY: `b` is at one of `width` groups of 32 pairs of the panel.
            let columns = unsafe { [load(b), load(b.add(16))] };
            for (r, held) in held.iter_mut().enumerate() {
                // SAFETY: the caller promises R rows of this width.
                let factor = bits(_mm512_set1_epi32(unsafe { *x.add(r * width) } as i32));
                held[0] = _mm512_dpbf16_ps(held[0], factor, columns[0]);
                held[1] = _mm512_dpbf16_ps(held[1], factor, columns[1]);
            }
            x = x.wrapping_add(1);
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

    /// # Safety
    /// 16 pairs must be readable.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn load(pairs: *const u32) -> __m512bh {
        // SAFETY: the caller's promise.
        bits(unsafe { _mm512_loadu_si512(pairs.cast()) })
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bf16")]
    fn bits(pairs: __m512i) -> __m512bh {
        // SAFETY: both are 512 bits, any of which are valid in either.
        unsafe { std::mem::transmute::<__m512i, __m512bh>(pairs) }
    }
}
