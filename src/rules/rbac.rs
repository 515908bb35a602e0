//! Roles and their bindings: what may be done, and by whom.

use super::at::{get, text};
use super::value::{forbid, has_any, missing, named, named_if_any, one_of};
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{dns_subdomain, path_segment};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "role-rule",
        at: "rbac/v1.PolicyRule",
        check: role_rule,
        refuses: &[
            "{verbs: [], apiGroups: [''], resources: [pods]}",
            "{verbs: [get], resources: [pods]}",
            "{verbs: [get], apiGroups: ['']}",
            "{verbs: [get], apiGroups: [''], resources: [pods], nonResourceURLs: [/a]}",
        ],
        accepts: &["{verbs: [get], apiGroups: [''], resources: [pods]}", "{verbs: [get], nonResourceURLs: [/a]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "role-without-urls",
        at: "rbac/v1.Role",
        check: |at| {
            for (index, rule) in at.items(&["rules"]) {
                if let Some(node) = get(rule, &["nonResourceURLs"]).filter(|node| has_any(Some(node))) {
                    let message = "`nonResourceURLs` may stand in a ClusterRole alone: they are of no namespace";
                    forbid(at, format!("rules[{index}].nonResourceURLs"), node, message, "write a ClusterRole");
                }
            }
        },
        refuses: &[
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: default}, rules: [{verbs: [get], nonResourceURLs: [/a]}]}",
        ],
        accepts: &[
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: [{verbs: [get], nonResourceURLs: [/a]}]}",
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: default}, rules: [{verbs: [get], apiGroups: [''], resources: [pods]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "role-aggregation",
        at: "rbac/v1.AggregationRule",
        check: |at| {
            if !has_any(at.get(&["clusterRoleSelectors"])) {
                at.missing(
                    "clusterRoleSelectors",
                    "missing field `clusterRoleSelectors`: expected at least one selector",
                );
            }
        },
        refuses: &["{}", "{clusterRoleSelectors: []}"],
        accepts: &["{clusterRoleSelectors: [{matchLabels: {a: b}}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "role-reference",
        at: "rbac/v1.RoleRef",
        check: |at| {
            if let Some(node) = at.get(&["apiGroup"]).filter(|node| node.as_str() != Some("")) {
                one_of(at, "apiGroup", node, &[GROUP]);
            }
            if let Some(node) = at.get(&["kind"]) {
                one_of(at, "kind", node, &["Role", "ClusterRole"]);
            }
            if let Some(node) = at.get(&["name"]) {
                named(at, "name", node, "a role", path_segment);
            }
        },
        refuses: &[
            "{apiGroup: rbac.authorization.k8s.io/v1, kind: Role, name: a}",
            "{kind: role, name: a}",
            "{kind: Role, name: ''}",
            "{kind: Role, name: a/b}",
        ],
        accepts: &["{apiGroup: rbac.authorization.k8s.io, kind: Role, name: 'a:b'}", "{kind: ClusterRole, name: A}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "role-subject",
        at: "rbac/v1.Subject",
        check: subject,
        refuses: &[
            "{kind: Account, name: a}",
            "{kind: ServiceAccount, name: A}",
            "{kind: User, name: ''}",
            "{kind: ServiceAccount, apiGroup: rbac.authorization.k8s.io, name: a}",
            "{kind: Group, apiGroup: v1, name: a}",
        ],
        accepts: &[
            "{kind: ServiceAccount, name: a}",
            "{kind: User, name: 'A b'}",
            "{kind: Group, apiGroup: rbac.authorization.k8s.io, name: a}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "cluster-role-binding",
        at: "rbac/v1.ClusterRoleBinding",
        check: |at| {
            if let Some(node) = at.get(&["roleRef", "kind"]).filter(|node| node.as_str() == Some("Role")) {
                let message = "expected `ClusterRole`, found `Role`, which holds in one namespace alone";
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                at.report("roleRef.kind", finding.help("name a ClusterRole, or write a RoleBinding"));
            }
            for (index, subject) in at.items(&["subjects"]) {
                if text(subject, &["kind"]) == Some("ServiceAccount") && text(subject, &["namespace"]).is_none() {
                    let place = format!("subjects[{index}].namespace");
                    let message =
                        "missing field `namespace`: a ServiceAccount is of one, and a ClusterRoleBinding of none";
                    missing(at, place, subject.origin(), message);
                }
            }
        },
        refuses: &[
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: Role, name: a}}",
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: a}, subjects: [{kind: ServiceAccount, name: a}]}",
        ],
        accepts: &[
            "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: a}, subjects: [{kind: ServiceAccount, name: a, namespace: b}]}",
        ],
        ..Rule::ALWAYS
    },
];

fn role_rule(at: &mut At<'_>) {
    if let Some(node) = at.get(&["verbs"]).filter(|node| !has_any(Some(node))) {
        at.invalid("verbs", node, "expected at least one verb, found none");
    }
    if let Some(node) = at.get(&["nonResourceURLs"]).filter(|node| has_any(Some(node))) {
        let other = ["apiGroups", "resources", "resourceNames"].into_iter().find(|field| has_any(at.get(&[field])));
        if let Some(other) = other {
            let message = format!("`nonResourceURLs` may not stand beside `{other}`: a rule is about one of both");
            forbid(at, "nonResourceURLs", node, message, "write two rules");
        }
        return;
    }
    if !has_any(at.get(&["apiGroups"])) {
        let message =
            "missing field `apiGroups`: a rule about resources names their groups, `\"\"` for Pods and the like";
        at.missing("apiGroups", message);
    }
    if !has_any(at.get(&["resources"])) {
        at.missing("resources", "missing field `resources`: expected at least one resource, or `nonResourceURLs`");
    }
}

fn subject(at: &mut At<'_>) {
    let Some(kind) = at.get(&["kind"]) else { return };
    if !one_of(at, "kind", kind, &["ServiceAccount", "User", "Group"]) {
        return;
    }
    let is_account = kind.as_str() == Some("ServiceAccount");
    super::value::filled(at, "name", at.get(&["name"]), "a name");
    if is_account {
        named_if_any(at, "name", at.get(&["name"]), "a ServiceAccount", dns_subdomain);
    }
    let Some(node) = at.get(&["apiGroup"]).filter(|node| node.as_str() != Some("")) else { return };
    if is_account {
        let message = "`apiGroup` may not stand at a ServiceAccount, whose group has no name";
        forbid(at, "apiGroup", node, message, "take it out");
    } else {
        one_of(at, "apiGroup", node, &[GROUP]);
    }
}
