use crate::{Codes, MISSING, Side};
use std::ops::Range;

/// Rows that are counted at a time.
const BLOCK: usize = 1024;
/// Weight indices that are counted at a time: their sums stay in registers.
const LANES: usize = 64;

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
    /// Counts the rows.
    pub fn new(side: &Side, columns: &[Codes]) -> Self {
        let width = side.weights.width();
        let levels: Vec<usize> = columns.iter().map(|column| column.levels).collect();
        let cells = levels.iter().sum();
        let offsets = (0..levels.len()).map(|column| levels[..column].iter().sum()).collect();
        let counts = vec![0; side.groups() * cells * width];
        let mut tally = Self { width, cells, offsets, levels, counts };
        let rows = side.people.len();
        // Blocks are so short that 16 bits hold their sums, and that their weights stay in cache.
        let block = usize::from(u16::MAX / side.largest_weight.max(1)).min(BLOCK);
        let mut lanes = vec![[0; LANES]; block.min(rows)];
        for start in (0..rows).step_by(block) {
            let block = start..rows.min(start + block);
            let members = Members::new(&tally, side, columns, block.clone());
            for first in (0..width).step_by(LANES) {
                let places = first..width.min(first + LANES);
                for (lanes, row) in lanes.iter_mut().zip(block.clone()) {
                    lanes[..places.len()].copy_from_slice(&side.weights.row(row)[places.clone()]);
                }
                tally.add(side.groups(), &members, &lanes, places);
            }
        }
        tally
    }

    /// Adds the weights of a block at these weight indices.
    fn add(
        &mut self,
        groups: usize,
        members: &Members,
        lanes: &[[u16; LANES]],
        places: Range<usize>,
    ) {
        let mut cell = 0;
        let mut sums = Vec::new();
        for _ in 0..groups {
            for levels in &self.levels {
                sums.clear();
                sums.extend((cell..cell + levels).map(|cell| members.sums(cell, lanes)));
                let counts = &mut self.counts[cell * self.width..(cell + levels) * self.width];
                let counts = &mut counts[places.start * levels..places.end * levels];
                for (lane, counts) in counts.chunks_exact_mut((*levels).max(1)).enumerate() {
                    for (count, sums) in counts.iter_mut().zip(&sums) {
                        *count += u32::from(sums[lane]);
                    }
                }
                cell += levels;
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

/// The rows of a block by cell: group, column and code.
struct Members {
    /// Where the rows of each cell begin in `rows`; one more at the end.
    starts: Vec<usize>,
    /// Rows, counted from the start of the block.
    rows: Vec<u16>,
}

impl Members {
    fn new(tally: &Tally, side: &Side, columns: &[Codes], block: Range<usize>) -> Self {
        let mut starts = vec![0; side.groups() * tally.cells + 1];
        let each = |visit: &mut dyn FnMut(usize, usize)| {
            for row in block.clone() {
                for (column, offset) in columns.iter().zip(&tally.offsets) {
                    let code = column.values[row];
                    if code != MISSING {
                        for group in side.groups_of(row) {
                            let group = usize::from(*group) * tally.cells;
                            visit(group + offset + usize::from(code), row - block.start);
                        }
                    }
                }
            }
        };
        each(&mut |cell, _| starts[cell] += 1);
        let mut end = 0;
        for start in &mut starts {
            end += std::mem::replace(start, end);
        }
        let mut rows = vec![0; end];
        // Each start moves to the end of its cell, which is the start of the next.
        each(&mut |cell, row| {
            rows[starts[cell]] = row as u16;
            starts[cell] += 1;
        });
        starts.rotate_right(1);
        starts[0] = 0;
        Self { starts, rows }
    }

    /// Sums over the rows of a cell.
    fn sums(&self, cell: usize, lanes: &[[u16; LANES]]) -> [u16; LANES] {
        let rows = &self.rows[self.starts[cell]..self.starts[cell + 1]];
        rows.iter().fold([0; LANES], |mut sums, row| {
            let lanes = &lanes[usize::from(*row)];
            sums.iter_mut().zip(lanes).for_each(|(sum, weight)| *sum += weight);
            sums
        })
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

    #[test]
    fn many_people_and_indices_are_counted_as_one_by_one() {
        let (rows, resamples) = (BLOCK + 100, LANES + 6);
        let experiment = ordinal_experiment(&[3]);
        let person = |i: usize| match i % 7 {
            0 => Person { answers: vec![None], id: format!("p{i}"), ..Person::default() },
            code => Person::answering(format!("p{i}"), &[code as i32 % 3]),
        };
        let people: Vec<Person> = (0..rows).map(person).collect();
        let weights: Vec<Vec<u16>> =
            (0..rows).map(|i| (0..resamples).map(|b| (i * b % 5) as u16).collect()).collect();
        let input = evaluation(&experiment, &people, &people, &[], &weights).unwrap();
        let side = Side::human(&input, &Layout::everybody());
        let tally = Tally::new(&side, &[Codes::of_item(&input.human, 0, 3)]);
        for index in 0..=resamples {
            let mut counts = [0; 3];
            for row in 0..rows {
                if let Some(code) = input.human.answer(row, 0) {
                    counts[code] += u32::from(input.human_weights.row(row)[index]);
                }
            }
            assert_eq!(tally.counts(0, 0, index), counts);
        }
    }
}
