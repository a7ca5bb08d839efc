//! Colours, beside words and never instead of them. Text of others is made inert before it is painted.

use anstream::{AutoStream, stream::RawStream};
use clap::{
    ColorChoice,
    builder::styling::{AnsiColor, Style, Styles},
};
use std::io;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be, or better than it was.
    Good,
    /// Wrong, or worse than it was.
    Bad,
    /// To be looked at.
    Doubtful,
    /// Beside the point.
    Faint,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Doubtful => AnsiColor::Yellow.on_default(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

/// How help is painted: heads and what can be typed stand out.
pub(crate) const HELP: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Sets for the whole process what was asked for. Where nothing was, variables and the terminal decide.
pub(crate) fn choose(asked: ColorChoice) {
    match asked {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Text of a result, on stdout.
pub(crate) fn of_result(tone: Tone, text: &str) -> String {
    painted(&io::stdout(), tone, text)
}

/// Text of a remark or fault, on stderr.
pub(crate) fn of_remark(tone: Tone, text: &str) -> String {
    painted(&io::stderr(), tone, text)
}

fn painted<S: RawStream>(stream: &S, tone: Tone, text: &str) -> String {
    match AutoStream::choice(stream) {
        anstream::ColorChoice::Never => text.to_owned(),
        _ => {
            let style = tone.style();
            format!("{style}{text}{style:#}")
        }
    }
}
