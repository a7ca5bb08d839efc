//! `e^−x` in whole vectors: the library's function takes one number at a time.

use std::f64::consts::{LN_2, LOG2_E};

/// 1.5 · 2⁵²: adding it rounds to a whole number and leaves that number in the low bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// `ln 2` in two parts, the first with zeros at the end so that its multiples are exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Where `e^−x` leaves the normal numbers.
const LARGEST: f64 = 708.0;
/// `1 / k!` from `k = 13` down to 2.
const INVERSE_FACTORIALS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// `e^−|x|`, to the last digit or two; below `e^−708` it stays there.
///
/// `e^y = 2^k e^r` with whole `k` and `|r| ≤ ½ ln 2`, and Taylor's series of `e^r` up to `r¹³`. No
/// branch and no table, so that a loop over it is done in vectors.
#[inline(always)]
pub(crate) fn exp_minus(x: f64) -> f64 {
    let y = (-x.abs()).max(-LARGEST);
    let shifted = y * LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (y - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut sum = INVERSE_FACTORIALS[0];
    for coefficient in &INVERSE_FACTORIALS[1..] {
        sum = sum * r + coefficient;
    }
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1f64.to_bits()));
    power * (1.0 + (r + r * r * sum))
}

const _: () = assert!(LN_2_HIGH + LN_2_LOW == LN_2);

#[cfg(test)]
mod tests {
    use super::exp_minus;

    #[test]
    fn is_the_exponential() {
        for step in 0..70_000 {
            let x = f64::from(step) * 0.010_1;
            let gap = exp_minus(x) / (-x).exp() - 1.0;
            assert!(gap.abs() < 5e-16, "{x}: {gap}");
            assert_eq!(exp_minus(x), exp_minus(-x));
        }
        assert_eq!(exp_minus(0.0), 1.0);
        assert!(exp_minus(1e9) > 0.0 && exp_minus(1e9) < 1e-300);
        assert!(exp_minus(f64::INFINITY) < 1e-300);
    }
}
