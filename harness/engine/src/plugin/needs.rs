//! What a plugin needs from the world outside; all else is kept from its worker.

use crate::fault::{Fault, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a plugin says that it needs. Read from the file before any of its code runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Needs {
    /// Sockets.
    pub network: bool,
    /// Starting other programs.
    pub programs: bool,
    /// Environment variables, by name; `{setting}` stands for the one that a setting names.
    pub env: Vec<String>,
    /// Files and folders to read, besides the system's libraries and what the settings name; `~/` is
    /// the user's home, `$NAME` what that variable names.
    pub read: Vec<String>,
    /// Files and folders to read and write, besides a temporary folder of its own.
    pub write: Vec<String>,
}

impl Needs {
    /// Reads the lines of a plugin's `pilotbench_plugin_needs`.
    ///
    /// # Errors
    /// When a line is none of `network`, `programs`, `env:NAME`, `env:{setting}`, `read:PATH`,
    /// `write:PATH`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut needs = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split_once(':') {
                None if line == "network" => needs.network = true,
                None if line == "programs" => needs.programs = true,
                Some(("env", name)) => needs.env.push(name.to_owned()),
                Some(("read", path)) => needs.read.push(path.to_owned()),
                Some(("write", path)) => needs.write.push(path.to_owned()),
                _ => {
                    let message = format!("needs `{}`, which is unknown", line.escape_debug());
                    let hint = "known are network, programs, env:NAME, env:{setting}, read:PATH, write:PATH";
                    return Err(Fault::plugin("", message).hint(hint));
                }
            }
        }
        Ok(needs)
    }
}

/// The setting that names the variable that is needed; `None` where the need itself names it.
pub(super) fn of_setting(need: &str) -> Option<&str> {
    need.strip_prefix('{')?.strip_suffix('}')
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Vec::new();
        words.extend(self.network.then(|| "network".to_owned()));
        words.extend(self.programs.then(|| "programs".to_owned()));
        words.extend(self.env.iter().map(|name| format!("env:{name}")));
        words.extend(self.read.iter().map(|path| format!("read:{path}")));
        words.extend(self.write.iter().map(|path| format!("write:{path}")));
        match words.is_empty() {
            true => f.write_str("nothing"),
            false => f.write_str(&words.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_needs_and_are_shown_again() {
        let text = "network\nenv:KEY\nread:/models\nwrite:~/.cache/x y\n";
        let needs = Needs::parse(text).unwrap();
        assert_eq!((needs.network, needs.programs), (true, false));
        assert_eq!(needs.write, ["~/.cache/x y"]);
        assert_eq!(needs.to_string(), "network env:KEY read:/models write:~/.cache/x y");
        assert_eq!(Needs::parse("").unwrap().to_string(), "nothing");
        assert_eq!(Needs::parse("env:{key_env}\n").unwrap().to_string(), "env:{key_env}");
        assert_eq!((of_setting("{key_env}"), of_setting("KEY")), (Some("key_env"), None));
        let fault = Needs::parse("root\n").unwrap_err();
        assert!(fault.message.contains("needs `root`"), "{fault}");
    }
}
