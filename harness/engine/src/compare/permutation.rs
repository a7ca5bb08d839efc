//! Paired permutation test over seeds.

use crate::random::SplitMix64;

/// Random sign patterns where not all can be tried.
const PATTERNS: usize = 9_999;
/// Up to so many differences all patterns are tried.
const EXACT: usize = 13;
/// Sums nearer than this are equal: rounding.
const ROUNDING: f64 = 1e-12;

/// Two-sided p-value of the mean of paired differences under random signs (Fisher 1935; Good 2005):
/// exact for few differences, else `(b + 1) / (B + 1)` with `B` = 9,999 seeded patterns (Phipson and
/// Smyth 2010). `None` for fewer than two differences.
///
/// It asks whether the difference is one of the seeds at hand (which pilots and which draws); the
/// held-out people are taken as they are.
pub(super) fn sign_flips(differences: &[f64], name: &[&str]) -> Option<f64> {
    let n = differences.len();
    if n < 2 {
        return None;
    }
    let scale: f64 = differences.iter().map(|d| d.abs()).sum();
    let observed = differences.iter().sum::<f64>().abs() - ROUNDING * scale;
    if n <= EXACT {
        let reaches = |bits: &u64| add_signed(0.0, differences, *bits).abs() >= observed;
        let reached = (0..1_u64 << n).filter(reaches).count();
        return Some(reached as f64 / f64::from(1_u32 << n));
    }
    let mut stream = SplitMix64::of(&[&["sign flips"], name].concat());
    let mut random_sum = || {
        let words = differences.chunks(64);
        words.fold(0.0, |sum, chunk| add_signed(sum, chunk, stream.next_u64()))
    };
    let reached = (0..PATTERNS).filter(|_| random_sum().abs() >= observed);
    Some((reached.count() + 1) as f64 / (PATTERNS + 1) as f64)
}

/// Adds up to 64 differences, each with the sign of its bit.
fn add_signed(sum: f64, differences: &[f64], bits: u64) -> f64 {
    let signed = differences.iter().enumerate();
    signed.fold(sum, |sum, (i, d)| if bits >> i & 1 == 0 { sum + d } else { sum - d })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Fixture {
        sign_flips: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        differences: Vec<f64>,
        exact: f64,
    }

    #[test]
    fn numpy_agrees() {
        let fixture: Fixture =
            serde_json::from_str(include_str!("../../fixtures/statistics.json")).unwrap();
        assert!(fixture.sign_flips.len() > 2);
        for case in fixture.sign_flips {
            assert!((sign_flips(&case.differences, &["t"]).unwrap() - case.exact).abs() < 1e-12);
        }
    }

    #[test]
    fn many_differences_are_drawn() {
        let clear: Vec<f64> = (0..30).map(|i| 1.0 + 0.01 * f64::from(i)).collect();
        assert_eq!(sign_flips(&clear, &["t"]), Some(1e-4));
        let none: Vec<f64> = (0..80).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert_eq!(sign_flips(&none, &["t"]), Some(1.0));
        assert_eq!(sign_flips(&[1.0], &["t"]), None);
    }
}
