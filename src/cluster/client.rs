//! Requests as bytes over one connection, answers with their headers. An answer that is not what was asked for is none.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::credential::Credential;
use super::lost::{Lost, lost, without_secrets};
use super::reply::Reply;
use super::waits::Waits;
use crate::limits;

pub use http::Method as Verb;

/// The most characters of a message of the server that are passed on.
const LONGEST_MESSAGE: usize = 1000;
/// To open a connection ahead is worth so much time.
const WARM: Duration = Duration::from_secs(2);
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
    /// Who we are, where that is not said by the connection itself.
    pub(super) credential: Arc<Credential>,
    /// What is waited for.
    pub(super) waits: Waits,
}

/// How the server fared.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Whether it has ever answered well.
    pub(super) answered: AtomicBool,
    /// When it was last not there.
    gone: Mutex<Option<Instant>>,
    /// How long a good answer took at least, in microseconds; 0 before the first one.
    best: AtomicU64,
}

impl Health {
    fn is_early(&self) -> bool {
        let gone = *self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.is_some_and(|gone| gone.elapsed() < START)
    }

    fn note_time(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let best = |best: u64| (best == 0 || took < best).then_some(took);
        // Where another was noted in between, the next answer will do.
        let _ = self.best.fetch_update(Ordering::Relaxed, Ordering::Relaxed, best);
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
    /// What the body is said to be.
    pub content: String,
    /// The body.
    pub body: bytes::Bytes,
}

impl Answer {
    /// Whether the request was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Whether it says that we may not do what was asked.
    pub fn is_denial(&self) -> bool {
        matches!(self.code, 401 | 403)
    }

    /// Whether it says that the server cannot answer now.
    pub fn is_trouble(&self) -> bool {
        self.code == 429 || self.code >= 500
    }

    /// Reads the body as JSON; null where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the server's own words about a failure.
    pub fn message(&self) -> String {
        match self.json().get("message").and_then(serde_json::Value::as_str) {
            Some(message) if !message.is_empty() => message.chars().take(LONGEST_MESSAGE).collect(),
            _ if self.body.is_empty() => format!("HTTP status {}", self.code),
            _ => format!("HTTP status {} with {}", self.code, super::reply::described(&self.content, &self.body)),
        }
    }
}

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
    /// What the answer has to be.
    pub reply: Reply,
}

/// Answers in full.
pub const WHOLE: &str = "application/json";
/// Answers with metadata only.
pub const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

impl Call {
    /// Reads what lies at a path.
    pub fn get(path: impl Into<String>) -> Self {
        let (path, body) = (path.into(), bytes::Bytes::new());
        Self { verb: Method::GET, path, content: None, accept: WHOLE, body, reply: Reply::Any }
    }

    /// Applies a body, from the server's side, to a path with the parameters of the apply.
    pub fn apply(path: impl Into<String>, body: impl Into<bytes::Bytes>) -> Self {
        // JSON is YAML; the server knows no other name for the body of an apply.
        Self::send(Method::PATCH, path, "application/apply-patch+yaml", body)
    }

    /// Sends a body of a type to a path.
    pub fn send(verb: Method, path: impl Into<String>, content: &'static str, body: impl Into<bytes::Bytes>) -> Self {
        let (path, body) = (path.into(), body.into());
        Self { verb, path, content: Some(content), accept: METADATA, body, reply: Reply::Any }
    }

    /// Says what the answer has to be.
    #[must_use]
    pub fn expecting(self, reply: Reply) -> Self {
        Self { reply, ..self }
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
        let wait = self.waits.begin();
        let limit = self.limit(&call.verb);
        let sent = Instant::now();
        let result = if let Ok(result) = tokio::time::timeout(limit, self.exchange(call)).await {
            result.and_then(|answer| call.reply.accept(answer))
        } else {
            self.health.note_gone();
            Err(Lost::passing(format!("no answer within {} s", limit.as_secs_f32())))
        };
        if result.as_ref().is_ok_and(|answer| !answer.is_trouble()) {
            self.health.answered.store(true, Ordering::Relaxed);
            self.health.note_time(sent.elapsed());
            wait.answered();
        }
        result
    }

    /// Sends one request that has so much time left, unless the user said how much each has.
    pub async fn call_within(&self, call: &Call, left: Duration) -> Result<Answer, Lost> {
        if self.timeout.is_some() {
            return self.call(call).await;
        }
        let answered = tokio::time::timeout(left, self.call(call)).await;
        answered.unwrap_or_else(|_| Err(Lost::passing(format!("no answer within {:.0} s", left.as_secs_f32()))))
    }

    /// Returns how long a good answer takes at best: the distance, and a moment.
    pub fn distance(&self) -> Duration {
        Duration::from_micros(self.health.best.load(Ordering::Relaxed))
    }

    /// Opens connections for so many requests at once: far away each takes some times the distance before its first answer.
    pub async fn warm(&self, connections: usize) {
        // Who may nothing else may ask this; whatever the answer, the connection is there.
        let call = Call::get("/version");
        let mut asked = JoinSet::new();
        for _ in 0..connections {
            let (client, call) = (self.clone(), call.clone());
            asked.spawn(async move { client.call_within(&call, WARM).await.is_ok() });
        }
        while asked.join_next().await.is_some() {}
    }

    /// Returns what is waited for.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Returns how long a request may take. A server that is in trouble for long gets less and less.
    pub(super) fn limit(&self, verb: &Method) -> Duration {
        let usual = match (*verb == Method::GET, self.health.answered.load(Ordering::Relaxed)) {
            (true, false) => limits::FIRST_ANSWER_TIME,
            (true, true) => limits::READ_TIME,
            (false, _) => limits::WRITE_TIME,
        };
        let left = limits::TROUBLE_TIME.saturating_sub(self.waits.silence()).max(Duration::from_secs(5));
        self.timeout.unwrap_or_else(|| usual.min(left))
    }

    /// Sends a request and returns what comes back, of which only the head is read.
    pub(super) async fn open(&self, call: &Call) -> Result<http::Response<Body>, Lost> {
        let mut request = request(call)?;
        if let Some(value) = self.credential.header(&self.waits).await? {
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = self.inner.send(request).await.map_err(|error| {
            self.health.note_gone();
            lost(&error)
        })?;
        if response.status().is_redirection() {
            return Err(Lost::foreign(redirected(response.headers())));
        }
        Ok(response)
    }

    async fn exchange(&self, call: &Call) -> Result<Answer, Lost> {
        let (parts, mut body) = self.open(call).await?.into_parts();
        let mut bytes = bytes::BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| lost(&error))?;
            let Some(data) = frame.data_ref() else { continue };
            if bytes.len() + data.len() > limits::ANSWER_BYTES {
                return Err(Lost::too_long(format!("its answer is longer than {} MiB", limits::ANSWER_BYTES >> 20)));
            }
            bytes.extend_from_slice(data);
        }
        let text = |value: &http::HeaderValue| value.to_str().ok().map(str::to_owned);
        let header = |name| parts.headers.get(name).and_then(text);
        if let Some(coding) = header(header::CONTENT_ENCODING).filter(|coding| coding != "identity") {
            return Err(Lost::foreign(format!("its answer is in the encoding `{coding}`, for which it was not asked")));
        }
        Ok(Answer {
            date: header(header::DATE)
                .and_then(|date| jiff::fmt::rfc2822::parse(&date).ok())
                .map(|date| date.timestamp()),
            early: matches!(parts.status.as_u16(), 401 | 403) && self.health.is_early(),
            code: parts.status.as_u16(),
            retry_after: header(header::RETRY_AFTER).and_then(|text| seconds(text.trim())),
            warnings: parts
                .headers
                .get_all(header::WARNING)
                .iter()
                .filter_map(text)
                .map(|text| unquote(&text))
                .collect(),
            content: header(header::CONTENT_TYPE).unwrap_or_default(),
            body: bytes.freeze(),
        })
    }
}

/// Says where an answer sends us, which is to somebody else: API servers redirect nobody.
fn redirected(headers: &http::HeaderMap) -> String {
    let place = headers.get(header::LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
    // What follows may hold a ticket of the login.
    let place = place.split(['?', '#']).next().unwrap_or_default();
    let place: String = without_secrets(place).chars().take(200).collect();
    if place.is_empty() {
        "it answers with a redirect".into()
    } else {
        format!("it answers with a redirect to `{place}`")
    }
}

fn request(call: &Call) -> Result<Request<Body>, Lost> {
    let mut request = Request::builder().method(call.verb.clone()).uri(&call.path).header(header::ACCEPT, call.accept);
    if let Some(content) = call.content {
        request = request.header(header::CONTENT_TYPE, content);
    }
    let body = if call.content.is_some() { Body::from(call.body.clone()) } else { Body::empty() };
    request.body(body).map_err(|error| Lost::hopeless(error.to_string()))
}

/// Reads a number of seconds; one that no number holds is as good as the largest.
fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
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
    fn any_number_of_seconds_is_one() {
        assert_eq!(seconds("7"), Some(Duration::from_secs(7)));
        assert_eq!(seconds("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert!(["", "x", "-1", "Fri, 31 Dec"].iter().all(|text| seconds(text).is_none()));
    }

    #[test]
    fn warnings_lose_their_code_and_quotes() {
        assert_eq!(unquote(r#"299 - "use \"v1\" instead""#), r#"use "v1" instead"#);
        assert_eq!(unquote("299 - plain"), "plain");
    }
}
