//! Cholesky factors that leave out columns which depend on earlier ones.

/// Share of a diagonal entry that the columns before must leave for a column to count as
/// independent of them: one minus the R² of the column on those.
const INDEPENDENT: f64 = 1e-10;
/// The same for a matrix whose independent columns are known; what is below is lost to rounding.
const POSITIVE: f64 = 1e-13;

/// Factor `L` of `A = L Lᵀ`, packed row by row. A column left out is a zero in every solution.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    size: usize,
    lower: Vec<f64>,
    kept: Vec<bool>,
}

impl Factor {
    pub(crate) fn new(size: usize) -> Self {
        Self { size, lower: vec![0.0; size * (size + 1) / 2], kept: vec![true; size] }
    }

    /// Number of entries of a packed triangle of this size.
    pub(crate) fn packed(size: usize) -> usize {
        size * (size + 1) / 2
    }

    /// Whether a column is independent of those before it.
    pub(crate) fn is_kept(&self, column: usize) -> bool {
        self.kept[column]
    }

    /// Number of independent columns.
    pub(crate) fn rank(&self) -> usize {
        self.kept.iter().filter(|kept| **kept).count()
    }

    /// A row left of the diagonal, and the entry on it.
    pub(crate) fn row(&self, row: usize) -> (&[f64], f64) {
        let start = row * (row + 1) / 2;
        (&self.lower[start..start + row], self.lower[start + row])
    }

    /// Factors a matrix, given by its packed lower triangle, and finds its independent columns: of a
    /// dependent set the first ones stay.
    pub(crate) fn choose(&mut self, matrix: &[f64]) {
        self.kept.fill(true);
        for i in 0..self.size {
            let pivot = self.eliminate(matrix, i);
            let own = matrix[i * (i + 1) / 2 + i];
            self.kept[i] = pivot > INDEPENDENT * own;
            self.finish_row(i, pivot);
        }
    }

    /// Factors a matrix in the columns that [`Factor::choose`] kept; false when it is not positive
    /// definite there.
    pub(crate) fn refactor(&mut self, matrix: &[f64]) -> bool {
        for i in 0..self.size {
            let pivot = self.eliminate(matrix, i);
            let own = matrix[i * (i + 1) / 2 + i];
            let positive = pivot > POSITIVE * own && pivot.is_finite();
            if self.kept[i] && !positive {
                return false;
            }
            self.finish_row(i, pivot);
        }
        true
    }

    /// Fills row `i` left of the diagonal; returns what is left on it.
    fn eliminate(&mut self, matrix: &[f64], i: usize) -> f64 {
        let start = i * (i + 1) / 2;
        for j in 0..i {
            if !self.kept[j] {
                self.lower[start + j] = 0.0;
                continue;
            }
            let (above, own) = self.lower.split_at(start);
            let other = &above[j * (j + 1) / 2..];
            let known: f64 = own[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            self.lower[start + j] = (matrix[start + j] - known) / self.lower[j * (j + 1) / 2 + j];
        }
        let squares: f64 = self.lower[start..start + i].iter().map(|entry| entry * entry).sum();
        matrix[start + i] - squares
    }

    fn finish_row(&mut self, i: usize, pivot: f64) {
        let start = i * (i + 1) / 2;
        if self.kept[i] {
            self.lower[start + i] = pivot.sqrt();
        } else {
            self.lower[start..start + i].fill(0.0);
            self.lower[start + i] = 1.0;
        }
    }

    /// Replaces `b` by `L⁻¹ b`.
    pub(crate) fn forward(&self, b: &mut [f64]) {
        for i in 0..self.size {
            let (row, pivot) = self.row(i);
            let known: f64 = row.iter().zip(b.iter()).map(|(a, b)| a * b).sum();
            b[i] = if self.kept[i] { (b[i] - known) / pivot } else { 0.0 };
        }
    }

    /// Replaces `b` by `A⁻¹ b`.
    pub(crate) fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        self.backward(b);
    }

    /// Replaces `b`, which is 0 in the columns left out, by `L⁻ᵀ b`.
    pub(crate) fn backward(&self, b: &mut [f64]) {
        for i in (0..self.size).rev() {
            let (row, pivot) = self.row(i);
            b[i] /= pivot;
            let solved = b[i];
            for (entry, value) in row.iter().zip(b.iter_mut()) {
                *value -= entry * solved;
            }
        }
    }

    /// `ln det A` of the columns kept.
    pub(crate) fn ln_determinant(&self) -> f64 {
        (0..self.size).filter(|i| self.kept[*i]).map(|i| 2.0 * self.row(i).1.ln()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_leaves_dependent_columns_out() {
        // the third column is the sum of the first two
        let columns = [
            [1.0, 2.0, 0.5, -1.0],
            [0.0, 1.0, 3.0, 2.0],
            [1.0, 3.0, 3.5, 1.0],
            [2.0, 0.0, 1.0, 1.0],
        ];
        let product = |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let gram: Vec<f64> = (0..4)
            .flat_map(|i| (0..=i).map(move |j| (i, j)))
            .map(|(i, j)| product(&columns[i], &columns[j]))
            .collect();
        let mut factor = Factor::new(4);
        factor.choose(&gram);
        assert_eq!(
            (0..4).map(|i| factor.is_kept(i)).collect::<Vec<_>>(),
            [true, true, false, true]
        );
        assert!(factor.refactor(&gram));
        let wanted = [0.5, -2.0, 0.0, 3.0];
        let mut b: Vec<f64> = columns
            .iter()
            .map(|column| (0..4).map(|k| wanted[k] * product(column, &columns[k])).sum())
            .collect();
        factor.solve(&mut b);
        assert!(b.iter().zip(wanted).all(|(b, wanted)| (b - wanted).abs() < 1e-12), "{b:?}");
    }

    #[test]
    fn nothing_is_kept_of_zeros() {
        let mut factor = Factor::new(2);
        factor.choose(&[0.0, 0.0, 0.0]);
        assert_eq!(factor.rank(), 0);
    }
}
