//! Several tests at once.

/// Adjusted p-values of Holm (1979): against the share of false claims at all. In the order given.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = rising(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut largest: f64 = 0.0;
    for (place, at) in order.iter().enumerate() {
        largest = largest.max(p[*at] * (p.len() - place) as f64).min(1.0);
        adjusted[*at] = largest;
    }
    adjusted
}

/// Adjusted p-values of Benjamini and Hochberg (1995): against the share of false ones among the
/// claims. In the order given.
pub(super) fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = rising(p);
    let mut adjusted = vec![0.0; p.len()];
    let mut least: f64 = 1.0;
    for (place, at) in order.iter().enumerate().rev() {
        least = least.min(p[*at] * p.len() as f64 / (place + 1) as f64);
        adjusted[*at] = least;
    }
    adjusted
}

fn rising(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Fixture {
        multiple: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        p: Vec<f64>,
        holm: Vec<f64>,
        benjamini_hochberg: Vec<f64>,
    }

    #[test]
    fn statsmodels_agrees() {
        let fixture: Fixture =
            serde_json::from_str(include_str!("../../fixtures/statistics.json")).unwrap();
        assert!(fixture.multiple.len() > 3);
        let close = |a: Vec<f64>, b: Vec<f64>| {
            assert_eq!(a.len(), b.len());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} is not {b:?}");
        };
        for case in fixture.multiple {
            close(holm(&case.p), case.holm);
            close(benjamini_hochberg(&case.p), case.benjamini_hochberg);
        }
    }

    #[test]
    fn catalogue_values() {
        let p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216];
        let claims = |adjusted: Vec<f64>| adjusted.iter().filter(|p| **p < 0.05).count();
        assert_eq!((claims(holm(&p)), claims(benjamini_hochberg(&p))), (1, 2));
        assert_eq!((holm(&[]), benjamini_hochberg(&[])), (vec![], vec![]));
    }
}
