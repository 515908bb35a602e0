//! What is put together in one volume: projected sources, and the fields of a pod that become files.

use std::collections::HashMap;

use super::at::{At, get, items, number, text};
use super::certificate::signer_name;
use super::pod::{check_name, forbid};
use super::volume::{anchor, check_file, check_items, check_mode, leaves, need_text};
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_subdomain, label_key};
use crate::text::{Node, Origin};

/// The fields of a pod that a volume shows.
const FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const KEY_TYPES: [&str; 6] = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"];
/// The first minor that knows the two kinds of certificates without being told to.
const CERTIFICATES: Minor = Minor(37);
/// For how many seconds a certificate may last: of signers of Kubernetes itself, and of others.
const OWN_SIGNER_SECONDS: i64 = 86_400;
const SIGNER_SECONDS: i64 = 7_862_400;

fn check_downward_file(at: &mut At<'_>) {
    let file = at.node();
    check_local(at, "path");
    check_mode(at, "", file, "mode");
    match (at.get(&["fieldRef"]), at.get(&["resourceFieldRef"])) {
        (None, None) => at.missing("", "missing field `fieldRef` or `resourceFieldRef`: what the file holds"),
        (Some(_), Some(node)) => {
            forbid(at, "resourceFieldRef", node.origin(), "`fieldRef` and `resourceFieldRef` exclude one another");
        }
        (Some(field), None) => check_field(at, field),
        (None, Some(amount)) => {
            need_text(at, "resourceFieldRef", amount, "containerName", anchor(file, "resourceFieldRef"));
        }
    }
}

/// Reports a path of the structure itself that is empty, or leads out of the volume.
fn check_local(at: &mut At<'_>, field: &str) {
    let Some((node, path)) = at.get(&[field]).and_then(|node| Some((node, node.as_str()?))) else { return };
    if path.is_empty() {
        at.invalid(field, node, "expected a path, found an empty text");
    } else if let Some(reason) = leaves(path) {
        at.invalid(field, node, reason);
    }
}

fn check_field(at: &mut At<'_>, reference: &Node) {
    if let Some(node) = get(reference, &["apiVersion"]).filter(|node| !matches!(node.as_str(), Some("" | "v1"))) {
        at.invalid("fieldRef.apiVersion", node, "expected `v1`, found another version");
        return;
    }
    let Some((node, path)) = reference.get("fieldPath").and_then(|node| Some((node, node.as_str()?))) else { return };
    let subscript =
        path.strip_suffix("']").and_then(|rest| rest.split_once("['")).filter(|(field, _)| !field.is_empty());
    let place = "fieldRef.fieldPath";
    match subscript {
        Some(("metadata.annotations" | "metadata.labels", key)) => {
            let lower = key.to_ascii_lowercase();
            let key = if path.starts_with("metadata.a") { &lower } else { key };
            if let Err(reason) = label_key(key) {
                let message = format!("`{}` is no name for a label: {reason}", words::shown(key));
                at.report(place, Diagnostic::new(Code::InvalidName, node.origin(), message));
            }
        }
        None if FIELDS.contains(&path) => {}
        _ => {
            let expected = words::list(FIELDS, "or");
            let message = format!("expected {expected} in a volume, found {}", words::word(path));
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report(place, finding.did_you_mean_word(path, FIELDS));
        }
    }
}

fn check_sources(at: &mut At<'_>) {
    let mut taken: HashMap<&str, Origin> = HashMap::new();
    for (index, source) in at.items(&["sources"]) {
        let place = format!("sources[{index}]");
        let known = at.minor() >= CERTIFICATES;
        let is_known = |kind: &str| known || !matches!(kind, "clusterTrustBundle" | "podCertificate");
        let entries = source.as_map().into_iter().flatten();
        let mut kinds = entries.filter(|entry| !entry.value.is_null() && is_known(&entry.key.text));
        if let (Some(first), Some(again)) = (kinds.next(), kinds.next()) {
            let message = format!("expected one kind of source, found `{}` and `{}`", first.key.text, again.key.text);
            let finding = Diagnostic::new(Code::ForbiddenField, again.key.origin, message)
                .also(first.key.origin, "the first one")
                .help("write each as an item of `sources` of its own");
            at.report(format_args!("{place}.{}", again.key.text), finding);
        }
        let mut paths: Vec<(String, &Node)> = Vec::new();
        for kind in ["secret", "configMap", "downwardAPI"] {
            let Some(inner) = get(source, &[kind]) else { continue };
            let place = format!("{place}.{kind}");
            if kind != "downwardAPI" {
                need_text(at, &place, inner, "name", anchor(source, kind));
                check_items(at, &place, inner);
            }
            paths.extend(
                items(inner, &["items"])
                    .filter_map(|(index, item)| Some((format!("{place}.items[{index}].path"), item.get("path")?))),
            );
        }
        if let Some(token) = get(source, &["serviceAccountToken"]) {
            check_token(at, &format!("{place}.serviceAccountToken"), token);
        }
        if let Some(bundle) = get(source, &["clusterTrustBundle"]).filter(|_| known) {
            let place = format!("{place}.clusterTrustBundle");
            check_bundle(at, &place, bundle, anchor(source, "clusterTrustBundle"));
            paths.extend(bundle.get("path").map(|path| (format!("{place}.path"), path)));
        }
        if let Some(certificate) = get(source, &["podCertificate"]).filter(|_| known) {
            let place = format!("{place}.podCertificate");
            check_certificate(at, &place, certificate, anchor(source, "podCertificate"));
            for field in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
                paths.extend(certificate.get(field).map(|path| (format!("{place}.{field}"), path)));
            }
        }
        for (place, node) in paths {
            let Some(path) = node.as_str().filter(|path| !path.is_empty()) else { continue };
            if let Some(first) = taken.get(path) {
                let message = format!("two sources write the file `{}` of the volume", words::shown(path));
                let finding = Diagnostic::new(Code::DuplicateValue, node.origin(), message).also(*first, "first here");
                at.report(place, finding);
            } else {
                taken.insert(path, node.origin());
            }
        }
    }
}

fn check_token(at: &mut At<'_>, place: &str, token: &Node) {
    check_file(at, place, token, "path");
    let Some(node) = get(token, &["expirationSeconds"]) else { return };
    if let Some(found) = number(node).filter(|found| !(600..=1 << 32).contains(found)) {
        let message = format!("expected a number of seconds from 600 to {}, found `{found}`", 1_i64 << 32);
        at.invalid(format_args!("{place}.expirationSeconds"), node, message);
    }
}

fn check_bundle(at: &mut At<'_>, place: &str, bundle: &Node, origin: Origin) {
    check_file(at, place, bundle, "path");
    match (get(bundle, &["name"]), get(bundle, &["signerName"])) {
        (None, None) => {
            let finding = Diagnostic::new(Code::MissingField, origin, "missing field `name` or `signerName`");
            at.report(place, finding);
        }
        (Some(_), Some(node)) => {
            forbid(
                at,
                format_args!("{place}.signerName"),
                node.origin(),
                "`name` and `signerName` exclude one another",
            );
        }
        (Some(node), None) => {
            // A bundle of a signer starts with its name and a colon; what is before that is its own matter.
            let name = node.as_str().unwrap_or_default();
            if let Err(reason) = dns_subdomain(name.rsplit_once(':').map_or(name, |(_, name)| name)) {
                let message = format!("`{}` is no name for a ClusterTrustBundle: {reason}", words::shown(name));
                at.report(format_args!("{place}.name"), Diagnostic::new(Code::InvalidName, node.origin(), message));
            }
            if let Some(selector) = get(bundle, &["labelSelector"]) {
                let message = "`labelSelector` chooses among those of a signer, and `name` is one";
                forbid(at, format_args!("{place}.labelSelector"), selector.origin(), message);
            }
        }
        (None, Some(node)) => check_name(at, format_args!("{place}.signerName"), node, "a signer", signer_name),
    }
}

fn check_certificate(at: &mut At<'_>, place: &str, certificate: &Node, origin: Origin) {
    if let Some(node) = certificate.get("signerName") {
        check_name(at, format_args!("{place}.signerName"), node, "a signer", signer_name);
    }
    if let Some(node) = certificate.get("keyType")
        && let Some(found) = node.as_str().filter(|found| !KEY_TYPES.contains(found))
    {
        let message = format!("expected {}, found `{}`", words::list(KEY_TYPES, "or"), words::shown(found));
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report(format_args!("{place}.keyType"), finding.did_you_mean_word(found, KEY_TYPES));
    }
    let host = text(certificate, &["signerName"]).unwrap_or_default().split('/').next().unwrap_or_default();
    let is_own = host == "kubernetes.io" || host.ends_with(".kubernetes.io");
    let most = if is_own { OWN_SIGNER_SECONDS } else { SIGNER_SECONDS };
    if let Some(node) = get(certificate, &["maxExpirationSeconds"])
        && let Some(found) = number(node).filter(|found| !(3600..=most).contains(found))
    {
        let message = format!("expected a number of seconds from 3600 to {most}, found `{found}`");
        at.invalid(format_args!("{place}.maxExpirationSeconds"), node, message);
    }
    let mut some = false;
    for field in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        if text(certificate, &[field]).is_some() {
            some = true;
            check_file(at, place, certificate, field);
        }
    }
    if !some {
        let message = "missing field `credentialBundlePath`, `keyPath` or `certificateChainPath`: where it is written";
        at.report(place, Diagnostic::new(Code::MissingField, origin, message));
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "downward-file",
        at: "core/v1.DownwardAPIVolumeFile",
        check: check_downward_file,
        refuses: &[
            "{path: a}",
            "{path: '', fieldRef: {fieldPath: metadata.name}}",
            "{path: /a, fieldRef: {fieldPath: metadata.name}}",
            "{path: a, mode: 512, fieldRef: {fieldPath: metadata.name}}",
            "{path: a, fieldRef: {fieldPath: metadata.name}, resourceFieldRef: {containerName: a, resource: limits.cpu}}",
            "{path: a, fieldRef: {fieldPath: spec.nodeName}}",
            "{path: a, fieldRef: {fieldPath: metadata.name, apiVersion: v2}}",
            "{path: a, fieldRef: {fieldPath: 'metadata.labels[''a b'']'}}",
            "{path: a, fieldRef: {fieldPath: 'metadata.name[''a'']'}}",
            "{path: a, resourceFieldRef: {resource: limits.cpu}}",
        ],
        accepts: &[
            "{path: a/b, mode: 511, fieldRef: {fieldPath: metadata.labels}}",
            "{path: a, fieldRef: {fieldPath: 'metadata.labels[''a.b/c'']'}}",
            "{path: a, fieldRef: {fieldPath: 'metadata.annotations[''A.b/c'']'}}",
            "{path: a, resourceFieldRef: {containerName: a, resource: limits.memory, divisor: 1k}}",
            "{path: a, resourceFieldRef: {containerName: a, resource: requests.hugepages-2Mi, divisor: 0}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "projected-source",
        at: "core/v1.ProjectedVolumeSource",
        check: check_sources,
        refuses: &[
            "{sources: [{secret: {name: a}, configMap: {name: a}}]}",
            "{sources: [{secret: {}}]}",
            "{sources: [{configMap: {name: ''}}]}",
            "{sources: [{configMap: {name: a, items: [{key: b, path: ../c}]}}]}",
            "{sources: [{configMap: {name: a, items: [{key: b, path: c}]}}, {secret: {name: a, items: [{key: b, path: c}]}}]}",
            "{sources: [{serviceAccountToken: {path: a, expirationSeconds: 599}}]}",
            "{sources: [{serviceAccountToken: {path: /a}}]}",
            "{sources: [{serviceAccountToken: {path: ''}}]}",
            "{sources: [{clusterTrustBundle: {path: a}}]}",
            "{sources: [{clusterTrustBundle: {path: a, name: b, signerName: a.b/c}}]}",
            "{sources: [{clusterTrustBundle: {path: a, name: b, labelSelector: {}}}]}",
            "{sources: [{clusterTrustBundle: {path: a, signerName: b}}]}",
            "{sources: [{podCertificate: {signerName: a.b/c, keyType: ED25519}}]}",
            "{sources: [{podCertificate: {signerName: a.b/c, keyType: RSA, keyPath: a}}]}",
            "{sources: [{podCertificate: {signerName: a.b/c, keyType: RSA3072, keyPath: a, maxExpirationSeconds: 3599}}]}",
        ],
        accepts: &[
            "{sources: [{configMap: {name: a, items: [{key: b, path: c}]}}, {secret: {name: a, items: [{key: b, path: d}]}}]}",
            "{sources: [{configMap: {name: a}}, {downwardAPI: {items: [{path: b, fieldRef: {fieldPath: metadata.name}}]}}]}",
            "{sources: [{}]}",
            "{sources: [{serviceAccountToken: {path: a, expirationSeconds: 600}}]}",
            "{sources: [{clusterTrustBundle: {path: a, name: 'a.b:c:d'}}]}",
            "{sources: [{clusterTrustBundle: {path: a, signerName: a.b/c, labelSelector: {}}}]}",
            "{sources: [{podCertificate: {signerName: a.b/c, keyType: RSA3072, keyPath: a, maxExpirationSeconds: 3600}}]}",
        ],
        ..Rule::ALWAYS
    },
];
