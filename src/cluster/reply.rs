//! What an answer has to be to count as one: the object that was asked about, and no page of somebody in between.
//!
//! An answer enters with what was expected; it leaves as it is, or as none. Statuses that tell of trouble or a refusal are
//! passed through, since whoever wrote them the request was not done.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use smol_str::SmolStr;

use super::lost::Lost;
use super::{Answer, Resource};

/// What an answer has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// Its reader judges it.
    #[default]
    Any,
    /// An object, or the metadata of it; an answer with all of it has to have these fields.
    Object(Identity, Vec<SmolStr>),
    /// An object that was deleted, or a `Status` about its end.
    End(Identity),
}

/// Which object is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    api_version: SmolStr,
    kind: SmolStr,
    namespace: SmolStr,
    /// The name; empty where the server gives it.
    name: SmolStr,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    metadata: Metadata,
    code: Option<u16>,
    #[serde(deserialize_with = "word")]
    status: Option<String>,
}

/// Only a `Status` has a word there.
fn word<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Ok(serde_json::Value::deserialize(value)?.as_str().map(str::to_owned))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
    uid: String,
}

impl Reply {
    /// Expects an object; with an empty name any one of the kind.
    pub fn object(resource: &Resource, namespace: &str, name: &str) -> Self {
        Self::Object(Identity::of(resource, namespace, name), Vec::new())
    }

    /// Expects that an answer with all of the object has these fields, which were sent.
    #[must_use]
    pub fn with_fields(self, fields: Vec<SmolStr>) -> Self {
        match self {
            Self::Object(identity, _) => Self::Object(identity, fields),
            other => other,
        }
    }

    /// Expects the end of an object.
    pub fn end(resource: &Resource, namespace: &str, name: &str) -> Self {
        Self::End(Identity::of(resource, namespace, name))
    }

    /// Returns the answer where it is what was expected.
    pub(super) fn accept(&self, answer: Answer) -> Result<Answer, Lost> {
        let (Self::Object(expected, _) | Self::End(expected)) = self else { return Ok(answer) };
        let fits = match answer.code {
            200..=299 => {
                let head: Head = serde_json::from_slice(&answer.body).unwrap_or_default();
                if expected.is(&head)
                    && let Some(field) = self.lacks(&head, &answer.body)
                {
                    let what = format!("expected {expected} with its `{field}`, found it without");
                    return Err(Lost::foreign(format!("{what}, with HTTP status {}", answer.code)));
                }
                expected.is(&head) || (matches!(self, Self::End(_)) && is_success(&head))
            }
            // Kinds that are not there are told in plain text by the server itself.
            404 => {
                let head: Head = serde_json::from_slice(&answer.body).unwrap_or_default();
                is_status(&head) || (answer.content.starts_with("text/plain") && answer.body.starts_with(b"404"))
            }
            _ => true,
        };
        if fits {
            return Ok(answer);
        }
        let found = expected.told_from(&answer);
        Err(Lost::foreign(format!("expected {expected}, found {found} with HTTP status {}", answer.code)))
    }
}

impl Reply {
    /// Returns a field that an answer should have and has not.
    #[expect(clippy::zero_sized_map_values, reason = "what the fields hold is passed over while they are read")]
    fn lacks(&self, head: &Head, body: &[u8]) -> Option<&SmolStr> {
        let Self::Object(_, fields) = self else { return None };
        if fields.is_empty() || is_partial(head) {
            return None;
        }
        let found: HashMap<Cow<'_, str>, IgnoredAny> = serde_json::from_slice(body).ok()?;
        fields.iter().find(|field| !found.contains_key(field.as_str()))
    }
}

impl Identity {
    fn of(resource: &Resource, namespace: &str, name: &str) -> Self {
        let namespace = if resource.namespaced { namespace.into() } else { SmolStr::default() };
        Self { api_version: resource.api_version(), kind: resource.kind.clone(), namespace, name: name.into() }
    }

    fn is(&self, head: &Head) -> bool {
        let of_kind = is_partial(head) || (head.kind == self.kind && head.api_version == self.api_version);
        of_kind
            && head.metadata.namespace == self.namespace
            && !head.metadata.uid.is_empty()
            && (head.metadata.name == self.name || self.name.is_empty())
    }
}

impl Identity {
    /// Says what came in the place of the object. Who answers in place of the server may have put a value of a Secret into
    /// a name: no other is told than that which was asked for.
    fn told_from(&self, answer: &Answer) -> String {
        let head: Head = serde_json::from_slice(&answer.body).unwrap_or_default();
        let is_same = head.metadata.namespace == self.namespace && head.metadata.name == self.name;
        let is_secret = |kind: &str| kind == "Secret";
        if head.kind.is_empty()
            || head.kind == "Status"
            || !(is_secret(&self.kind) || is_secret(&head.kind))
            || is_same && is_secret(&head.kind)
        {
            return described(&answer.content, &answer.body);
        }
        if is_secret(&head.kind) { "another Secret".to_owned() } else { "another object".to_owned() }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{} {}`", self.kind, path(&self.namespace, &self.name))
    }
}

/// Whether it is the metadata of an object, whatever its kind.
fn is_partial(head: &Head) -> bool {
    head.kind == "PartialObjectMetadata" && head.api_version.starts_with("meta.k8s.io/")
}

fn is_status(head: &Head) -> bool {
    head.kind == "Status" && head.api_version == "v1" && head.code.is_none_or(|code| code >= 100)
}

/// Whether it is a `Status` that tells of no failure.
fn is_success(head: &Head) -> bool {
    is_status(head) && head.status.as_deref() != Some("Failure")
}

fn path(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

/// Says in a few words what an answer is; its text is not repeated.
pub(super) fn described(content: &str, body: &[u8]) -> String {
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace());
    let Some(start) = start else { return "an empty answer".into() };
    if content.contains("html") || body[start] == b'<' {
        return "an HTML page".into();
    }
    match serde_json::from_slice::<Head>(body) {
        Ok(head) if !head.kind.is_empty() => {
            let name = path(&head.metadata.namespace, &head.metadata.name);
            let shown: String = format!("{} {name}", head.kind).trim().chars().take(100).collect();
            format!("`{shown}`")
        }
        Ok(_) => "JSON that is no object of Kubernetes".into(),
        Err(error) if error.is_data() => "JSON that is no object of Kubernetes".into(),
        Err(_) => "text that is no JSON".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, content: &str, body: &str) -> Answer {
        Answer {
            code,
            retry_after: None,
            date: None,
            early: false,
            warnings: Vec::new(),
            content: content.into(),
            body: body.to_owned().into(),
        }
    }

    fn deployment() -> Resource {
        Resource {
            group: "apps".into(),
            version: "v1".into(),
            kind: "Deployment".into(),
            plural: "deployments".into(),
            namespaced: true,
            has_status: true,
        }
    }

    #[test]
    fn only_the_object_itself_is_an_answer_to_its_write() {
        let web = Reply::object(&deployment(), "shop", "web");
        let whole =
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop","uid":"1"}}"#;
        let partial = r#"{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"name":"web","namespace":"shop","uid":"1"}}"#;
        for body in [whole, partial] {
            assert!(web.accept(answer(200, "application/json", body)).is_ok(), "{body}");
            for (from, to) in [("\"web\"", "\"x\""), ("\"shop\"", "\"x\""), ("\"1\"", "\"\""), ("v1", "v2")] {
                let other = body.replace(from, to);
                // Metadata say nothing of the version of the object.
                if body == partial && from == "v1" {
                    continue;
                }
                assert!(web.accept(answer(200, "application/json", &other)).is_err(), "{other}");
            }
        }
        for (body, words) in [
            ("<html>", "an HTML page"),
            ("", "an empty answer"),
            ("[1]", "no object of Kubernetes"),
            ("{}", "no object of Kubernetes"),
            ("ok", "no JSON"),
            (r#"{"kind":"Status","apiVersion":"v1"}"#, "`Status`"),
        ] {
            let lost = web.accept(answer(201, "", body)).expect_err(body);
            assert!(lost.hopeless && lost.foreign && lost.reason.contains(words), "{lost}");
            assert!(lost.reason.contains("`Deployment shop/web`"), "{lost}");
        }
    }

    #[test]
    fn the_name_of_another_secret_is_not_told() {
        let secret = Resource { group: "".into(), kind: "Secret".into(), plural: "secrets".into(), ..deployment() };
        let db = Reply::object(&secret, "shop", "db");
        let web = Reply::object(&deployment(), "shop", "web");
        for (asked, kind, name, words) in [
            (&db, "Secret", "TOKEN", "another Secret"),
            (&db, "TOKEN", "db", "another object"),
            (&web, "Secret", "TOKEN", "another Secret"),
            (&web, "Secret", "web", "`Secret shop/web`"),
        ] {
            let body =
                format!(r#"{{"apiVersion":"v1","kind":"{kind}","metadata":{{"name":"{name}","namespace":"shop"}}}}"#);
            let lost = asked.accept(answer(200, "application/json", &body)).expect_err("it is another");
            assert!(lost.reason.contains(words) && !lost.reason.contains("TOKEN"), "{lost}");
        }
    }

    #[test]
    fn an_answer_with_all_of_an_object_has_what_was_sent() {
        let web = Reply::object(&deployment(), "shop", "web").with_fields(vec!["spec".into()]);
        let with = |kind: &str, version: &str, rest: &str| {
            format!(
                r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"web","namespace":"shop","uid":"1"}}{rest}}}"#
            )
        };
        let accept = |body: String| web.accept(answer(200, "application/json", &body));
        assert!(accept(with("Deployment", "apps/v1", r#","spec":{"replicas":1}"#)).is_ok());
        assert!(accept(with("PartialObjectMetadata", "meta.k8s.io/v1", "")).is_ok(), "it was asked for no more");
        let lost = accept(with("Deployment", "apps/v1", r#","status":{}"#)).expect_err("no spec");
        assert!(lost.foreign && lost.reason.contains("with its `spec`, found it without"), "{lost}");
    }

    #[test]
    fn a_page_that_is_not_found_says_nothing_of_an_object() {
        let end = Reply::end(&deployment(), "shop", "web");
        let status = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","code":404}"#;
        assert!(end.accept(answer(404, "application/json", status)).is_ok());
        assert!(end.accept(answer(404, "text/plain; charset=utf-8", "404 page not found\n")).is_ok());
        assert!(end.accept(answer(404, "text/html", "<h1>404</h1>")).is_err());
        assert!(end.accept(answer(200, "text/html", "<h1>ok</h1>")).is_err());
        assert!(end.accept(answer(200, "application/json", r#"{"kind":"Status","apiVersion":"v1"}"#)).is_ok());
        let failure = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","code":403}"#;
        assert!(end.accept(answer(200, "application/json", failure)).is_err(), "it is none that tells of an end");
        assert!(end.accept(answer(403, "text/html", "<h1>no</h1>")).is_ok(), "a refusal is one, whoever says it");
    }
}
