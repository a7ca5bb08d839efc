use pilotbench_plugin_sdk::{
    Better::{At, Describes, Higher, Lower},
    Heading::Inference,
    ScoreInfo,
};

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = signs();
    scores.extend(counts());
    scores.extend(coefficients());
    scores.extend(fits());
    scores.extend(replication());
    scores.extend(sizes());
    scores.push(
        ScoreInfo::new(
            "arm_effect_rank",
            Inference,
            Higher,
            "Spearman correlation over arms of the mean of the action, at least three arms \
             (Spearman 1904)",
        )
        .range(-1.0, 1.0),
    );
    scores
}

fn signs() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "sign_f1",
            Inference,
            Higher,
            "2TP / (2TP + FP + FN) of the signs of significant coefficients, humans (or truth) \
             being right; a wrong sign is one FP and one FN (after arXiv 2511.21218)",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "false_positive_rate",
            Inference,
            Lower,
            "share of the coefficients without significance (or truly 0) among humans that are \
             significant among simulated people",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "sign_agreement",
            Inference,
            Higher,
            "share of coefficients with the same sign on both sides, significant or not; true zeros \
             are left out",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "sign_macro_f1",
            Inference,
            Higher,
            "unweighted mean of the F1 of the signs -, 0, + that occur",
        )
        .range(0.0, 1.0),
    ]
}

fn counts() -> Vec<ScoreInfo> {
    let count = |name, summary| ScoreInfo::new(name, Inference, Describes, summary).at_least(0.0);
    vec![
        count("sign_tp", "coefficients significant with one sign on both sides"),
        count(
            "sign_fp",
            "coefficients significant among simulated people, and not so or with the other sign \
             among humans",
        ),
        count(
            "sign_fn",
            "coefficients significant among humans, and not so or with the other sign among \
             simulated people",
        ),
        count("sign_tn", "coefficients significant on neither side"),
        count(
            "sign_wrong",
            "coefficients significant on both sides with opposite signs; they are in sign_fp and \
             in sign_fn",
        ),
    ]
}

fn coefficients() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo {
            max: Some(1.0),
            ..ScoreInfo::new(
                "ci_overlap",
                Inference,
                Higher,
                "mean over coefficients of the share of both confidence intervals that is common, \
                 negative where they do not meet (Karr et al. 2006)",
            )
        },
        ScoreInfo::new(
            "coverage_of_human",
            Inference,
            Higher,
            "share of the human (or true) coefficients inside the simulated confidence interval",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "coverage_of_simulated",
            Inference,
            Higher,
            "share of the simulated coefficients inside the human confidence interval",
        )
        .range(0.0, 1.0),
        ScoreInfo::new(
            "standardised_error",
            Inference,
            Lower,
            "mean over coefficients of |simulated - human| in standard errors of the humans (from \
             truth: of the simulated people)",
        )
        .at_least(0.0),
        ScoreInfo::new(
            "coefficient_slope",
            Inference,
            At(1.0),
            "least-squares slope of simulated on human (or true) coefficients, below 1 where \
             effects are weakened; mean over regressions",
        ),
    ]
}

fn fits() -> Vec<ScoreInfo> {
    let describes = |name, summary| ScoreInfo::new(name, Inference, Describes, summary);
    vec![
        describes(
            "coefficients_dropped",
            "coefficients left out because on one side their column is constant or linearly dependent, \
             or nothing is there to judge their error by",
        )
        .at_least(0.0),
        describes("regressions_undefined", "regressions without estimates on one side")
            .at_least(0.0),
        describes(
            "separated_human",
            "share of regressions whose human outcome is separated, so that Firth's logit or a \
             ridge stands in for maximum likelihood (Heinze and Schemper 2002)",
        )
        .range(0.0, 1.0),
        describes(
            "separated_simulated",
            "share of regressions whose simulated outcome is separated, so that Firth's logit or \
             a ridge stands in for maximum likelihood (Heinze and Schemper 2002)",
        )
        .range(0.0, 1.0),
    ]
}

fn replication() -> Vec<ScoreInfo> {
    let describes = |name, summary| ScoreInfo::new(name, Inference, Describes, summary);
    vec![
        describes(
            "sign_f1_replication",
            "sign_f1 of bootstrap resamples of the humans, mean: what another study of humans \
             would reach",
        )
        .range(0.0, 1.0),
        describes(
            "false_positive_rate_replication",
            "false_positive_rate of bootstrap resamples of the humans, mean",
        )
        .range(0.0, 1.0),
        ScoreInfo {
            max: Some(1.0),
            ..describes(
                "ci_overlap_replication",
                "ci_overlap of bootstrap resamples of the humans, mean",
            )
        },
        describes(
            "standardised_error_replication",
            "standardised_error of bootstrap resamples of the humans, mean",
        )
        .at_least(0.0),
    ]
}

fn sizes() -> Vec<ScoreInfo> {
    let at = |name, summary| ScoreInfo::new(name, Inference, Lower, summary).range(0.0, 1.0);
    vec![
        at("fpr_n100", "false_positive_rate of 100 simulated people, mean over random draws"),
        at("fpr_n200", "false_positive_rate of 200 simulated people, mean over random draws"),
        at("fpr_n400", "false_positive_rate of 400 simulated people, mean over random draws"),
        at("fpr_n800", "false_positive_rate of 800 simulated people, mean over random draws"),
    ]
}
