//! The SYNTHETIC information-disclosure population, drawn anew for any seed and size. Its law is in
//! a crate of its own, since a plugin that knows it reads it too.

pub use pilotbench_synthetic::{PARTICIPANTS, SEED, disclosure};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::sha256;

    #[test]
    fn the_reference_table_bit_for_bit() {
        let mut table = Vec::new();
        disclosure(SEED, PARTICIPANTS, &mut table).unwrap();
        let expected = "276d80e0b445bcdcacfbd73bc91e31345a6c3f81cc89b3ef3b76d6b9ba57ba7b";
        assert_eq!(sha256(&table), expected);
    }
}
