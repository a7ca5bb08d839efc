//! The SYNTHETIC information-disclosure population, drawn anew for any seed and size.
//!
//! Only IEEE-754 `+ − × <` on `f64` and wrapping `u64` arithmetic: the same bytes in any language
//! and on any machine. Three of its totals are calibrated to published numbers of
//! arXiv 2511.21218; every other number is invented, and no human answered.

use crate::random::SplitMix64;
use std::io::{self, Write};

/// Seed of the table in `datasets/disclosure`.
pub const SEED: u64 = 149;
/// Participants of that table.
pub const PARTICIPANTS: usize = 929;

const HEADER: &str = "arm,A,B,C,eth,age,fem,edu,pol,benefit,risk,trust,norm,implied,act";
const ETHNICITY: [f64; 5] = [0.64, 0.13, 0.08, 0.10, 0.05];
const AGE: [f64; 5] = [0.16, 0.27, 0.24, 0.17, 0.16];
const EDUCATION: [f64; 3] = [0.30, 0.22, 0.48];
const POLITICS: [f64; 3] = [0.46, 0.30, 0.24];
const CUTS: [f64; 4] = [-1.5, -0.5, 0.5, 1.5];
/// Loading of the common factor, and standard deviation of the action's own noise.
const LAMBDA: f64 = 0.72;
const TAU: f64 = 1.70;

/// Writes the table as CSV.
///
/// # Errors
/// When writing fails.
pub fn disclosure(seed: u64, participants: usize, out: &mut impl Write) -> io::Result<()> {
    let mut stream = SplitMix64::new(seed);
    writeln!(out, "{HEADER}")?;
    for i in 0..participants {
        let p = Participant::draw(i, &mut stream);
        let [b0, b1, b2, b3] = p.beliefs;
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{b0},{b1},{b2},{b3},{},{}",
            i % 8,
            p.factors[0],
            p.factors[1],
            p.factors[2],
            p.ethnicity,
            p.age,
            u8::from(p.female),
            p.education,
            p.politics,
            u8::from(p.implied),
            u8::from(p.discloses)
        )?;
    }
    Ok(())
}

struct Participant {
    factors: [usize; 3],
    ethnicity: usize,
    age: usize,
    female: bool,
    education: usize,
    politics: usize,
    beliefs: [u8; 4],
    implied: bool,
    discloses: bool,
}

impl Participant {
    /// Draws in a fixed order: ethnicity, age, female, education, politics, common factor, four
    /// belief noises, action noise.
    fn draw(i: usize, stream: &mut SplitMix64) -> Self {
        let arm = i % 8;
        let factors = [arm & 1, (arm >> 1) & 1, (arm >> 2) & 1];
        let [a, b, c] = factors.map(|factor| factor as f64);
        let ethnicity = pick(stream.uniform(), &ETHNICITY);
        let age = pick(stream.uniform(), &AGE);
        let female = stream.uniform() < 0.5;
        let education = pick(stream.uniform(), &EDUCATION);
        let politics = pick(stream.uniform(), &POLITICS);
        let f = near_normal(stream);
        let m = if ethnicity == 0 { 0.0 } else { 1.0 };
        let democrat = if politics == 0 { 1.0 } else { 0.0 };
        let latent = [
            0.35 + 0.45 * b - 0.15 * c + LAMBDA * f + near_normal(stream),
            0.10 - 0.50 * a + 0.45 * c + 0.25 * m - LAMBDA * f + near_normal(stream),
            0.05 + 0.20 * a - 0.55 * c - 0.20 * m
                + 0.15 * democrat
                + LAMBDA * f
                + near_normal(stream),
            0.10 + 0.15 * b + LAMBDA * f + near_normal(stream),
        ];
        let beliefs = latent.map(|x| 1 + CUTS.iter().filter(|cut| x > **cut).count() as u8);
        let [b0, b1, b2, b3] = beliefs.map(|belief| f64::from(belief) - 3.0);
        let v = 0.50 * b0 - 0.60 * b1 + 0.55 * b2 + 0.30 * b3;
        let young = if age == 0 { 1.0 } else { 0.0 };
        let s = v + 0.40 * a - 0.25 * c + 0.15 * young - 0.10;
        let discloses = s + TAU * near_normal(stream) > 0.0;
        Self {
            factors,
            ethnicity,
            age,
            female,
            education,
            politics,
            beliefs,
            implied: v >= 0.0,
            discloses,
        }
    }
}

/// Approximately standard normal: twelve uniforms less six (Irwin–Hall).
fn near_normal(stream: &mut SplitMix64) -> f64 {
    let mut total = 0.0;
    for _ in 0..12 {
        total += stream.uniform();
    }
    total - 6.0
}

fn pick(u: f64, shares: &[f64]) -> usize {
    let mut cumulated = 0.0;
    for (i, share) in shares.iter().enumerate() {
        cumulated += share;
        if u < cumulated {
            return i;
        }
    }
    shares.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::sha256;

    #[test]
    fn the_reference_table_bit_for_bit() {
        let mut table = Vec::new();
        disclosure(SEED, PARTICIPANTS, &mut table).unwrap();
        assert_eq!(table.len(), 27_936);
        let expected = "276d80e0b445bcdcacfbd73bc91e31345a6c3f81cc89b3ef3b76d6b9ba57ba7b";
        assert_eq!(sha256(&table), expected);
    }

    #[test]
    fn a_longer_table_starts_like_a_shorter_one() {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        disclosure(7, 10, &mut short).unwrap();
        disclosure(7, 20, &mut long).unwrap();
        assert!(long.starts_with(&short));
    }
}
