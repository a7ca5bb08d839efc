//! What must be known before the arguments are understood, because it says how to tell that they
//! are not.

use clap::{ColorChoice, ValueEnum};

/// How faults of the command line itself are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) color: ColorChoice,
    /// Stdout is for one JSON document.
    pub(crate) json: bool,
}

impl Asked {
    /// Looks through what was typed. What cannot be read is left to the parser, which says so.
    pub(crate) fn of(words: impl IntoIterator<Item = std::ffi::OsString>) -> Self {
        let mut asked = Self::default();
        let words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        let mut words = words.take_while(|word| word != "--").peekable();
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value.to_owned())),
                None => (word.as_str(), words.peek().cloned()),
            };
            let value = value.unwrap_or_default();
            match option {
                "--json" => asked.json = true,
                "--format" if value == "json" => asked.json = true,
                "--color" => asked.color = ColorChoice::from_str(&value, false).unwrap_or_default(),
                _ => {}
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (ColorChoice, bool) {
        let asked = Asked::of(line.split_whitespace().map(Into::into));
        (asked.color, asked.json)
    }

    #[test]
    fn both_spellings_count_and_nothing_after_two_dashes() {
        assert_eq!(of("pilotbench status"), (ColorChoice::Auto, false));
        assert_eq!(of("pilotbench --color never status --json"), (ColorChoice::Never, true));
        assert_eq!(
            of("pilotbench --color=always compare --format=json"),
            (ColorChoice::Always, true)
        );
        assert_eq!(of("pilotbench score --format json"), (ColorChoice::Auto, true));
        assert_eq!(of("pilotbench score --format csv"), (ColorChoice::Auto, false));
        assert_eq!(of("pilotbench x -- --json --color never"), (ColorChoice::Auto, false));
        assert_eq!(of("pilotbench --color purple"), (ColorChoice::Auto, false));
    }
}
