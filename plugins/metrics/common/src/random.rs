use pilotbench_plugin_sdk::People;

/// SplitMix64 (Steele, Lea, Flood 2014): one stream per purpose, equal on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A stream for a seed and a purpose.
    pub fn new(seed: u64, purpose: &[u64]) -> Self {
        let mut state = seed;
        for part in purpose {
            state = Self(state ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93)).next();
        }
        Self(state)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number below `bound`; its bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number in `[0, 1)`, a multiple of `2^-53`.
    pub fn share(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1u64 << 53) as f64
    }

    /// Puts a random draw without replacement of `count` values in front.
    pub fn draw<T>(&mut self, values: &mut [T], count: usize) {
        for at in 0..count.min(values.len()) {
            let from = at + self.below(values.len() - at);
            values.swap(at, from);
        }
    }
}

/// Rows in an order that depends on who the people are, not on where they stand in the table, so
/// that draws are the same however the rows are sorted.
pub fn order_by_id(people: &People, rows: impl Iterator<Item = usize>) -> Vec<usize> {
    // FNV-1a, so that nearly all comparisons are of numbers.
    let hash = |id: &str| {
        id.bytes().fold(0xCBF2_9CE4_8422_2325u64, |h, byte| {
            (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
    };
    let mut keyed: Vec<(u64, usize)> = rows.map(|row| (hash(people.id(row)), row)).collect();
    keyed
        .sort_unstable_by(|(a, x), (b, y)| a.cmp(b).then_with(|| people.id(*x).cmp(people.id(*y))));
    keyed.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_permutations_and_repeat() {
        let draw = || {
            let mut values: Vec<u32> = (0..50).collect();
            Random::new(149, &[1, 2]).draw(&mut values, 50);
            values
        };
        let mut sorted = draw();
        assert_eq!(draw(), sorted);
        assert_ne!((0..50).collect::<Vec<u32>>(), sorted);
        sorted.sort_unstable();
        assert_eq!((0..50).collect::<Vec<u32>>(), sorted);
    }

    #[test]
    fn every_value_is_drawn_about_as_often() {
        let mut hits = [0u32; 4];
        let mut random = Random::new(7, &[]);
        for _ in 0..4000 {
            let mut values = [0usize, 1, 2, 3];
            random.draw(&mut values, 1);
            hits[values[0]] += 1;
        }
        assert!(hits.iter().all(|h| (900..1100).contains(h)), "{hits:?}");
    }
}
