//! A perfect simulator, another person of the same law for each human, over many populations.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // helpers unwrap, and show what they found

use metric_common::testing::{Scores, Toy, fresh_answers, score};
use metric_distribution::Distribution;

const POPULATIONS: u64 = 100;
/// As in the data set, whose groups of ethnicity are of very unequal size.
const PEOPLE: usize = 929;
const ETHNICITIES: [&str; 5] = ["eth=0", "eth=1", "eth=2", "eth=3", "eth=4"];

/// Mean over populations and its standard error.
fn mean(all: &[Scores], name: &str, group: &str) -> (f64, f64) {
    let values: Vec<f64> =
        all.iter().filter_map(|s| s.row(name, "", group).value.clone().ok()).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    println!("{name} {group}: {mean:.4} ± {:.4} over {n}", (variance / n).sqrt());
    (mean, (variance / n).sqrt())
}

#[test]
fn it_is_at_the_human_level_in_every_subgroup() {
    let scores = |seed| {
        let toy = Toy::fresh(seed, PEOPLE, 0, |_, _, fresh| fresh_answers(fresh));
        score::<Distribution>(r#"{"splits": 10}"#, &toy.evaluation_of(seed))
    };
    let all: Vec<Scores> = (0..POPULATIONS).map(scores).collect();
    let others = ["age=0", "age=1", "age=2", "age=3", "age=4", "fem=0", "edu=1", "pol=2"];
    for group in ETHNICITIES.iter().chain(&others) {
        let (excess, se) = mean(&all, "js_excess", group);
        assert!(excess.abs() < 3.5 * se, "{group}: {excess} ± {se}");
        let (human, _) = mean(&all, "js_split_half", group);
        assert!(se < 0.05 * human, "{group}: {se} is too wide to tell");
    }
    // The plain distance is larger the smaller the group is: what a perfect simulator shows is not
    // misalignment with minorities.
    let plain = ETHNICITIES.map(|group| mean(&all, "js_distance", group).0);
    let [white, black, asian, mixed, other] = plain;
    assert!(white < black && black < mixed && mixed < asian && asian < other, "{plain:?}");
    assert!(other > 2.5 * white, "{plain:?}");
}
