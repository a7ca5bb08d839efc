//! Environment variables of workers: the host's own, and which names a plugin's settings may give.

use crate::{
    fault::{Fault, Result},
    plugin::needs::{Needs, of_setting},
};
use serde_json::Value;
use std::{collections::BTreeMap, ffi::OsString};

/// US dollars that may be spent, a decimal.
pub const BUDGET: &str = "PILOTBENCH_BUDGET";
/// Path of the file to which plugins append what they spend.
pub const LEDGER: &str = "PILOTBENCH_LEDGER";
/// A service's kept answers alone; no request is made.
pub const REPLAY: &str = "PILOTBENCH_REPLAY";
/// A service's kept answers are not used.
pub const NO_CACHE: &str = "PILOTBENCH_NO_CACHE";
/// No request is made; receipts say what would have to be paid.
pub const ESTIMATE: &str = "PILOTBENCH_ESTIMATE";

/// Conditions under which a run works: set by the host or not at all. A user's own variable of such a
/// name is not handed on, so that nobody records estimates for answers by a forgotten `export`.
const CONDITIONS: [&str; 5] = [BUDGET, LEDGER, REPLAY, NO_CACHE, ESTIMATE];
/// What the host or the system sets besides.
const SET: [&str; 5] = ["PATH", "HOME", "TMPDIR", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"];
/// Beginnings of names that change how a library is loaded or memory is kept.
const LOADING: [&str; 2] = ["LD_", "MALLOC_"];

/// A variable's value for workers: the host's own first, else the user's.
pub(super) fn value(own: &BTreeMap<String, OsString>, name: &str) -> Option<OsString> {
    let of_user = || std::env::var_os(name).filter(|_| !CONDITIONS.contains(&name));
    own.get(name).cloned().or_else(of_user)
}

/// The names of the variables that a plugin needs with these settings.
///
/// # Errors
/// When a setting names one that is not given to plugins by name.
pub(super) fn needed<'a>(needs: &'a Needs, settings: &'a Value) -> Result<Vec<&'a str>> {
    let mut names = Vec::new();
    for need in &needs.env {
        let Some(setting) = of_setting(need) else {
            names.push(need.as_str());
            continue;
        };
        let named = settings.get(setting).and_then(Value::as_str).unwrap_or_default();
        if !named.is_empty() {
            check_name(named).map_err(|fault| Fault { place: setting.to_owned(), ..fault })?;
            names.push(named);
        }
    }
    Ok(names)
}

/// Whether a user may name a variable so for a plugin.
///
/// # Errors
/// When it is no name of a variable, or one that the host, the system or the loader looks at.
pub fn check_name(name: &str) -> Result<()> {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !plain || !name.starts_with(begins) {
        let message = format!("`{}` is no name of a variable", name.escape_debug());
        return Err(Fault::usage("", message).hint("names are of A-Z, a-z, 0-9 and _"));
    }
    let is_kept = CONDITIONS.contains(&name) || SET.contains(&name);
    match is_kept || LOADING.iter().any(|beginning| name.starts_with(beginning)) {
        false => Ok(()),
        true => Err(Fault::usage("", format!("the variable `{name}` is not for plugins"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn needs(text: &str) -> Needs {
        Needs::parse(text).unwrap()
    }

    #[test]
    fn a_setting_names_the_variable_that_is_needed() {
        let needs = needs("env:FIXED\nenv:{key_env}\n");
        assert_eq!(needed(&needs, &json!({"key_env": "MY_KEY_2"})).unwrap(), ["FIXED", "MY_KEY_2"]);
        // Nothing is named, or not by a text of that setting.
        for settings in [json!({}), json!({"key_env": ""}), json!({"key_env": 3}), Value::Null] {
            assert_eq!(needed(&needs, &settings).unwrap(), ["FIXED"]);
        }
        assert_eq!(needed(&needs, &json!({"x": {"key_env": "DEEP"}})).unwrap(), ["FIXED"]);
    }

    #[test]
    fn names_that_are_not_for_plugins_are_refused() {
        let needs = needs("env:{key_env}\n");
        for name in ["LD_PRELOAD", "PATH", "HOME", "TMPDIR", "MALLOC_TOP_PAD_", BUDGET, ESTIMATE] {
            let fault = needed(&needs, &json!({"key_env": name})).unwrap_err();
            assert_eq!(fault.message, format!("the variable `{name}` is not for plugins"));
            assert_eq!(fault.place, "key_env");
        }
        for name in ["2KEY", "A-B", "A=B", "ä", "A\nB"] {
            let fault = needed(&needs, &json!({"key_env": name})).unwrap_err();
            assert!(fault.message.contains("no name of a variable"), "{fault}");
        }
    }

    #[test]
    fn the_hosts_own_variables_come_first() {
        let own = BTreeMap::from([("PATH".to_owned(), OsString::from("own"))]);
        assert_eq!(value(&own, "PATH"), Some("own".into()));
        assert_eq!(value(&BTreeMap::new(), "PATH"), std::env::var_os("PATH"));
        assert_eq!(value(&BTreeMap::new(), ESTIMATE), None);
    }

    #[test]
    fn values_are_not_shown() {
        let own = BTreeMap::from([("KEY".to_owned(), OsString::from("s3cret"))]);
        let mut settings = super::super::settings::WorkerSettings::new("worker".into());
        settings.variables = own;
        let shown = format!("{settings:?}");
        assert!(shown.contains("\"KEY\"") && !shown.contains("s3cret"), "{shown}");
    }
}
