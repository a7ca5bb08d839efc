//! Chat templates: how a model wants an interview written.
//!
//! They are Jinja templates made for the `transformers` library, so they see the environment of
//! its [`apply_chat_template`](https://huggingface.co/docs/transformers/chat_templating): blocks
//! trimmed, `raise_exception`, `strftime_now`, `tojson` as Python writes it, methods of Python's
//! strings, no tools and no documents. Where it differs, it is so that the same interview is always
//! the same text: the date is fixed, and thinking aloud is off.

use crate::{Message, Problem};
use minijinja::{
    Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize as _;
use serde_json::{Serializer, ser::Formatter};
use std::io;

/// A template for models that were not trained to chat: lines that begin with `Question:` and
/// `Answer:`.
pub const PLAIN: &str = include_str!("plain.jinja");

const NAME: &str = "chat template";
/// Instructions that a template may take to write an interview; ours take some thousands.
const FUEL: u64 = 10_000_000;

/// A model's chat template. Many threads may use one.
pub struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

impl Template {
    /// Reads a template. `bos` and `eos` are the tokens that begin and end a text; empty where the
    /// model has none.
    ///
    /// # Errors
    /// When the template is not well formed.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self, Problem> {
        let mut environment = Environment::new();
        environment.set_syntax(trimmed().map_err(|e| Problem::words(said(&e)))?);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment.add_filter("tojson", tojson);
        environment.add_test("iterable", is_iterable);
        environment
            .add_template_owned(NAME, without_marks(source))
            .map_err(|e| Problem::words(said(&e)))?;
        Ok(Self { environment, bos: bos.to_owned(), eos: eos.to_owned() })
    }

    /// [`PLAIN`] without a token before the text.
    ///
    /// # Panics
    /// Never: the template is part of this crate.
    pub fn plain() -> Self {
        Self::new(PLAIN, "", "").expect("our own template is well formed")
    }

    /// The interview as text; `open` ends it where the next answer begins.
    ///
    /// # Errors
    /// When the template refuses the messages, as some do without a user's turn after each answer.
    pub fn render(&self, messages: &[Message], open: bool) -> Result<String, Problem> {
        let values = context! {
            messages => Serde(messages),
            add_generation_prompt => open,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
            enable_thinking => false,
            tools => (),
            documents => (),
        };
        let template = self.environment.get_template(NAME).map_err(|e| Problem::words(said(&e)))?;
        template.render(values).map_err(|e| Problem::words(said(&e)))
    }
}

/// How a template writes answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Text between the opened prompt and an answer, up to its last space.
    pub opening: String,
    /// Spaces before an answer: part of its first token.
    pub gap: String,
    /// Text after an answer.
    pub after: String,
}

impl Template {
    /// Reads from a short interview how answers are written.
    ///
    /// # Errors
    /// When an answer does not follow the opened prompt.
    pub fn lead(&self) -> Result<Lead, Problem> {
        let answer = Message { role: "assistant".into(), content: "Answer".into() };
        let question = specimen();
        let open = self.render(std::slice::from_ref(&question), true)?;
        let whole = self.render(&[question, answer.clone()], false)?;
        let odd = || Problem::words("chat template: an answer does not follow the opened prompt");
        let rest = whole.strip_prefix(&open).ok_or_else(odd)?;
        let (lead, after) = rest.split_once(&answer.content).ok_or_else(odd)?;
        let opening = lead.trim_end_matches(' ');
        let gap = lead[opening.len()..].to_owned();
        Ok(Lead { opening: opening.to_owned(), gap, after: after.to_owned() })
    }
}

/// A question of a short interview.
pub(crate) fn specimen() -> Message {
    Message { role: "user".into(), content: "Question".into() }
}

/// Block tags leave neither the line end after them nor the indent before them.
fn trimmed() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()
}

/// `{% generation %}` marks answers for training and writes nothing: a block that is always taken.
fn without_marks(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut pieces = source.split("{%");
    text.extend(pieces.next());
    for piece in pieces {
        let tag = piece.split("%}").next().unwrap_or_default();
        let block = match tag.trim_matches(['-', '+', ' ']) {
            "generation" => Some(("generation", "if true")),
            "endgeneration" => Some(("endgeneration", "endif")),
            _ => None,
        };
        text.push_str("{%");
        match block {
            Some((mark, block)) => text.push_str(&piece.replacen(mark, block, 1)),
            None => text.push_str(piece),
        }
    }
    text
}

/// As in Python, where a string is iterable and nothing is not.
fn is_iterable(value: &Value) -> bool {
    !value.is_none() && (value.as_str().is_some() || value.try_iter().is_ok())
}

/// Line and reason of a template's error.
fn said(error: &Error) -> String {
    let line = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
    match error.detail() {
        Some(detail) => format!("{NAME}{line}: {detail}"),
        None => format!("{NAME}{line}: {}", error.kind()),
    }
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// The date in prompts: 26 July 2024, which Llama 3.2's template takes where there is no clock.
fn strftime_now(format: &str) -> Result<String, Error> {
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        text.push_str(match letters.next() {
            Some('d') => "26",
            Some('b') => "Jul",
            Some('B') => "July",
            Some('m') => "07",
            Some('Y') => "2024",
            Some('y') => "24",
            Some('A') => "Friday",
            Some('a') => "Fri",
            Some('H' | 'M' | 'S') => "00",
            Some('%') => "%",
            _ => {
                let message = format!("strftime_now: {format:?} is not known here");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        });
    }
    Ok(text)
}

/// JSON as `transformers` writes it into prompts: Python's spaces, and nothing escaped for HTML.
fn tojson(value: &Value) -> Result<String, Error> {
    let wrong = |e: &dyn std::fmt::Display| Error::new(ErrorKind::BadSerialization, e.to_string());
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Python);
    value.serialize(&mut serializer).map_err(|e| wrong(&e))?;
    String::from_utf8(bytes).map_err(|e| wrong(&e))
}

struct Python;

impl Python {
    fn between<W: io::Write + ?Sized>(writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for Python {
    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        Self::between(w, first)
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        w: &mut W,
        first: bool,
    ) -> io::Result<()> {
        Self::between(w, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, w: &mut W) -> io::Result<()> {
        w.write_all(b": ")
    }
}
