//! Priority and fairness: which requests are one flow, and how many of a level are served at once.

use super::Rule;
use super::at::{At, get, is_true, number, number_at};
use super::value::{at_least, filled, forbid, has_any, missing, named, named_if_any, one_of, within};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_label, dns_subdomain};
use crate::text::Node;

/// What the server calls its own schema and level, which bypass all limits.
const EXEMPT: &str = "exempt";
/// The lowest precedence of a schema.
const LAST: i64 = 10_000;
/// The most queues of a level.
const QUEUES: i64 = 10_000_000;
/// In how many bits of a hash a hand of queues must fit.
const HASH_BITS: u32 = 60;
/// All that can be done to a resource.
const VERBS: &[&str] =
    &["get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy", "*"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "flow-schema",
        at: "flowcontrol/v1.FlowSchema",
        check: schema,
        refuses: &[
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {matchingPrecedence: 10001, priorityLevelConfiguration: {name: a}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {matchingPrecedence: 1, priorityLevelConfiguration: {name: a}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {matchingPrecedence: -1, priorityLevelConfiguration: {name: a}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {priorityLevelConfiguration: {name: A}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {priorityLevelConfiguration: {name: ''}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {priorityLevelConfiguration: {name: a}, distinguisherMethod: {type: ByGroup}}}",
        ],
        accepts: &[
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {matchingPrecedence: 10000, priorityLevelConfiguration: {name: a}, distinguisherMethod: {type: ByUser}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: a}, spec: {matchingPrecedence: 0, priorityLevelConfiguration: {name: a.b}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "flow-rule",
        at: "flowcontrol/v1.PolicyRulesWithSubjects",
        check: |at| {
            some(at, "subjects", "one subject");
            if !has_any(at.get(&["resourceRules"])) && !has_any(at.get(&["nonResourceRules"])) {
                at.missing("", "missing field `resourceRules` or `nonResourceRules`: a rule is about some requests");
            }
        },
        refuses: &[
            "{subjects: [], nonResourceRules: [{verbs: ['*'], nonResourceURLs: ['*']}]}",
            "{subjects: [{kind: User, user: {name: a}}]}",
        ],
        accepts: &[
            "{subjects: [{kind: User, user: {name: a}}], nonResourceRules: [{verbs: ['*'], nonResourceURLs: ['*']}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "flow-subject",
        at: "flowcontrol/v1.Subject",
        check: subject,
        refuses: &[
            "{kind: A, user: {name: a}}",
            "{kind: User}",
            "{kind: User, user: {name: ''}}",
            "{kind: Group, group: {name: a}, user: {name: a}}",
            "{kind: ServiceAccount, serviceAccount: {name: A, namespace: a}}",
            "{kind: ServiceAccount, serviceAccount: {name: a, namespace: a.b}}",
            "{kind: ServiceAccount, serviceAccount: {name: a, namespace: ''}}",
        ],
        accepts: &[
            "{kind: User, user: {name: 'a:b'}}",
            "{kind: ServiceAccount, serviceAccount: {name: '*', namespace: a}}",
            "{kind: ServiceAccount, serviceAccount: {name: a.b, namespace: a}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "flow-resources",
        at: "flowcontrol/v1.ResourcePolicyRule",
        check: resources,
        refuses: &[
            "{verbs: [], apiGroups: ['*'], resources: ['*'], namespaces: ['*']}",
            "{verbs: [read], apiGroups: ['*'], resources: ['*'], namespaces: ['*']}",
            "{verbs: ['*', get], apiGroups: ['*'], resources: ['*'], namespaces: ['*']}",
            "{verbs: ['*'], apiGroups: ['*', a], resources: ['*'], namespaces: ['*']}",
            "{verbs: ['*'], apiGroups: ['*'], resources: [], namespaces: ['*']}",
            "{verbs: ['*'], apiGroups: ['*'], resources: ['*']}",
            "{verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: [a.b]}",
            "{verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*', a]}",
        ],
        accepts: &[
            "{verbs: [get, list], apiGroups: [''], resources: [pods], namespaces: [a]}",
            "{verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "flow-paths",
        at: "flowcontrol/v1.NonResourcePolicyRule",
        check: paths,
        refuses: &[
            "{verbs: [], nonResourceURLs: [/a]}",
            "{verbs: [read], nonResourceURLs: [/a]}",
            "{verbs: [get], nonResourceURLs: []}",
            "{verbs: [get], nonResourceURLs: [a]}",
            "{verbs: [get], nonResourceURLs: ['']}",
            "{verbs: [get], nonResourceURLs: ['/a b']}",
            "{verbs: [get], nonResourceURLs: [//a]}",
            "{verbs: [get], nonResourceURLs: ['/a*']}",
            "{verbs: [get], nonResourceURLs: ['*', /a]}",
        ],
        accepts: &["{verbs: ['*'], nonResourceURLs: ['*']}", "{verbs: [get], nonResourceURLs: [/, /a, '/a/*']}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "priority-level",
        at: "flowcontrol/v1.PriorityLevelConfiguration",
        check: level,
        refuses: &[
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: a}, spec: {type: A}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: a}, spec: {type: Exempt}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: a}, spec: {type: Limited}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: a}, spec: {type: Limited, limited: {limitResponse: {type: Reject}}, exempt: {}}}",
        ],
        accepts: &[
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: a}, spec: {type: Limited, limited: {limitResponse: {type: Reject}}}}",
            "{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: exempt}, spec: {type: Exempt, exempt: {}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "priority-level-exempt",
        at: "flowcontrol/v1.ExemptPriorityLevelConfiguration",
        check: shares,
        refuses: &["{nominalConcurrencyShares: -1}", "{lendablePercent: 101}"],
        accepts: &["{nominalConcurrencyShares: 0, lendablePercent: 100}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "priority-level-limited",
        at: "flowcontrol/v1.LimitedPriorityLevelConfiguration",
        check: |at| {
            shares(at);
            if let Some(node) = at.get(&["borrowingLimitPercent"]) {
                at_least(at, "borrowingLimitPercent", node, "a percentage", 0);
            }
        },
        refuses: &[
            "{limitResponse: {type: Reject}, nominalConcurrencyShares: -1}",
            "{limitResponse: {type: Reject}, lendablePercent: -1}",
            "{limitResponse: {type: Reject}, borrowingLimitPercent: -1}",
        ],
        accepts: &[
            "{limitResponse: {type: Reject}, nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 101}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "priority-level-response",
        at: "flowcontrol/v1.LimitResponse",
        check: response,
        refuses: &[
            "{type: Wait}",
            "{type: Queue}",
            "{type: Reject, queuing: {}}",
            "{type: Queue, queuing: {queues: -1}}",
            "{type: Queue, queuing: {queues: 10000001, handSize: 1}}",
            "{type: Queue, queuing: {queueLengthLimit: -1}}",
            "{type: Queue, queuing: {handSize: -1}}",
            "{type: Queue, queuing: {queues: 7}}",
            "{type: Queue, queuing: {queues: 64, handSize: 11}}",
        ],
        accepts: &[
            "{type: Queue, queuing: {}}",
            "{type: Queue, queuing: {queues: 64, handSize: 10, queueLengthLimit: 1}}",
            "{type: Queue, queuing: {queues: 0, handSize: 0, queueLengthLimit: 0}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Reports a list that must hold something and is empty.
fn some(at: &mut At<'_>, field: &str, what: &str) {
    if let Some(node) = at.get(&[field]).filter(|node| node.as_seq().is_some_and(<[Node]>::is_empty)) {
        at.invalid(field, node, format!("expected at least {what}, found none"));
    }
}

/// Returns whether all are meant, and reports what stands beside that.
fn all(at: &mut At<'_>, field: &str) -> bool {
    let list: Vec<(usize, &Node)> = at.items(&[field]).collect();
    let is_all = list.iter().any(|(_, node)| node.as_str() == Some("*"));
    if is_all && let Some((number, node)) = list.iter().find(|(_, node)| node.as_str() != Some("*")).or(list.get(1)) {
        let message = "expected nothing beside `*`, which stands for all";
        at.invalid(format_args!("{field}[{number}]"), node, message);
    }
    is_all
}

fn verbs(at: &mut At<'_>) {
    some(at, "verbs", "one verb");
    if !all(at, "verbs") {
        for (number, node) in at.items(&["verbs"]) {
            one_of(at, format_args!("verbs[{number}]"), node, VERBS);
        }
    }
}

fn schema(at: &mut At<'_>) {
    if let Some((node, found)) = at.get(&["spec", "matchingPrecedence"]).and_then(|node| Some((node, number(node)?))) {
        let is_exempt = at.text(&["metadata", "name"]) == Some(EXEMPT);
        if found == 1 && !is_exempt {
            let message = "expected a precedence of 2 or more, found `1`, which the schema `exempt` alone may have";
            at.invalid("spec.matchingPrecedence", node, message);
        } else if found != 0 {
            within(at, "spec.matchingPrecedence", node, "a precedence", 1..=LAST);
        }
    }
    if let Some(node) = at.get(&["spec", "distinguisherMethod", "type"]) {
        one_of(at, "spec.distinguisherMethod.type", node, &["ByNamespace", "ByUser"]);
    }
    let (place, node) =
        ("spec.priorityLevelConfiguration.name", at.get(&["spec", "priorityLevelConfiguration", "name"]));
    filled(at, place, node, "the name of a PriorityLevelConfiguration");
    named_if_any(at, place, node, "a PriorityLevelConfiguration", dns_subdomain);
}

fn subject(at: &mut At<'_>) {
    let kinds = [("User", "user"), ("Group", "group"), ("ServiceAccount", "serviceAccount")];
    let Some((node, kind)) = at.get(&["kind"]).and_then(|node| Some((node, node.as_str()?))) else { return };
    if !one_of(at, "kind", node, &kinds.map(|(kind, _)| kind)) {
        return;
    }
    for (of, field) in kinds {
        match at.get(&[field]) {
            None if of == kind => {
                at.missing(field, format!("missing field `{field}`: a subject of this kind needs it"));
            }
            Some(node) if of != kind => {
                forbid(at, field, node, format!("a subject of kind `{kind}` has no `{field}`"), "take it out");
            }
            Some(holder) => {
                filled(at, format_args!("{field}.name"), get(holder, &["name"]), "a name");
                if of == "ServiceAccount" {
                    account(at, holder);
                }
            }
            None => {}
        }
    }
}

fn account(at: &mut At<'_>, holder: &Node) {
    let name = get(holder, &["name"]).filter(|node| node.as_str() != Some("*"));
    named_if_any(at, "serviceAccount.name", name, "a ServiceAccount", dns_subdomain);
    let namespace = get(holder, &["namespace"]);
    filled(at, "serviceAccount.namespace", namespace, "a namespace");
    named_if_any(at, "serviceAccount.namespace", namespace, "a namespace", dns_label);
}

fn resources(at: &mut At<'_>) {
    verbs(at);
    for (field, what) in [("apiGroups", "one API group"), ("resources", "one resource")] {
        some(at, field, what);
        all(at, field);
    }
    if !has_any(at.get(&["namespaces"])) && !is_true(at.node(), &["clusterScope"]) {
        at.missing("namespaces", "missing field `namespaces`: without `clusterScope: true` there must be one, or `*`");
    } else if !all(at, "namespaces") {
        for (number, node) in at.items(&["namespaces"]) {
            named(at, format_args!("namespaces[{number}]"), node, "a namespace", dns_label);
        }
    }
}

fn paths(at: &mut At<'_>) {
    verbs(at);
    some(at, "nonResourceURLs", "one path");
    if all(at, "nonResourceURLs") {
        return;
    }
    for (number, node) in at.items(&["nonResourceURLs"]) {
        let Some(path) = node.as_str() else { continue };
        let shown = words::shown(path);
        let message = match path {
            "/" => continue,
            _ if !path.starts_with('/') => format!("expected a path that starts with `/`, found `{shown}`"),
            _ if path.contains(' ') => format!("expected a path without spaces, found `{shown}`"),
            _ if path.contains("//") => format!("expected a path without `//`, found `{shown}`"),
            _ if path.contains('*') && (path.matches('*').count() > 1 || !path.ends_with("/*")) => {
                format!("expected `*` as the last part of the path alone, found `{shown}`")
            }
            _ => continue,
        };
        at.invalid(format_args!("nonResourceURLs[{number}]"), node, message);
    }
}

fn level(at: &mut At<'_>) {
    let Some((node, kind)) = at.get(&["spec", "type"]).and_then(|node| Some((node, node.as_str()?))) else { return };
    if !one_of(at, "spec.type", node, &["Exempt", "Limited"]) {
        return;
    }
    let is_exempt = kind == "Exempt";
    if is_exempt != (at.text(&["metadata", "name"]) == Some(EXEMPT)) {
        let message = if is_exempt {
            "expected `Limited`, found `Exempt`: the level `exempt` alone has no limits"
        } else {
            "expected `Exempt`, found `Limited`: the level `exempt` has no limits"
        };
        at.invalid("spec.type", node, message);
        return;
    }
    let other = if is_exempt { "limited" } else { "exempt" };
    if let Some(node) = at.get(&["spec", other]) {
        forbid(
            at,
            format_args!("spec.{other}"),
            node,
            format!("a level of type `{kind}` has no `{other}`"),
            "take it out",
        );
    }
    if !is_exempt && at.get(&["spec", "limited"]).is_none() {
        let origin = at.get(&["spec"]).map_or(at.origin(), Node::origin);
        missing(at, "spec.limited", origin, "missing field `limited`: a level of type `Limited` has limits");
    }
}

fn shares(at: &mut At<'_>) {
    if let Some(node) = at.get(&["nominalConcurrencyShares"]) {
        at_least(at, "nominalConcurrencyShares", node, "a number", 0);
    }
    if let Some(node) = at.get(&["lendablePercent"]) {
        within(at, "lendablePercent", node, "a percentage", 0..=100);
    }
}

fn response(at: &mut At<'_>) {
    let Some(node) = at.get(&["type"]) else { return };
    if !one_of(at, "type", node, &["Queue", "Reject"]) {
        return;
    }
    let queuing = at.get(&["queuing"]);
    match (at.text(&["type"]), queuing) {
        (Some("Reject"), Some(node)) => forbid(
            at,
            "queuing",
            node,
            "requests that are rejected wait in no queue",
            "take out `queuing`, or write `type: Queue`",
        ),
        (Some("Queue"), None) => at.missing("queuing", "missing field `queuing`: the type `Queue` needs it"),
        (Some("Queue"), Some(queuing)) => queues(at, queuing),
        _ => {}
    }
}

fn queues(at: &mut At<'_>, queuing: &Node) {
    // The server reads zero as nothing.
    let of = |field: &str, default: i64| number_at(queuing, &[field]).filter(|found| *found != 0).unwrap_or(default);
    let (queues, hand, length) = (of("queues", 64), of("handSize", 8), of("queueLengthLimit", 50));
    let place = |field: &str| (format!("queuing.{field}"), get(queuing, &[field]).unwrap_or(queuing));
    if length < 0 {
        let (place, node) = place("queueLengthLimit");
        at_least(at, place, node, "a length", 1);
    }
    if !(1..=QUEUES).contains(&queues) {
        let (place, node) = place("queues");
        within(at, place, node, "a number of queues", 1..=QUEUES);
        return;
    }
    let (place, node) = place("handSize");
    if !(1..=queues).contains(&hand) {
        let message = format!("expected a hand of 1 to {queues} queues, of which there are so many, found `{hand}`");
        at.report(place, Diagnostic::new(Code::InvalidValue, node.origin(), message));
        return;
    }
    let hands = u128::try_from(queues).ok().zip(u32::try_from(hand).ok());
    let fits = hands.is_none_or(|(queues, hand)| queues.checked_pow(hand).is_some_and(|all| all <= 1 << HASH_BITS));
    if !fits {
        let message = format!(
            "expected a smaller hand or fewer queues, found hands of {hand} out of {queues}: there are more of them than a hash of {HASH_BITS} bits tells apart"
        );
        at.report(place, Diagnostic::new(Code::InvalidValue, node.origin(), message));
    }
}
