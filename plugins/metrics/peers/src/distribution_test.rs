//! Whether two distributions differ more than chance has it.

use crate::{Config, ranking::both};
use metric_common::{ItemTables, Random, Report, Value, ln_factorial};
use pilotbench_plugin_sdk::Evaluation;

/// Level of the tests.
const ALPHA: f64 = 0.05;

/// A p-value per item, and over items how many are small. No resamples: a resample has no p-value.
pub(crate) fn report(config: Config, input: &Evaluation, tables: &ItemTables, report: &mut Report) {
    let everybody = &tables.groups[0];
    let test = |item: usize| {
        let (human, simulated) = tables.counts(0, item, 0);
        let purpose = [u64::from_le_bytes(*b"tv_test_"), item as u64];
        p_value(human, simulated, config.permutations, &mut Random::new(input.seed, &purpose))
    };
    let p: Vec<Value> = (0..input.experiment.items.len()).map(test).collect();
    for (item, p) in p.iter().enumerate() {
        let people = tables.people(0, Some(item));
        report.push("radius_style_distribution_p", Some(item), everybody, people, [*p]);
    }
    let people = tables.people(0, None);
    report.push("radius_style_rejected", None, everybody, people, [rejected(config, &p)]);
}

/// Share of the items that Holm's method rejects.
fn rejected(config: Config, p: &[Value]) -> Value {
    let reason = p.first().map_or("no items", |first| first.err().unwrap_or_default());
    let common = p.iter().all(|value| *value == p[0]);
    let defined: Vec<f64> = p.iter().filter_map(|value| value.ok()).collect();
    if defined.is_empty() {
        return Err(if common { reason } else { "undefined at every item" });
    }
    let smallest = 1.0 / f64::from(config.permutations + 1);
    if smallest > ALPHA / defined.len() as f64 {
        return Err("too few permutations for this many items");
    }
    Ok(holm(&defined) as f64 / defined.len() as f64)
}

/// How many of these p-values are rejected (Holm 1979): the smallest against `α/m`, the next against
/// `α/(m - 1)` and so on, until one is not.
fn holm(p: &[f64]) -> usize {
    let mut sorted = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rejects = |(place, p): &(usize, f64)| *p <= ALPHA / (sorted.len() - place) as f64;
    sorted.iter().copied().enumerate().take_while(rejects).count()
}

/// Share of the random tables, and the observed one, whose total variation is at least the observed
/// one, `(b + 1)/(B + 1)`.
///
/// To permute the labels of all rows and count is to draw a table of the pooled counts from the
/// multivariate hypergeometric distribution, which takes no rows.
fn p_value(human: &[u32], simulated: &[u32], permutations: u32, random: &mut Random) -> Value {
    both(human, simulated)?;
    let n: u32 = human.iter().sum();
    // The order in which levels are listed must not decide what is drawn.
    let mut levels: Vec<(u32, u32)> =
        human.iter().zip(simulated).map(|(h, s)| (h + s, *h)).collect();
    levels.sort_unstable();
    let total: u32 = levels.iter().map(|(pooled, _)| pooled).sum();
    // TV = Σ |h·N - pooled·n| / (2 n (N - n)): whole numbers but for a constant factor.
    let distance = |(pooled, human): (u32, u32)| {
        (i64::from(human) * i64::from(total)).abs_diff(i64::from(pooled) * i64::from(n))
    };
    let observed: u64 = levels.iter().copied().map(distance).sum();
    let mut as_far = 0;
    for _ in 0..permutations {
        let (mut left, mut draws, mut sum) = (total, n, 0);
        for (pooled, _) in &levels {
            let drawn = hypergeometric(left, *pooled, draws, random);
            left -= pooled;
            draws -= drawn;
            sum += distance((*pooled, drawn));
        }
        as_far += u32::from(sum >= observed);
    }
    Ok(f64::from(as_far + 1) / f64::from(permutations + 1))
}

/// How many of `kind` marked people are among `draws` of `total`, drawn without replacement: by
/// inversion, from the most probable number outwards.
fn hypergeometric(total: u32, kind: u32, draws: u32, random: &mut Random) -> u32 {
    let least = (kind + draws).saturating_sub(total);
    let most = kind.min(draws);
    if least == most {
        return least;
    }
    let mode = (u64::from(draws) + 1) * (u64::from(kind) + 1) / (u64::from(total) + 2);
    let mode = (mode as u32).clamp(least, most);
    // p(x + 1) / p(x)
    let ratio = |x: u32| {
        f64::from(kind - x) * f64::from(draws - x)
            / (f64::from(x + 1) * f64::from(total + x + 1 - kind - draws))
    };
    let at_mode = probability(total, kind, draws, mode);
    let mut rest = random.share() - at_mode;
    let (mut low, mut high) = ((mode, at_mode), (mode, at_mode));
    while rest >= 0.0 && (low.0 > least || high.0 < most) {
        if high.0 < most {
            high = (high.0 + 1, high.1 * ratio(high.0));
            rest -= high.1;
            if rest < 0.0 {
                return high.0;
            }
        }
        if low.0 > least {
            low = (low.0 - 1, low.1 / ratio(low.0 - 1));
            rest -= low.1;
            if rest < 0.0 {
                return low.0;
            }
        }
    }
    // Also where rounding left the probabilities short of 1.
    mode
}

/// `C(kind, x) C(total - kind, draws - x) / C(total, draws)`
fn probability(total: u32, kind: u32, draws: u32, x: u32) -> f64 {
    let ln_choose = |n: u32, k: u32| ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    (ln_choose(kind, x) + ln_choose(total - kind, draws - x) - ln_choose(total, draws)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_values() {
        let p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216];
        assert_eq!(holm(&p), 1);
        // statsmodels multipletests(p, 0.05, "holm"); Bonferroni would reject one.
        assert_eq!(holm(&[0.6, 0.013, 0.5, 0.01]), 2);
        let share = rejected(Config { permutations: 999 }, &p.map(Ok));
        assert_eq!(share, Ok(0.1));
    }

    #[test]
    fn rejecting_needs_small_p_values() {
        let config = Config { permutations: 99 };
        assert_eq!(rejected(config, &[Ok(0.01); 5]), Ok(1.0));
        let few = "too few permutations for this many items";
        assert_eq!(rejected(config, &[Ok(0.01); 6]), Err(few));
        assert_eq!(rejected(config, &[Err("a"), Err("b")]), Err("undefined at every item"));
        assert_eq!(rejected(config, &[Err("a"), Err("a")]), Err("a"));
        assert_eq!(rejected(config, &[Err("a"), Ok(0.5)]), Ok(0.0));
        assert_eq!(rejected(config, &[]), Err("no items"));
    }

    #[test]
    fn draws_have_the_hypergeometric_probabilities() {
        let (total, kind, draws, times) = (30, 12, 10, 40_000);
        let mut random = Random::new(149, &[]);
        let mut hits = [0u32; 11];
        for _ in 0..times {
            hits[hypergeometric(total, kind, draws, &mut random) as usize] += 1;
        }
        for (x, hits) in hits.iter().enumerate() {
            let p = probability(total, kind, draws, x as u32);
            let sd = (p * (1.0 - p) * f64::from(times)).sqrt().max(1.0);
            let expected = p * f64::from(times);
            assert!((f64::from(*hits) - expected).abs() < 4.5 * sd, "{x}: {hits}, not {expected}");
        }
        // scipy.stats.hypergeom.pmf([0, 4, 10], 30, 12, 10)
        let scipy = [0.0014564146498179484, 0.30584707646176906, 2.1967038458792583e-6];
        for (x, expected) in [0, 4, 10].into_iter().zip(scipy) {
            assert!((probability(total, kind, draws, x) / expected - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn draws_at_the_ends() {
        let mut random = Random::new(1, &[]);
        for _ in 0..100 {
            assert_eq!(hypergeometric(10, 0, 4, &mut random), 0);
            assert_eq!(hypergeometric(10, 10, 4, &mut random), 4);
            assert_eq!(hypergeometric(10, 4, 10, &mut random), 4);
            assert!((2..=5).contains(&hypergeometric(10, 5, 7, &mut random)));
        }
    }
}
