//! ConfigMaps and Secrets: which keys they hold. Values of Secrets are never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;

use super::value::missing;
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::Node;

/// The annotation with the account of a token.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "config-map-keys",
        at: "core/v1.ConfigMap",
        check: |at| {
            let binary = at.get(&["binaryData"]).and_then(Node::as_map);
            for entry in at.get(&["data"]).and_then(Node::as_map).into_iter().flatten() {
                let key = &entry.key.text;
                if let Some(first) = binary.and_then(|binary| binary.entry(key)) {
                    let message = format!("`{key}` is there twice: in `data` and in `binaryData`");
                    let finding = Diagnostic::new(Code::DuplicateValue, entry.key.origin, message);
                    at.report(format_args!("data[{key}]"), finding.also(first.key.origin, "in `binaryData`"));
                }
            }
        },
        refuses: &[
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {a: b}, binaryData: {a: Yg==}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, data: {a: b}, binaryData: {b: Yg==}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "secret-keys",
        at: "core/v1.Secret",
        check: secret_keys,
        refuses: &[
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/tls, data: {tls.crt: YQ==}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/ssh-auth, stringData: {ssh-privatekey: ''}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/basic-auth, stringData: {user: a}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/dockercfg}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: '{'}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: YQ==}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/service-account-token}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/tls, data: {tls.crt: ''}, stringData: {tls.key: ''}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/basic-auth, stringData: {password: ''}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: e30=}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: default}, type: a.example/b, stringData: {user: a}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Returns what a Secret holds under a key: a text of its own, or one in base64, which the server decodes. A null is an
/// empty value here, and no missing one.
fn value<'a>(at: &At<'a>, key: &str) -> Option<(&'static str, &'a Node)> {
    ["stringData", "data"].into_iter().find_map(|field| Some((field, at.node().at(&[field, key])?)))
}

fn secret_keys(at: &mut At<'_>) {
    let Some(kind) = at.text(&["type"]) else { return };
    let needs = |at: &mut At<'_>, key: &str| {
        let origin = at.get(&["data"]).or_else(|| at.get(&["stringData"])).map_or(at.origin(), Node::origin);
        missing(at, format_args!("data[{key}]"), origin, format!("missing key `{key}` of a Secret of type `{kind}`"));
    };
    match kind {
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"] {
                if value(at, key).is_none() {
                    needs(at, key);
                }
            }
        }
        "kubernetes.io/ssh-auth" => match value(at, "ssh-privatekey") {
            None => needs(at, "ssh-privatekey"),
            Some((field, node)) if node.as_str() == Some("") => {
                at.invalid(format_args!("{field}[ssh-privatekey]"), node, "expected a key, found an empty text");
            }
            Some(_) => {}
        },
        "kubernetes.io/basic-auth" if value(at, "username").is_none() && value(at, "password").is_none() => {
            needs(at, "username");
        }
        "kubernetes.io/dockercfg" | "kubernetes.io/dockerconfigjson" => {
            let key = if kind == "kubernetes.io/dockercfg" { ".dockercfg" } else { ".dockerconfigjson" };
            let Some((field, node)) = value(at, key) else { return needs(at, key) };
            if node.as_str().is_some_and(|text| !is_json(field, text)) {
                let message = format!("expected `{key}` to hold a JSON object, found something else");
                at.invalid(format_args!("{field}[{key}]"), node, message);
            }
        }
        "kubernetes.io/service-account-token" if at.text(&["metadata", "annotations", ACCOUNT]).is_none() => {
            let origin = at.get(&["metadata"]).map_or(at.origin(), Node::origin);
            let message = format!("missing annotation `{ACCOUNT}`: a token belongs to an account");
            missing(at, format_args!("metadata.annotations[{ACCOUNT}]"), origin, message);
        }
        _ => {}
    }
}

/// Whether a value is a JSON object, or what stands for none.
fn is_json(field: &str, text: &str) -> bool {
    let bytes = if field == "data" {
        let letters: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        let Ok(bytes) = STANDARD.decode(letters) else { return true };
        bytes
    } else {
        text.as_bytes().to_vec()
    };
    let text = bytes.trim_ascii();
    (text.starts_with(b"{") || text == b"null") && serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
