//! The tree of labels.

use crate::language;
use backend_language::{Kind, Options};
use proptest::prelude::*;

const LABELS: [&str; 5] = ["Agree", "Agree a lot", "Don't know", "Don't", "No"];

fn options(labels: &[&str]) -> Options {
    language("smollm2.jinja").options(labels).unwrap()
}

/// Any logits, the same for the same place.
fn logit(path: &[u32], token: u32) -> f32 {
    let seed = path.iter().fold(token, |h, t| h.wrapping_mul(31).wrapping_add(*t));
    (seed.wrapping_mul(2_654_435_761) >> 16) as f32 / 8192.0 - 4.0
}

fn logits(options: &Options) -> Vec<Vec<f32>> {
    let of = |b: &backend_language::Branching| {
        b.tokens.iter().map(|token| logit(&b.path, *token)).collect()
    };
    options.branchings.iter().map(of).collect()
}

fn log_probabilities(options: &Options) -> Vec<f64> {
    let logits = logits(options);
    let slices: Vec<&[f32]> = logits.iter().map(Vec::as_slice).collect();
    let mut out = vec![0.0; options.levels()];
    options.log_probabilities(&slices, &mut out).unwrap();
    out
}

/// The definition: at each step of a label, the softmax over the tokens with which any label goes
/// on, computed without a tree.
fn by_definition(labels: &[Vec<u32>]) -> Vec<f64> {
    let of = |label: &Vec<u32>| {
        (0..label.len())
            .map(|depth| {
                let path = &label[..depth];
                let follows = labels.iter().filter(|l| l.starts_with(path));
                let mut next: Vec<u32> = follows.map(|l| l[depth]).collect();
                next.sort_unstable();
                next.dedup();
                let sum: f64 = next.iter().map(|t| f64::from(logit(path, *t)).exp()).sum();
                f64::from(logit(path, label[depth])) - sum.ln()
            })
            .sum()
    };
    labels.iter().map(of).collect()
}

/// Tokens of labels, with the end after those that begin another.
fn tokens(labels: &[&str]) -> Vec<Vec<u32>> {
    let language = language("smollm2.jinja");
    let plain: Vec<Vec<u32>> =
        labels.iter().map(|label| language.tokenizer().encode(label).unwrap()).collect();
    let ended = |label: &Vec<u32>| {
        let more = plain.iter().any(|other| other != label && other.starts_with(label));
        let end = if more { language.ends()[..1].to_vec() } else { Vec::new() };
        [label.clone(), end].concat()
    };
    plain.iter().map(ended).collect()
}

#[test]
fn probabilities_are_those_of_constrained_decoding() {
    let found = log_probabilities(&options(&LABELS));
    let expected = by_definition(&tokens(&LABELS));
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
    let sum: f64 = found.iter().map(|log| log.exp()).sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
}

#[test]
fn the_end_is_a_branch_where_a_label_begins_another() {
    let options = options(&["No", "No way"]);
    let parting = options.branchings.last().unwrap();
    assert_eq!(parting.tokens[0], 2, "<|im_end|>");
    assert_eq!(parting.tokens.len(), 2);
}

#[test]
fn a_route_holds_the_branchings_and_tokens_of_a_level() {
    let options = options(&LABELS);
    let tokens = tokens(&LABELS);
    for (level, tokens) in tokens.iter().enumerate() {
        let mut deepest = None;
        for (branching, token) in options.route(level) {
            let branching = &options.branchings[branching];
            assert!(tokens.starts_with(&branching.path));
            assert_eq!(tokens[branching.path.len()], branching.tokens[token]);
            assert!(deepest < Some(branching.path.len()), "in order");
            deepest = Some(branching.path.len());
        }
    }
    assert!(options.branchings[0].path.is_empty());
    assert!(options.branchings[1..].iter().all(|b| b.tokens.len() > 1 && !b.path.is_empty()));
}

#[test]
fn a_single_label_is_certain() {
    let options = options(&["Agree"]);
    assert_eq!(options.branchings.len(), 1);
    assert_eq!(log_probabilities(&options), [0.0]);
}

#[test]
fn labels_are_tokens_as_after_their_prompt() {
    let (chat, plain) = (language("smollm2.jinja"), language("plain.jinja"));
    let first = |l: &backend_language::Language| l.options(&["4"]).unwrap().branchings[0].tokens[0];
    assert_eq!(chat.tokenizer().decode(&[first(&chat)]), "4");
    assert_eq!(plain.tokenizer().decode(&[first(&plain)]), " ", "SmolLM2 keeps digits alone");
}

fn refused(labels: &[&str]) -> String {
    let problem = language("smollm2.jinja").options(labels).unwrap_err();
    assert!(problem.is_model() || problem.message.contains("label"), "{problem}");
    problem.message
}

#[test]
fn labels_that_cannot_be_told_apart_are_refused() {
    assert_eq!(refused(&["Yes", "No", "Yes"]), "labels 0 and 2 have the same tokens");
    assert!(refused(&["Yes", " "]).contains("empty"));
    assert!(refused(&["Yes", "No<|im_end|>"]).contains("ends an answer"));
    assert!(refused(&[]).contains("without labels"));
}

#[test]
fn logits_that_are_no_numbers_are_told() {
    let options = options(&["Agree", "No"]);
    let mut out = [0.0; 2];
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let problem = options.log_probabilities(&[&[0.0, odd]], &mut out).unwrap_err();
        assert_eq!(problem.kind, Kind::Model);
        assert!(problem.message.contains(&odd.to_string()), "{problem}");
    }
    assert!(options.log_probabilities(&[&[0.0, 1.0, 2.0]], &mut out).is_err());
    assert!(options.log_probabilities(&[], &mut out).is_err());
    assert!(options.log_probabilities(&[&[0.0, 1.0]], &mut [0.0]).is_err());
}

#[test]
fn large_logits_do_not_overflow() {
    let mut out = [0.0; 2];
    options(&["Agree", "No"]).log_probabilities(&[&[3e38, -3e38]], &mut out).unwrap();
    assert_eq!(out[0], 0.0);
    assert!(out[1].is_finite());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn probabilities_of_any_labels_sum_to_one(
        labels in proptest::collection::btree_set("(a|b|the|12| |é){1,6}", 1..8),
    ) {
        let labels: Vec<String> = labels.into_iter().filter(|l| !l.trim().is_empty()).collect();
        prop_assume!(!labels.is_empty());
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let found = log_probabilities(&options(&labels));
        let sum: f64 = found.iter().map(|log| log.exp()).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
        for (found, expected) in found.iter().zip(by_definition(&tokens(&labels))) {
            prop_assert!((found - expected).abs() < 1e-9);
        }
    }
}
