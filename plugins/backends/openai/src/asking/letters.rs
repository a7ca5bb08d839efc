//! Options with letters: the probability of each letter as the next token is that of its option.

use super::{Answered, Asking, Question, Trouble, normed, requests::Ask};
use crate::{
    client::{Call, Kept},
    wire::Place,
};
use backend_language::{Message, Problem, orders};

/// The line before the options of a question, as interviews have it and as it becomes.
const BEFORE: &str = "\nAnswer with one of:";
const BEFORE_LETTERS: &str = "\nAnswer with the letter of one of:";
/// What stands before each option.
const DASH: &str = "\n- ";
/// Most options that letters are enough for.
const MOST: usize = 26;

impl Asking<'_> {
    /// One call for each order of the options.
    pub(super) fn letter_calls(&self, question: &Question) -> Result<Vec<Call>, Trouble> {
        let levels = self.items[question.item].levels.len();
        let chats = orders::chats(&question.chat, levels, self.settings.orders)?;
        let call = |chat: &[Message]| self.call(&lettered(chat)?, Ask::Next(self.gap()), 0);
        chats.iter().map(|chat| call(chat)).collect()
    }

    pub(super) async fn by_letters(&self, question: &Question) -> Result<Answered, Trouble> {
        let replies = self.ask_all(&self.letter_calls(question)?).await?;
        let levels = self.items[question.item].levels.len();
        let orders = orders::rotations(levels, self.settings.orders).into_iter().zip(&replies);
        let orders = orders.map(|(order, reply)| levels_of(&order, reply)).collect();
        Ok(self.likely(orders, replies))
    }
}

/// Log-probabilities of the levels: letter `i` stands for level `order[i]`.
fn levels_of(order: &[usize], reply: &Kept) -> Option<Vec<f64>> {
    let place = reply.said.places.first()?;
    let letters: Vec<Option<f64>> = (0..order.len()).map(|i| of_letter(i, place)).collect();
    let logs = normed(&letters, &place.top)?;
    let mut levels = vec![0.0; order.len()];
    for (log, level) in logs.into_iter().zip(order) {
        levels[*level] = log;
    }
    Some(levels)
}

/// The log-probability of a letter, whatever spaces and marks are in its token.
fn of_letter(index: usize, place: &Place) -> Option<f64> {
    let letter = letter(index)?;
    let is_it = |token: &str| {
        token.trim_matches([' ', '\n', '\t', '(', ')', '.', ':', '*', '"', '▁', 'Ġ']) == letter
    };
    let sum: f64 =
        place.top.iter().filter(|(token, _)| is_it(token)).map(|(_, log)| log.exp()).sum();
    (sum > 0.0).then(|| sum.ln())
}

fn letter(index: usize) -> Option<String> {
    (index < MOST).then(|| char::from(b'A' + index as u8).to_string())
}

/// The chat with letters before all options, and letters as all answers.
///
/// # Errors
/// When a question has more options than there are letters.
pub(crate) fn lettered(chat: &[Message]) -> Result<Vec<Message>, Problem> {
    let mut options: Vec<&str> = Vec::new();
    let mut lettered = Vec::with_capacity(chat.len());
    for message in chat {
        let content = match message.role.as_str() {
            "user" => match message.content.rsplit_once(BEFORE) {
                Some((before, list)) => {
                    options = list.strip_prefix(DASH).unwrap_or(list).split(DASH).collect();
                    let list = with_letters(&options)?;
                    format!("{before}{BEFORE_LETTERS}{list}")
                }
                None => message.content.clone(),
            },
            "assistant" => {
                let place = options.iter().position(|option| *option == message.content);
                place.and_then(letter).unwrap_or_else(|| message.content.clone())
            }
            _ => message.content.clone(),
        };
        lettered.push(Message { role: message.role.clone(), content });
    }
    Ok(lettered)
}

fn with_letters(options: &[&str]) -> Result<String, Problem> {
    let line = |(index, option): (usize, &&str)| {
        let letter = letter(index);
        let letter = letter.ok_or_else(|| {
            Problem::words(format!("{} options, and there are {MOST} letters", options.len()))
        })?;
        Ok(format!("\n{letter}. {option}"))
    };
    options.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(role: &str, content: &str) -> Message {
        Message { role: role.into(), content: content.into() }
    }

    #[test]
    fn a_whole_chat_gets_letters() {
        let chat = [
            says("system", "You are 30."),
            says("user", "Arm.\n\nTrust?\nAnswer with one of:\n- No\n- Yes, a bit"),
            says("assistant", "Yes, a bit"),
            says("user", "Buys?\nAnswer with one of:\n- no\n- yes"),
            says("assistant", "(no answer)"),
        ];
        let found = lettered(&chat).unwrap();
        let first = "Arm.\n\nTrust?\nAnswer with the letter of one of:\nA. No\nB. Yes, a bit";
        assert_eq!(found[1].content, first);
        assert_eq!((found[2].content.as_str(), found[4].content.as_str()), ("B", "(no answer)"));
        let many = format!("x{BEFORE}{}", "\n- o".repeat(27));
        assert!(lettered(&[says("user", &many)]).is_err());
    }

    #[test]
    fn tokens_of_a_letter_are_added() {
        let top = [("A", 0.3), (" A", 0.2), ("a", 0.1), ("B.", 0.25)];
        let top = top.map(|(token, p): (&str, f64)| (token.into(), p.ln())).into();
        let place = Place { top, ..Place::default() };
        assert!((of_letter(0, &place).unwrap().exp() - 0.5).abs() < 1e-12);
        assert!((of_letter(1, &place).unwrap().exp() - 0.25).abs() < 1e-12);
        assert_eq!(of_letter(2, &place), None);
    }
}
