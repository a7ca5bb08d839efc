//! Labels in another order.

use crate::says;
use backend_language::{
    Kind,
    orders::{reordered, rotations},
};

#[test]
fn each_label_stands_once_at_each_place() {
    for levels in 1..8 {
        let orders = rotations(levels, levels);
        assert_eq!(orders[0], (0..levels).collect::<Vec<_>>());
        for place in 0..levels {
            let mut there: Vec<usize> = orders.iter().map(|order| order[place]).collect();
            there.sort_unstable();
            assert_eq!(there, (0..levels).collect::<Vec<_>>());
        }
    }
}

#[test]
fn fewer_orders_are_spread_and_more_than_labels_there_are_not() {
    assert_eq!(rotations(5, 2), [[0, 1, 2, 3, 4], [2, 3, 4, 0, 1]]);
    assert_eq!(rotations(2, 9).len(), 2);
    assert_eq!(rotations(3, 0), [[0, 1, 2]]);
    assert_eq!(rotations(0, 4), [Vec::<usize>::new()]);
}

#[test]
fn label_lines_are_rewritten_and_nothing_else() {
    let asked = "Answer with one of:\n- x\nreally?\nAnswer with one of:\n- No\n- Yes - maybe\n- 3";
    let messages = [says("user", "first"), says("user", asked)];
    let turned = reordered(&messages, &[2, 0, 1]).unwrap();
    let expected =
        "Answer with one of:\n- x\nreally?\nAnswer with one of:\n- 3\n- No\n- Yes - maybe";
    assert_eq!(turned, [says("user", "first"), says("user", expected)]);
    assert_eq!(reordered(&messages, &[0, 1, 2]).unwrap(), messages);
}

#[test]
fn a_question_without_label_lines_is_refused() {
    let question = says("user", "Why?\nAnswer with one of:\n- a\n- b");
    let refused = |message, order: &[usize]| {
        let problem = reordered(&[message], order).unwrap_err();
        assert_eq!(problem.kind, Kind::BadInput);
        problem.message
    };
    assert!(refused(says("user", "Why?"), &[0, 1]).contains("Answer with one of:"));
    assert!(refused(says("user", "Why?\nAnswer with one of: a, b"), &[0]).contains("label lines"));
    assert!(refused(says("assistant", "a"), &[0]).contains("no question"));
    for order in [&[0][..], &[0, 0], &[0, 1, 2], &[0, 2]] {
        assert!(refused(question.clone(), order).contains("is no order of 2 labels"));
    }
    assert!(reordered(&[], &[]).is_err());
}
