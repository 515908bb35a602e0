//! Requests as bytes over one connection, answers with their headers.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::client::{AuthError, Body};
use tokio::time::Instant;

pub use http::Method as Verb;

/// The server itself gives a write 34 seconds and any request 60.
const WRITE_TIMEOUT: Duration = Duration::from_secs(40);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// So long after it was not there a server may refuse what it will allow: its rules come to it like all else.
const START: Duration = Duration::from_secs(30);

/// A connection to one API server; clones share it.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: kube::Client,
    /// The server, as messages name it.
    pub(super) server: String,
    pub(super) namespace: String,
    pub(super) timeout: Option<Duration>,
    pub(super) health: Arc<Health>,
}

/// How the server fared.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Whether it has ever answered.
    pub(super) reached: AtomicBool,
    /// When it was last not there.
    gone: Mutex<Option<Instant>>,
}

impl Health {
    fn is_early(&self) -> bool {
        let gone = *self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.is_some_and(|gone| gone.elapsed() < START)
    }

    fn note_gone(&self) {
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What the server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status code.
    pub code: u16,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
    /// When the server answered, by its own clock.
    pub date: Option<jiff::Timestamp>,
    /// Whether it is a refusal by a server that was not there a moment ago, and may not know yet who may do what.
    pub early: bool,
    /// The texts of its warnings.
    pub warnings: Vec<String>,
    /// The body.
    pub body: bytes::Bytes,
}

impl Answer {
    /// Whether the request was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Reads the body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the server's own words about a failure.
    pub fn message(&self) -> String {
        match self.json().get("message").and_then(serde_json::Value::as_str) {
            Some(message) if !message.is_empty() => message.to_owned(),
            _ => format!("HTTP status {}", self.code),
        }
    }
}

/// A request whose answer never came: whether the server acted is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// What happened, for the user.
    pub reason: String,
    /// Whether trying again is pointless: credentials or certificates are wrong.
    pub hopeless: bool,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Lost {}

/// One request, ready to be sent any number of times.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub verb: Method,
    /// Path and query.
    pub path: String,
    /// The type of the body, where there is one.
    pub content: Option<&'static str>,
    /// What the answer should look like.
    pub accept: &'static str,
    /// The body.
    pub body: bytes::Bytes,
}

/// Answers in full.
pub const WHOLE: &str = "application/json";
/// Answers with metadata only.
pub const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

impl Call {
    /// Reads what lies at a path.
    pub fn get(path: impl Into<String>) -> Self {
        Self { verb: Method::GET, path: path.into(), content: None, accept: WHOLE, body: bytes::Bytes::new() }
    }

    /// Applies a body, from the server's side, to a path with the parameters of the apply.
    pub fn apply(path: impl Into<String>, body: impl Into<bytes::Bytes>) -> Self {
        // JSON is YAML; the server knows no other name for the body of an apply.
        Self::send(Method::PATCH, path, "application/apply-patch+yaml", body)
    }

    /// Sends a body of a type to a path.
    pub fn send(verb: Method, path: impl Into<String>, content: &'static str, body: impl Into<bytes::Bytes>) -> Self {
        Self { verb, path: path.into(), content: Some(content), accept: METADATA, body: body.into() }
    }
}

impl Client {
    /// Returns the server, as messages name it.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the namespace of objects that name none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Sends one request and reads the whole answer.
    pub async fn call(&self, call: &Call) -> Result<Answer, Lost> {
        let limit = if call.verb == Method::GET { READ_TIMEOUT } else { WRITE_TIMEOUT };
        let limit = self.timeout.unwrap_or(limit);
        match tokio::time::timeout(limit, self.exchange(call)).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(Lost { reason: format!("no answer within {} seconds", limit.as_secs_f32()), hopeless: false })
            }
        }
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, Lost> {
        let response = self.inner.send(request(call)?).await.map_err(|error| {
            self.health.note_gone();
            lost(&error)
        })?;
        self.health.reached.store(true, Ordering::Relaxed);
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| lost(&error))?.to_bytes();
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
        let retry_after = parts.headers.get(header::RETRY_AFTER).and_then(text);
        let date = parts.headers.get(header::DATE).and_then(text);
        Ok(Answer {
            date: date.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok()).map(|date| date.timestamp()),
            early: matches!(parts.status.as_u16(), 401 | 403) && self.health.is_early(),
            code: parts.status.as_u16(),
            retry_after: retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs),
            warnings: parts
                .headers
                .get_all(header::WARNING)
                .iter()
                .filter_map(text)
                .map(|text| unquote(&text))
                .collect(),
            body,
        })
    }
}

pub(super) fn request(call: &Call) -> Result<Request<Body>, Lost> {
    let mut request = Request::builder().method(call.verb.clone()).uri(&call.path).header(header::ACCEPT, call.accept);
    if let Some(content) = call.content {
        request = request.header(header::CONTENT_TYPE, content);
    }
    let body = if call.content.is_some() { Body::from(call.body.clone()) } else { Body::empty() };
    request.body(body).map_err(|error| Lost { reason: error.to_string(), hopeless: true })
}

/// Says in one line what went wrong, with the innermost cause: the outer ones say only that a request failed.
pub(super) fn lost(error: &(dyn std::error::Error + 'static)) -> Lost {
    let mut reason = error.to_string();
    let mut hopeless = false;
    let mut next = Some(error);
    while let Some(cause) = next {
        // Readers of YAML add an excerpt to their line.
        cause.to_string().lines().next().unwrap_or_default().clone_into(&mut reason);
        // Who we are, or who the server is, stays as wrong as it is.
        hopeless |= cause.is::<AuthError>() || reason.contains("invalid peer certificate");
        next = cause.source();
    }
    Lost { reason, hopeless }
}

/// Takes the text out of `299 - "text"`.
fn unquote(warning: &str) -> String {
    let text = warning.splitn(3, ' ').nth(2).unwrap_or(warning);
    let inner = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("\\\"", "\"").replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_lose_their_code_and_quotes() {
        assert_eq!(unquote(r#"299 - "use \"v1\" instead""#), r#"use "v1" instead"#);
        assert_eq!(unquote("299 - plain"), "plain");
    }
}
