use pilotbench_plugin_sdk::{
    Better::{At, Describes, Lower},
    Heading::Structural,
    ScoreInfo,
};

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = associations();
    scores.extend(vectors());
    scores.extend(c2st());
    scores
}

fn associations() -> Vec<ScoreInfo> {
    let score = |name, better, summary| ScoreInfo::new(name, Structural, better, summary);
    vec![
        score(
            "rank_correlation_error",
            Lower,
            "mean over pairs of ordered items of |r_s - r_h|, Spearman correlations (Spearman 1904)",
        )
        .range(0.0, 2.0),
        score(
            "cramers_v_human",
            Describes,
            "mean over pairs of items of Cramer's V of human answers (Cramer 1946)",
        )
        .range(0.0, 1.0),
        score(
            "cramers_v_simulated",
            Describes,
            "mean over pairs of items of Cramer's V of simulated answers (Cramer 1946)",
        )
        .range(0.0, 1.0),
        score(
            "cramers_v_ratio",
            At(1.0),
            "mean Cramer's V over pairs of items, simulated / human; pairs that have both (Cramer \
             1946)",
        )
        .at_least(0.0),
    ]
}

fn vectors() -> Vec<ScoreInfo> {
    let score = |name, better, summary| ScoreInfo::new(name, Structural, better, summary);
    vec![
        score(
            "structure_coverage_half",
            Describes,
            "share of the different belief vectors of a random half of the humans that the other \
             half has too; mean over random halves",
        )
        .range(0.0, 1.0),
        score(
            "structure_novelty_half",
            Describes,
            "share of the different belief vectors of the other half that the first half lacks",
        )
        .range(0.0, 1.0),
        score(
            "structure_coverage_matched",
            Describes,
            "share of the different belief vectors of a random half of the humans that the \
             simulated stand-ins of the other half have too; mean over random halves",
        )
        .range(0.0, 1.0),
        score(
            "structure_novelty_matched",
            Describes,
            "share of the different belief vectors of the stand-ins that the first half lacks",
        )
        .range(0.0, 1.0),
        score(
            "structure_coverage_excess",
            At(0.0),
            "structure_coverage_matched - structure_coverage_half",
        )
        .range(-1.0, 1.0),
        score(
            "structure_novelty_excess",
            At(0.0),
            "structure_novelty_matched - structure_novelty_half",
        )
        .range(-1.0, 1.0),
        score(
            "rarefied_structures_human",
            Describes,
            "expected different belief vectors among m = min(N_h, N_s, rarefy) humans (Hurlbert \
             1971)",
        )
        .at_least(0.0),
        score(
            "rarefied_structures_simulated",
            Describes,
            "expected different belief vectors among as many simulated people (Hurlbert 1971)",
        )
        .at_least(0.0),
    ]
}

fn c2st() -> Vec<ScoreInfo> {
    let score = |name, better, summary| ScoreInfo::new(name, Structural, better, summary);
    vec![
        score(
            "c2st_auc",
            Lower,
            "area under the ROC curve of a classifier that tells human from simulated answers, \
             cross-validated; .5 or less cannot tell (Lopez-Paz and Oquab 2017, with AUC)",
        )
        .range(0.0, 1.0),
        score(
            "c2st_auc_human",
            Describes,
            "the same for one half of the humans against the other; mean over random halves",
        )
        .range(0.0, 1.0),
        score(
            "c2st_auc_matched",
            Lower,
            "the same for one half of the humans against the simulated stand-ins of the other half",
        )
        .range(0.0, 1.0),
        score("c2st_excess", Lower, "c2st_auc_matched - c2st_auc_human: told apart beyond chance")
            .range(-1.0, 1.0),
        score(
            "c2st_p",
            Describes,
            "p-value of a c2st_auc this large when human and simulated are swapped at random \
             within participants, (b + 1)/(B + 1)",
        )
        .range(0.0, 1.0),
    ]
}
