//! The rule set `ha`: what the loss of one node, an eviction or an update must not take away.
//!
//! Settled objects enter, findings about Deployments, `StatefulSet`s and their budgets leave. Only who asks with
//! `--rules ha` is told: one pod is right for much, and a comment says why.

use std::cell::OnceCell;
use std::collections::HashMap;

use smol_str::SmolStr;

use super::asked::{Beside, finding, is_budget};
use super::at::{get, items, number_at, text};
use super::workload::Portion;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Labels, Manifest, Selector, pod_template};
use crate::text::Node;

/// Returns what objects that are applied together would not outlive.
pub(super) fn judge(objects: &[&Manifest], around: [&Beside; 2]) -> Vec<Diagnostic> {
    let (mut found, counted) = (Vec::new(), OnceCell::new());
    for object in objects {
        match (object.key.group.as_str(), object.key.kind.as_str()) {
            ("apps", "Deployment" | "StatefulSet") => workload(object, around, &mut found),
            _ if is_budget(object) => budget(object, counted.get_or_init(|| Counted::of(objects)), &mut found),
            _ => {}
        }
    }
    found
}

fn report(object: &Manifest, field: &str, of: &Node, message: &str, help: &str, found: &mut Vec<Diagnostic>) {
    found.push(finding(Code::HighAvailability, object, field.to_owned(), of, message).help(help));
}

fn workload(object: &Manifest, around: [&Beside; 2], found: &mut Vec<Diagnostic>) {
    let Some(spec) = object.node.get("spec") else { return };
    let (Some(template), Some(name)) = (pod_template(object), get(&object.node, &["metadata", "name"])) else { return };
    let scaler = around.iter().find_map(|beside| beside.scaler(object));
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
    let labels = Labels::read(get(template, &["metadata", "labels"]));
    if !around.iter().any(|beside| beside.keeps(&object.key.namespace, &labels)) {
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

/// The pods of Deployments and `StatefulSet`s, by their labels.
#[derive(Default)]
struct Counted {
    pods: Vec<(SmolStr, Labels, i64)>,
    by_label: HashMap<(SmolStr, SmolStr, SmolStr), Vec<usize>>,
}

impl Counted {
    fn of(objects: &[&Manifest]) -> Self {
        let mut counted = Self::default();
        for object in objects.iter().filter(|object| matches!(object.key.kind.as_str(), "Deployment" | "StatefulSet")) {
            let Some(template) = pod_template(object) else { continue };
            let labels = Labels::read(get(template, &["metadata", "labels"]));
            let namespace = &object.key.namespace;
            for (key, value) in labels.iter() {
                let label = (namespace.clone(), key.clone(), value.clone());
                counted.by_label.entry(label).or_default().push(counted.pods.len());
            }
            let count = number_at(&object.node, &["spec", "replicas"]).unwrap_or(1);
            counted.pods.push((namespace.clone(), labels, count));
        }
        counted
    }

    /// Returns how many pods of a namespace a selector selects.
    fn selected(&self, namespace: &SmolStr, selector: &Selector) -> i64 {
        let count = |(within, labels, count): &(SmolStr, Labels, i64)| {
            if within == namespace && selector.selects(labels) { *count } else { 0 }
        };
        match selector.pair() {
            Some((key, value)) => {
                let numbers = self.by_label.get(&(namespace.clone(), key.clone(), value.clone()));
                numbers.into_iter().flatten().map(|number| count(&self.pods[*number])).sum()
            }
            None => self.pods.iter().map(count).sum(),
        }
    }
}

/// Finds a budget that keeps nothing, or everything.
fn budget(object: &Manifest, counted: &Counted, found: &mut Vec<Diagnostic>) {
    let Some(spec) = object.node.get("spec") else { return };
    let selector = get(spec, &["selector"]).map(Selector::read);
    // Of a number of pods that is not known a share is all there is to go by.
    let total = selector.map_or(0, |selector| counted.selected(&object.key.namespace, &selector)).max(1);
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
