//! `APIService`: a part of the API that another server answers.

use super::Rule;
use super::at::{At, get, is_true};
use super::value::{forbid, named, port, within};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{dns_1035_label, dns_subdomain};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "api-service-name",
        at: "apiregistration/v1.APIService",
        check: |at| {
            let Some((node, name)) = at.get(&["metadata", "name"]).zip(at.text(&["metadata", "name"])) else { return };
            let part = |field: &str| at.text(&["spec", field]).unwrap_or_default();
            let wanted = format!("{}.{}", part("version"), part("group"));
            // Without a version the name has no finding of its own.
            if name != wanted && !part("version").is_empty() {
                let message = format!("expected the name `{wanted}`, found `{name}`");
                let finding = Diagnostic::new(Code::InvalidName, node.origin(), message);
                at.report(
                    "metadata.name",
                    finding.help("the name is that of the version and of the group, with a dot between them"),
                );
            }
        },
        refuses: &[
            "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: a}, spec: {group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10}}",
        ],
        accepts: &[
            "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.a.example}, spec: {group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10}}",
            "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.}, spec: {version: v1, groupPriorityMinimum: 100, versionPriority: 10}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "api-service",
        at: "apiregistration/v1.APIServiceSpec",
        check: spec,
        refuses: &[
            "{group: a.example, groupPriorityMinimum: 100, versionPriority: 10}",
            "{group: a.example, version: V1, groupPriorityMinimum: 100, versionPriority: 10}",
            "{version: v2, groupPriorityMinimum: 100, versionPriority: 10}",
            "{group: A, version: v1, groupPriorityMinimum: 100, versionPriority: 10}",
            "{group: a.example, version: v1, groupPriorityMinimum: 0, versionPriority: 10}",
            "{group: a.example, version: v1, groupPriorityMinimum: 20001, versionPriority: 10}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 1001}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10, insecureSkipTLSVerify: true}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10, caBundle: YQ==}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10, service: {name: a, namespace: b}, insecureSkipTLSVerify: true, caBundle: YQ==}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10, service: {name: a}}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10, service: {name: '', namespace: b}}",
            "{group: a.example, version: v1, groupPriorityMinimum: 100, versionPriority: 10, service: {name: a, namespace: b, port: 0}}",
        ],
        accepts: &[
            "{group: a.example, version: v1, groupPriorityMinimum: 20000, versionPriority: 1000}",
            "{group: a.example, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: a, namespace: b}, insecureSkipTLSVerify: true}",
            "{group: a.example, version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: a, namespace: b, port: 8443}, caBundle: YQ==}",
        ],
        ..Rule::ALWAYS
    },
];

fn spec(at: &mut At<'_>) {
    match at.get(&["version"]) {
        None => at.missing("version", "missing field `version`: the version of the API that the server answers"),
        Some(node) => named(at, "version", node, "a version of an API", dns_1035_label),
    }
    match at.get(&["group"]).filter(|node| node.as_str() != Some("")) {
        Some(node) => named(at, "group", node, "a group", dns_subdomain),
        None if at.text(&["version"]).is_some_and(|version| version != "v1") => {
            at.missing("group", "missing field `group`: `v1` alone has none");
        }
        None => {}
    }
    for (field, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1_000)] {
        if let Some(node) = at.get(&[field]) {
            within(at, field, node, "a priority", 1..=most);
        }
    }
    let bundle = at.get(&["caBundle"]).filter(|node| node.as_str() != Some(""));
    let skips = at.get(&["insecureSkipTLSVerify"]).filter(|_| is_true(at.node(), &["insecureSkipTLSVerify"]));
    let Some(service) = at.get(&["service"]) else {
        for (field, node) in [("caBundle", bundle), ("insecureSkipTLSVerify", skips)] {
            if let Some(node) = node {
                let message = format!(
                    "`{field}` may not stand without `service`: what has none is answered by the API server itself"
                );
                forbid(at, field, node, message, "say where the server is, or take it out");
            }
        }
        return;
    };
    if let (Some(_), Some(node)) = (bundle, skips) {
        let message = "`insecureSkipTLSVerify` may not be true beside `caBundle`: it would not be looked at";
        forbid(at, "insecureSkipTLSVerify", node, message, "take it out");
    }
    for field in ["namespace", "name"] {
        let place = format!("service.{field}");
        match get(service, &[field]) {
            None => {
                let message = format!("missing field `{field}`: the Service of the server");
                super::value::missing(at, place, service.origin(), message);
            }
            node => super::value::filled(at, place, node, "a name"),
        }
    }
    if let Some(node) = get(service, &["port"]) {
        port(at, "service.port", node);
    }
}
