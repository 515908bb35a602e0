//! What an answer of the server means for the object that was sent.
//!
//! Judged by status code, then by the reason, the details and the causes of the `Status`; by words of its message only where
//! nothing else tells cases apart.

use std::time::Duration;

use serde_json::Value;

use crate::limits::RETRY_AFTER_TIME;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Done {
        /// Whether the object had not been there.
        created: bool,
    },
    /// The server asks for a slower pace; the object is sent again.
    Throttled(Option<Duration>),
    /// Trouble that passes; the object is sent again.
    Passing(Passing),
    /// Others manage fields that the object sets.
    Conflict(Vec<Conflict>),
    /// The fields cannot be changed: the object would have to be deleted and made anew.
    Immutable(Vec<Refusal>),
    /// The server does not take the object.
    Refused(Vec<Refusal>),
    /// A dry run cannot tell, since it makes nothing of what the object needs.
    Untestable,
}

/// Kinds of trouble that pass, each with its own patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// The server, or something before it, is overloaded, restarting or electing a leader.
    Server,
    /// Somebody else wrote the object, or its quota, at the same moment.
    Race,
    /// What the object needs was made a moment ago and is not seen everywhere yet.
    NotYetVisible,
    /// The server has just started, and refuses what it may allow in a moment.
    Starting,
    /// An admission webhook did not answer.
    Webhook,
    /// Nobody knows: few tries.
    Unknown,
}

/// A field that somebody else manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The path of the field.
    pub field: String,
    /// The name of the other manager.
    pub manager: String,
    /// The subresource through which it wrote, such as `scale`; may be empty.
    pub subresource: String,
}

/// What is wrong, and with which field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The path of the field; empty for the object as a whole.
    pub field: String,
    /// The server's words.
    pub message: String,
}

/// Words by which the server says that a field cannot be changed.
const IMMUTABLE: &[&str] = &[
    "field is immutable",
    "is immutable",
    "may not change once set",
    "are forbidden",
    "cannot change roleRef",
    "may not be changed in an update",
    "pod updates may not change fields other than",
    "field can not be decreased",
    "can not be unset",
];
/// Words of errors in the schema, which come with status 500.
const SCHEMA: &[&str] = &[
    "failed to create typed patch object",
    "failed to create manager for existing fields",
    "field not declared in schema",
    "duplicate entries for key",
];
/// Values that are longer are more in the way than of help.
const LONG: usize = 120;
const WEBHOOK: &[&str] = &["failed calling webhook", "conversion webhook for"];

/// Judges an answer to a write. `namespaced_in` and `defined` say whether the namespace and the definition of the object's
/// kind are of the same run, so that not finding them is a matter of time.
pub(crate) fn judge(code: u16, retry_after: Option<Duration>, body: &[u8], expects: Expects) -> Verdict {
    if (200..300).contains(&code) {
        return Verdict::Done { created: code == 201 };
    }
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = text(&status, "message");
    let reason = text(&status, "reason");
    let details = status.get("details").cloned().unwrap_or_default();
    let causes = details.get("causes").and_then(Value::as_array).cloned().unwrap_or_default();
    let of_reason = |name: &str| causes.iter().any(|cause| text(cause, "reason") == name);
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let refusals = || {
        let named: Vec<Refusal> = causes
            .iter()
            .map(|cause| Refusal { field: text(cause, "field"), message: brief(&text(cause, "message")) })
            .filter(|refusal| !refusal.message.is_empty())
            .collect();
        if named.is_empty() { vec![whole(&message, code)] } else { named }
    };
    match code {
        429 => Verdict::Throttled(retry_after.map(|wait| wait.min(RETRY_AFTER_TIME))),
        409 if of_reason("FieldManagerConflict") => Verdict::Conflict(
            causes
                .iter()
                .map(|cause| {
                    let (manager, subresource) = manager(&text(cause, "message"));
                    Conflict { field: text(cause, "field"), manager, subresource }
                })
                .collect(),
        ),
        409 if says(&["uid mismatch", "Precondition failed"]) => Verdict::Passing(Passing::Race),
        409 => Verdict::Passing(Passing::Race),
        404 if details.get("kind").is_some_and(|kind| kind == "namespaces") && expects.namespace => {
            Verdict::Passing(Passing::NotYetVisible)
        }
        404 if expects.definition => Verdict::Passing(Passing::NotYetVisible),
        // The server asks itself, which fails while it ends or starts.
        422 if causes.iter().any(|cause| asked_itself(&text(cause, "message"))) => Verdict::Passing(Passing::Server),
        422 if reason == "Invalid" && causes.iter().any(|cause| cannot_change(&text(cause, "message"))) => {
            Verdict::Immutable(refusals())
        }
        // A server that has just started does not know yet who may do what, and which namespaces there are.
        403 if message.contains("not yet ready to handle request") => Verdict::Passing(Passing::Server),
        // The quota's status is filled a moment after the quota is made.
        403 if message.contains("status unknown for quota") => Verdict::Passing(Passing::NotYetVisible),
        // The account that a pod runs as is made by a controller after its namespace.
        403 if expects.namespace && message.contains("error looking up service account") => {
            Verdict::Passing(Passing::NotYetVisible)
        }
        400..=499 => Verdict::Refused(refusals()),
        500 if says(SCHEMA) => Verdict::Refused(vec![schema(&message)]),
        500 if says(&["request is too large", "etcdserver: request is too large"]) => Verdict::Refused(refusals()),
        500 if says(WEBHOOK) => Verdict::Passing(Passing::Webhook),
        500 if says(&["etcdserver:", "raft proposal dropped", "leader changed"])
            || matches!(reason.as_str(), "ServerTimeout" | "Timeout" | "ServiceUnavailable") =>
        {
            Verdict::Passing(Passing::Server)
        }
        502..=504 => match retry_after {
            Some(wait) => Verdict::Throttled(Some(wait.min(RETRY_AFTER_TIME))),
            None => Verdict::Passing(Passing::Server),
        },
        _ => Verdict::Passing(Passing::Unknown),
    }
}

/// What of an object's surroundings is made by the same run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expects {
    /// Its namespace.
    pub namespace: bool,
    /// The definition of its kind.
    pub definition: bool,
}

/// Takes the whole of an answer for one refusal.
pub(crate) fn whole(message: &str, code: u16) -> Refusal {
    let message = if message.is_empty() { format!("HTTP status {code}") } else { message.to_owned() };
    Refusal { field: String::new(), message }
}

/// Leaves the whole of a structure, and the comparison of two, out of what the server says about it.
fn brief(message: &str) -> String {
    let message = message.split_once("\n@@ ").map_or(message, |(words, _)| words);
    if let Some((kind, rest)) = message.split_once(": ")
        && rest.starts_with(['{', '['])
    {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let end = values.next().is_some_and(|value| value.is_ok()).then(|| values.byte_offset());
        if let Some(words) = end.filter(|end| *end > LONG).and_then(|end| rest.get(end..)?.strip_prefix(": ")) {
            return format!("{kind}: {words}");
        }
    }
    message.trim_end().to_owned()
}

pub(crate) fn cannot_change(message: &str) -> bool {
    // `Forbidden` has many other uses; of the words for updates only this form is meant.
    IMMUTABLE.iter().any(|word| {
        message.contains(word)
            && (*word != "are forbidden" || (message.contains("updates to") || message.contains("update")))
    })
}

/// Whether an address or a port could not be had for reasons that have nothing to do with what was asked.
fn asked_itself(message: &str) -> bool {
    message.contains("failed to allocate")
        && ["dial tcp", ": EOF", "connection re", "not ready", "context deadline exceeded", "etcdserver:"]
            .iter()
            .any(|word| message.contains(word))
}

/// Splits `failed to create typed patch object (ns/name; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema`.
fn schema(message: &str) -> Refusal {
    let rest = message.rsplit_once("): ").map_or(message, |(_, rest)| rest);
    match rest.strip_prefix('.').and_then(|rest| rest.split_once(": ")) {
        Some((field, message)) => Refusal { field: field.to_owned(), message: message.to_owned() },
        None => Refusal { field: String::new(), message: rest.to_owned() },
    }
}

/// Takes manager and subresource out of `conflict with "NAME" with subresource "SUB" using apps/v1 at …`.
fn manager(message: &str) -> (String, String) {
    let quoted = |after: &str| {
        let rest = &message[message.find(after)? + after.len()..];
        let rest = rest.strip_prefix('"')?;
        Some(rest[..rest.find('"')?].to_owned())
    };
    (quoted("conflict with ").unwrap_or_default(), quoted("with subresource ").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16, body: &str) -> Verdict {
        judge(code, None, body.as_bytes(), Expects::default())
    }

    #[test]
    fn one_status_code_can_be_three_things() {
        let conflict = r#"{"reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict",
            "message":"conflict with \"kube-controller-manager\" with subresource \"scale\" using apps/v1","field":".spec.replicas"}]}}"#;
        let expected = Conflict {
            field: ".spec.replicas".into(),
            manager: "kube-controller-manager".into(),
            subresource: "scale".into(),
        };
        assert_eq!(of(409, conflict), Verdict::Conflict(vec![expected]));
        let modified = r#"{"reason":"Conflict","message":"the object has been modified"}"#;
        assert_eq!(of(409, modified), Verdict::Passing(Passing::Race));
        assert_eq!(of(409, r#"{"details":{"kind":"resourcequotas"}}"#), Verdict::Passing(Passing::Race));
    }

    #[test]
    fn errors_of_the_schema_are_final_though_they_come_as_failures_of_the_server() {
        let body = r#"{"message":"failed to create typed patch object (x/y; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema"}"#;
        let refusal = Refusal { field: "spec.foo".into(), message: "field not declared in schema".into() };
        assert_eq!(of(500, body), Verdict::Refused(vec![refusal]));
        assert_eq!(of(500, r#"{"message":"etcdserver: leader changed"}"#), Verdict::Passing(Passing::Server));
        assert_eq!(of(500, "<html>"), Verdict::Passing(Passing::Unknown));
    }

    #[test]
    fn what_the_run_itself_makes_is_waited_for_and_nothing_else() {
        let body = r#"{"reason":"NotFound","details":{"kind":"namespaces","name":"x"},"message":"namespaces \"x\" not found"}"#;
        assert!(matches!(of(404, body), Verdict::Refused(_)));
        let expects = Expects { namespace: true, definition: false };
        assert_eq!(judge(404, None, body.as_bytes(), expects), Verdict::Passing(Passing::NotYetVisible));
    }

    #[test]
    fn messages_are_shown_without_the_whole_of_what_they_are_about() {
        let template = format!("{{\"Spec\":{{\"Name\":\"a: {}\"}}}}", "x".repeat(200));
        assert_eq!(
            brief(&format!("Invalid value: {template}: field is immutable")),
            "Invalid value: field is immutable"
        );
        assert_eq!(brief("Invalid value: [\"a\"]: no such thing"), "Invalid value: [\"a\"]: no such thing");
        assert_eq!(brief("Forbidden: spec is immutable\n@@ -1,6 +1,6 @@\n {"), "Forbidden: spec is immutable");
        assert_eq!(brief("Invalid value: {broken: x"), "Invalid value: {broken: x");
    }

    #[test]
    fn what_cannot_be_changed_is_told_from_what_is_wrong() {
        let body = |message: &str| {
            format!(r#"{{"reason":"Invalid","details":{{"causes":[{{"field":"spec.x","message":"{message}"}}]}}}}"#)
        };
        assert!(matches!(of(422, &body("Invalid value: 1: field is immutable")), Verdict::Immutable(_)));
        assert!(matches!(of(422, &body("must be greater than 0")), Verdict::Refused(_)));
        let ending = "failed to allocate IP: Post ipaddresses: dial tcp 10.0.0.1:443: connect: connection refused";
        assert_eq!(of(422, &body(ending)), Verdict::Passing(Passing::Server));
        assert!(matches!(of(422, &body("failed to allocate IP: range is full")), Verdict::Refused(_)));
        assert!(matches!(
            of(422, &body("Forbidden: updates to statefulset spec for fields other than x are forbidden")),
            Verdict::Immutable(_)
        ));
    }
}
