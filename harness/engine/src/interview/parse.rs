//! From a model's words to a level.

use crate::experiment::Level;

/// The level that a text names: its label or code, whatever the case, or its number from 1 or
/// letter from `a`, alone or followed by punctuation and the label. `None` when it names no level, or
/// several.
pub(super) fn level(text: &str, levels: &[Level]) -> Option<usize> {
    let text = clean(text);
    let by_words = |wanted: &str| levels.iter().position(|level| clean(&level.label) == wanted);
    by_words(&text)
        .or_else(|| levels.iter().position(|level| level.code.to_lowercase() == text))
        .or_else(|| {
            let (head, rest) = split_head(&text)?;
            let index = index_of(head)?;
            let level = levels.get(index)?;
            (rest.is_empty() || rest == clean(&level.label)).then_some(index)
        })
}

fn clean(text: &str) -> String {
    let edges: &[char] = &[' ', '\t', '\n', '\r', '.', '"', '\'', '*', '`'];
    text.trim_matches(edges).to_lowercase()
}

/// `3) yes` and `(b): yes` into head and rest.
fn split_head(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches('(');
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let rest = rest.trim_start_matches([')', '.', ':', '-', ' ']);
    (!head.is_empty()).then_some((head, rest))
}

fn index_of(head: &str) -> Option<usize> {
    match (head.parse::<usize>(), head.as_bytes()) {
        (Ok(number), _) => number.checked_sub(1),
        (_, [letter @ b'a'..=b'z']) => Some((letter - b'a') as usize),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Vec<Level> {
        [("n", "No, never"), ("y", "Yes"), ("m", "Maybe")]
            .map(|(code, label)| Level {
                code: code.into(),
                label: label.into(),
                value: 0.0,
                told: None,
            })
            .to_vec()
    }

    #[test]
    fn words_numbers_and_letters() {
        let read = |text| level(text, &levels());
        assert_eq!(read(" yes. "), Some(1));
        assert_eq!(read("NO, NEVER"), Some(0));
        assert_eq!(read("m"), Some(2));
        assert_eq!(read("2"), Some(1));
        assert_eq!(read("(b)"), Some(1));
        assert_eq!(read("3) Maybe"), Some(2));
        assert_eq!(read("1: Yes"), None);
        assert_eq!(read("4"), None);
        assert_eq!(read("0"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("I would rather not say"), None);
    }
}
