//! The labels' own words, asked for token by token where they part: the distribution of decoding
//! constrained to the labels, as backends have it that see a model's tokens. A part of a label that
//! has no alternative costs nothing and is not asked for.

use super::{Answered, Asking, Question, Trouble, normed, requests::Ask};
use crate::wire::Listed;
use backend_language::orders;
use std::sync::Arc;

/// Labels that agree so far.
struct Branch {
    /// Words of the answer so far.
    begun: String,
    /// Levels with what is left of their labels.
    rests: Vec<(usize, String)>,
    /// Log-probability of getting here.
    log: f64,
}

impl Asking<'_> {
    pub(super) async fn by_tree(&self, question: &Question) -> Result<Answered, Trouble> {
        let labels = self.labels(question);
        let chats = orders::chats(&question.chat, labels.len(), self.settings.orders)?;
        let (mut found, mut replies) = (Vec::new(), Vec::new());
        for chat in &chats {
            let gap = self.gap();
            let rests = labels.iter().map(|label| format!("{gap}{label}")).enumerate().collect();
            let mut levels = vec![f64::NEG_INFINITY; labels.len()];
            let mut open = vec![Branch { begun: String::new(), rests, log: 0.0 }];
            let mut is_listed = true;
            while let Some(branch) = open.pop() {
                if let [(level, _)] = branch.rests.as_slice() {
                    levels[*level] = branch.log;
                    continue;
                }
                let call = self.call(chat, Ask::Next(&branch.begun), 0)?;
                let reply = self.client.ask(&call).await?;
                let place = reply.said.places.first();
                let top = place.map_or(&[][..], |place| &place.top);
                match parted(branch, top) {
                    Some(branches) => open.extend(branches),
                    None => is_listed = false,
                }
                replies.push(Arc::clone(&reply));
                if !is_listed && !self.client.conditions().estimate {
                    break;
                }
            }
            found.push(is_listed.then_some(levels));
        }
        Ok(self.likely(found, replies))
    }
}

/// Labels that go on with the same token: what it reads, its log-probability, the labels.
type Part = (String, Option<f64>, Vec<(usize, String)>);

/// The branches that follow a branch, by the tokens that may stand next; `None` where no label goes
/// on with any of them.
fn parted(branch: Branch, top: &[Listed]) -> Option<Vec<Branch>> {
    let spaced = branch.begun.is_empty() && begins_spaced(&branch.rests, top);
    let mut parts: Vec<Part> = Vec::new();
    for (level, rest) in branch.rests {
        let (read, log) = step(&rest, top, spaced);
        match parts.iter_mut().find(|(known, _, _)| *known == read) {
            Some((_, _, labels)) => labels.push((level, rest)),
            None => parts.push((read, log, vec![(level, rest)])),
        }
    }
    let listed: Vec<Option<f64>> = parts.iter().map(|(_, log, _)| *log).collect();
    let logs = match parts.len() {
        1 => vec![0.0],
        count => normed(&listed, top).or_else(|| {
            // Without any token, as when costs are reckoned, all are alike.
            top.is_empty().then(|| vec![-(count as f64).ln(); count])
        })?,
    };
    let next = parts.into_iter().zip(logs).map(|((read, _, labels), log)| {
        let rests =
            labels.into_iter().map(|(l, rest)| (l, rest[read.len()..].to_owned())).collect();
        forced(Branch { begun: branch.begun.clone() + &read, rests, log: branch.log + log })
    });
    Some(next.collect())
}

/// Whether an answer's first token begins with a space, where nothing says so: whichever way has more
/// probability.
fn begins_spaced(rests: &[(usize, String)], top: &[Listed]) -> bool {
    let fits =
        |token: &str| rests.iter().any(|(_, rest)| !token.is_empty() && rest.starts_with(token));
    let mass = |with_space: bool| -> f64 {
        let of_kind = top.iter().filter(|(token, _)| token.starts_with(SPACES) == with_space);
        of_kind.filter(|(t, _)| fits(t.trim_start_matches(SPACES))).map(|(_, log)| log.exp()).sum()
    };
    rests.iter().all(|(_, rest)| !rest.starts_with(' ')) && mass(true) > mass(false)
}

/// Spaces as tokens have them.
const SPACES: [char; 3] = [' ', '▁', 'Ġ'];

/// What a label goes on with: the longest token listed that it begins with, which is how a tokenizer
/// writes it; where none is listed, its next word. What is at its end goes on with nothing.
fn step(rest: &str, top: &[Listed], spaced: bool) -> (String, Option<f64>) {
    if rest.is_empty() {
        // Whatever else may stand here ends the label.
        let others: f64 = top.iter().map(|(_, log)| log.exp()).sum();
        return (String::new(), Some((1.0 - others).max(1e-12).ln()));
    }
    let read = |token: &'_ str| -> Option<String> {
        let word = if spaced { token.strip_prefix(SPACES)? } else { token };
        (!word.is_empty() && rest.starts_with(word)).then(|| word.to_owned())
    };
    let fitting = top.iter().filter_map(|(token, log)| Some((read(token)?, *log)));
    match fitting.max_by_key(|(word, _)| word.len()) {
        Some((word, log)) => (word, Some(log)),
        None => {
            let spaces = rest.len() - rest.trim_start().len();
            let word = rest[spaces..].find(' ').map_or(rest.len(), |at| spaces + at);
            (rest[..word].to_owned(), None)
        }
    }
}

/// Goes on as far as all labels of a branch agree, to the end of a word.
fn forced(mut branch: Branch) -> Branch {
    let [(_, first), others @ ..] = branch.rests.as_slice() else { return branch };
    if others.is_empty() {
        return branch;
    }
    let agrees = |end: usize| others.iter().all(|(_, rest)| rest.starts_with(&first[..end]));
    let ends = first.char_indices().map(|(at, _)| at).chain([first.len()]);
    let common = ends.take_while(|end| agrees(*end)).last().unwrap_or(0);
    let is_inside_word = branch.rests.iter().any(|(_, rest)| {
        rest[common..].starts_with(char::is_alphanumeric)
            && rest[..common].ends_with(char::is_alphanumeric)
    });
    let words = &first[..common];
    let end = match is_inside_word {
        true => words.rfind(|c: char| !c.is_alphanumeric()).unwrap_or(0),
        false => words.len(),
    };
    let words = words[..end].trim_end().to_owned();
    for (_, rest) in &mut branch.rests {
        rest.drain(..words.len());
    }
    branch.begun += &words;
    branch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(list: &[(&str, f64)]) -> Vec<Listed> {
        list.iter().map(|(token, p)| ((*token).into(), p.ln())).collect()
    }

    fn branch(begun: &str, rests: &[&str]) -> Branch {
        let rests = rests.iter().map(|rest| (*rest).to_owned()).enumerate().collect();
        Branch { begun: begun.into(), rests, log: 0.0 }
    }

    #[test]
    fn labels_part_by_the_tokens_that_they_go_on_with() {
        let root = branch("", &["Somewhat agree", "Somewhat disagree", "Neither"]);
        // A shorter token may be likelier: it begins other words.
        let listed = [("S", 0.5), ("Some", 0.2), ("Neither", 0.1), (" Neither", 0.05), ("I", 0.1)];
        let next = parted(root, &top(&listed)).unwrap();
        assert_eq!(next.len(), 2);
        assert_eq!((next[0].begun.as_str(), next[0].rests[0].1.as_str()), ("Somewhat", " agree"));
        assert!((next[0].log.exp() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(next[1].rests, [(2, String::new())]);
        let inner = branch("Somewhat", &[" agree", " disagree"]);
        let next = parted(inner, &top(&[(" dis", 0.5), (" agree", 0.25)])).unwrap();
        assert!((next[0].log.exp() - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn an_answer_begins_as_the_model_begins_it() {
        let root = branch("", &["Yes", "No"]);
        let listed = [(" Yes", 0.5), ("Yes", 0.1), ("No", 0.2), ("▁No", 0.125), (" N", 0.01)];
        let next = parted(root, &top(&listed)).unwrap();
        assert!((next[0].log.exp() - 0.8).abs() < 1e-12, "{}", next[0].log.exp());
    }

    #[test]
    fn what_is_not_listed_goes_on_by_words() {
        let root = branch("", &["Very likely", "Very unlikely", "Never"]);
        let next = parted(root, &top(&[("Never", 0.9), ("x", 0.05)])).unwrap();
        assert_eq!(next[0].begun, "Very");
        assert!((next[0].log.exp() - 0.05 / 0.95).abs() < 1e-9, "{}", next[0].log.exp());
        assert!(parted(branch("", &["a", "b"]), &top(&[("x", 0.5)])).is_none());
        assert_eq!(parted(branch("", &["a", "b"]), &[]).unwrap().len(), 2);
    }

    #[test]
    fn a_label_that_begins_another_ends_with_what_is_left() {
        let next =
            parted(branch("Agree", &["", " strongly"]), &top(&[(" strongly", 0.25)])).unwrap();
        assert!((next[0].log.exp() - 0.75).abs() < 1e-12);
        assert_eq!(next[0].rests, [(0, String::new())]);
    }

    #[test]
    fn words_are_forced_whole() {
        let at = |rests: &[&str]| forced(branch("", rests)).begun;
        assert_eq!(at(&["what agree", "what disagree"]), "what");
        assert_eq!(at(&["agree", "again"]), "");
        assert_eq!(at(&[" very much", " very many"]), " very");
        assert_eq!(at(&["a b", "a b c"]), "a b");
        assert_eq!(at(&["über", "übel"]), "");
    }
}
