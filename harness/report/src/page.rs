//! Templates become pages. What a template writes is escaped unless it is ours.

use crate::inert::escaped;
use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};
use pilotbench_engine::fault::{Fault, Result};
use serde::Serialize;

/// Templates by name; a new page is one line.
const TEMPLATES: [(&str, &str); 9] = [
    ("layout", include_str!("templates/layout.html")),
    ("board", include_str!("templates/board.html")),
    ("throughput", include_str!("templates/throughput.html")),
    ("runs", include_str!("templates/runs.html")),
    ("experiment", include_str!("templates/experiment.html")),
    ("item", include_str!("templates/item.html")),
    ("answers", include_str!("templates/answers.html")),
    ("compare", include_str!("templates/compare.html")),
    ("history", include_str!("templates/history.html")),
];

/// Where a page stands and what it links to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Place {
    /// The way to the root of the site, ends with `/` unless it is empty.
    pub(crate) root: String,
    /// Pages above this one: where they lie from the root, and what they are called.
    pub(crate) above: Vec<(String, String)>,
    /// Name of the script that the page uses, if any.
    pub(crate) script: Option<&'static str>,
}

/// Makes pages of templates.
pub(crate) struct Pages(Environment<'static>);

impl Pages {
    /// All templates.
    ///
    /// # Panics
    /// When a template of ours is no template, which the tests would show.
    pub(crate) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_formatter(format);
        let mut syntax = SyntaxConfig::builder();
        let syntax = syntax.trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("the usual syntax is sound"));
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).expect("our templates are sound");
        }
        Self(environment)
    }

    /// A page: the body that a template makes of `content`, in the layout of all pages.
    ///
    /// # Errors
    /// When a template asks for what is not there, which the tests would show.
    pub(crate) fn page<T: Serialize>(
        &self,
        template: &str,
        title: &str,
        place: &Place,
        content: &T,
    ) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Layout<'a> {
            title: &'a str,
            place: &'a Place,
            body: Value,
        }
        #[derive(Serialize)]
        struct Body<'a, T> {
            title: &'a str,
            place: &'a Place,
            content: &'a T,
        }
        let body = self.render(template, &Body { title, place, content })?;
        let body = Value::from_safe_string(body);
        self.render("layout", &Layout { title, place, body }).map(String::into_bytes)
    }

    fn render<T: Serialize>(&self, template: &str, content: &T) -> Result<String> {
        let fault = |e: minijinja::Error| Fault::store(format!("page {template}"), e);
        let template = self.0.get_template(template).map_err(fault)?;
        template.render(Value::from(Serde(content))).map_err(fault)
    }
}

/// Writes a value: texts of ours as they are, numbers, and all other texts escaped and inert.
fn format(
    out: &mut Output,
    _: &mut State,
    value: &Value,
) -> std::result::Result<(), minijinja::Error> {
    let written = match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(()),
        ValueKind::Number | ValueKind::Bool => write!(out, "{value}"),
        _ if value.is_safe() => write!(out, "{value}"),
        _ => out.write_str(&escaped(&value.to_string())),
    };
    written.map_err(minijinja::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_a_run_is_escaped() {
        let mut pages = Pages::new();
        pages.0.add_template("t", "<a title=\"{{ x }}\">{{ x }}</a>{{ n }}{{ ours }}").unwrap();
        #[derive(Serialize)]
        struct Content {
            x: &'static str,
            n: usize,
            ours: Value,
        }
        let ours = Value::from_safe_string("<b>".to_owned());
        let made = pages.render("t", &Content { x: "\"><script>\u{202e}", n: 3, ours }).unwrap();
        let inside = "&quot;&gt;&lt;script&gt;\u{fffd}";
        assert_eq!(made, format!("<a title=\"{inside}\">{inside}</a>3<b>"));
    }
}
