//! The options that a question offers.

/// A question with its options.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Choices {
    /// The last line before the options, or the last line at all.
    pub(super) question: String,
    pub(super) options: Vec<Choice>,
    /// Where the text goes on after the options.
    pub(super) end: usize,
}

/// One option.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    letter: Option<String>,
    pub(super) label: String,
}

impl Choice {
    /// What an answer says: the letter, or the label of an option without.
    pub(super) fn said(&self) -> &str {
        self.letter.as_ref().unwrap_or(&self.label)
    }

    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let line = line.find("<|").map_or(line, |end| line[..end].trim_end());
        if let Some(label) = line.strip_prefix("- ") {
            return Some(Self { letter: None, label: label.trim().into() });
        }
        let (letter, label) = line.split_once(". ").or_else(|| line.split_once(") "))?;
        let is_letter = (1..=2).contains(&letter.len())
            && letter.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        is_letter.then(|| Self { letter: Some(letter.into()), label: label.trim().into() })
    }
}

impl Choices {
    /// The options after the last line that begins with "Answer with".
    pub(super) fn read(text: &str) -> Self {
        let mut found = Self { end: text.len(), ..Self::default() };
        let (mut at, mut previous, mut open) = (0, "", false);
        for line in text.split_inclusive('\n') {
            at += line.len();
            if line.trim_start().starts_with("Answer with") {
                found = Self { question: previous.into(), end: at, ..Self::default() };
                open = true;
            } else if let Some(option) = Choice::parse(line).filter(|_| open) {
                found.options.push(option);
                found.end = at;
            } else if !line.trim().is_empty() {
                open &= found.options.is_empty();
            }
            if !line.trim().is_empty() {
                previous = line.trim();
            }
        }
        if found.options.is_empty() {
            found = Self { question: previous.into(), end: text.len(), ..Self::default() };
        }
        found
    }

    /// What the question is known by, in whatever order its options come.
    pub(super) fn key(&self) -> String {
        let mut labels: Vec<_> = self.options.iter().map(|option| option.label.as_str()).collect();
        labels.sort_unstable();
        format!("{}\n{}", self.question, labels.join("\n"))
    }

    /// The label that an answer means.
    pub(super) fn meant<'a>(&'a self, answer: &'a str) -> &'a str {
        let option = self.options.iter().find(|option| option.said() == answer);
        option.map_or(answer, |option| &option.label)
    }

    /// Whether answers are letters.
    pub(super) fn lettered(&self) -> bool {
        self.options.iter().any(|option| option.letter.is_some())
    }
}
