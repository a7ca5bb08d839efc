//! A design in blocks of rows, laid out so that the sums over rows are done in whole vectors.

use crate::triangle::Factor;

/// Rows of a block. A block of a dozen columns fits the first cache, and its columns are arrays of
/// a known length, which the compiler turns into vector instructions without a check.
pub(crate) const ROWS: usize = 64;

/// One number for each row of a block.
pub(crate) type Lane = [f64; ROWS];

/// A design with a column of ones in front, block by block and in a block column by column. The last
/// block is filled up with zeros: its spare rows must have weight 0.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    rows: usize,
    columns: usize,
    values: Vec<Lane>,
}

impl Blocks {
    /// `columns` without the column of ones; `value(row, column)` is asked once per cell.
    pub(crate) fn new(
        rows: usize,
        columns: usize,
        mut value: impl FnMut(usize, usize) -> f64,
    ) -> Self {
        let columns = 1 + columns;
        let mut values = vec![[0.0; ROWS]; rows.div_ceil(ROWS) * columns];
        for row in 0..rows {
            let start = row / ROWS * columns;
            for (column, lane) in values[start..start + columns].iter_mut().enumerate() {
                let place = &mut lane[row % ROWS];
                *place = column.checked_sub(1).map_or(1.0, |column| value(row, column));
            }
        }
        Self { rows, columns, values }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns with the column of ones.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of blocks.
    pub(crate) fn count(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    /// A value; column 0 is the one of ones.
    pub(crate) fn value(&self, row: usize, column: usize) -> f64 {
        self.values[row / ROWS * self.columns + column][row % ROWS]
    }

    fn block(&self, block: usize) -> &[Lane] {
        &self.values[block * self.columns..(block + 1) * self.columns]
    }

    /// `X θ` in one block.
    pub(crate) fn predict(&self, block: usize, theta: &[f64], out: &mut Lane) {
        *out = [0.0; ROWS];
        for (column, slope) in self.block(block).iter().zip(theta) {
            for (sum, value) in out.iter_mut().zip(column) {
                *sum += slope * value;
            }
        }
    }

    /// Adds `Xᵀ r` of one block.
    pub(crate) fn add_scores(&self, block: usize, r: &Lane, scores: &mut [f64]) {
        for (score, column) in scores.iter_mut().zip(self.block(block)) {
            *score += dot(r, column);
        }
    }

    /// Adds the lower triangle of `Xᵀ diag(v) X` of one block, packed row by row.
    pub(crate) fn add_gram(&self, block: usize, v: &Lane, gram: &mut [f64]) {
        add_gram(self.block(block), v, gram);
    }

    /// `xᵀ (L Lᵀ)⁻¹ x` of every row of one block: forward substitution for all rows at once.
    pub(crate) fn leverages(
        &self,
        block: usize,
        factor: &Factor,
        work: &mut [Lane],
        out: &mut Lane,
    ) {
        *out = [0.0; ROWS];
        for (i, column) in self.block(block).iter().enumerate() {
            let (done, rest) = work.split_at_mut(i);
            let own = &mut rest[0];
            if !factor.is_kept(i) {
                *own = [0.0; ROWS];
                continue;
            }
            *own = *column;
            let (row, pivot) = factor.row(i);
            for (entry, before) in row.iter().zip(done) {
                for (value, y) in own.iter_mut().zip(before) {
                    *value -= entry * *y;
                }
            }
            for (value, sum) in own.iter_mut().zip(out.iter_mut()) {
                *value /= pivot;
                *sum += *value * *value;
            }
        }
    }
}

/// Adds the lower triangle of the products of columns, each row weighted by `v`, packed row by row.
/// Compiled for wide vectors too, and chosen by what the machine has: the lanes are those written
/// here, so all of them give the same bits.
#[multiversion::multiversion(targets("x86_64+avx2"))]
pub(crate) fn add_gram(columns: &[Lane], v: &Lane, gram: &mut [f64]) {
    let mut rest = gram;
    for (i, column) in columns.iter().enumerate() {
        let mut weighted = *v;
        for (value, x) in weighted.iter_mut().zip(column) {
            *value *= x;
        }
        let row;
        (row, rest) = rest.split_at_mut(i + 1);
        let (sums, left) = row.as_chunks_mut::<4>();
        let (fours, others) = columns[..=i].as_chunks::<4>();
        for (sums, four) in sums.iter_mut().zip(fours) {
            let found = four_dots(&weighted, four);
            sums.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
        }
        for (sum, other) in left.iter_mut().zip(others) {
            *sum += dot(&weighted, other);
        }
    }
}

/// Eight sums side by side: they are independent, so none waits for another.
#[inline(always)]
fn dot(a: &Lane, b: &Lane) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Four products with one array: each of its numbers is loaded once.
#[inline(always)]
fn four_dots(a: &Lane, b: &[Lane; 4]) -> [f64; 4] {
    let mut sums = [[0.0; 4]; 4];
    let chunks = b.each_ref().map(|b| b.as_chunks::<4>().0);
    for (at, a) in a.as_chunks::<4>().0.iter().enumerate() {
        for (sums, b) in sums.iter_mut().zip(chunks) {
            for lane in 0..4 {
                sums[lane] += a[lane] * b[at][lane];
            }
        }
    }
    sums.map(|[a, b, c, d]| (a + c) + (b + d))
}

/// Numbers by row in blocks, the spare rows 0.
pub(crate) fn lanes(values: impl Iterator<Item = f64>, out: &mut [Lane]) {
    out.as_flattened_mut().fill(0.0);
    for (place, value) in out.as_flattened_mut().iter_mut().zip(values) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(row: usize, column: usize) -> f64 {
        ((row * 7 + column * 13) % 11) as f64 - 4.5
    }

    #[test]
    fn sums_over_blocks_are_those_over_rows() {
        for (rows, columns) in [(1, 0), (5, 3), (64, 2), (130, 12)] {
            let blocks = Blocks::new(rows, columns, design);
            let x = |row, column: usize| if column == 0 { 1.0 } else { design(row, column - 1) };
            let mut v = vec![[0.0; ROWS]; blocks.count()];
            lanes((0..rows).map(|row| (row % 4) as f64), &mut v);
            let size = 1 + columns;
            let (mut scores, mut gram) = (vec![0.0; size], vec![0.0; size * (size + 1) / 2]);
            for (block, v) in v.iter().enumerate() {
                blocks.add_scores(block, v, &mut scores);
                blocks.add_gram(block, v, &mut gram);
            }
            let mut packed = gram.iter();
            for (i, score) in scores.iter().enumerate() {
                let sum: f64 = (0..rows).map(|row| (row % 4) as f64 * x(row, i)).sum();
                assert!((score - sum).abs() < 1e-9);
                for j in 0..=i {
                    let terms = (0..rows).map(|row| (row % 4) as f64 * x(row, i) * x(row, j));
                    assert!((packed.next().unwrap() - terms.sum::<f64>()).abs() < 1e-9);
                }
            }
            let theta: Vec<f64> = (0..size).map(|i| i as f64 - 1.5).collect();
            let mut eta = [0.0; ROWS];
            for row in 0..rows {
                blocks.predict(row / ROWS, &theta, &mut eta);
                let expected: f64 = (0..size).map(|i| theta[i] * x(row, i)).sum();
                assert!((eta[row % ROWS] - expected).abs() < 1e-9);
            }
        }
    }
}
