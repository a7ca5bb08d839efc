//! Texts that others wrote, so that they can do nothing where they are shown.

/// Most characters of a text that a page shows.
const LONGEST: usize = 2000;

/// The text with control characters and those that turn the direction of writing shown as
/// replacement characters, and cut where it is absurdly long. Markup is escaped where it is written.
pub(crate) fn inert(text: &str) -> String {
    let shown = |c: char| if is_active(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut out: String = text.chars().take(LONGEST).map(shown).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// The beginning of a text, for places that are narrow.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = inert(text);
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// The text with what is markup in HTML and SVG escaped, in content and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in inert(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Control characters but for the usual spaces, and bidirectional controls.
fn is_active(c: char) -> bool {
    let is_bidi = matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && !matches!(c, '\n' | '\t')) || is_bidi
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_do_nothing() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(inert("\u{1b}[31mred\u{202e}der"), "\u{fffd}[31mred\u{fffd}der");
        assert_eq!(inert("two\nlines"), "two\nlines");
        assert_eq!(inert(&"x".repeat(5000)).chars().count(), LONGEST + 1);
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }
}
