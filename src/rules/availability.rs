//! The rule set `ha`: what the loss of one node, an eviction or an update must not take away.
//!
//! Settled objects enter, findings about Deployments, `StatefulSet`s and their budgets leave. Only who asks with
//! `--rules ha` is told: one pod is right for much, and a comment says why.

use super::advice::target;
use super::asked::finding;
use super::at::{get, items, number_at, text};
use super::workload::Portion;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Manifest, pod_template};
use crate::text::{Map, Node};

/// Returns what objects that are applied together would not outlive.
pub(super) fn judge(objects: &[&Manifest], beside: &[Manifest]) -> Vec<Diagnostic> {
    let around: Vec<&Manifest> = objects.iter().copied().chain(beside).collect();
    let mut found = Vec::new();
    for object in objects {
        match (object.key.group.as_str(), object.key.kind.as_str()) {
            ("apps", "Deployment" | "StatefulSet") => workload(object, &around, &mut found),
            ("policy", "PodDisruptionBudget") => budget(object, objects, &mut found),
            _ => {}
        }
    }
    found
}

fn report(object: &Manifest, field: &str, of: &Node, message: &str, help: &str, found: &mut Vec<Diagnostic>) {
    found.push(finding(Code::HighAvailability, object, field.to_owned(), of, message).help(help));
}

fn workload(object: &Manifest, around: &[&Manifest], found: &mut Vec<Diagnostic>) {
    let Some(spec) = object.node.get("spec") else { return };
    let (Some(template), Some(name)) = (pod_template(object), get(&object.node, &["metadata", "name"])) else { return };
    let key = (object.key.namespace.as_str(), object.key.kind.as_str(), object.key.name.as_str());
    let scaler = around.iter().find(|other| target(other) == Some(key));
    let written = get(spec, &["replicas"]);
    let replicas = match scaler {
        Some(scaler) => number_at(&scaler.node, &["spec", "minReplicas"]).unwrap_or(1),
        None => number_at(spec, &["replicas"]).unwrap_or(1),
    };
    let is_recreated = text(spec, &["strategy", "type"]) == Some("Recreate");
    if replicas == 0 {
        return;
    }
    if replicas == 1 {
        // Who replaces the one pod before the next is made says that there may be one alone.
        if !is_recreated {
            let least = scaler.and_then(|scaler| get(&scaler.node, &["spec", "minReplicas"]));
            let message = "one pod is all there is: while it is replaced there is none";
            let help = "write `replicas: 2` or more, `min: 2` for an autoscaler, or say in a comment why one is right";
            report(object, "spec.replicas", least.or(written).unwrap_or(name), message, help, found);
        }
        return;
    }
    let of = written.unwrap_or(name);
    if is_recreated {
        let strategy = get(spec, &["strategy", "type"]).unwrap_or(of);
        let message = "an update with `Recreate` ends all pods before there are new ones";
        report(object, "spec.strategy.type", strategy, message, "write `type: RollingUpdate`", found);
    }
    for strategy in ["strategy", "updateStrategy"] {
        let Some(node) = get(spec, &[strategy, "rollingUpdate", "maxUnavailable"]) else { continue };
        if Portion::of(node).is_some_and(|portion| portion.of_pods(replicas) >= replicas) {
            let field = format!("spec.{strategy}.rollingUpdate.maxUnavailable");
            let message = "an update may end all pods at once";
            report(object, &field, node, message, "write `25%`, or a number below that of the pods", found);
        }
    }
    let labels = get(template, &["metadata", "labels"]).and_then(Node::as_map);
    let is_kept = around.iter().any(|other| {
        let is_budget = other.key.group == "policy" && other.key.kind == "PodDisruptionBudget";
        is_budget && other.key.namespace == object.key.namespace && selects(other, labels)
    });
    if !is_kept {
        let message = "no PodDisruptionBudget keeps some of the pods: nodes that are drained may take all at once";
        let help =
            "write `disruption: {maxUnavailable: 1}` in a spec, or a PodDisruptionBudget with the labels of the pods";
        report(object, "spec.template", of, message, help, found);
    }
    let Some(pod) = get(template, &["spec"]) else { return };
    let is_spread = items(pod, &["topologySpreadConstraints"]).next().is_some()
        || get(pod, &["affinity", "podAntiAffinity"]).is_some();
    if !is_spread {
        let message = "nothing spreads the pods over nodes: all of them may be on one";
        let help = "write `topologySpreadConstraints`, or `podAntiAffinity`";
        report(object, "spec.template.spec.topologySpreadConstraints", of, message, help, found);
    }
    for (number, container) in items(pod, &["containers"]) {
        let serves = items(container, &["ports"]).next().is_some();
        if serves && get(container, &["readinessProbe"]).is_none() {
            let of = get(container, &["name"]).unwrap_or(container);
            let message = "the container has ports and no readiness probe: it is sent requests before it can answer";
            let field = format!("spec.template.spec.containers[{number}].readinessProbe");
            report(object, &field, of, message, "write `readinessProbe: {httpGet: /healthz}`, for example", found);
        }
    }
}

/// Finds a budget that keeps nothing, or everything.
fn budget(object: &Manifest, objects: &[&Manifest], found: &mut Vec<Diagnostic>) {
    let Some(spec) = object.node.get("spec") else { return };
    let pods = objects.iter().filter(|other| {
        let labels = pod_template(other).and_then(|template| get(template, &["metadata", "labels"]));
        other.key.namespace == object.key.namespace && selects(object, labels.and_then(Node::as_map))
    });
    // Of a number of pods that is not known a share is all there is to go by.
    let counts = pods.filter(|other| matches!(other.key.kind.as_str(), "Deployment" | "StatefulSet"));
    let total: i64 = counts.map(|other| number_at(&other.node, &["spec", "replicas"]).unwrap_or(1)).sum::<i64>().max(1);
    for (field, all, none) in [("maxUnavailable", true, false), ("minAvailable", false, true)] {
        let Some(node) = get(spec, &[field]) else { continue };
        let Some(portion) = Portion::of(node) else { continue };
        let place = format!("spec.{field}");
        let is_all = matches!(portion, Portion::Percent(100..)) || total > 1 && portion.of_pods(total) >= total;
        if is_all && all || portion.is_zero() && none {
            let message = "the budget keeps no pod: nodes that are drained may take all at once";
            report(object, &place, node, message, "write `maxUnavailable: 1`", found);
        } else if portion.is_zero() || is_all {
            let message = "the budget lets no pod go: a node with one of them can never be drained";
            report(object, &place, node, message, "write `maxUnavailable: 1`", found);
        }
    }
}

/// Whether a budget is for pods with some labels.
fn selects(budget: &Manifest, labels: Option<&Map>) -> bool {
    let Some(selector) = get(&budget.node, &["spec", "selector"]) else { return false };
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
    let mut wanted = get(selector, &["matchLabels"]).and_then(Node::as_map).into_iter().flatten();
    let mut conditions = items(selector, &["matchExpressions"]);
    wanted.all(|entry| label(&entry.key.text) == entry.value.as_str())
        && conditions.all(|(_, condition)| {
            let value = text(condition, &["key"]).and_then(label);
            let is_among = items(condition, &["values"]).any(|(_, one)| value.is_some() && one.as_str() == value);
            match text(condition, &["operator"]) {
                Some("In") => is_among,
                Some("NotIn") => !is_among,
                Some("Exists") => value.is_some(),
                _ => value.is_none(),
            }
        })
}
