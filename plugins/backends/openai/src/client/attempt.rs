//! One request on the wire, within bounds.

use super::failure::{Failure, Reached};
use reqwest::{
    Client, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect::Policy,
};
use std::time::Duration;

/// Most bytes of an ordinary reply.
pub(crate) const REPLY_MAX: usize = 8 << 20;
/// Most bytes of a file.
pub(crate) const FILE_MAX: usize = 512 << 20;
/// Deepest nesting of a reply.
const DEPTH_MAX: usize = 64;
/// Longest time until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);

/// What is sent.
#[derive(Clone)]
pub(crate) enum Content {
    /// Nothing.
    None,
    /// JSON text.
    Json(bytes::Bytes),
    /// A file with its purpose.
    File {
        /// Its name.
        name: String,
        /// What it is for.
        purpose: &'static str,
        /// Its bytes.
        bytes: bytes::Bytes,
    },
}

/// A reply, whole.
pub(crate) struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

/// The wire.
pub(super) struct Wire {
    client: Client,
    authorization: Option<HeaderValue>,
}

impl Wire {
    /// Connections to one service. No redirect is followed, nothing is decompressed.
    ///
    /// # Errors
    /// When certificates cannot be set up.
    pub(super) fn new(
        authorization: Option<HeaderValue>,
        is_loopback: bool,
        in_flight: usize,
    ) -> Result<Self, String> {
        // Another one of this process may have been faster: it is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(in_flight)
            .tcp_nodelay(true)
            .user_agent(concat!("pilotbench/", env!("CARGO_PKG_VERSION")));
        if is_loopback {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|e| words(&e))?;
        Ok(Self { client, authorization })
    }

    /// Sends a request and reads the reply, both within `timeout`.
    ///
    /// # Errors
    /// [`Failure::Passing`] when the connection fails, [`Failure::Broken`] when the reply breaks a
    /// bound.
    pub(super) async fn send(
        &self,
        (method, url): (Method, &str),
        content: &Content,
        most: usize,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        let mut request = self.client.request(method, url).timeout(timeout);
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        request = match content {
            Content::None => request,
            Content::Json(text) => {
                request.header(CONTENT_TYPE, "application/json").body(text.clone())
            }
            Content::File { name, purpose, bytes } => {
                let length = bytes.len() as u64;
                let part = reqwest::multipart::Part::stream_with_length(bytes.clone(), length);
                let part = part.file_name(name.clone());
                let form = reqwest::multipart::Form::new().text("purpose", *purpose);
                request.multipart(form.part("file", part))
            }
        };
        let mut response = request.send().await.map_err(|e| failed(&e))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(Failure::Broken("the reply is compressed, which was not asked for".into()));
        }
        if response.content_length().is_some_and(|length| length > most as u64) {
            return Err(Failure::Broken(format!("the reply is longer than {most} bytes")));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failed(&e))? {
            if body.len() + chunk.len() > most {
                return Err(Failure::Broken(format!("the reply is longer than {most} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if is_deep(&body) {
            return Err(Failure::Broken(format!("the reply is nested deeper than {DEPTH_MAX}")));
        }
        Ok(Reply { status, headers, body })
    }
}

/// Whether JSON text nests deeper than is read. Of other text, nobody cares.
fn is_deep(body: &[u8]) -> bool {
    let (mut depth, mut is_string, mut is_escaped) = (0usize, false, false);
    for &byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            _ if is_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn failed(error: &reqwest::Error) -> Failure {
    Failure::Passing {
        message: words(error),
        wait: None,
        is_crowded: false,
        reached: if error.is_connect() { Reached::Nobody } else { Reached::Perhaps },
    }
}

/// An error with its causes, without the URL.
fn words(error: &reqwest::Error) -> String {
    let what = match () {
        () if error.is_timeout() => "no reply in time",
        () if error.is_connect() => "no connection",
        () => "the connection broke",
    };
    let mut text = what.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if inner.source().is_none() {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_of_brackets_outside_strings() {
        assert!(!is_deep(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()));
        assert!(is_deep("[".repeat(65).as_bytes()));
        assert!(!is_deep(format!("{{\"a\\\"{}\": 1}}", "[".repeat(99)).as_bytes()));
        assert!(is_deep("[".repeat(10_000).as_bytes()));
    }
}
