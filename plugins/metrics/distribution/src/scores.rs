use pilotbench_plugin_sdk::{
    Better::{Describes, Lower},
    Heading::{Marginal, Structural},
    ScoreInfo,
};

/// Largest Jensen–Shannon distance in base e: the root of `ln 2`.
const LARGEST: f64 = 0.832_554_611_157_697_8;

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = by_item();
    scores.extend(joint());
    scores.extend(matched());
    scores
}

fn by_item() -> Vec<ScoreInfo> {
    let lower = |name, summary| ScoreInfo::new(name, Marginal, Lower, summary);
    vec![
        lower(
            "js_distance",
            "root of the Jensen-Shannon divergence, natural logarithm (Lin 1991; Endres and \
             Schindelin 2003)",
        )
        .range(0.0, LARGEST),
        lower(
            "js_distance_base2",
            "root of the Jensen-Shannon divergence in bits (Lin 1991; Endres and Schindelin 2003)",
        )
        .range(0.0, 1.0),
        lower(
            "js_corrected",
            "root of max(0, JS divergence in nats - (K - 1)/8 (1/N_h + 1/N_s)), K levels observed: \
             less the bias of small groups (first order, after Miller 1955)",
        )
        .range(0.0, LARGEST),
        lower("total_variation", "half the sum of |p - q| over levels (Gibbs and Su 2002)")
            .range(0.0, 1.0),
        lower(
            "w1_normalised",
            "Wasserstein-1 distance of level values / distance between the end levels; ordered \
             items (Vallender 1974)",
        )
        .range(0.0, 1.0),
        lower(
            "w1",
            "Wasserstein-1 distance in units of the level values; ordered items (Vallender 1974)",
        )
        .at_least(0.0),
        lower(
            "ks",
            "largest difference of the cumulative shares; ordered items (Kolmogorov 1933, Smirnov \
             1948)",
        )
        .range(0.0, 1.0),
    ]
}

fn joint() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "js_joint",
            Structural,
            Lower,
            "Jensen-Shannon distance (base e) of complete belief vectors; read it beside \
             js_joint_split_half (Lin 1991)",
        )
        .range(0.0, LARGEST),
        ScoreInfo::new(
            "js_joint_split_half",
            Structural,
            Describes,
            "the same between two random halves of the humans, mean over random splits",
        )
        .range(0.0, LARGEST),
    ]
}

fn matched() -> Vec<ScoreInfo> {
    vec![
        ScoreInfo::new(
            "js_matched",
            Marginal,
            Lower,
            "mean JS distance (base e) over items of h humans to h simulated people of the \
             subgroup, h one for all groups of a column; mean over random draws",
        )
        .range(0.0, LARGEST),
        ScoreInfo::new(
            "js_split_half",
            Marginal,
            Describes,
            "the same from h humans to h other humans of the subgroup",
        )
        .range(0.0, LARGEST),
        ScoreInfo::new(
            "js_excess",
            Marginal,
            Lower,
            "js_matched - js_split_half: distance of a subgroup beyond chance",
        )
        .range(-LARGEST, LARGEST),
        ScoreInfo::new(
            "js_gap",
            Marginal,
            Lower,
            "largest - smallest js_excess over the groups of a column",
        )
        .range(0.0, 2.0 * LARGEST),
        ScoreInfo::new(
            "js_worst",
            Marginal,
            Lower,
            "largest js_excess over the groups of a column",
        )
        .range(-LARGEST, LARGEST),
    ]
}
