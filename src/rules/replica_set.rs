//! `ReplicaSet`s and `ReplicationController`s.

use super::Rule;
use super::at::At;
use super::selector::{finds_its_pods, finds_labels, is_not_empty};
use super::workload::{not_negative, runs_on};
use crate::text::Node;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "replica-set",
        at: "apps/v1.ReplicaSetSpec",
        check: |at| {
            not_negative(at, &[&["replicas"], &["minReadySeconds"]]);
            is_not_empty(at);
            needs_template(at, "ReplicaSet");
            finds_its_pods(at);
            runs_on(at, "ReplicaSet");
        },
        refuses: &[
            concat!("{replicas: -1, ", selected!()),
            concat!("{minReadySeconds: -1, ", selected!()),
            "{selector: {matchLabels: {a: b}}}",
            "{selector: {}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            concat!("{", ending!("restartPolicy: Never")),
            concat!("{", ending!("activeDeadlineSeconds: 5")),
        ],
        accepts: &[concat!("{replicas: 0, ", selected!()), concat!("{", ending!("restartPolicy: Always"))],
        ..Rule::ALWAYS
    },
    Rule {
        name: "replication-controller",
        at: "core/v1.ReplicationControllerSpec",
        check: |at| {
            not_negative(at, &[&["replicas"], &["minReadySeconds"]]);
            needs_template(at, "ReplicationController");
            finds_pods_of_labels(at);
            runs_on(at, "ReplicationController");
        },
        refuses: &[
            "{replicas: -1, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{minReadySeconds: -1, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {a: b}}",
            "{template: {spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {a: c}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1'}]}}}",
        ],
        accepts: &[
            "{template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {a: b}, template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
        ],
        ..Rule::ALWAYS
    },
];

fn needs_template(at: &mut At<'_>, kind: &str) {
    if at.get(&["template"]).is_none() {
        at.missing("", format!("a {kind} needs `template`, from which it makes its pods"));
    }
}

fn finds_pods_of_labels(at: &mut At<'_>) {
    if at.get(&["template"]).is_none() {
        return;
    }
    let labels = at.get(&["template", "metadata", "labels"]).and_then(Node::as_map).filter(|labels| !labels.is_empty());
    match at.get(&["selector"]).and_then(Node::as_map).filter(|wanted| !wanted.is_empty()) {
        Some(wanted) => finds_labels(at, "selector", wanted, labels),
        // Without a selector the labels of the pods are it.
        None if labels.is_none() => {
            at.missing("", "a ReplicationController needs a `selector`, or labels of its pods, which would be it");
        }
        None => {}
    }
}
