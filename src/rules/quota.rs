//! `ResourceQuota`: what they count, and for which pods.

use super::at::{get, items, quantity, text};
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic, did_you_mean, words};
use crate::kubernetes::name::label_key;
use crate::text::{Entry, Node};

/// What a quota counts in whole numbers.
const COUNTED: &[&str] = &[
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
/// What it measures.
const MEASURED: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];
/// What scopes of pods go with.
const OF_PODS: &[&str] = &["pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
/// Scopes that no pod is in both of.
const APART: &[(&str, &str)] = &[("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "quota-resources",
        at: "core/v1.ResourceQuotaSpec",
        check: |at| {
            for entry in at.get(&["hard"]).and_then(Node::as_map).into_iter().flatten() {
                resource(at, entry);
            }
        },
        refuses: &[
            "{hard: {gpus: 1}}",
            "{hard: {storage: 1Gi}}",
            "{hard: {'a b/c': 1}}",
            "{hard: {pods: 1.5}}",
            "{hard: {cpu: -1}}",
            "{hard: {a.example/gpu: 500m}}",
        ],
        accepts: &[
            "{hard: {pods: '1', cpu: 500m, requests.a.example/gpu: 500m, count/deployments.apps: 2, hugepages-2Mi: 1}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "quota-scopes",
        at: "core/v1.ResourceQuotaSpec",
        check: |at| {
            let scopes: Vec<_> =
                at.items(&["scopes"]).map(|(index, node)| (format!("scopes[{index}]"), node)).collect();
            check_scopes(at, &scopes);
        },
        refuses: &[
            "{hard: {pods: 1}, scopes: [BestEffort, NotBestEffort]}",
            "{hard: {cpu: 1}, scopes: [BestEffort]}",
            "{hard: {services: 1}, scopes: [Terminating]}",
            "{hard: {pods: 1}, scopes: [VolumeAttributesClass]}",
        ],
        accepts: &[
            "{hard: {pods: 1, cpu: 1}, scopes: [Terminating, NotBestEffort]}",
            "{hard: {count/pods: 1}, scopes: [BestEffort]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "quota-scope-selector",
        at: "core/v1.ResourceQuotaSpec",
        check: selector,
        refuses: &[
            "{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}]}}",
            "{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists, values: [a]}]}}",
            "{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: DoesNotExist}]}}",
            "{hard: {services: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists}]}}",
        ],
        accepts: &[
            "{hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [a]}]}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Whether a resource without a group is one for huge pages.
pub(super) fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Whether a resource belongs to Kubernetes itself.
pub(super) fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether a resource is one that a device or the like brings along.
pub(super) fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && label_key(&format!("requests.{name}")).is_ok()
}

/// Whether the server knows a resource of a quota.
pub(super) fn is_standard(name: &str) -> bool {
    let prefixed = name.starts_with("requests.hugepages-");
    COUNTED.contains(&name) || MEASURED.contains(&name) || is_huge_pages(name) || prefixed
}

fn resource(at: &mut At<'_>, entry: &Entry) {
    let name = entry.key.text.as_str();
    let place = format!("hard[{name}]");
    let shown = words::shown(name);
    if let Err(reason) = label_key(name) {
        let message = format!("`{shown}` is no name for a resource: {reason}");
        at.report(place, Diagnostic::new(Code::InvalidName, entry.key.origin, message));
        return;
    }
    if !name.contains('/') && !is_standard(name) {
        let message = format!("`{shown}` is no resource that a quota counts");
        let known = COUNTED.iter().chain(MEASURED).copied();
        let help = did_you_mean(name, known).map_or_else(
            || "write `requests.GROUP/NAME` for resources of devices, and `count/NAME.GROUP` for objects".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        at.report(place, Diagnostic::new(Code::InvalidValue, entry.key.origin, message).help(help));
        return;
    }
    let Some(amount) = quantity(&entry.value) else { return };
    let found = entry.value.text().cloned().unwrap_or_default();
    if amount.is_negative() {
        at.invalid(place, &entry.value, format!("expected an amount of at least 0, found `{found}`"));
    } else if (COUNTED.contains(&name) || is_extended(name)) && amount.units(-3) % 1000 != 0 {
        at.invalid(place, &entry.value, format!("expected a whole number, found `{found}`"));
    }
}

/// Looks at scopes, each with its place.
fn check_scopes(at: &mut At<'_>, scopes: &[(String, &Node)]) {
    let hard = at.get(&["hard"]).and_then(Node::as_map);
    for (place, node) in scopes {
        let Some(scope) = node.as_str() else { continue };
        let fits = |name: &str| match scope {
            "BestEffort" => name == "pods",
            "VolumeAttributesClass" => matches!(name, "persistentvolumeclaims" | "requests.storage"),
            "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
                OF_PODS.contains(&name)
            }
            _ => true,
        };
        let wrong = hard.into_iter().flatten().find(|entry| is_standard(&entry.key.text) && !fits(&entry.key.text));
        if let Some(entry) = wrong {
            let message =
                format!("the scope `{scope}` may not stand beside `{}`, which it does not count", entry.key.text);
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report(place, finding.also(entry.key.origin, "the resource").help("write two quotas"));
        }
        for (one, other) in APART {
            let partner = scopes.iter().find(|(_, node)| node.as_str() == Some(one)).filter(|_| scope == *other);
            if let Some((_, partner)) = partner {
                let message = format!("the scope `{other}` may not stand beside `{one}`: no pod is in both");
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                at.report(place, finding.also(partner.origin(), "the other scope"));
            }
        }
    }
}

fn selector(at: &mut At<'_>) {
    let mut scopes = Vec::new();
    for (index, item) in at.items(&["scopeSelector", "matchExpressions"]) {
        let place = format!("scopeSelector.matchExpressions[{index}]");
        let (scope, operator) = (text(item, &["scopeName"]), text(item, &["operator"]));
        if let Some(node) = get(item, &["scopeName"]) {
            scopes.push((format!("{place}.scopeName"), node));
        }
        let alone = scope.is_some_and(|scope| !matches!(scope, "PriorityClass" | "VolumeAttributesClass"));
        let (Some(scope), Some(operator), Some(node)) = (scope, operator, get(item, &["operator"])) else { continue };
        let values = items(item, &["values"]).count();
        if alone && operator != "Exists" {
            let message = format!("expected `Exists` for the scope `{scope}`, which has no values, found `{operator}`");
            at.invalid(format!("{place}.operator"), node, message);
        } else if matches!(operator, "In" | "NotIn") && values == 0 {
            let message = format!("missing field `values`: `{operator}` looks for at least one");
            super::value::missing(at, format!("{place}.values"), item.origin(), message);
        } else if let Some(node) =
            get(item, &["values"]).filter(|_| values > 0 && matches!(operator, "Exists" | "DoesNotExist"))
        {
            let message = format!("`values` may not stand beside `{operator}`, which looks for none");
            super::value::forbid(
                at,
                format!("{place}.values"),
                node,
                message,
                "take them out, or write `operator: In`",
            );
        }
    }
    check_scopes(at, &scopes);
}
