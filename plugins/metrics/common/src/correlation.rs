use crate::Value;

/// Values nearer than this are equal: centring leaves such rests.
const TIE: f64 = 1e-9;

/// Average ranks, from 1; equal values share the mean of their places.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for end in 1..=order.len() {
        if end == order.len() || values[order[end]] > values[order[start]] + TIE {
            for at in &order[start..end] {
                ranks[*at] = (start + end + 1) as f64 / 2.0;
            }
            start = end;
        }
    }
    ranks
}

/// Pearson correlation; `None` when one of the two does not vary (beyond rounding).
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let centred = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / n;
        let centred: Vec<f64> = v.iter().map(|v| v - mean).collect();
        let squares: f64 = centred.iter().map(|v| v * v).sum();
        let size: f64 = v.iter().map(|v| v * v).sum();
        (squares > 1e-20 * size.max(1.0)).then_some((centred, squares))
    };
    let ((x, xx), (y, yy)) = (centred(x)?, centred(y)?);
    let xy: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
    Some((xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Spearman correlation (average ranks for ties) of a table of counts, rows by the first column's
/// level and `second.len()` wide; the slices hold the level indices by rising value.
///
/// # Errors
/// When nobody is counted or one of the two does not vary.
pub fn spearman_of_cross_table(table: &[u32], first: &[usize], second: &[usize]) -> Value {
    let width = second.len();
    let rows = first.iter().map(|i| second.iter().map(|j| table[i * width + j]).sum());
    let columns = second.iter().map(|j| first.iter().map(|i| table[i * width + j]).sum());
    let (x, n) = centred_ranks(rows);
    let (y, _) = centred_ranks(columns);
    if n == 0.0 {
        return Err("no answers");
    }
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, i) in x.iter().zip(first) {
        for (y, j) in y.iter().zip(second) {
            let count = f64::from(table[i * width + j]);
            xy += count * x * y;
            xx += count * x * x;
            yy += count * y * y;
        }
    }
    if xx == 0.0 || yy == 0.0 {
        return Err("constant answers");
    }
    Ok((xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Average rank of each level less the mean rank, doubled so that it is a whole number.
fn centred_ranks(counts: impl Iterator<Item = u32> + Clone) -> (Vec<f64>, f64) {
    let n: f64 = counts.clone().map(f64::from).sum();
    let mut below = 0.0;
    let ranks = counts.map(|count| {
        let count = f64::from(count);
        let rank = 2.0 * below + count - n;
        below += count;
        rank
    });
    (ranks.collect(), n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_places() {
        assert_eq!(average_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        // 0.1 + 0.2 is not 0.3 by the last bit, and still the same rank.
        assert_eq!(average_ranks(&[0.1 + 0.2, 0.3, 0.0]), [2.5, 2.5, 1.0]);
        assert!(average_ranks(&[]).is_empty());
    }

    #[test]
    fn table_and_list_agree() {
        let table = [4, 1, 0, 2, 3, 5];
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (cell, count) in table.iter().enumerate() {
            for _ in 0..*count {
                x.push((cell / 3) as f64);
                y.push((cell % 3) as f64);
            }
        }
        let expected = pearson(&average_ranks(&x), &average_ranks(&y)).unwrap();
        let value = spearman_of_cross_table(&table, &[0, 1], &[0, 1, 2]).unwrap();
        assert!((value - expected).abs() < 1e-12);
        let reversed = spearman_of_cross_table(&table, &[1, 0], &[0, 1, 2]).unwrap();
        assert!((reversed + expected).abs() < 1e-12);
    }

    #[test]
    fn no_spread_no_correlation() {
        assert_eq!(pearson(&[0.1 + 0.2, 0.3, 0.3], &[1.0, 2.0, 3.0]), None);
        assert!(spearman_of_cross_table(&[3, 4], &[0], &[0, 1]).is_err());
        assert!(spearman_of_cross_table(&[0; 4], &[0, 1], &[0, 1]).is_err());
    }
}
