use pilotbench_plugin_sdk::{
    Better::{Describes, Higher, Lower},
    Heading::Individual,
    ScoreInfo,
};

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = losses();
    scores.extend(skills());
    scores.extend(within_person());
    scores
}

fn losses() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "accuracy",
            Individual,
            Higher,
            "share of participants whose simulated answer is their answer",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "balanced_accuracy",
            Individual,
            Higher,
            "accuracy among those who took a level, mean over the levels taken (Brodersen et al. \
             2010)",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "log_loss",
            Individual,
            Lower,
            "mean of -ln(probability of the human answer) in nats, probabilities of at least 1e-12; \
             a bare choice is smoothed to (1 + 1/K)/2 (Good 1952)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "log_loss_clipped",
            Individual,
            Describes,
            "share of answers whose probability was below 1e-12",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "brier",
            Individual,
            Lower,
            "mean of the sum over levels of (probability - taken)^2 (Brier 1950)",
        )
        .range(0.0, 2.0),
        ScoreInfo::new(
            "rps",
            Individual,
            Lower,
            "ranked probability score / (K - 1): squared differences of cumulative probabilities; \
             ordered items (Epstein 1969)",
        )
        .range(0.0, 1.0),
    ]
}

fn skills() -> Vec<ScoreInfo> {
    let skill = |name, summary| {
        let mut info = ScoreInfo::new(name, Individual, Higher, summary);
        info.max = Some(1.0);
        info
    };
    vec![
        skill(
            "log_loss_skill",
            "1 - log loss / log loss of the shares of the row's pilot, smoothed with 1/K per level; at \
             size 0 the uniform guess",
        ),
        skill(
            "brier_skill",
            "1 - Brier score / that of the shares of the row's pilot, smoothed with 1/K per level",
        ),
        skill(
            "rps_skill",
            "1 - RPS / that of the shares of the row's pilot, smoothed with 1/K per level; ordered items",
        ),
    ]
}

fn within_person() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "within_person_correlation",
            Individual,
            Higher,
            "Pearson correlation over a participant's ordered items after taking off item means, \
             mean over participants",
        )
        .range(-1.0, 1.0),
        ScoreInfo::new(
            "within_person_rank_correlation",
            Individual,
            Higher,
            "Spearman correlation over a participant's ordered items after taking off item means, \
             mean over participants",
        )
        .range(-1.0, 1.0),
        ScoreInfo::new(
            "within_person_excluded",
            Individual,
            Describes,
            "share of participants without such a correlation: fewer than three items answered on \
             both sides, or no variation",
        )
        .range(0.0, 1.0),
    ]
}
