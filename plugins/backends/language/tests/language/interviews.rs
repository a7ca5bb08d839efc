//! Prompts and whole interviews.

use crate::{language, says, template, tiny};
use backend_language::{Kind, Language, Message, Template, parse_messages};

fn interview() -> Vec<Message> {
    vec![
        says("system", "You are 40."),
        says("user", "The first?\nAnswer with one of:\n- Agree\n- No"),
        says("assistant", "Agree"),
        says("user", "The second?"),
        says("assistant", "Not at all 12"),
    ]
}

#[test]
fn a_prompt_is_the_opened_interview_in_tokens() {
    let messages = &interview()[..4];
    for name in ["smollm2.jinja", "llama3.jinja", "qwen3.jinja", "plain.jinja"] {
        let language = language(name);
        let text = template(name).render(messages, true).unwrap();
        let prompt = language.prompt(messages).unwrap();
        assert_eq!(language.tokenizer().decode(&prompt), text, "{name}");
    }
}

#[test]
fn each_answer_follows_its_own_prompt() {
    let messages = interview();
    for name in ["smollm2.jinja", "llama3.jinja", "plain.jinja"] {
        let language = language(name);
        let whole = language.interview(&messages).unwrap();
        let text = template(name).render(&messages, false).unwrap();
        assert_eq!(language.tokenizer().decode(&whole.tokens), text, "{name}");
        assert_eq!(whole.answers.len(), 2);
        for (range, answer) in whole.answers.iter().zip([2, 4]) {
            let prompt = language.prompt(&messages[..answer]).unwrap();
            assert_eq!(whole.tokens[..range.start], prompt, "{name}");
            let said = language.tokenizer().decode(&whole.tokens[range.clone()]);
            assert_eq!(said.trim_start(), messages[answer].content, "{name}");
            assert_eq!(language.ends()[0], whole.tokens[range.end], "{name}");
        }
    }
}

#[test]
fn an_answer_is_the_route_of_its_label() {
    let messages = interview();
    let language = language("plain.jinja");
    let whole = language.interview(&messages).unwrap();
    let options = language.options(&["Agree", "No"]).unwrap();
    let (_, token) = options.route(0).next().unwrap();
    assert_eq!(whole.tokens[whole.answers[0].start], options.branchings[0].tokens[token]);
}

/// The template writes an answer without the empty thoughts once another question follows.
#[test]
fn a_template_that_rewrites_answers_is_refused_for_whole_interviews() {
    let language = language("qwen3.jinja");
    let problem = language.interview(&interview()).unwrap_err();
    assert_eq!(problem.message, "messages: the words up to answer 2 are not as in its own prompt");
    let last = language.interview(&interview()[..3]).unwrap();
    assert_eq!(last.tokens[..last.answers[0].start], language.prompt(&interview()[..2]).unwrap());
}

/// GPT-2's words join the two line ends before an answer only as long as no answer follows.
#[test]
fn words_that_run_across_the_prompts_end_are_refused_for_whole_interviews() {
    let language = Language::new(tiny(), template("llama3.jinja"), Vec::new());
    let problem = language.interview(&interview()).unwrap_err();
    assert_eq!(
        problem.message,
        "messages: the tokens before answer 2 are not as in its own prompt"
    );
    let options = language.options(&["No", "Agree"]).unwrap();
    let no = language.tokenizer().encode("No").unwrap();
    assert_eq!(options.branchings[0].tokens[0], no[0]);
}

/// A template whose opened prompt lacks what stands before an answer.
#[test]
fn what_a_template_writes_before_an_answer_belongs_to_the_prompt() {
    let source = "{% for m in messages %}<{{ m.role }}>\
                  {% if m.role == 'assistant' %}{{ '(thought)\n  ' }}{% endif %}{{ m.content }}<|im_end|>{% endfor %}\
                  {% if add_generation_prompt %}<assistant>{% endif %}";
    let template = Template::new(source, "", "").unwrap();
    let language = Language::new(tiny(), template, Vec::new());
    let prompt = language.prompt(&[says("user", "q")]).unwrap();
    assert_eq!(language.tokenizer().decode(&prompt), "<user>q<|im_end|><assistant>(thought)\n");
    let messages = [says("user", "q"), says("assistant", "a")];
    let whole = language.interview(&messages).unwrap();
    let answer = language.tokenizer().decode(&whole.tokens[whole.answers[0].clone()]);
    assert_eq!(answer, "  a");
}

#[test]
fn tokens_that_end_an_answer_may_be_given() {
    let language = Language::new(tiny(), template("smollm2.jinja"), vec![0, 2]);
    assert_eq!(language.ends(), [2, 0], "the template's own first");
    let problem = language.options(&["No<|endoftext|>"]).unwrap_err();
    assert!(problem.message.contains("ends an answer"), "{problem}");
}

#[test]
fn a_template_without_answers_is_refused() {
    let only = |source: &str| {
        let template = Template::new(source, "", "").unwrap();
        let language = Language::new(tiny(), template, Vec::new());
        assert!(language.ends().is_empty());
        assert_eq!(language.prompt(&[says("user", "q")]), language.options(&["a"]).map(|_| vec![]));
        language.options(&["a"]).unwrap_err()
    };
    assert!(only("{{ messages[0].content }}!").message.contains("does not follow"));
    assert!(
        only("{% for m in messages %}{{ m.content }}{% endfor %}").message.contains("no token")
    );
}

#[test]
fn a_prompt_ends_with_a_question() {
    let language = language("smollm2.jinja");
    for messages in [&[][..], &interview()[..3]] {
        let problem = language.prompt(messages).unwrap_err();
        assert_eq!(problem.kind, Kind::BadInput);
    }
}

#[test]
fn messages_are_read_from_json() {
    let text = r#"[{"role": "user", "content": "Why?"}]"#;
    assert_eq!(parse_messages(text).unwrap(), [says("user", "Why?")]);
    for odd in ["", "{}", r#"[{"role": "user"}]"#, r#"[{"role": 1, "content": ""}]"#] {
        let problem = parse_messages(odd).unwrap_err();
        assert_eq!(problem.kind, Kind::BadInput);
        assert!(problem.message.contains("role and content"), "{problem}");
    }
}
