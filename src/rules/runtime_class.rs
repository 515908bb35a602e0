//! Runtime classes: their handlers, what they cost, and where their pods run.

use std::collections::HashMap;

use super::Rule;
use super::at::{At, get, quantity, text};
use super::resources::unfit;
use super::value::{again, named};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_label, label_key, label_value};
use crate::text::{Node, Origin};

pub(super) const RULES: &[Rule] = &[Rule {
    name: "runtime-class",
    at: "node/v1.RuntimeClass",
    check: |at| {
        if let Some(node) = at.get(&["handler"]) {
            named(at, "handler", node, "a handler", dns_label);
        }
        overhead(at);
        nodes(at);
        tolerations(at);
    },
    refuses: &[
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: ''}",
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a.b}",
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, overhead: {podFixed: {disk: 1}}}",
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, overhead: {podFixed: {cpu: -1}}}",
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, scheduling: {nodeSelector: {a b: c}}}",
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, scheduling: {nodeSelector: {a: b c}}}",
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, scheduling: {tolerations: [{key: a, operator: Exists}, {key: a, operator: Exists, effect: ''}]}}",
    ],
    accepts: &[
        "{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: a}, handler: a, overhead: {podFixed: {cpu: 1m, memory: 0}}, scheduling: {nodeSelector: {a/b: ''}, tolerations: [{key: a, operator: Exists}, {key: a, operator: Exists, effect: NoSchedule}]}}",
    ],
    ..Rule::ALWAYS
}];

fn overhead(at: &mut At<'_>) {
    for entry in at.get(&["overhead", "podFixed"]).and_then(Node::as_map).into_iter().flatten() {
        let name = entry.key.text.as_str();
        let place = format!("overhead.podFixed[{name}]");
        if let Some(reason) = unfit(name) {
            let message = format!("`{}` is no resource of a container: {reason}", words::shown(name));
            at.report(place, Diagnostic::new(Code::InvalidName, entry.key.origin, message));
        } else if quantity(&entry.value).is_some_and(|amount| amount.is_negative()) {
            at.invalid(place, &entry.value, "expected an amount of zero or more, found a negative one");
        }
    }
}

fn nodes(at: &mut At<'_>) {
    for entry in at.get(&["scheduling", "nodeSelector"]).and_then(Node::as_map).into_iter().flatten() {
        let name = entry.key.text.as_str();
        let place = format!("scheduling.nodeSelector[{name}]");
        if let Err(reason) = label_key(name) {
            let message = format!("`{}` is no name for a label: {reason}", words::shown(name));
            at.report(place, Diagnostic::new(Code::InvalidName, entry.key.origin, message));
        } else if let Some(value) = entry.value.as_str()
            && let Err(reason) = label_value(value)
        {
            let message = format!("`{}` is no value for the label `{name}`: {reason}", words::shown(value));
            at.report(place, Diagnostic::new(Code::InvalidName, entry.value.origin(), message));
        }
    }
}

fn tolerations(at: &mut At<'_>) {
    let mut known: HashMap<[&str; 4], Origin> = HashMap::new();
    for (index, toleration) in at.items(&["scheduling", "tolerations"]) {
        let key = ["key", "operator", "value", "effect"].map(|field| text(toleration, &[field]).unwrap_or_default());
        if let Some(first) = known.get(&key) {
            let message = "expected each toleration once, found the same again";
            again(at, format_args!("scheduling.tolerations[{index}]"), toleration, *first, message);
        } else {
            known.insert(key, toleration.origin());
        }
        // A pod may compare numbers where that is switched on; a class never may.
        if let Some((node, word)) = get(toleration, &["operator"]).and_then(|node| Some((node, node.as_str()?)))
            && matches!(word, "Gt" | "Lt")
            && text(toleration, &["value"]).is_some_and(|value| value.parse::<i64>().is_ok())
        {
            let place = format!("scheduling.tolerations[{index}].operator");
            at.invalid(place, node, format!("expected `Equal` or `Exists`, found `{word}`"));
        }
    }
}
