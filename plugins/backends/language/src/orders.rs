//! The labels of a question in another order: a model prefers what stands first, and asking in
//! several orders averages that away.

use crate::{Message, Problem};
use std::borrow::Cow;

/// The line before the labels, as the interviews have it.
const BEFORE_LABELS: &str = "\nAnswer with one of:";
const LABEL: &str = "\n- ";

/// Orders of `levels` labels: `count` cyclic shifts, at least one and at most one per label, as
/// evenly spread as can be and the given order first. With all of them, each label stands once at
/// each place. An order lists levels by place.
pub fn rotations(levels: usize, count: usize) -> Vec<Vec<usize>> {
    let count = count.clamp(1, levels.max(1));
    let shifted = |i: usize| {
        let mut order: Vec<usize> = (0..levels).collect();
        order.rotate_left(i * levels / count);
        order
    };
    (0..count).map(shifted).collect()
}

/// The messages once for each of [`rotations`]. The order that stands needs no label lines.
///
/// # Errors
/// As [`reordered`].
pub fn chats(
    messages: &[Message],
    levels: usize,
    count: usize,
) -> Result<Vec<Cow<'_, [Message]>>, Problem> {
    let chat = |order: Vec<usize>| match order.is_sorted() {
        true => Ok(Cow::Borrowed(messages)),
        false => reordered(messages, &order).map(Cow::Owned),
    };
    rotations(levels, count).into_iter().map(chat).collect()
}

/// The messages with the label lines of the last one in this order: place `i` has the label that was
/// at place `order[i]`.
///
/// # Errors
/// When the last message is no question with that many label lines, or `order` is no order.
pub fn reordered(messages: &[Message], order: &[usize]) -> Result<Vec<Message>, Problem> {
    let mut messages = messages.to_vec();
    let question = messages.last_mut().filter(|last| last.role == "user");
    let question = question.ok_or_else(|| Problem::input("messages: the last is no question"))?;
    let missing = || {
        let line = BEFORE_LABELS.trim();
        Problem::input(format!("messages: no line `{line}` with label lines in the question"))
    };
    let (before, after) = question.content.rsplit_once(BEFORE_LABELS).ok_or_else(missing)?;
    let labels: Vec<&str> = after.strip_prefix(LABEL).ok_or_else(missing)?.split(LABEL).collect();
    let mut places = order.to_vec();
    places.sort_unstable();
    if !places.into_iter().eq(0..labels.len()) {
        let count = labels.len();
        return Err(Problem::input(format!("messages: {order:?} is no order of {count} labels")));
    }
    let mut text = format!("{before}{BEFORE_LABELS}");
    for &place in order {
        text.push_str(LABEL);
        text.push_str(labels[place]);
    }
    question.content = text;
    Ok(messages)
}
