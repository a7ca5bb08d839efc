use crate::{Message, Problem};
use minijinja::{Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig, value::Serde};

/// Work that a template may do before it is stopped.
const FUEL: u64 = 10_000_000;

/// How a model's training wrote a chat.
pub struct Template {
    environment: Option<Environment<'static>>,
    bos: String,
    eos: String,
}

impl Template {
    /// A chat template as Hugging Face's models carry it (Jinja, with Python's string methods).
    /// `strftime_now` always tells of the same day: an answer must not depend on when it was asked.
    ///
    /// # Errors
    /// When it is no template.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self, Problem> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| Problem::words(e.to_string()))?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_function("strftime_now", |_format: String| "26 Jul 2024");
        environment
            .add_template_owned("chat", source.to_owned())
            .map_err(|e| Problem::words(format!("chat template: {e:#}")))?;
        Ok(Self { environment: Some(environment), bos: bos.to_owned(), eos: eos.to_owned() })
    }

    /// For models that were never taught a chat: the texts one after the other, each question
    /// followed by `Answer:` and the answer.
    pub fn plain() -> Self {
        Self { environment: None, bos: String::new(), eos: String::new() }
    }

    /// What stands between an opened answer and its first word.
    pub(crate) fn lead(&self) -> &'static str {
        if self.environment.is_some() { "" } else { " " }
    }

    /// Whether answers end with a line rather than with a token of the model.
    pub(crate) fn ends_with_lines(&self) -> bool {
        self.environment.is_none()
    }

    /// Writes a chat, and opens the next answer if asked to.
    ///
    /// # Errors
    /// When the template refuses these messages.
    pub fn render(&self, messages: &[Message], open: bool) -> Result<String, Problem> {
        let Some(environment) = &self.environment else { return Ok(plain(messages, open)) };
        let values = context! {
            messages => Value::from(Serde(messages)),
            add_generation_prompt => open,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
            // What templates ask for and nobody set; undefined would do, none is what others pass.
            tools => (),
            documents => (),
        };
        let template = environment.get_template("chat");
        let text = template.and_then(|template| template.render(values));
        text.map_err(|e| Problem::words(format!("chat template: {e}")))
    }
}

fn plain(messages: &[Message], open: bool) -> String {
    let mut text = String::new();
    for Message { role, content } in messages {
        match role.as_str() {
            "assistant" => {
                text.push_str("Answer: ");
                text.push_str(content);
                text.push_str("\n\n");
            }
            "user" => {
                text.push_str("Question: ");
                text.push_str(content);
                text.push('\n');
            }
            _ => {
                text.push_str(content);
                text.push_str("\n\n");
            }
        }
    }
    if open {
        text.push_str("Answer:");
    }
    text
}
