//! Why a request has no answer, and whether another attempt may have one.

use crate::service::Key;
use pilotbench_plugin_sdk::Error;
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// How far a request came that may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// No connection stood.
    Nobody,
    /// The connection broke: the service may have done the work, and charge for it.
    Perhaps,
    /// The service said that it has no answer.
    Service,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// Another attempt may work.
    Passing {
        /// What happened.
        message: String,
        /// How long the service says to wait.
        wait: Option<Duration>,
        /// Whether the service has too much to do.
        is_crowded: bool,
        /// How far the request came.
        reached: Reached,
    },
    /// A reply that is no answer: another attempt may have one, not many.
    Broken(String),
    /// This request will never work.
    Lasting(String),
    /// The service has no such thing.
    NotFound(String),
    /// The prompt is longer than the model takes.
    TooLong {
        /// Tokens of the prompt, 0 where the service does not say.
        tokens: usize,
        /// Most tokens.
        limit: usize,
    },
    /// The account is exhausted.
    Quota(String),
    /// The key is refused.
    Denied(String),
    /// The money that may be spent is spent.
    Budget(String),
    /// Attempts or time are used up, or the service asks for more patience than there is.
    GivenUp(String),
    /// Nothing is kept, and no request may be made.
    NotKept(String),
}

impl Failure {
    /// What happened.
    pub fn message(&self) -> String {
        match self {
            Self::TooLong { tokens, limit } => {
                format!("a prompt of {tokens} tokens, and the model takes {limit}")
            }
            Self::Passing { message, .. }
            | Self::Broken(message)
            | Self::Lasting(message)
            | Self::NotFound(message)
            | Self::Quota(message)
            | Self::Denied(message)
            | Self::Budget(message)
            | Self::GivenUp(message)
            | Self::NotKept(message) => message.clone(),
        }
    }

    /// Whether the service may have answered, and charges for it.
    pub fn may_be_charged(&self) -> bool {
        matches!(self, Self::Broken(_) | Self::Passing { reached: Reached::Perhaps, .. })
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TooLong { tokens, limit } => Self::TooLong { tokens, limit },
            Failure::Budget(message) => Self::Budget(message),
            Failure::Quota(message) => Self::Unavailable(message),
            Failure::Denied(message) => Self::Denied(message),
            other => Self::external(other.message()),
        }
    }
}

/// The failure that an error status means.
pub(crate) fn of_status(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    key: &Key,
) -> Failure {
    let said = Said::read(body);
    let message = format!("status {}{}", status.as_u16(), said.shown(key));
    let should_retry = headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    match status.as_u16() {
        300..=399 => {
            let host = headers.get("location").and_then(|value| value.to_str().ok());
            let host = host.and_then(|url| reqwest::Url::parse(url).ok());
            let host = host.as_ref().and_then(|url| url.host_str()).unwrap_or("another place");
            let message = format!(
                "{message}: a redirect to {host}, which is not followed: `base_url` has to say it"
            );
            Failure::Lasting(message)
        }
        402 => Failure::Quota(message),
        429 if said.is_quota() => Failure::Quota(message),
        401 | 403 => Failure::Denied(message),
        404 => Failure::NotFound(message),
        _ if said.is_too_long() => said.too_long(),
        _ if should_retry == Some("false") => Failure::Lasting(message),
        408 | 409 | 429 | 500 | 502..=599 => Failure::Passing {
            message,
            wait: retry_after(headers, SystemTime::now()),
            is_crowded: matches!(status.as_u16(), 429 | 503 | 529),
            reached: if status.as_u16() == 504 { Reached::Perhaps } else { Reached::Service },
        },
        _ => Failure::Lasting(message),
    }
}

/// The failure that an error inside a good reply means.
pub(crate) fn of_error(error: &Value, key: &Key) -> Failure {
    let said = Said::of(error);
    match () {
        () if said.is_quota() => Failure::Quota(said.shown(key)),
        () if said.is_too_long() => said.too_long(),
        () => Failure::Broken(format!("an error inside the reply{}", said.shown(key))),
    }
}

/// What an error body says; nothing where it says nothing that is understood.
#[derive(Default)]
struct Said {
    message: String,
    code: String,
    kind: String,
    numbers: Option<(usize, usize)>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of(value.get("error").unwrap_or(&value)),
            Err(_) => Self::default(),
        }
    }

    fn of(error: &Value) -> Self {
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = match error {
            Value::String(message) => message.clone(),
            other => [other.get("message"), other.get("detail")]
                .into_iter()
                .map(text)
                .find(|message| !message.is_empty())
                .unwrap_or_default(),
        };
        let count = |name: &str| error.get(name)?.as_u64().map(|n| n as usize);
        let numbers = count("n_prompt_tokens").zip(count("n_ctx"));
        Self { message, code: text(error.get("code")), kind: text(error.get("type")), numbers }
    }

    fn shown(&self, key: &Key) -> String {
        let code = Some(self.code.as_str()).filter(|code| code.parse::<u16>().is_err());
        let words: Vec<&str> =
            code.into_iter().chain([self.message.as_str()]).filter(|w| !w.is_empty()).collect();
        match words.is_empty() {
            true => String::new(),
            false => format!(": {}", key.without(&words.join(": "))),
        }
    }

    fn is_quota(&self) -> bool {
        const WORDS: [&str; 3] =
            ["insufficient_quota", "billing_hard_limit_reached", "insufficient_balance"];
        WORDS.contains(&self.code.as_str()) || WORDS.contains(&self.kind.as_str())
    }

    fn is_too_long(&self) -> bool {
        self.code == "context_length_exceeded"
            || self.kind == "exceed_context_size_error"
            || self.message.contains("maximum context length")
            || self.message.contains("exceed context window")
    }

    /// Tokens and limit, out of fields or out of the words: the limit is told first.
    fn too_long(&self) -> Failure {
        let digits = self.message.split(|c: char| !c.is_ascii_digit());
        let mut large = digits.filter_map(|n| n.parse::<usize>().ok()).filter(|n| *n >= 64);
        let (tokens, limit) = self.numbers.unwrap_or_else(|| {
            let limit = large.next().unwrap_or(0);
            (large.next().unwrap_or(0), limit)
        });
        Failure::TooLong { tokens, limit }
    }
}

/// How long a service says to wait: milliseconds, seconds or a date; nothing where it says what
/// nobody understands.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str, unit: f64| {
        let seconds = text.parse::<f64>().ok()? * unit;
        Duration::try_from_secs_f64(seconds).ok()
    };
    if let Some(wait) = text("retry-after-ms").and_then(|text| number(text, 1e-3)) {
        return Some(wait);
    }
    let said = text("retry-after")?;
    number(said, 1.0).or_else(|| {
        let date = httpdate::parse_http_date(said).ok()?;
        Some(date.duration_since(now).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn of(status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        of_status(status, &HeaderMap::new(), body.as_bytes(), &Key::default())
    }

    #[test]
    fn the_shape_of_the_code_does_not_matter() {
        for code in ["429", "\"429\"", "\"rate_limit_exceeded\"", "null"] {
            let body = format!(r#"{{"error": {{"code": {code}, "message": "slow down"}}}}"#);
            assert!(matches!(of(429, &body), Failure::Passing { is_crowded: true, .. }), "{code}");
        }
        for body in [r#"{"error": {"message": "m"}}"#, r#"{"error": "m"}"#, "<html>busy", ""] {
            assert!(matches!(of(429, body), Failure::Passing { is_crowded: true, .. }), "{body}");
            assert!(matches!(of(400, body), Failure::Lasting(_)), "{body}");
        }
        let html = of(502, "<html><body>Bad gateway</body></html>");
        assert_eq!(html.message(), "status 502");
        let quota = r#"{"error": {"code": "insufficient_quota", "message": "pay"}}"#;
        assert!(matches!(of(429, quota), Failure::Quota(_)));
    }

    #[test]
    fn what_is_too_long_says_by_how_much() {
        let llama = r#"{"error": {"code": 400, "type": "exceed_context_size_error", "message": "x",
                        "n_prompt_tokens": 5000, "n_ctx": 2048}}"#;
        assert_eq!(of(400, llama), Failure::TooLong { tokens: 5000, limit: 2048 });
        let theirs =
            "This model's maximum context length is 8192 tokens. However, you asked for 9000";
        let theirs = format!(r#"{{"error": {{"code": null, "message": "{theirs}"}}}}"#);
        assert_eq!(of(400, &theirs), Failure::TooLong { tokens: 9000, limit: 8192 });
    }

    #[test]
    fn waits_are_read_in_all_their_forms() {
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_767))
        };
        assert_eq!(with("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(with("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(with("retry-after-ms", "120"), Some(Duration::from_millis(120)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(with("retry-after", date), Some(Duration::from_secs(10)));
        assert_eq!(with("retry-after", "99999"), Some(Duration::from_secs(99_999)));
        for garbage in ["soon", "-3", "NaN", "inf", "1e400", ""] {
            assert_eq!(with("retry-after", garbage), None, "{garbage}");
        }
    }
}
