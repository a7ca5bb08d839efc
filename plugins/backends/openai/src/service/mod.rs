//! Where a service is, what it allows, what it costs. Services and prices are data:
//! `services.toml`, `prices.toml`, and the user's own files of the same form.

mod key;
mod price;

pub(crate) use key::Key;
pub(crate) use price::{Price, Prices, Tokens};

use crate::{Settings, conditions::Conditions};
use pilotbench_plugin_sdk::{Error, Result};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path, time::Duration};

/// Services that come with the backend.
const BUILT_IN: &str = include_str!("services.toml");

/// A service as a file has it. What is left out is as usual.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    base_url: Option<String>,
    key_env: Option<String>,
    free: Option<bool>,
    prefill: Option<Prefill>,
    max_tokens_field: Option<MaxTokens>,
    top_logprobs: Option<usize>,
    in_flight: Option<usize>,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u32>,
    attempts: Option<u32>,
    timeout_s: Option<f64>,
    deadline_s: Option<f64>,
    longest_wait_s: Option<f64>,
    poll_s: Option<f64>,
}

/// How a service goes on with an answer that was begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Prefill {
    /// It does not.
    #[default]
    None,
    /// With a last message of the assistant.
    LastMessage,
    /// With a last message of the assistant, when it is told so.
    ContinueFinalMessage,
}

/// How the field is called that bounds an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MaxTokens {
    #[default]
    MaxTokens,
    MaxCompletionTokens,
}

impl MaxTokens {
    /// The field.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// How a service is treated.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Most requests under way.
    pub in_flight: usize,
    /// Requests per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute.
    pub tokens_per_minute: Option<u32>,
    /// Most attempts of one request.
    pub attempts: u32,
    /// Longest time of one attempt.
    pub timeout: Duration,
    /// Longest time of a request with all its attempts.
    pub deadline: Duration,
    /// Longest wait that a service may ask for.
    pub longest_wait: Duration,
    /// Time between two looks at a job.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 64,
            requests_per_minute: None,
            tokens_per_minute: None,
            attempts: 6,
            timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(600),
            longest_wait: Duration::from_secs(60),
            poll: Duration::from_secs(10),
        }
    }
}

/// A service.
#[derive(Clone)]
pub(crate) struct Service {
    /// Name, for prices; the URL where it has none.
    pub name: String,
    /// Where it is, without a slash at the end.
    pub base_url: String,
    /// Variable that the key came from.
    pub key_env: String,
    /// The key.
    pub key: Key,
    /// Whether it is free.
    pub free: bool,
    /// How it goes on with an answer.
    pub prefill: Prefill,
    /// How answers are bounded.
    pub max_tokens: MaxTokens,
    /// Most tokens whose log-probabilities it lists at a place.
    pub top_logprobs: usize,
    /// How it is treated.
    pub limits: Limits,
}

impl Service {
    /// The service that settings name.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not known, its entry is wrong, or its key is not set.
    pub(crate) fn of(settings: &Settings, conditions: &Conditions) -> Result<Self> {
        let entry = entry(settings, conditions)?;
        let url = Some(settings.base_url.clone()).filter(|url| !url.is_empty());
        let url = url.or_else(|| entry.base_url.clone());
        let url = url.ok_or_else(|| {
            Error::config("service", format!("`{}` has no base_url", settings.service))
        })?;
        let base_url = checked(&url)?;
        let key_env = match settings.key_env.as_str() {
            "" => entry.key_env.clone().unwrap_or_default(),
            own => own.to_owned(),
        };
        let key = Key::new(std::env::var(&key_env).ok());
        key.header().map_err(|why| Error::config("key_env", format!("`{key_env}` {why}")))?;
        let is_needed = !key_env.is_empty() && !conditions.is_silent();
        if is_needed && matches!(key.header(), Ok(None)) {
            // The host passes the variables that settings name, and those of the built-in services.
            let also = match settings.key_env.is_empty() && !BUILT_IN.contains(&key_env) {
                true => format!(" (name it in the settings too: key_env = \"{key_env}\")"),
                false => String::new(),
            };
            let message = format!(
                "the variable `{key_env}` is not set{also}; export it, or give the key by `--key-fd {key_env}=3 3<FILE`"
            );
            return Err(Error::config("key_env", message));
        }
        let name = match settings.service.as_str() {
            "" => base_url.clone(),
            name => name.to_owned(),
        };
        Ok(Self {
            name,
            free: entry.free.unwrap_or_else(|| is_loopback(&base_url)),
            base_url,
            key_env,
            key,
            prefill: entry.prefill.unwrap_or_default(),
            max_tokens: entry.max_tokens_field.unwrap_or_default(),
            top_logprobs: entry.top_logprobs.unwrap_or(20).clamp(2, 1000),
            limits: entry.limits()?,
        })
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.base_url)
    }
}

impl Entry {
    /// This, with what the other says instead.
    fn with(self, other: Self) -> Self {
        Self {
            base_url: other.base_url.or(self.base_url),
            key_env: other.key_env.or(self.key_env),
            free: other.free.or(self.free),
            prefill: other.prefill.or(self.prefill),
            max_tokens_field: other.max_tokens_field.or(self.max_tokens_field),
            top_logprobs: other.top_logprobs.or(self.top_logprobs),
            in_flight: other.in_flight.or(self.in_flight),
            requests_per_minute: other.requests_per_minute.or(self.requests_per_minute),
            tokens_per_minute: other.tokens_per_minute.or(self.tokens_per_minute),
            attempts: other.attempts.or(self.attempts),
            timeout_s: other.timeout_s.or(self.timeout_s),
            deadline_s: other.deadline_s.or(self.deadline_s),
            longest_wait_s: other.longest_wait_s.or(self.longest_wait_s),
            poll_s: other.poll_s.or(self.poll_s),
        }
    }

    fn limits(&self) -> Result<Limits> {
        let usual = Limits::default();
        let time = |key: &str, given: Option<f64>, usual: Duration| match given {
            None => Ok(usual),
            Some(s) if s > 0.0 && s <= 1e6 => Ok(Duration::from_secs_f64(s)),
            Some(s) => Err(Error::config("service", format!("{key}: {s} is no time"))),
        };
        Ok(Limits {
            in_flight: self.in_flight.unwrap_or(usual.in_flight).clamp(1, 4096),
            requests_per_minute: self.requests_per_minute.filter(|n| *n > 0),
            tokens_per_minute: self.tokens_per_minute.filter(|n| *n > 0),
            attempts: self.attempts.unwrap_or(usual.attempts).clamp(1, 100),
            timeout: time("timeout_s", self.timeout_s, usual.timeout)?,
            deadline: time("deadline_s", self.deadline_s, usual.deadline)?,
            longest_wait: time("longest_wait_s", self.longest_wait_s, usual.longest_wait)?,
            poll: time("poll_s", self.poll_s, usual.poll)?,
        })
    }
}

/// The entry of the service that settings name; an empty one where they name none.
fn entry(settings: &Settings, conditions: &Conditions) -> Result<Entry> {
    let built_in = entries(Path::new("services.toml"), BUILT_IN)?;
    let own = match &conditions.services {
        Some((path, text)) => entries(path, text)?,
        None => BTreeMap::new(),
    };
    let name = settings.service.as_str();
    if name.is_empty() {
        return Ok(Entry::default());
    }
    match (built_in.get(name), own.get(name)) {
        (None, None) => {
            let names: Vec<&str> = built_in.keys().chain(own.keys()).map(String::as_str).collect();
            let message = format!(
                "`{}` is none of {}; `base_url` says where another is",
                name.escape_debug(),
                names.join(", ")
            );
            Err(Error::config("service", message))
        }
        (known, own) => {
            Ok(known.cloned().unwrap_or_default().with(own.cloned().unwrap_or_default()))
        }
    }
}

fn entries(path: &Path, text: &str) -> Result<BTreeMap<String, Entry>> {
    toml::from_str(text).map_err(|e| Error::config("service", format!("{}: {e}", path.display())))
}

/// A URL that keys may be sent to.
fn checked(url: &str) -> Result<String> {
    let wrong = |message: &str| Err(Error::config("base_url", format!("`{url}` {message}")));
    let Ok(parsed) = reqwest::Url::parse(url) else { return wrong("is no URL") };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::config(
            "base_url",
            "holds a user or a password; keys come by `key_env`",
        ));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return wrong("has a query; give it up to /v1");
    }
    let url = url.trim_end_matches('/').to_owned();
    match parsed.scheme() {
        "https" => Ok(url),
        "http"
            if is_loopback(&url)
                || matches!(url_host(&url).as_deref(), Some(h) if is_private(h)) =>
        {
            Ok(url)
        }
        "http" => wrong("is not encrypted; https alone is used beyond one's own network"),
        _ => wrong("is neither https nor http"),
    }
}

fn url_host(url: &str) -> Option<String> {
    Some(reqwest::Url::parse(url).ok()?.host_str()?.to_owned())
}

fn is_loopback(url: &str) -> bool {
    let Some(host) = url_host(url) else { return false };
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Whether a host is an address of a network of one's own.
fn is_private(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_private())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(settings: &str, services: &str) -> Result<Service> {
        let settings: Settings = serde_json::from_str(settings).unwrap();
        let services = Some(("own.toml".into(), services.to_owned()));
        Service::of(&settings, &Conditions { services, ..Conditions::default() })
    }

    #[test]
    fn every_built_in_service_is_whole() {
        for (name, entry) in entries(Path::new("built in"), BUILT_IN).unwrap() {
            assert!(entry.limits().is_ok(), "{name}");
            checked(&entry.base_url.unwrap()).unwrap();
            assert!(entry.free == Some(true) || entry.key_env.is_some(), "{name} has no key");
            if let Some(variable) = entry.key_env {
                let need = format!("\"env:{variable}\"");
                assert!(include_str!("../lib.rs").contains(&need), "{need} is missing in lib.rs");
            }
        }
    }

    #[test]
    fn the_users_services_add_and_replace() {
        let own = "[mine]\nbase_url = \"http://127.0.0.1:9/v1/\"\nin_flight = 3\n\
                   [vllm]\nbase_url = \"http://10.0.0.7:8000/v1\"";
        let mine = service(r#"{"service": "mine", "model": "m"}"#, own).unwrap();
        assert_eq!((mine.base_url.as_str(), mine.limits.in_flight), ("http://127.0.0.1:9/v1", 3));
        let vllm = service(r#"{"service": "vllm", "model": "m"}"#, own).unwrap();
        assert_eq!(vllm.base_url, "http://10.0.0.7:8000/v1");
        assert_eq!(vllm.prefill, Prefill::ContinueFinalMessage);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |settings: &str| service(settings, "").err().unwrap().to_string();
        assert!(said(r#"{"service": "opnai", "model": "m"}"#).contains("none of deepseek"));
        assert!(said(r#"{"base_url": "http://example.org/v1"}"#).contains("not encrypted"));
        assert!(said(r#"{"base_url": "https://u:p@example.org/v1"}"#).contains("key_env"));
        assert!(!said(r#"{"base_url": "https://u:secret@example.org/v1"}"#).contains("secret"));
        assert!(said(r#"{"base_url": "ftp://x/v1"}"#).contains("neither https"));
        let unset = r#"{"base_url": "https://x.org/v1", "key_env": "NO_SUCH_VARIABLE_HERE"}"#;
        assert!(said(unset).contains("`NO_SUCH_VARIABLE_HERE` is not set"));
        let odd = service(r#"{"service": "x", "model": "m"}"#, "[x]\nbase = 1").err().unwrap();
        assert!(odd.to_string().contains("own.toml"), "{odd}");
    }
}
