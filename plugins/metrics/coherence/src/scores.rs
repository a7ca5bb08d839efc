use pilotbench_plugin_sdk::{
    Better::{At, Describes, Lower},
    Heading::Structural,
    ScoreInfo,
};

/// Names of the scores of one rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names([&'static str; 10]);

impl Names {
    /// Offsets: human, simulated, gap. For all groups.
    pub(crate) fn by_group(&self) -> [&'static str; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }

    /// What is reported for everybody only.
    pub(crate) fn overall(&self) -> [&'static str; 7] {
        let [_, _, _, rest @ ..] = self.0;
        rest
    }

    /// Kappas: human, simulated, gap.
    pub(crate) fn kappas(&self) -> [&'static str; 3] {
        [self.0[3], self.0[4], self.0[5]]
    }

    /// Offsets under independence: human, simulated.
    pub(crate) fn independence(&self) -> [&'static str; 2] {
        [self.0[6], self.0[7]]
    }

    /// Shares of ties: human, simulated.
    pub(crate) fn ties(&self) -> [&'static str; 2] {
        [self.0[8], self.0[9]]
    }
}

macro_rules! names {
    ($rule:literal) => {
        Names([
            concat!("offset_", $rule, "_human"),
            concat!("offset_", $rule, "_simulated"),
            concat!("offset_", $rule, "_gap"),
            concat!("kappa_", $rule, "_human"),
            concat!("kappa_", $rule, "_simulated"),
            concat!("kappa_", $rule, "_gap"),
            concat!("offset_", $rule, "_independence_human"),
            concat!("offset_", $rule, "_independence_simulated"),
            concat!("offset_", $rule, "_ties_human"),
            concat!("offset_", $rule, "_ties_simulated"),
        ])
    };
}

/// The rule that the card declares.
pub(crate) const DECLARED: Names = names!("declared");
/// The most probable action under a logit fitted to the humans.
pub(crate) const MODEL: Names = names!("model");
/// The side of the human median on which a belief index lies.
pub(crate) const MONOTONE: Names = names!("monotone");

macro_rules! rule {
    ($names:expr, $rule:literal) => {{
        let new = |place: usize, better, summary| {
            ScoreInfo::new($names.0[place], Structural, better, summary)
        };
        [
            new(0, Describes, concat!("share of humans whose action is not the one implied by ", $rule))
                .range(0.0, 1.0),
            new(1, Describes, concat!("share of simulated people whose action is not the one implied by ", $rule))
                .range(0.0, 1.0),
            new(2, Lower, concat!("absolute difference of the two offsets (belief-action offset as in arXiv 2511.21218), implied by ", $rule))
                .range(0.0, 1.0),
            new(3, Describes, concat!("Cohen's kappa (1960) of humans' actions with those implied by ", $rule))
                .range(-1.0, 1.0),
            new(4, Describes, concat!("Cohen's kappa (1960) of simulated actions with those implied by ", $rule))
                .range(-1.0, 1.0),
            new(5, Lower, concat!("absolute difference of the two kappas, implied by ", $rule))
                .range(0.0, 2.0),
            new(6, Describes, concat!("offset that humans would have if actions did not depend on beliefs, a(1-b)+(1-a)b, implied by ", $rule))
                .range(0.0, 1.0),
            new(7, Describes, concat!("offset that simulated people would have if actions did not depend on beliefs, a(1-b)+(1-a)b, implied by ", $rule))
                .range(0.0, 1.0),
            new(8, Describes, concat!("share of humans left out because nothing is implied by ", $rule))
                .range(0.0, 1.0),
            new(9, Describes, concat!("share of simulated people left out because nothing is implied by ", $rule))
                .range(0.0, 1.0),
        ]
    }};
}

/// Everything this metric reports.
pub(crate) fn scores() -> Vec<ScoreInfo> {
    let mut scores = Vec::new();
    scores.extend(rule!(DECLARED, "the card's rule"));
    scores.extend(rule!(MODEL, "a logit of action on beliefs fitted to the humans"));
    scores.extend(rule!(MONOTONE, "a belief index above or below the human median"));
    scores.push(
        ScoreInfo::new(
            "correlation_gap",
            Structural,
            Lower,
            "absolute difference of simulated and human Spearman correlation (1904) of belief and \
             action",
        )
        .range(0.0, 2.0),
    );
    scores.push(
        ScoreInfo::new(
            "pseudo_r2_ratio",
            Structural,
            At(1.0),
            "McFadden's (1974) pseudo R2 of a logit of action on beliefs, simulated / human",
        )
        .at_least(0.0),
    );
    scores
}
