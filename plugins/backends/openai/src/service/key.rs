//! The key, and text without it.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// Longest text of a service that is shown.
const SHOWN: usize = 2048;
/// Fewest characters after `sk-` that make a key.
const KEY_LENGTH: usize = 8;

/// The key of a service; neither shown nor printed.
#[derive(Clone, Default)]
pub(crate) struct Key(Option<SecretString>);

impl Key {
    /// A key; an empty one is none.
    pub(crate) fn new(value: Option<String>) -> Self {
        let value = value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        Self(value.map(SecretString::from))
    }

    /// The value of `Authorization`, marked as secret; `None` without a key.
    ///
    /// # Errors
    /// When the key has characters that no header has.
    pub(crate) fn header(&self) -> Result<Option<HeaderValue>, &'static str> {
        let Some(key) = &self.0 else { return Ok(None) };
        let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
        let mut value = value.map_err(|_| "holds characters that no key has")?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Words of a service as they may be shown: short, on one line, without this key and without what
    /// looks like one.
    pub(crate) fn without(&self, text: &str) -> String {
        let mut text: String = text.chars().take(SHOWN).collect();
        if let Some(key) = &self.0 {
            text = text.replace(key.expose_secret(), "[key]");
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        without_pattern(&without_pattern(&text, "sk-"), "Bearer ")
    }
}

/// Text with what follows a mark hidden where it is long enough for a key.
fn without_pattern(text: &str, mark: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '.');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(mark) {
        let after = &rest[at + mark.len()..];
        let length = after.find(|c| !is_part(c)).unwrap_or(after.len());
        shown.push_str(&rest[..at]);
        match length >= KEY_LENGTH {
            true => shown.push_str("[key]"),
            false => shown.push_str(&rest[at..at + mark.len() + length]),
        }
        rest = &after[length..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_shown() {
        let key = Key::new(Some("secret-of-mine\n".into()));
        let text =
            "Incorrect key secret-of-mine, sk-proj-abcdef12345, Bearer abc.def-ghi_jkl\nand sk-1";
        let shown = key.without(text);
        assert_eq!(shown, "Incorrect key [key], [key], [key] and sk-1");
        assert!(!format!("{:?}", key.header().unwrap()).contains("secret"));
        assert_eq!(key.without(&"x".repeat(5000)).len(), SHOWN);
        assert!(Key::new(Some(" ".into())).header().unwrap().is_none());
    }
}
