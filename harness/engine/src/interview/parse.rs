//! From a model's words to a level.

use crate::experiment::Level;

/// The level that a text names: by its label, whatever the case; else by its code, its number from 1
/// or its letter from `a`, alone or followed by punctuation and the label. `None` when it names no
/// level, or when these readings disagree (`1` is the second of two levels coded 0 and 1).
pub(super) fn level(text: &str, levels: &[Level]) -> Option<usize> {
    let text = clean(text);
    if let Some(by_label) = levels.iter().position(|level| clean(&level.label) == text) {
        return Some(by_label);
    }
    let by_code = levels.iter().position(|level| level.code.to_lowercase() == text);
    let by_place = split_head(&text).and_then(|(head, rest)| {
        let index = index_of(head)?;
        let level = levels.get(index)?;
        (rest.is_empty() || rest == clean(&level.label)).then_some(index)
    });
    match (by_code, by_place) {
        (Some(code), Some(place)) if code != place => None,
        (code, place) => code.or(place),
    }
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

    #[test]
    fn readings_that_disagree_are_none() {
        let mut levels = levels();
        levels[0].code = "0".into();
        levels[1].code = "1".into();
        assert_eq!(level("1", &levels), None);
        assert_eq!(level("0", &levels), Some(0));
        assert_eq!(level("3", &levels), Some(2));
    }
}
