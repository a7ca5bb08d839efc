//! The same question with its options in other orders: a model's liking for a place in the list
//! averages out.

use crate::{Message, Problem};

/// Orders of `levels` options: cyclic shifts as evenly spread as can be, the given order first. At
/// most as many as there are options.
pub fn rotations(levels: usize, count: usize) -> Vec<Vec<usize>> {
    let count = count.clamp(1, levels.max(1));
    let shift = |order: usize| order * levels / count;
    (0..count).map(|order| (0..levels).map(|at| (at + shift(order)) % levels).collect()).collect()
}

/// The chat with the options of its last message, one to a line at its end and each after `- `, in
/// another order.
///
/// # Errors
/// When the message does not end with so many options.
pub fn reordered(messages: &[Message], order: &[usize]) -> Result<Vec<Message>, Problem> {
    let mut messages = messages.to_vec();
    if order.iter().enumerate().all(|(at, from)| at == *from) {
        return Ok(messages);
    }
    let last = messages.last_mut().ok_or_else(|| Problem::input("a chat without messages"))?;
    let lines: Vec<&str> = last.content.lines().collect();
    let start = lines.len().saturating_sub(order.len());
    let options = &lines[start..];
    if options.len() != order.len() || !options.iter().all(|line| line.starts_with("- ")) {
        return Err(Problem::input("a question does not end with its options, one to a line"));
    }
    let turned: Vec<&str> =
        lines[..start].iter().copied().chain(order.iter().map(|from| options[*from])).collect();
    last.content = turned.join("\n");
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_move_and_the_rest_stays() {
        assert_eq!(rotations(5, 2), [vec![0, 1, 2, 3, 4], vec![2, 3, 4, 0, 1]]);
        assert_eq!(rotations(2, 9).len(), 2);
        let content = "How?\nAnswer with one of:\n- a\n- b\n- c".to_owned();
        let chat = [Message { role: "user".into(), content }];
        let turned = reordered(&chat, &[1, 2, 0]).unwrap();
        assert_eq!(turned[0].content, "How?\nAnswer with one of:\n- b\n- c\n- a");
        assert_eq!(reordered(&chat, &[0, 1, 2]).unwrap(), chat);
        assert!(reordered(&chat, &[3, 2, 1, 0]).is_err());
    }
}
