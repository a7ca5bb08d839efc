use crate::{Codes, MISSING, Side};

/// How often each code of each column was taken, by group and weight index.
#[derive(Debug)]
pub struct Tally {
    width: usize,
    cells: usize,
    offsets: Vec<usize>,
    levels: Vec<usize>,
    counts: Vec<u32>,
}

impl Tally {
    /// Counts in one pass over the rows.
    pub fn new(side: &Side, columns: &[Codes]) -> Self {
        let width = side.weights.width();
        let levels: Vec<usize> = columns.iter().map(|column| column.levels).collect();
        let cells = levels.iter().sum();
        let offsets = (0..levels.len()).map(|column| levels[..column].iter().sum()).collect();
        let mut tally =
            Self { width, cells, offsets, levels, counts: vec![0; side.groups() * cells * width] };
        let rows = side.people.len();
        // The pass adds in 16 bits, twice as many lanes as in 32: blocks are too short to overflow.
        let block = usize::from(u16::MAX / side.largest_weight.max(1));
        // Whole vectors only: the rest of a row would cost as much as the row.
        let stride = width.next_multiple_of(16);
        let mut sums = vec![0u16; side.groups() * cells * stride];
        let mut weights = vec![0u16; stride];
        for start in (0..rows).step_by(block) {
            for row in start..rows.min(start + block) {
                weights[..width].copy_from_slice(side.weights.row(row));
                tally.add_row(side, columns, row, &weights, &mut sums);
            }
            tally.flush(&mut sums, side.groups(), stride);
        }
        tally
    }

    fn add_row(
        &self,
        side: &Side,
        columns: &[Codes],
        row: usize,
        weights: &[u16],
        sums: &mut [u16],
    ) {
        let stride = weights.len();
        for (column, offset) in columns.iter().zip(&self.offsets) {
            let code = column.values[row];
            if code == MISSING {
                continue;
            }
            for group in side.groups_of(row) {
                let cell = usize::from(*group) * self.cells + offset + usize::from(code);
                let sums = &mut sums[cell * stride..(cell + 1) * stride];
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += weight;
                }
            }
        }
    }

    /// Moves the 16-bit sums, `[cell][index]`, to the counts, `[column][index][level]`.
    fn flush(&mut self, sums: &mut [u16], groups: usize, stride: usize) {
        for group in 0..groups {
            for (levels, offset) in self.levels.iter().zip(&self.offsets) {
                let first = group * self.cells + offset;
                let counts = &mut self.counts[first * self.width..(first + levels) * self.width];
                for level in 0..*levels {
                    let from = (first + level) * stride;
                    let sums = &mut sums[from..from + self.width];
                    let places = counts[level..].iter_mut().step_by(*levels);
                    for (count, sum) in places.zip(sums) {
                        *count += u32::from(std::mem::take(sum));
                    }
                }
            }
        }
    }

    /// Counts by weight index, then code.
    pub(crate) fn all(&self, group: usize, column: usize) -> &[u32] {
        let base = (group * self.cells + self.offsets[column]) * self.width;
        &self.counts[base..base + self.levels[column] * self.width]
    }

    /// Number of codes.
    pub(crate) fn levels(&self, column: usize) -> usize {
        self.levels[column]
    }

    /// Counts by code.
    pub fn counts(&self, group: usize, column: usize, index: usize) -> &[u32] {
        let levels = self.levels[column];
        let base = (group * self.cells + self.offsets[column]) * self.width;
        &self.counts[base + index * levels..base + (index + 1) * levels]
    }

    /// People with a code, without weights.
    pub fn people(&self, group: usize, column: usize) -> usize {
        self.counts(group, column, 0).iter().sum::<u32>() as usize
    }

    /// Number of weight indices.
    pub fn width(&self) -> usize {
        self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;
    use pilotbench_plugin_sdk::testing::{Person, evaluation, ordinal_experiment};

    #[test]
    fn counts_weights_by_code_past_sixteen_bits() {
        let experiment = ordinal_experiment(&[2, 3]);
        let people: Vec<Person> =
            (0..40).map(|i| Person::answering(format!("p{i:02}"), &[i % 2, i % 3])).collect();
        let weights: Vec<Vec<u16>> =
            (0..40).map(|i| vec![if i == 0 { 60_000 } else { 9_000 }]).collect();
        let input = evaluation(&experiment, &people, &people, &[], &weights).unwrap();
        let side = Side::human(&input, &Layout::everybody());
        let columns = [Codes::of_item(&input.human, 0, 2), Codes::of_item(&input.human, 1, 3)];
        let tally = Tally::new(&side, &columns);
        assert_eq!(tally.counts(0, 0, 0), [20, 20]);
        assert_eq!(tally.counts(0, 1, 0), [14, 13, 13]);
        assert_eq!(tally.counts(0, 0, 1), [60_000 + 19 * 9_000, 20 * 9_000]);
        assert_eq!((tally.people(0, 1), tally.width()), (40, 2));
    }
}
