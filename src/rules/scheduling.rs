//! Where pods may run: node selectors, affinity, tolerations, spread.

use std::fmt::Display;

use super::Rule;
use super::at::{At, get, items, number, text};
use super::pod::{check_name, forbid};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_label, dns_subdomain, label_key, label_value};
use crate::text::{Node, Origin};

/// The only field of nodes that a selector may look at.
const NODE_NAME: &str = "metadata.name";

/// Reports a list of values that does not fit the operator beside it.
fn check_values(at: &mut At<'_>, place: &str, requirement: &Node, wanted: &str) {
    let found = items(requirement, &["values"]).count();
    let fits = match wanted {
        "no value" => found == 0,
        "one value" => found == 1,
        _ => found > 0,
    };
    if fits {
        return;
    }
    let operator = text(requirement, &["operator"]).unwrap_or_default();
    let message = |found: &dyn Display| format!("expected {wanted} with `operator: {operator}`, found {found}");
    match get(requirement, &["values"]) {
        Some(node) if wanted == "no value" => {
            forbid(at, format_args!("{place}.values"), node.origin(), message(&found));
        }
        Some(node) => at.invalid(format_args!("{place}.values"), node, message(&found)),
        None => {
            let finding = Diagnostic::new(Code::MissingField, requirement.origin(), message(&"none"));
            at.report(format_args!("{place}.values"), finding);
        }
    }
}

/// Checks what a term asks of nodes.
fn check_node_term(at: &mut At<'_>) {
    for (index, requirement) in at.items(&["matchExpressions"]) {
        let place = format!("matchExpressions[{index}]");
        if let Some(node) = requirement.get("key") {
            check_name(at, format_args!("{place}.key"), node, "a label", label_key);
        }
        match text(requirement, &["operator"]) {
            Some("In" | "NotIn") => check_values(at, &place, requirement, "at least one value"),
            Some("Exists" | "DoesNotExist") => check_values(at, &place, requirement, "no value"),
            Some("Gt" | "Lt") => check_values(at, &place, requirement, "one value"),
            Some(_) => {}
            None => empty_operator(at, &place, requirement),
        }
    }
    for (index, requirement) in at.items(&["matchFields"]) {
        let place = format!("matchFields[{index}]");
        let key = requirement.get("key").and_then(|node| Some((node, node.as_str()?)));
        if let Some((node, key)) = key.filter(|(_, key)| *key != NODE_NAME) {
            let message = format!("expected `{NODE_NAME}`, the only field to select by, found {}", words::word(key));
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
                .help("select by labels of nodes under `matchExpressions`");
            at.report(format_args!("{place}.key"), finding);
            continue;
        }
        match text(requirement, &["operator"]) {
            Some("In" | "NotIn") => {
                check_values(at, &place, requirement, "one value");
                for (index, value) in items(requirement, &["values"]) {
                    check_name(at, format_args!("{place}.values[{index}]"), value, "a node", dns_subdomain);
                }
            }
            Some(operator) => {
                if let Some(node) = requirement.get("operator") {
                    let message = format!("expected `In` or `NotIn` for a field, found `{operator}`");
                    at.invalid(format_args!("{place}.operator"), node, message);
                }
            }
            None => empty_operator(at, &place, requirement),
        }
    }
}

fn empty_operator(at: &mut At<'_>, place: &str, requirement: &Node) {
    if let Some(node) = requirement.get("operator").filter(|node| node.as_str() == Some("")) {
        at.invalid(format_args!("{place}.operator"), node, "expected an operator, found an empty text");
    }
}

/// Only values that nodes must have are held to the form of labels.
fn check_node_values(at: &mut At<'_>) {
    for (term_index, term) in at.items(&["nodeSelectorTerms"]) {
        for (index, requirement) in items(term, &["matchExpressions"]) {
            for (value_index, node) in items(requirement, &["values"]) {
                let Some(value) = node.as_str() else { continue };
                if let Err(reason) = label_value(value) {
                    let message = format!("`{}` is no value of a label: {reason}", words::shown(value));
                    let place =
                        format!("nodeSelectorTerms[{term_index}].matchExpressions[{index}].values[{value_index}]");
                    at.invalid(place, node, message);
                }
            }
        }
    }
}

fn check_weight(at: &mut At<'_>) {
    let Some(node) = at.get(&["weight"]) else { return };
    if let Some(found) = number(node).filter(|found| !(1..=100).contains(found)) {
        at.invalid("weight", node, format!("expected a weight from 1 to 100, found `{found}`"));
    }
}

/// Checks the keys of labels whose values are those of the pod itself.
fn check_label_keys(at: &mut At<'_>) {
    let term = at.node();
    let selector = get(term, &["labelSelector"]);
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let Some(list) = at.get(&[field]).filter(|list| list.as_seq().is_some_and(|keys| !keys.is_empty())) else {
            continue;
        };
        if selector.is_none() {
            let finding = Diagnostic::new(
                Code::ForbiddenField,
                list.origin(),
                format!("`{field}` needs a `labelSelector` beside it"),
            )
            .help("write which pods are meant under `labelSelector`");
            at.report(field, finding);
            continue;
        }
        for (index, node) in items(term, &[field]) {
            check_name(at, format_args!("{field}[{index}]"), node, "a label", label_key);
        }
    }
    for (index, node) in items(term, &["matchLabelKeys"]) {
        let Some(key) = node.as_str() else { continue };
        let place = format!("matchLabelKeys[{index}]");
        let again = |first: Origin, other: &str| {
            Diagnostic::new(Code::DuplicateValue, node.origin(), format!("`{key}` is in `{other}` too"))
                .also(first, "here")
        };
        let other = items(term, &["mismatchLabelKeys"]).find(|(_, other)| other.as_str() == Some(key));
        if let Some((_, other)) = other {
            at.report(&place, again(other.origin(), "mismatchLabelKeys"));
        }
        // One of them is what the key itself would add.
        let (asked, first) = in_selector(term, key);
        if let Some(first) = first.filter(|_| asked > 1) {
            at.report(&place, again(first, "labelSelector"));
        }
    }
}

/// Returns how often the selector of a term asks for a label, as far as that counts, and where.
fn in_selector(term: &Node, key: &str) -> (usize, Option<Origin>) {
    let by_label = get(term, &["labelSelector", "matchLabels", key]).map(Node::origin);
    let listed: Vec<Origin> = items(term, &["labelSelector", "matchExpressions"])
        .filter(|(_, expression)| text(expression, &["key"]) == Some(key))
        .map(|(_, expression)| expression.origin())
        .collect();
    (listed.len() + usize::from(by_label.is_some()), by_label.or(listed.first().copied()))
}

/// The server adds labels of a pod to the selectors of its spread and affinity by these keys: each may be there once.
fn check_merged_keys(at: &mut At<'_>) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let pod = at.node();
    let mut terms: Vec<(String, &Node)> = items(pod, &["spec", "topologySpreadConstraints"])
        .map(|(index, node)| (format!("spec.topologySpreadConstraints[{index}]"), node))
        .collect();
    for kind in ["podAffinity", "podAntiAffinity"] {
        let place = format!("spec.affinity.{kind}");
        let required = items(pod, &["spec", "affinity", kind, REQUIRED]);
        terms.extend(required.map(|(index, node)| (format!("{place}.{REQUIRED}[{index}]"), node)));
        let preferred = items(pod, &["spec", "affinity", kind, PREFERRED]);
        terms.extend(preferred.filter_map(|(index, node)| {
            Some((format!("{place}.{PREFERRED}[{index}].podAffinityTerm"), node.get("podAffinityTerm")?))
        }));
    }
    for (place, term) in terms {
        for (index, node) in items(term, &["matchLabelKeys"]) {
            let Some(key) = node.as_str().filter(|key| get(pod, &["metadata", "labels", key]).is_some()) else {
                continue;
            };
            // More than one is a mistake of the term by itself.
            if let (1, Some(first)) = in_selector(term, key) {
                let message = format!("`{key}` is in `labelSelector` too");
                let finding = Diagnostic::new(Code::DuplicateValue, node.origin(), message).also(first, "here");
                at.report(format_args!("{place}.matchLabelKeys[{index}]"), finding);
            }
        }
    }
}

fn check_pod_term(at: &mut At<'_>) {
    if let Some(node) = at.get(&["topologyKey"]) {
        check_name(at, "topologyKey", node, "a label", label_key);
    }
    for (index, node) in at.items(&["namespaces"]) {
        check_name(at, format_args!("namespaces[{index}]"), node, "a namespace", dns_label);
    }
    check_label_keys(at);
}

fn check_toleration(at: &mut At<'_>) {
    let operator = at.text(&["operator"]);
    let value = at.get(&["value"]).and_then(|node| Some((node, node.as_str()?)));
    if at.text(&["key"]).is_none() && operator != Some("Exists") {
        let finding =
            Diagnostic::new(Code::InvalidValue, at.origin(), "a toleration without a `key` needs `operator: Exists`")
                .help("write the `key` of the taint, or `operator: Exists` to tolerate all");
        let place = if operator.is_some() { "operator" } else { "" };
        at.report(place, finding);
    }
    match (operator, value) {
        (None | Some("Equal"), Some((node, value))) => {
            if let Err(reason) = label_value(value) {
                let message = format!("`{}` is no value of a taint: {reason}", words::shown(value));
                at.invalid("value", node, message);
            }
        }
        (Some("Exists"), Some((node, value))) if !value.is_empty() => {
            let finding =
                Diagnostic::new(Code::ForbiddenField, node.origin(), "`operator: Exists` tolerates each value")
                    .help("take out `value`, or write `operator: Equal`");
            at.report("value", finding);
        }
        (Some("Gt" | "Lt"), value) => {
            let (node, value) = value.map_or((at.node(), ""), |(node, value)| (node, value));
            if value.parse::<i64>().is_err() {
                let message = format!("expected a whole number to compare with, found {}", words::word(value));
                at.invalid("value", node, message);
            }
        }
        _ => {}
    }
    if let Some(node) = at.get(&["tolerationSeconds"]).filter(|_| at.text(&["effect"]) != Some("NoExecute")) {
        let finding =
            Diagnostic::new(Code::InvalidValue, node.origin(), "`tolerationSeconds` needs `effect: NoExecute`")
                .help("only pods that run already are given time to leave");
        at.report("effect", finding);
    }
}

fn check_spread(at: &mut At<'_>) {
    if let Some(node) = at.get(&["maxSkew"])
        && let Some(found) = number(node).filter(|found| *found <= 0)
    {
        at.invalid("maxSkew", node, format!("expected a number above 0, found `{found}`"));
    }
    for (field, what) in [("topologyKey", "the label of a node"), ("whenUnsatisfiable", "what becomes of the pod")] {
        if let Some(node) = at.get(&[field]).filter(|node| node.as_str() == Some("")) {
            at.invalid(field, node, format!("expected {what}, found an empty text"));
        }
    }
    if let Some(node) = at.get(&["minDomains"]) {
        if let Some(found) = number(node).filter(|found| *found <= 0) {
            at.invalid("minDomains", node, format!("expected a number above 0, found `{found}`"));
        } else if at.text(&["whenUnsatisfiable"]) == Some("ScheduleAnyway") {
            let message = "`minDomains` needs `whenUnsatisfiable: DoNotSchedule`";
            at.invalid("minDomains", node, message);
        }
    }
    check_label_keys(at);
}

fn check_spread_once(at: &mut At<'_>) {
    let spread: Vec<(usize, &Node)> = at.items(&["topologySpreadConstraints"]).collect();
    let key = |node| Some((text(node, &["topologyKey"])?, text(node, &["whenUnsatisfiable"])?));
    for (number, (index, node)) in spread.iter().enumerate() {
        let Some(own) = key(node) else { continue };
        let Some((_, first)) = spread[..number].iter().find(|(_, other)| key(other) == Some(own)) else { continue };
        let message = format!("two constraints spread over `{}` with `whenUnsatisfiable: {}`", own.0, own.1);
        let finding =
            Diagnostic::new(Code::DuplicateValue, node.origin(), message).also(first.origin(), "the first one");
        at.report(format_args!("topologySpreadConstraints[{index}]"), finding);
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "node-selector-term",
        at: "core/v1.NodeSelectorTerm",
        check: check_node_term,
        refuses: &[
            "{matchExpressions: [{key: a, operator: In}]}",
            "{matchExpressions: [{key: a, operator: In, values: []}]}",
            "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
            "{matchExpressions: [{key: a, operator: Gt, values: ['1', '2']}]}",
            "{matchExpressions: [{key: a b, operator: Exists}]}",
            "{matchFields: [{key: metadata.labels, operator: In, values: [b]}]}",
            "{matchFields: [{key: metadata.name, operator: Exists}]}",
            "{matchFields: [{key: metadata.name, operator: In, values: [a, b]}]}",
            "{matchFields: [{key: metadata.name, operator: In, values: [A]}]}",
        ],
        accepts: &[
            "{matchExpressions: [{key: a, operator: In, values: [b]}, {key: a, operator: Exists}]}",
            "{matchExpressions: [{key: a, operator: Gt, values: [b]}]}",
            "{matchFields: [{key: metadata.name, operator: NotIn, values: [a.b]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "node-selector",
        at: "core/v1.NodeSelector",
        check: |at| {
            if let Some(node) =
                at.get(&["nodeSelectorTerms"]).filter(|_| at.items(&["nodeSelectorTerms"]).next().is_none())
            {
                at.invalid("nodeSelectorTerms", node, "expected at least one term, found none");
            }
            check_node_values(at);
        },
        refuses: &[
            "{nodeSelectorTerms: []}",
            "{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [a/b]}]}]}",
        ],
        accepts: &["{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: ['']}]}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "node-weight",
        at: "core/v1.PreferredSchedulingTerm",
        check: check_weight,
        refuses: &["{weight: 0, preference: {}}", "{weight: 101, preference: {}}"],
        accepts: &[
            "{weight: 100, preference: {}}",
            "{weight: 1, preference: {matchExpressions: [{key: a, operator: In, values: [a/b]}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-weight",
        at: "core/v1.WeightedPodAffinityTerm",
        check: check_weight,
        refuses: &[
            "{weight: 0, podAffinityTerm: {topologyKey: a}}",
            "{weight: 101, podAffinityTerm: {topologyKey: a}}",
        ],
        accepts: &["{weight: 100, podAffinityTerm: {topologyKey: a}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-affinity-term",
        at: "core/v1.PodAffinityTerm",
        check: check_pod_term,
        refuses: &[
            "{topologyKey: ''}",
            "{topologyKey: a b}",
            "{topologyKey: a, namespaces: [a.b]}",
            "{topologyKey: a, matchLabelKeys: [b]}",
            "{topologyKey: a, mismatchLabelKeys: [b]}",
            "{topologyKey: a, labelSelector: {}, matchLabelKeys: [b c]}",
            "{topologyKey: a, labelSelector: {}, matchLabelKeys: [b], mismatchLabelKeys: [b]}",
            "{topologyKey: a, labelSelector: {matchLabels: {b: c}, matchExpressions: [{key: b, operator: Exists}]}, matchLabelKeys: [b]}",
        ],
        accepts: &[
            "{topologyKey: a.b/c, namespaces: [a], labelSelector: {}, matchLabelKeys: [b], mismatchLabelKeys: [c]}",
            "{topologyKey: a, labelSelector: {matchLabels: {b: c}, matchExpressions: [{key: b, operator: Exists}]}, mismatchLabelKeys: [b]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "toleration",
        at: "core/v1.Toleration",
        check: check_toleration,
        refuses: &[
            "{}",
            "{operator: Equal, value: a}",
            "{key: a, value: a/b}",
            "{key: a, operator: Exists, value: b}",
            "{key: a, operator: Gt, value: '1'}",
            "{key: a, value: b, effect: NoSchedule, tolerationSeconds: 1}",
            "{key: a, value: b, tolerationSeconds: 1}",
        ],
        accepts: &[
            "{operator: Exists}",
            "{key: a, value: b}",
            "{key: a, operator: Exists, value: ''}",
            "{key: a, effect: NoExecute, tolerationSeconds: 1}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "spread-constraint",
        at: "core/v1.TopologySpreadConstraint",
        check: check_spread,
        refuses: &[
            "{maxSkew: 0, topologyKey: a, whenUnsatisfiable: DoNotSchedule}",
            "{maxSkew: 1, topologyKey: '', whenUnsatisfiable: DoNotSchedule}",
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ''}",
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, minDomains: 0}",
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway, minDomains: 1}",
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, matchLabelKeys: [b]}",
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {}, matchLabelKeys: [b c]}",
        ],
        accepts: &[
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, minDomains: 1, labelSelector: {}, matchLabelKeys: [b]}",
            "{maxSkew: 1, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "spread-once",
        at: "core/v1.PodSpec",
        check: check_spread_once,
        refuses: &[
            "{topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}, {maxSkew: 2, topologyKey: a, whenUnsatisfiable: DoNotSchedule}], containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}, {maxSkew: 2, topologyKey: a, whenUnsatisfiable: ScheduleAnyway}], containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "merged-label-keys",
        at: "core/v1.Pod",
        check: check_merged_keys,
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, labels: {b: c}}, spec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [b]}], containers: [{name: a, image: 'a:1'}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, labels: {b: c}}, spec: {affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {matchExpressions: [{key: b, operator: Exists}]}, matchLabelKeys: [b]}]}}, containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, labels: {a: c}}, spec: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [b]}], containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
];
