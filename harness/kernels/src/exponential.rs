//! `exp` of numbers at or below zero, the same on every machine.

const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³: adding it leaves an integer in the last bits

/// `eˣ` for `x ≤ 0`; 0 below -87.
///
/// `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, a polynomial for `eʳ` (Cephes' `expf`), and `2ⁿ` by its
/// exponent bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let kept = if x < -87.0 { -87.0 } else { x };
    let shifted = kept.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts, the first exact in few bits.
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_4, kept));
    let mut p = 1.987_569_2e-4_f32;
    p = p.mul_add(r, 1.398_2e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_6e-1);
    p = p.mul_add(r, 0.5);
    let value = p.mul_add(r * r, r + 1.0);
    let power = (shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127)) << 23;
    let value = value * f32::from_bits(power);
    if x < -87.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_to_the_exponential() {
        for step in 0..87_000 {
            let x = -(step as f32) / 1000.0;
            let (got, right) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((got - right).abs() <= 2.5e-7 * right, "{x}: {got} {right}");
        }
        assert_eq!(exp(0.0).to_bits(), 1.0f32.to_bits());
        assert_eq!(exp(f32::NEG_INFINITY).to_bits(), 0.0f32.to_bits());
        assert!(exp(f32::NAN).is_nan());
    }
}
