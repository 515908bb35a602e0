//! The environment of containers: names of variables, and where their values come from.

use super::Rule;
use super::at::{At, get};
use super::value::{filled, forbid, named_if_any};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{config_key, dns_label, dns_subdomain, label_key};
use crate::kubernetes::{Minor, Quantity};
use crate::text::Node;

/// Where the value of a variable can come from; the last where the server keeps it.
const SOURCES: [&str; 5] = ["configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef", "fileKeyRef"];
/// The fields of a pod that a variable can hold, beside single labels and annotations.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// The name that `spec.nodeName` had before v1 was settled; the server still takes it.
const OLD_NODE_NAME: &str = "spec.host";
/// The resources of a container that can be asked for, beside huge pages.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const HUGE_PAGES: [&str; 2] = ["limits.hugepages-", "requests.hugepages-"];
/// What an amount can be divided by: of `cpu`, and of what is counted in bytes.
const CPU_DIVISORS: [&str; 2] = ["1", "1m"];
const BYTE_DIVISORS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// Checks the name of a variable: since Kubernetes 1.34 nearly all of ASCII.
fn variable(name: &str) -> Result<(), String> {
    match name.chars().find(|c| !matches!(c, ' '..='~') || *c == '=') {
        Some(other) => Err(format!("expected printable ASCII without `=`, found `{}`", other.escape_debug())),
        None => Ok(()),
    }
}

fn known_sources(at: &At<'_>) -> &'static [&'static str] {
    if at.keeps("core/v1.EnvVarSource", "fileKeyRef") { &SOURCES } else { &SOURCES[..4] }
}

/// Returns the sources that a variable has.
fn sources<'n>(from: &'n Node, at: &At<'_>) -> impl Iterator<Item = (&'static str, &'n Node)> + use<'n> {
    known_sources(at).iter().filter_map(|field| Some((*field, get(from, &[field])?)))
}

fn check_variable(at: &mut At<'_>) {
    let name = at.get(&["name"]);
    filled(at, "name", name, "a name");
    named_if_any(at, "name", name, "a variable", variable);
    let Some(from) = at.get(&["valueFrom"]) else { return };
    if at.text(&["value"]).is_some() && sources(from, at).next().is_some() {
        let message = "`valueFrom` may not stand beside a `value`";
        forbid(at, "valueFrom", from, message, "take one of them out");
    }
}

fn check_sources(at: &mut At<'_>) {
    let found: Vec<_> = sources(at.node(), at).collect();
    let known = known_sources(at);
    one_source(at, &found, known);
}

/// Reports sources beyond the first, and the want of one.
fn one_source(at: &mut At<'_>, found: &[(&str, &Node)], known: &[&str]) {
    match found {
        [] => at.missing("", format!("expected {}, found none of them", words::list(known.iter().copied(), "or"))),
        [(first, _), others @ ..] => {
            for (field, node) in others {
                let message = format!("`{field}` may not stand beside `{first}`: a value comes from one source");
                forbid(at, field, node, message, "take one of them out");
            }
        }
    }
}

fn check_field(at: &mut At<'_>) {
    const PLACE: &str = "fieldRef.fieldPath";
    let Some(path) = at.get(&["fieldRef", "fieldPath"]) else { return };
    if let Some(version) = at.text(&["fieldRef", "apiVersion"]).filter(|version| *version != "v1")
        && let Some(node) = at.get(&["fieldRef", "apiVersion"])
    {
        return at.invalid("fieldRef.apiVersion", node, format!("expected `v1`, found {}", words::word(version)));
    }
    let Some(field) = path.as_str() else { return };
    if field.is_empty() {
        return filled(at, PLACE, Some(path), "the path of a field");
    }
    if let Some((map, key)) = subscript(field) {
        let refused = match map {
            "metadata.annotations" => label_key(&key.to_ascii_lowercase()).err(),
            "metadata.labels" => label_key(key).err(),
            _ => Some("expected a key of `metadata.annotations` or `metadata.labels` alone".to_owned()),
        };
        if let Some(reason) = refused {
            let shown = words::shown(field);
            at.invalid(PLACE, path, format!("`{shown}` is no field that a variable can hold: {reason}"));
        }
    } else if !FIELDS.contains(&field) && field != OLD_NODE_NAME {
        let message = format!(
            "expected a field that a variable can hold, such as `metadata.name`, found `{}`",
            words::shown(field)
        );
        let finding = Diagnostic::new(Code::InvalidValue, path.origin(), message);
        let finding = match field {
            "metadata.annotations" | "metadata.labels" => finding.help(format!("name a key: `{field}['app']`")),
            _ => finding.did_you_mean_word(field, FIELDS),
        };
        let list = || format!("it takes {}, and a key of the labels or annotations", words::list(FIELDS, "and"));
        let help = finding.help.is_empty().then(list);
        at.report(PLACE, finding.maybe_help(help));
    }
}

/// Cuts `path['key']` in two.
fn subscript(field: &str) -> Option<(&str, &str)> {
    field.strip_suffix("']")?.split_once("['").filter(|(map, _)| !map.is_empty())
}

fn check_resource(at: &mut At<'_>) {
    let Some(node) = at.get(&["resource"]) else { return };
    let Some(resource) = node.as_str() else { return };
    let huge = HUGE_PAGES.iter().any(|prefix| resource.starts_with(prefix));
    if resource.is_empty() {
        return filled(at, "resource", Some(node), "a resource");
    }
    if !huge && !RESOURCES.contains(&resource) {
        let message = format!(
            "expected limits or requests of `cpu`, `memory`, `ephemeral-storage` or huge pages, found `{}`",
            words::shown(resource)
        );
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        let finding = finding.did_you_mean_word(resource, RESOURCES);
        let example = finding.help.is_empty().then_some("write `limits.memory`, for example");
        return at.report("resource", finding.maybe_help(example));
    }
    let Some(divisor) = at.get(&["divisor"]) else { return };
    let Some(Ok(amount)) = divisor.text().map(|text| Quantity::decode(text)) else { return };
    let known = if resource.ends_with(".cpu") { &CPU_DIVISORS[..] } else { &BYTE_DIVISORS[..] };
    let shown = amount.to_string();
    if !amount.is_zero() && !known.contains(&shown.as_str()) {
        let list = words::list(known.iter().copied(), "or");
        at.invalid("divisor", divisor, format!("expected {list} to divide `{resource}` by, found `{shown}`"));
    }
}

/// Checks the reference to a key of a `ConfigMap` or Secret.
fn check_key(at: &mut At<'_>, what: &str) {
    check_reference(at, what);
    let key = at.get(&["key"]);
    filled(at, "key", key, "a key");
    named_if_any(at, "key", key, "a key", config_key);
}

/// Checks the name of a `ConfigMap` or Secret that is referred to, which may not be left out.
fn check_reference(at: &mut At<'_>, what: &str) {
    let name = at.get(&["name"]);
    if name.is_none() {
        return at.missing("name", format!("missing field `name`: which {what} it is"));
    }
    filled(at, "name", name, &format!("the name of a {what}"));
    named_if_any(at, "name", name, &format!("a {what}"), dns_subdomain);
}

fn check_file(at: &mut At<'_>) {
    let [key, volume, path] = ["key", "volumeName", "path"].map(|field| at.get(&[field]));
    filled(at, "key", key, "a key");
    named_if_any(at, "key", key, "a variable", variable);
    filled(at, "volumeName", volume, "the name of a volume");
    named_if_any(at, "volumeName", volume, "a volume", dns_label);
    filled(at, "path", path, "a path");
    super::container::path(at, "path", super::container::no_way_up);
}

fn check_all(at: &mut At<'_>) {
    const KNOWN: [&str; 2] = ["configMapRef", "secretRef"];
    named_if_any(at, "prefix", at.get(&["prefix"]), "the start of variables", variable);
    let found: Vec<_> = KNOWN.iter().filter_map(|field| Some((*field, get(at.node(), &[field])?))).collect();
    one_source(at, &found, &KNOWN);
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "env-variable",
        at: "core/v1.EnvVar",
        check: check_variable,
        refuses: &[
            "{name: '', value: a}",
            "{name: A=B, value: a}",
            "{name: Ä, value: a}",
            r#"{name: "A\tB", value: a}"#,
            "{name: A, value: a, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
        ],
        accepts: &[
            "{name: 1 a-b.c/d, value: a}",
            "{name: A, value: '', valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
            "{name: A}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "env-source",
        at: "core/v1.EnvVarSource",
        check: check_sources,
        refuses: &[
            "{}",
            "{fieldRef: {fieldPath: metadata.name}, resourceFieldRef: {resource: limits.cpu}}",
            "{configMapKeyRef: {name: a, key: b}, secretKeyRef: {name: a, key: b}}",
        ],
        accepts: &["{fieldRef: {fieldPath: metadata.name}}", "{secretKeyRef: {name: a, key: b}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "env-field",
        at: "core/v1.EnvVarSource",
        check: check_field,
        refuses: &[
            "{fieldRef: {fieldPath: metadata.nmae}}",
            "{fieldRef: {fieldPath: ''}}",
            "{fieldRef: {fieldPath: metadata.labels}}",
            "{fieldRef: {fieldPath: spec.restartPolicy}}",
            "{fieldRef: {fieldPath: \"metadata.labels['a b']\"}}",
            "{fieldRef: {fieldPath: \"metadata.labels['']\"}}",
            "{fieldRef: {fieldPath: \"spec.nodeSelector['a']\"}}",
            "{fieldRef: {apiVersion: v2, fieldPath: metadata.name}}",
        ],
        accepts: &[
            "{fieldRef: {fieldPath: status.hostIPs}}",
            "{fieldRef: {fieldPath: spec.host}}",
            "{fieldRef: {fieldPath: \"metadata.labels['app.kubernetes.io/name']\"}}",
            "{fieldRef: {fieldPath: \"metadata.annotations['Example.com/A']\"}}",
            "{fieldRef: {apiVersion: v1, fieldPath: metadata.uid}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resource-field",
        at: "core/v1.ResourceFieldSelector",
        check: check_resource,
        refuses: &[
            "{resource: cpu}",
            "{resource: ''}",
            "{resource: limits.storage}",
            "{resource: limits.cpu, divisor: 10m}",
            "{resource: requests.memory, divisor: 1m}",
            "{resource: limits.hugepages-2Mi, divisor: 2Mi}",
        ],
        accepts: &[
            "{resource: limits.cpu, divisor: 1m}",
            "{resource: requests.cpu, divisor: 1000m}",
            "{resource: requests.memory, divisor: 1Mi}",
            "{resource: limits.memory, divisor: 0}",
            "{resource: limits.hugepages-2Mi, divisor: 1}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "config-map-key",
        at: "core/v1.ConfigMapKeySelector",
        check: |at| check_key(at, "ConfigMap"),
        refuses: &["{key: a}", "{name: '', key: a}", "{name: A, key: a}", "{name: a, key: ''}", "{name: a, key: a/b}"],
        accepts: &["{name: a.b, key: A_b.c}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "secret-key",
        at: "core/v1.SecretKeySelector",
        check: |at| check_key(at, "Secret"),
        refuses: &["{key: a}", "{name: a_b, key: a}", "{name: a, key: ''}", "{name: a, key: ..a}"],
        accepts: &["{name: a-b, key: .a}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "file-key",
        at: "core/v1.FileKeySelector",
        minors: (Minor(35), Minor(u32::MAX)),
        check: check_file,
        refuses: &[
            "{volumeName: v, path: a, key: ''}",
            "{volumeName: v, path: a, key: A=B}",
            "{volumeName: v, path: '', key: A}",
            "{volumeName: v, path: ../a, key: A}",
        ],
        accepts: &["{volumeName: v, path: a/b, key: A}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "env-from",
        at: "core/v1.EnvFromSource",
        check: check_all,
        refuses: &[
            "{prefix: A_}",
            "{prefix: A=, configMapRef: {name: a}}",
            "{configMapRef: {name: a}, secretRef: {name: a}}",
        ],
        accepts: &["{prefix: A_, configMapRef: {name: a}}", "{prefix: '', secretRef: {name: a}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "env-from-config-map",
        at: "core/v1.ConfigMapEnvSource",
        check: |at| check_reference(at, "ConfigMap"),
        refuses: &["{}", "{name: ''}", "{name: a_b}"],
        accepts: &["{name: a.b, optional: true}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "env-from-secret",
        at: "core/v1.SecretEnvSource",
        check: |at| check_reference(at, "Secret"),
        refuses: &["{optional: true}", "{name: ''}", "{name: A}"],
        accepts: &["{name: a-b}"],
        ..Rule::ALWAYS
    },
];
