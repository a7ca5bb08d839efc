//! Synthetic populations whose law is known, so that a perfect simulator of them exists.
//!
//! The information-disclosure population: three of its totals are calibrated to published numbers
//! of arXiv 2511.21218; every other number is invented, and no human answered.
//!
//! A person is drawn with IEEE-754 `+ − × <` on `f64` and wrapping `u64` arithmetic only: the same
//! bits in any language and on any machine.

mod person;
mod stream;

pub use person::{Covariates, Person};
pub use stream::Stream;

use std::io::{self, Write};

/// Seed of the table in `datasets/disclosure`.
pub const SEED: u64 = 149;
/// Participants of that table.
pub const PARTICIPANTS: usize = 929;

const HEADER: &str = "arm,A,B,C,eth,age,fem,edu,pol,benefit,risk,trust,norm,implied,act";

/// Writes the SYNTHETIC information-disclosure population as CSV, drawn anew for any seed and size.
///
/// # Errors
/// When writing fails.
pub fn disclosure(seed: u64, participants: usize, out: &mut impl Write) -> io::Result<()> {
    let mut stream = Stream::new(seed);
    writeln!(out, "{HEADER}")?;
    for i in 0..participants {
        let p = Person::draw(i, &mut stream);
        let [b0, b1, b2, b3] = p.beliefs;
        writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{b0},{b1},{b2},{b3},{},{}",
            p.arm(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_table_bit_for_bit() {
        let reference = include_bytes!("../../../datasets/disclosure/participants.csv");
        let mut table = Vec::new();
        disclosure(SEED, PARTICIPANTS, &mut table).unwrap();
        assert_eq!(table.len(), 27_936);
        assert!(table == reference, "the table differs from the data set");
    }

    #[test]
    fn a_longer_table_starts_like_a_shorter_one() {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        disclosure(7, 10, &mut short).unwrap();
        disclosure(7, 20, &mut long).unwrap();
        assert!(long.starts_with(&short));
    }
}
