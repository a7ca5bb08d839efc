//! Settings that must be refused.

use crate::{
    checks::{Stop, Verdict, failed},
    subject::{Class, Reply},
};
use serde_json::{Value, json};

/// A key that no plugin has.
const NO_SUCH_KEY: &str = "no_such_setting";

/// Settings as a report shows them.
pub(crate) fn shown(settings: &str) -> Value {
    serde_json::from_str(settings).unwrap_or_else(|_| Value::String(settings.to_owned()))
}

/// These settings and one more that nobody knows.
pub(crate) fn unknown<T>(settings: &str, open: impl Fn(&str) -> Reply<T>) -> Verdict {
    let Value::Object(mut settings) = shown(settings) else {
        return failed("the settings given are no JSON object");
    };
    settings.insert(NO_SUCH_KEY.to_owned(), json!(1));
    refused(&Value::Object(settings).to_string(), &open)
}

/// Settings that are no object, no JSON, or have values of another type.
pub(crate) fn wrong<T>(settings: &str, open: impl Fn(&str) -> Reply<T>) -> Verdict {
    for text in ["[]", "\"text\"", "7", "null", "", "{", "{\"a\": }"] {
        refused(text, &open)?;
    }
    let Value::Object(given) = shown(settings) else { return Ok(()) };
    for key in given.keys() {
        let mut changed = given.clone();
        changed.insert(key.clone(), json!({NO_SUCH_KEY: [null]}));
        // A setting may take anything; what it must not do is panic or fail as something else.
        if let Err(Stop::Failed(reason)) = refused(&Value::Object(changed).to_string(), &open)
            && !reason.ends_with(OPENS)
        {
            return failed(reason);
        }
    }
    Ok(())
}

const OPENS: &str = "it opens; it should report a configuration error";

fn refused<T>(settings: &str, open: &impl Fn(&str) -> Reply<T>) -> Verdict {
    match open(settings) {
        Err(failure) if failure.class == Class::Config => Ok(()),
        Err(failure) => failed(format!(
            "with settings `{settings}` it reports `{failure}`; it should report a configuration \
             error"
        )),
        Ok(_) => failed(format!("with settings `{settings}` {OPENS}")),
    }
}
