//! The labels of a question in another order: a model prefers what stands first, and asking in
//! several orders averages that away.

use crate::{Message, Problem};

/// The line before the labels, as the interviews have it.
const BEFORE_LABELS: &str = "\nAnswer with one of:";
const LABEL: &str = "\n- ";

/// `count` orders of `levels` labels, the given one first. Each block of `levels` orders holds every
/// cyclic shift of one order, so that each label stands once at each place; the first block shifts
/// the given order, further ones shuffled orders. An order lists levels by place.
pub fn rotations(levels: usize, count: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = SplitMix(seed);
    let mut base: Vec<usize> = (0..levels).collect();
    let mut orders: Vec<Vec<usize>> = Vec::with_capacity(count);
    while orders.len() < count && levels > 0 {
        if !orders.is_empty() {
            random.shuffle(&mut base);
        }
        let mut shifts: Vec<usize> = (1..levels).collect();
        random.shuffle(&mut shifts);
        for shift in std::iter::once(0).chain(shifts).take(count - orders.len()) {
            let mut order = base.clone();
            order.rotate_left(shift);
            orders.push(order);
        }
    }
    orders
}

/// Rewrites the label lines of the last message in this order: place `i` gets the label that was
/// at place `order[i]`.
///
/// # Errors
/// When the last message is no question with that many label lines, or `order` is no order.
pub fn reorder(messages: &mut [Message], order: &[usize]) -> Result<(), Problem> {
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
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Fisher and Yates's shuffle; the bias of the remainder is below 2^-50 for label counts.
    fn shuffle(&mut self, items: &mut [usize]) {
        for i in (1..items.len()).rev() {
            items.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
    }
}
