//! Whether the bootstrap of participants covers as it promises: a perfect simulator, another person of
//! the same law for each human, over 500 populations.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers unwrap, and show what they found

use metric_common::testing::{Toy, fresh_answers, score};
use metric_heterogeneity::Heterogeneity;

const POPULATIONS: u64 = 500;
const PEOPLE: usize = 300;
const RESAMPLES: usize = 100;
/// Quantile of Student's distribution, scipy.stats.t.ppf(0.975, RESAMPLES - 1).
const STUDENT: f64 = 1.984_216_951_564_7;

#[test]
fn intervals_of_ratios_cover_one() {
    let names = ["variance_ratio", "entropy_ratio", "within_variance_ratio"];
    let mut covered = [0; 3];
    for seed in 0..POPULATIONS {
        let toy = Toy::fresh(seed, PEOPLE, RESAMPLES, |_, _, fresh| fresh_answers(fresh));
        let scores = score::<Heterogeneity>("{}", &toy.evaluation_of(seed));
        for (name, covered) in names.iter().zip(&mut covered) {
            let row = scores.row(name, "", "");
            let draws: Vec<f64> = row.resamples.iter().copied().flatten().collect();
            assert_eq!(draws.len(), RESAMPLES);
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let squares: f64 = draws.iter().map(|draw| (draw - mean).powi(2)).sum();
            let half = STUDENT * (squares / (draws.len() - 1) as f64).sqrt();
            *covered += u64::from((row.value.clone().unwrap() - 1.0).abs() <= half);
        }
    }
    for (name, covered) in names.iter().zip(covered) {
        let share = covered as f64 / POPULATIONS as f64;
        println!("{name}: {share}");
        assert!((0.93..=0.97).contains(&share), "{name}: {share}");
    }
}
