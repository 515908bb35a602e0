//! Which requests webhooks and policies are asked about: operations, groups, versions, resources.

use std::collections::HashSet;

use super::Rule;
use super::at::At;
use super::value::{check_once, filled, has_any, named_if_any};
use crate::kubernetes::name::path_segment;
use crate::text::Node;

/// The types of a rule that names objects too.
const NAMED: &[&str] = &[
    "admissionregistration/v1.NamedRuleWithOperations",
    "admissionregistration/v1beta1.NamedRuleWithOperations",
    "admissionregistration/v1alpha1.NamedRuleWithOperations",
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "admission-rule",
        at: "admissionregistration/v1.RuleWithOperations",
        kin: NAMED,
        check: |at| {
            for (field, what) in [("operations", "operation"), ("apiGroups", "group"), ("apiVersions", "version")] {
                some(at, field, what);
                star_alone(at, field, what);
            }
            for (index, version) in at.items(&["apiVersions"]) {
                filled(at, format_args!("apiVersions[{index}]"), Some(version), "a version of an API");
            }
            some(at, "resources", "resource");
            resources(at);
        },
        refuses: &[
            "{operations: [], apiGroups: [''], apiVersions: [v1], resources: [pods]}",
            "{operations: ['*', CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}",
            "{operations: [CREATE], apiVersions: [v1], resources: [pods]}",
            "{operations: [CREATE], apiGroups: ['*', apps], apiVersions: [v1], resources: [pods]}",
            "{operations: [CREATE], apiGroups: [''], resources: [pods]}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: ['*', v1], resources: [pods]}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [''], resources: [pods]}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: []}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['']}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['*', pods]}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['*/*', pods]}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['pods/*', pods/status]}",
            "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: ['*/scale', pods/scale]}",
        ],
        accepts: &[
            "{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*']}",
            "{operations: [CREATE, UPDATE], apiGroups: ['', apps], apiVersions: [v1], resources: [pods, 'pods/*', '*/scale']}",
            "{operations: [CONNECT], apiGroups: [''], apiVersions: [v1], resources: ['*', pods/exec], scope: Namespaced}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "admission-names",
        at: NAMED[0],
        kin: &[NAMED[1], NAMED[2]],
        check: |at| {
            for (index, node) in at.items(&["resourceNames"]) {
                named_if_any(at, format_args!("resourceNames[{index}]"), Some(node), "an object", path_segment);
            }
            let names = at.items(&["resourceNames"]).map(|(index, node)| (format!("resourceNames[{index}]"), node));
            check_once(at, names, |name| format!("the name `{name}` stands twice"));
        },
        refuses: &[
            "{resourceNames: [a/b], operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}",
            "{resourceNames: [a, a], operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}",
        ],
        accepts: &[
            "{resourceNames: ['A:b', c], operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}",
        ],
        ..Rule::ALWAYS
    },
];

/// Reports a list that is missing or empty.
fn some(at: &mut At<'_>, field: &str, what: &str) {
    match at.get(&[field]) {
        None => at.missing(field, format!("missing field `{field}`: expected at least one {what}, or `'*'` for all")),
        Some(node) if node.as_seq().is_some() && !has_any(Some(node)) => {
            at.invalid(field, node, format!("expected at least one {what}, or `'*'` for all, found none"));
        }
        Some(_) => {}
    }
}

/// Reports a star for all beside others.
fn star_alone(at: &mut At<'_>, field: &str, what: &str) {
    let Some(star) = at.items(&[field]).find(|(_, node)| node.as_str() == Some("*")) else { return };
    if at.items(&[field]).nth(1).is_some() {
        let message = format!("`*` may not stand beside another {what}: it is all of them");
        at.invalid(field, star.1, message);
    }
}

/// Checks resources and their subresources, in the order that the server looks at them in.
fn resources(at: &mut At<'_>) {
    let all: Vec<(usize, &Node, &str)> =
        at.items(&["resources"]).filter_map(|(index, node)| Some((index, node, node.as_str()?))).collect();
    if let Some((_, node, _)) = all.iter().find(|(_, _, text)| *text == "*/*").filter(|_| all.len() > 1) {
        at.invalid("resources", node, "`*/*` may not stand beside other resources: it is all of them");
        return;
    }
    let (mut whole, mut parts) = (HashSet::new(), HashSet::new());
    let mut last_is_plain = false;
    for (index, node, text) in &all {
        let place = format!("resources[{index}]");
        let Some((resource, part)) = text.split_once('/') else {
            if text.is_empty() {
                at.invalid(place, node, "expected a resource, such as `pods`, found an empty text");
            } else {
                // Of the plain ones the last one counts.
                last_is_plain = *text != "*";
            }
            continue;
        };
        if whole.contains(resource) || parts.contains(part) {
            let over = if whole.contains(resource) { format!("{resource}/*") } else { format!("*/{part}") };
            at.invalid(place, node, format!("`{text}` may not stand behind `{over}`, which holds it"));
        }
        if part == "*" {
            whole.insert(resource);
        }
        if resource == "*" {
            parts.insert(part);
        }
    }
    if let Some((_, node, _)) = all.iter().find(|(_, _, text)| *text == "*").filter(|_| last_is_plain) {
        let message = "`*` may not stand beside other resources: it is all of them but for subresources";
        at.invalid("resources", node, message);
    }
}
