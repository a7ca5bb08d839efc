//! Interviews as `transformers` writes them.

use crate::{read, says, source, template};
use backend_language::{Kind, Message, Template};

#[derive(serde::Deserialize)]
struct Case {
    template: String,
    interview: String,
    messages: Vec<Message>,
    open: String,
    closed: String,
}

#[derive(serde::Deserialize)]
struct Reference {
    expected: Vec<Case>,
}

#[test]
fn interviews_are_written_as_transformers_writes_them() {
    let Reference { expected } = read("templates.json");
    assert_eq!(expected.len(), 25);
    for Case { template: name, interview, messages, open, closed } in expected {
        let template = template(&name);
        let place = format!("{name}, {interview}");
        assert_eq!(template.render(&messages, true).unwrap(), open, "{place}, open");
        assert_eq!(template.render(&messages, false).unwrap(), closed, "{place}, closed");
    }
}

#[test]
fn plain_has_no_token_before_the_text() {
    let text = Template::plain().render(&[says("user", "Why?")], true).unwrap();
    assert_eq!(text, "Question: Why?\nAnswer:");
    assert!(source("plain.jinja").contains("bos_token"));
}

#[test]
fn what_a_template_refuses_is_told_in_its_words() {
    let messages = [says("system", "s"), says("tool", "t")];
    let problem = template("llama3.jinja").render(&messages, true).unwrap_err();
    assert_eq!(problem.kind, Kind::Model);
    assert_eq!(
        problem.message,
        "chat template line 28: only user and assistant may follow, not tool"
    );
}

#[test]
fn a_damaged_template_is_told_with_its_line() {
    let problem = Template::new("a\n{% for x in %}", "", "").err().expect("refused");
    assert_eq!(problem.kind, Kind::Model);
    assert!(problem.message.starts_with("chat template line 2: "), "{problem}");
}

#[test]
fn an_unknown_date_format_is_refused() {
    let dated = |format: &str| {
        let source = format!("{{{{ strftime_now('{format}') }}}}");
        Template::new(&source, "", "").unwrap().render(&[], false)
    };
    assert_eq!(dated("%A, %B %d, %Y (%y-%m) %H:%M:%S 100%% %a %b").unwrap(), {
        "Friday, July 26, 2024 (24-07) 00:00:00 100% Fri Jul"
    });
    assert!(dated("%s").unwrap_err().message.contains("\"%s\""));
}
