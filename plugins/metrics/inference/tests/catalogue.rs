//! Worked values of the metric catalogue, and what has no value.

mod support;

use metric_common::testing::{Toy, score};
use metric_inference::{Confusion, Inference, Sign, interval_overlap};
use support::{regressed, settings};

const ALPHA: f64 = 0.05;

fn signs(values: [f64; 6], p: [f64; 6]) -> Vec<Sign> {
    values.iter().zip(p).map(|(value, p)| Sign::of(*value, p, ALPHA)).collect()
}

#[test]
fn signs_of_six_coefficients() {
    let human = signs([0.5, -0.4, 0.02, 0.3, -0.1, 0.6], [0.001, 0.01, 0.8, 0.03, 0.4, 0.2]);
    let simulated = signs([0.6, 0.3, 0.4, 0.25, -0.2, 0.1], [0.001, 0.02, 0.01, 0.2, 0.5, 0.6]);
    let confusion = Confusion::of(human.into_iter().zip(simulated));
    assert_eq!(confusion.true_positives(), 1);
    assert_eq!(confusion.false_positives(), 2);
    assert_eq!(confusion.false_negatives(), 2);
    assert_eq!(confusion.true_negatives(), 2);
    assert_eq!(confusion.wrong_signs(), 1);
    let close = |value: Result<f64, &str>, printed: f64| (value.unwrap() - printed).abs() < 5e-5;
    assert!(close(confusion.f1(), 0.3333));
    assert!(close(confusion.false_positive_rate(), 1.0 / 3.0));
    assert!(close(confusion.macro_f1(), 0.3556));
}

#[test]
fn overlap_of_intervals() {
    assert!((interval_overlap((0.1, 0.9), (0.5, 1.5)) - 0.45).abs() < 1e-12);
    assert!((interval_overlap((0.1, 0.4), (0.6, 0.9)) + 2.0 / 3.0).abs() < 5e-5);
    assert_eq!(interval_overlap((0.1, 0.4), (0.1, 0.4)), 1.0);
}

#[test]
fn nothing_significant_has_no_f1() {
    let zeros = || Confusion::of([(Sign::Zero, Sign::Zero); 3]);
    assert!(zeros().f1().is_err());
    assert_eq!(zeros().false_positive_rate(), Ok(0.0));
    assert_eq!(zeros().macro_f1(), Ok(1.0));
    let effects = Confusion::of([(Sign::Positive, Sign::Negative)]);
    assert!(effects.false_positive_rate().is_err());
    assert_eq!(effects.f1(), Ok(0.0));
}

#[test]
fn a_card_without_regressions_has_no_values() {
    let scores = score::<Inference>("{}", &Toy::new(3, 40).evaluation());
    let reason = Err("the card names no regression");
    for name in ["sign_f1", "ci_overlap", "coefficients_dropped", "sign_f1_replication"] {
        assert_eq!(scores.value(name, ""), reason, "{name}");
    }
    for name in ["fpr_n100", "separated_human", "regressions_undefined"] {
        assert_eq!(scores.value(name, ""), reason, "{name}");
    }
    assert!(scores.value("arm_effect_rank", "q3").is_ok());
}

#[test]
fn a_collapsed_model_has_no_coefficients() {
    let mut toy = regressed(7, 60);
    toy.simulated.iter_mut().for_each(|person| person.answers[3] = Some(1));
    let scores = score::<Inference>(settings(), &toy.evaluation());
    assert_eq!(scores.value("sign_f1", "q3"), Err("the simulated outcome is constant"));
    assert_eq!(scores.value("regressions_undefined", "q3"), Ok(1.0));
    assert_eq!(scores.value("separated_simulated", "q3"), Err("no regression has estimates"));
    assert!(scores.value("separated_human", "q3").is_ok());
    assert!(scores.value("sign_f1_replication", "q3").is_ok());
    assert_eq!(scores.value("arm_effect_rank", "q3"), Err("arms do not differ"));
    // The other two regressions of the card still count.
    assert!(scores.value("sign_agreement", "").is_ok());
    assert_eq!(scores.value("regressions_undefined", ""), Ok(1.0));
}

#[test]
fn nobody_has_no_coefficients() {
    let mut toy = regressed(7, 60);
    toy.simulated.clear();
    let scores = score::<Inference>(settings(), &toy.evaluation());
    let reason = "nobody simulated has an outcome and all predictors";
    assert_eq!(scores.value("ci_overlap", ""), Err(reason));
    assert_eq!(scores.value("arm_effect_rank", ""), Err("fewer than three arms"));
    let mut toy = regressed(7, 60);
    (toy.human, toy.weights) = (Vec::new(), Vec::new());
    let scores = score::<Inference>(settings(), &toy.evaluation());
    assert!(scores.value("ci_overlap", "").is_err());
}

#[test]
fn a_column_without_variation_is_left_out_and_counted() {
    let mut toy = regressed(9, 80);
    for person in &mut toy.simulated {
        person.covariates[0] = Some(0.0);
    }
    let scores = score::<Inference>(settings(), &toy.evaluation());
    // `group[2]` is in the logit of q3 and in the least squares of q0.
    assert_eq!(scores.value("coefficients_dropped", "q3"), Ok(1.0));
    assert_eq!(scores.value("coefficients_dropped", ""), Ok(2.0));
    let counts = ["sign_tp", "sign_fp", "sign_fn", "sign_tn"];
    let sum = |item| counts.iter().map(|name| scores.value(name, item).unwrap()).sum::<f64>();
    let wrong = scores.value("sign_wrong", "q3").unwrap();
    assert_eq!(sum("q3") - wrong, 3.0);
}

#[test]
fn the_larger_side_is_cut() {
    let mut toy = regressed(11, 120);
    toy.simulated.truncate(50);
    let scores = score::<Inference>(settings(), &toy.evaluation());
    let row = scores.row("standardised_error", "q3", "");
    assert_eq!(row.people, (120, 50));
    scores.assert_same(&score::<Inference>(settings(), &toy.clone().shuffled(4).evaluation()));
    // Errors of 50 humans are larger than those of 120, so the same coefficients are nearer.
    let all = regressed(11, 120).itself();
    assert_eq!(
        score::<Inference>(settings(), &all.evaluation()).value("standardised_error", ""),
        Ok(0.0)
    );
}

#[test]
fn truth_in_place_of_the_humans() {
    let mut toy = regressed(13, 90);
    let truth = r#"{"reference": "truth", "sizes": [], "refits": 3}"#;
    let scores = score::<Inference>(truth, &toy.evaluation());
    assert_eq!(scores.value("sign_f1", ""), Err("the card gives no true coefficients"));
    for regression in &mut toy.experiment.regressions {
        for (i, term) in regression.terms.iter_mut().enumerate() {
            term.truth = Some(if i == 0 { 0.3 } else { 0.0 });
        }
    }
    let scores = score::<Inference>(truth, &toy.evaluation());
    let none = Err("a true coefficient has no interval");
    assert_eq!(scores.value("ci_overlap", ""), none);
    assert_eq!(scores.value("coverage_of_simulated", ""), none);
    for name in ["coverage_of_human", "standardised_error", "coefficient_slope"] {
        assert!(scores.value(name, "").is_ok(), "{name}");
    }
    assert!(scores.value("false_positive_rate_replication", "").is_ok());
    let sum = ["sign_tp", "sign_fn"].iter().map(|name| scores.value(name, "q3").unwrap());
    assert_eq!(sum.sum::<f64>(), 1.0, "one true effect");
}

#[test]
fn settings_are_checked() {
    use pilotbench_plugin_sdk::Metric;
    let open = |json: &str| Inference::open(serde_json::from_str(json).unwrap());
    for wrong in [
        r#"{"alpha": 0}"#,
        r#"{"alpha": 0.6}"#,
        r#"{"refits": 10001}"#,
        r#"{"sizes": [150]}"#,
        r#"{"sizes": [100, 100]}"#,
        r#"{"draws": 0}"#,
    ] {
        assert!(open(wrong).is_err(), "{wrong}");
    }
    assert!(open("{}").is_ok());
    assert!(open(r#"{"alpha": 0.1, "refits": 0, "sizes": [800], "reference": "truth"}"#).is_ok());
    let unknown = serde_json::from_str::<metric_inference::Config>(r#"{"apha": 0.1}"#);
    assert!(unknown.is_err());
}
