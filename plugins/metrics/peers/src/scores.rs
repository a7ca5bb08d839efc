use pilotbench_plugin_sdk::{
    Better::{Describes, Higher, Lower},
    Heading::Marginal,
    ScoreInfo,
};

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = vec![simbench()];
    scores.extend(radius_style());
    scores
}

fn simbench() -> ScoreInfo {
    let summary = "100 (1 - TV / mean over items of the TV of humans to uniform answers); 0 is as \
                   far as uniform answers are (SimBench, calculate_simbench_score.py)";
    // Bounded above only: uniform answers may be arbitrarily near.
    ScoreInfo { max: Some(100.0), ..ScoreInfo::new("simbench", Marginal, Higher, summary) }
}

fn radius_style() -> Vec<ScoreInfo> {
    let score = |name, better, summary| ScoreInfo::new(name, Marginal, better, summary);
    vec![
        score(
            "radius_style_top1",
            Higher,
            "1 where a most frequent level of the humans is one of the simulated people's too, else \
             0; over items the share (RADIUS-style, after arXiv 2603.19002)",
        )
        .range(0.0, 1.0),
        score(
            "radius_style_kendall",
            Higher,
            "Kendall's tau-b of the levels' shares, human and simulated (Kendall 1945; \
             RADIUS-style, after arXiv 2603.19002)",
        )
        .range(-1.0, 1.0),
        score(
            "radius_style_spearman",
            Higher,
            "Spearman correlation of the levels' shares, human and simulated (Spearman 1904; \
             RADIUS-style, after arXiv 2603.19002)",
        )
        .range(-1.0, 1.0),
        score(
            "radius_style_tv",
            Lower,
            "total variation distance, half the sum of |p - q| over levels (RADIUS-style, after \
             arXiv 2603.19002)",
        )
        .range(0.0, 1.0),
        score(
            "radius_style_ranking_p",
            Describes,
            "p-value of a tau-b this large when levels are permuted at random, one-sided; exact up \
             to 7 levels (RADIUS-style, after arXiv 2603.19002)",
        )
        .range(0.0, 1.0),
        score(
            "radius_style_distribution_p",
            Describes,
            "p-value of a total variation this large when the labels human and simulated are \
             permuted, (b + 1)/(B + 1) (RADIUS-style, after arXiv 2603.19002)",
        )
        .range(0.0, 1.0),
        score(
            "radius_style_rejected",
            Lower,
            "share of items whose distribution test rejects at .05 after Holm (1979); grows with \
             the number of people (RADIUS-style, after arXiv 2603.19002)",
        )
        .range(0.0, 1.0),
    ]
}
