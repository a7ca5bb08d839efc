//! False positives by the number of simulated people: more of them make every difference from the
//! humans significant.

use crate::{
    Config,
    cache::Cache,
    fits::{Fit, fit_once, of_simulated, part},
    regressions::{Both, Comparison, Pool, compare, mean_of_defined, pooled},
};
use metric_common::{People, Random, Report};
use pilotbench_plugin_sdk::{Evaluation, Group};

/// Comparisons of one regression by size and draw. All humans stand on the other side.
pub(crate) fn curve(
    config: &Config,
    humans: &Cache,
    input: &Evaluation,
    both: &Both,
) -> Vec<Vec<Comparison>> {
    if config.sizes.is_empty() {
        return Vec::new();
    }
    let everybody = vec![true; both.human_table.len()];
    let human = match both.human_table.len() <= both.simulated_table.len() {
        true => both.human[0].clone(),
        false => humans.fit_all(&both.human_table, &everybody, &input.human_weights, 1)[0].clone(),
    };
    let of_size = |size: &usize| sizes(config, input, both, &human, *size);
    config.sizes.iter().map(of_size).collect()
}

fn sizes(
    config: &Config,
    input: &Evaluation,
    both: &Both,
    human: &Fit,
    size: usize,
) -> Vec<Comparison> {
    let table = &both.simulated_table;
    if table.len() < size {
        return vec![Err("fewer simulated people than that")];
    }
    let purpose = [u64::from_le_bytes(*b"fpr_size"), both.number, size as u64];
    let mut random = Random::new(input.seed, &purpose);
    let draw = |_| {
        let kept = part(table.len(), size, &mut random);
        let fit = fit_once(&table.part(&kept));
        compare(config, both.regression, human, &fit, of_simulated)
    };
    (0..config.draws).map(draw).collect()
}

/// One row per size.
pub(crate) fn report(pool: &Pool, curves: &[&Vec<Vec<Comparison>>], report: &mut Report) {
    for (at, size) in pool.config.sizes.iter().enumerate() {
        // A regression with too few people has one comparison, and that says so.
        let draws = curves.iter().map(|curve| curve[at].len()).max().unwrap_or(0);
        let of_draw = |draw: usize| {
            let comparisons = curves.iter().filter_map(|curve| {
                let draws = &curve[at];
                draws.get(draw).or(draws.first().filter(|first| first.is_err()))
            });
            pooled(pool.config.alpha, comparisons, |p| p.confusion().false_positive_rate())
        };
        let value = mean_of_defined((0..draws).map(of_draw), "the card names no regression");
        let people = pool.people();
        let people = People { simulated: people.simulated.min(*size), ..people };
        let name = match size {
            100 => "fpr_n100",
            200 => "fpr_n200",
            400 => "fpr_n400",
            _ => "fpr_n800",
        };
        report.push(name, pool.item, &Group::everybody(), people, [value]);
    }
}
