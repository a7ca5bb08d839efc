use pilotbench_plugin_sdk::{
    Better::{self, At, Describes, Higher},
    Heading::Inference,
    ScoreInfo,
};

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let score = |name, better: Better, summary| ScoreInfo::new(name, Inference, better, summary);
    vec![
        score(
            "ppi_ess_gain",
            Higher,
            "variance of the classical mean of n labelled humans / variance of the \
             prediction-powered one, lambda = 1 (Angelopoulos et al. 2023); 1 = the simulation adds \
             nothing",
        )
        .at_least(0.0),
        score(
            "ppi_tuned_ess_gain",
            Higher,
            "the same with lambda in [0, 1] tuned on other folds of the labelled (PPI++, \
             Angelopoulos, Duchi and Zrnic 2023)",
        )
        .at_least(0.0),
        score(
            "ppi_tuned_lambda",
            Describes,
            "the tuned lambda: cov(Y, f) / ((1 + n/N) var f), clipped to [0, 1]; 0 = simulated \
             answers are not used (Angelopoulos, Duchi and Zrnic 2023)",
        )
        .range(0.0, 1.0),
        score(
            "ppi_ess",
            Describes,
            "effective size: n * ppi_ess_gain, the number of labelled participants that a classical \
             mean would need",
        )
        .at_least(0.0),
        score(
            "ppi_budget_gain",
            Higher,
            "ppi_ess / (n + pilot size): against a classical mean that spends the pilot on labels \
             too",
        )
        .at_least(0.0),
        score(
            "ppi_coverage",
            At(0.95),
            "share of the labelled sets whose 95 % prediction-powered interval (lambda = 1, finite \
             population: Cochran 1977) covers the held-out humans' mean",
        )
        .range(0.0, 1.0),
        score(
            "ppi_tuned_coverage",
            At(0.95),
            "the same with the tuned lambda (Angelopoulos, Duchi and Zrnic 2023)",
        )
        .range(0.0, 1.0),
        score(
            "classical_coverage",
            At(0.95),
            "the same with the labelled humans alone (Cochran 1977)",
        )
        .range(0.0, 1.0),
        score(
            "ppi_bias",
            At(0.0),
            "mean over labelled sets of prediction-powered estimate (lambda = 1) - held-out humans' \
             mean, in standard errors of the classical mean",
        ),
        score(
            "simulation_bias",
            At(0.0),
            "mean simulated value - mean human value, in human standard deviations: the error \
             without any label",
        ),
    ]
}
