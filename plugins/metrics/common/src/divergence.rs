use crate::{NO_HUMANS, NO_SIMULATED, Value, logs::Logs};
use std::f64::consts::LN_2;

/// Sums of both sides, undefined when one is empty.
#[inline]
pub(crate) fn masses(human: &[u32], simulated: &[u32]) -> Result<(u32, u32), &'static str> {
    match (human.iter().sum(), simulated.iter().sum()) {
        (0, _) => Err(NO_HUMANS),
        (_, 0) => Err(NO_SIMULATED),
        both => Ok(both),
    }
}

/// Counts by level of both sides; neither is empty. Several distances of one pair are computed
/// faster from this than one by one, for all need the sizes.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    human: &'a [u32],
    simulated: &'a [u32],
    sizes: (u32, u32),
}

impl<'a> Pair<'a> {
    /// Both sides.
    ///
    /// # Errors
    /// When one side is empty.
    #[inline]
    pub fn new(human: &'a [u32], simulated: &'a [u32]) -> Result<Self, &'static str> {
        Ok(Self { human, simulated, sizes: masses(human, simulated)? })
    }

    /// Counts of each level.
    #[inline]
    pub(crate) fn levels(self) -> impl Iterator<Item = (u32, u32)> {
        self.human.iter().copied().zip(self.simulated.iter().copied())
    }

    /// Counts of one level.
    #[inline]
    pub(crate) fn level(self, level: usize) -> (u32, u32) {
        (self.human[level], self.simulated[level])
    }

    /// Sizes of both sides.
    #[inline]
    pub(crate) fn sizes(self) -> (f64, f64) {
        (f64::from(self.sizes.0), f64::from(self.sizes.1))
    }

    /// As [`js_divergence`].
    #[inline]
    pub fn js_divergence(self) -> f64 {
        let terms = self.levels().map(|(human, simulated)| js_term(human, simulated, self.sizes));
        js_of_terms(terms.sum(), self.sizes)
    }

    /// Root of the divergence less its first-order bias `(K - 1)/8 (1/n_h + 1/n_s)`, where `K` counts
    /// the levels that anybody took; 0 when the bias is larger.
    #[inline]
    pub fn js_corrected(self, divergence: f64) -> f64 {
        let observed = self.levels().map(|(human, simulated)| u32::from(human + simulated > 0));
        let observed: u32 = observed.sum();
        let (n_human, n_simulated) = self.sizes();
        let per_person = 1.0 / n_human + 1.0 / n_simulated;
        let bias = f64::from(observed - 1) / 8.0 * per_person;
        (divergence - bias).max(0.0).sqrt()
    }

    /// As [`total_variation`].
    #[inline]
    pub fn total_variation(self) -> f64 {
        let (n_human, n_simulated) = self.sizes();
        let difference = |(human, simulated)| {
            (f64::from(human) * n_simulated - f64::from(simulated) * n_human).abs()
        };
        let sum: f64 = self.levels().map(difference).sum();
        (sum / (2.0 * n_human * n_simulated)).min(1.0)
    }
}

/// Jensen–Shannon divergence in nats, in `[0, ln 2]`. The *distance* is its root.
///
/// # Errors
/// When one side is empty.
pub fn js_divergence(human: &[u32], simulated: &[u32]) -> Value {
    Ok(Pair::new(human, simulated)?.js_divergence())
}

/// What a level adds to the divergence of two sides of these sizes, up to a factor.
#[inline]
pub(crate) fn js_term(human: u32, simulated: u32, (n_human, n_simulated): (u32, u32)) -> f64 {
    if n_human == n_simulated {
        let logs = Logs::get();
        return (logs.x_ln_x(human) + logs.x_ln_x(simulated)) - logs.x_ln_half_x(human + simulated);
    }
    // Cross-multiplied counts are whole, so equal shares give a logarithm of exactly 1.
    let h = f64::from(human) * f64::from(n_simulated);
    let s = f64::from(simulated) * f64::from(n_human);
    let middle = 0.5 * (h + s);
    let part = |x: f64| if x == 0.0 { 0.0 } else { x * (x / middle).ln() };
    part(h) + part(s)
}

/// The divergence from the sum of its terms.
#[inline]
pub(crate) fn js_of_terms(sum: f64, (n_human, n_simulated): (u32, u32)) -> f64 {
    let (h, s) = (f64::from(n_human), f64::from(n_simulated));
    let factor = if n_human == n_simulated { 2.0 * h } else { 2.0 * h * s };
    (sum / factor).clamp(0.0, LN_2)
}

/// Total variation distance, in `[0, 1]`.
///
/// # Errors
/// When one side is empty.
#[inline]
pub fn total_variation(human: &[u32], simulated: &[u32]) -> Value {
    Ok(Pair::new(human, simulated)?.total_variation())
}

/// Entropy in nats of a table of counts; `None` when it is empty, exactly 0 when all took one level.
#[inline]
pub fn entropy(counts: &[u32]) -> Option<f64> {
    let n: u32 = counts.iter().sum();
    if n == 0 {
        return None;
    }
    if counts.contains(&n) {
        return Some(0.0);
    }
    let logs = Logs::get();
    let sum: f64 = counts.iter().map(|c| logs.x_ln_x(*c)).sum();
    Some((logs.x_ln_x(n) - sum) / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    // P = (.1,.2,.4,.2,.1), Q = (0,.1,.3,.4,.2)
    const P: [u32; 5] = [1, 2, 4, 2, 1];
    const Q: [u32; 5] = [0, 1, 3, 4, 2];

    fn close(value: f64, printed: f64) {
        assert!((value - printed).abs() < 5e-7, "{value} is not {printed}");
    }

    #[test]
    fn catalogue_values() {
        let divergence = js_divergence(&P, &Q).unwrap();
        close(divergence, 0.072221);
        close(divergence / LN_2, 0.104193);
        close(divergence.sqrt(), 0.268739);
        close((divergence / LN_2).sqrt(), 0.322789);
        close(total_variation(&P, &Q).unwrap(), 0.3);
        assert!((entropy(&P).unwrap() / 5f64.ln() - 0.9139).abs() < 5e-5);
        assert!((entropy(&Q).unwrap() / 5f64.ln() - 0.7952).abs() < 5e-5);
        assert!((entropy(&Q).unwrap() / entropy(&P).unwrap() - 0.8702).abs() < 5e-5);
    }

    #[test]
    fn unequal_sizes_give_the_same_distribution() {
        let doubled = Q.map(|c| 2 * c);
        close(js_divergence(&P, &doubled).unwrap().sqrt(), 0.268739);
        assert_eq!(js_divergence(&P, &P.map(|c| 3 * c)), Ok(0.0));
        assert_eq!(js_divergence(&P, &P), Ok(0.0));
    }

    #[test]
    fn disjoint_is_the_largest_and_empty_is_undefined() {
        close(js_divergence(&[3, 0], &[0, 3]).unwrap().sqrt(), 0.832555);
        assert_eq!(js_divergence(&[5, 0], &[0, 3]), Ok(LN_2));
        assert_eq!(js_divergence(&[0, 0], &[0, 3]), Err(NO_HUMANS));
        assert_eq!(total_variation(&[1, 0], &[0, 0]), Err(NO_SIMULATED));
        assert_eq!(entropy(&[0, 0]), None);
    }

    #[test]
    fn correction_of_the_catalogue() {
        let predicted = |n: f64| ((5.0 - 1.0) / 8.0 * (2.0 / n)).sqrt();
        assert!((predicted(30.0) - 0.183).abs() < 5e-4);
        let pair = Pair::new(&P, &Q).unwrap();
        let divergence = pair.js_divergence();
        let corrected = pair.js_corrected(divergence);
        assert_eq!(corrected, (divergence - 0.5 * 0.2).max(0.0).sqrt());
    }
}
