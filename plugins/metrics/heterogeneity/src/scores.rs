use pilotbench_plugin_sdk::{
    Better::{At, Describes, Higher},
    Heading::{Marginal, Structural},
    ScoreInfo,
};

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = marginal();
    scores.extend(structural());
    scores
}

fn marginal() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "entropy_ratio",
            Marginal,
            At(1.0),
            "entropy of simulated answers / of human answers (Shannon 1948)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "entropy_human",
            Marginal,
            Describes,
            "-sum p ln p / ln K of human answers, share of the largest possible (Shannon 1948)",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "entropy_simulated",
            Marginal,
            Describes,
            "-sum q ln q / ln K of simulated answers, share of the largest possible (Shannon 1948)",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "variance_ratio",
            Marginal,
            At(1.0),
            "variance (n - 1) of simulated level values / of human ones; ordered items",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "within_variance_ratio",
            Marginal,
            At(1.0),
            "variance pooled within arms (else within the first subgroup column), simulated / human \
             (one-way analysis of variance, Fisher 1925); ordered items",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "eta_squared_ratio",
            Marginal,
            At(1.0),
            "share of variance between arms (else between the first subgroup column's groups), \
             simulated / human (eta squared, Fisher 1925); ordered items",
        )
        .at_least(0.0),
    ]
}

fn structural() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "unique_structures_human",
            Structural,
            Describes,
            "number of different complete belief vectors of humans (as in arXiv 2511.21218)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "unique_structures_simulated",
            Structural,
            Describes,
            "number of different complete belief vectors of simulated people (as in arXiv \
             2511.21218)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "unique_ratio",
            Structural,
            At(1.0),
            "different belief vectors, simulated / human; unequal numbers of people are rarefied to \
             the smaller one (Hurlbert 1971)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "unique_log_ratio",
            Structural,
            At(0.0),
            "natural logarithm of unique_ratio",
        ),
        ScoreInfo::new(
            "rarefied_ratio",
            Structural,
            At(1.0),
            "expected different belief vectors among min(N_h, N_s, 100) people, simulated / human \
             (Hurlbert 1971)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "structure_coverage",
            Structural,
            Higher,
            "share of the humans' different belief vectors that simulated people have too",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "structure_novelty",
            Structural,
            Describes,
            "share of the simulated people's different belief vectors that no human has",
        )
        .range(0.0, 1.0),
    ]
}
