//! Labels in another order.

use crate::says;
use backend_language::{
    Kind,
    order::{reorder, rotations},
};

#[test]
fn each_label_stands_once_at_each_place() {
    for levels in 1..8 {
        let orders = rotations(levels, 2 * levels, 5);
        assert_eq!(orders[0], (0..levels).collect::<Vec<_>>());
        for block in orders.chunks(levels) {
            for place in 0..levels {
                let mut there: Vec<usize> = block.iter().map(|order| order[place]).collect();
                there.sort_unstable();
                assert_eq!(there, (0..levels).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn fewer_orders_are_the_first_of_more_and_a_seed_gives_the_same() {
    let all = rotations(5, 12, 9);
    assert_eq!(rotations(5, 3, 9), all[..3]);
    assert_eq!(rotations(5, 12, 9), all);
    assert_ne!(rotations(5, 12, 10), all);
    assert!(rotations(5, 0, 9).is_empty());
    assert!(rotations(0, 4, 9).is_empty());
}

#[test]
fn label_lines_are_rewritten_and_nothing_else() {
    let asked = "Answer with one of:\n- x\nreally?\nAnswer with one of:\n- No\n- Yes - maybe\n- 3";
    let mut messages = [says("user", "first"), says("user", asked)];
    reorder(&mut messages, &[2, 0, 1]).unwrap();
    let expected =
        "Answer with one of:\n- x\nreally?\nAnswer with one of:\n- 3\n- No\n- Yes - maybe";
    assert_eq!(messages, [says("user", "first"), says("user", expected)]);
}

#[test]
fn a_question_without_label_lines_is_refused() {
    let question = says("user", "Why?\nAnswer with one of:\n- a\n- b");
    let refused = |message, order: &[usize]| {
        let problem = reorder(&mut [message], order).unwrap_err();
        assert_eq!(problem.kind, Kind::BadInput);
        problem.message
    };
    assert!(refused(says("user", "Why?"), &[0, 1]).contains("Answer with one of:"));
    assert!(refused(says("user", "Why?\nAnswer with one of: a, b"), &[0]).contains("label lines"));
    assert!(refused(says("assistant", "a"), &[0]).contains("no question"));
    for order in [&[0][..], &[0, 0], &[0, 1, 2], &[0, 2]] {
        assert!(refused(question.clone(), order).contains("is no order of 2 labels"));
    }
    assert!(reorder(&mut [], &[]).is_err());
}
