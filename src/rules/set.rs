//! What objects that are applied together say of one another.
//!
//! The objects of one set enter, findings leave. Only what nobody can mend from outside is told: a port that none of the
//! pods has, a selector that misses the pods beside it. What may come from elsewhere is not asked for.

use std::collections::HashMap;

use super::at::{get, items, text};
use crate::diagnostic::{Code, Diagnostic, Severity, is_near};
use crate::kubernetes::{Manifest, ObjectKey, name, pod_template};
use crate::text::{Entry, Map, Node, Value};

/// Returns what is wrong between the objects of a set.
pub fn judge_set(objects: &[&Manifest]) -> Vec<Diagnostic> {
    let set = Set::of(objects);
    let mut found = Vec::new();
    for object in objects {
        probes(object, &mut found);
        match (object.key.group.as_str(), object.key.kind.as_str()) {
            ("", "Service") => set.service(object, &mut found),
            ("apps", "StatefulSet") => set.stateful_set(object, &mut found),
            ("networking.k8s.io", "Ingress") => set.ingress(object, &mut found),
            ("networking.k8s.io", "NetworkPolicy") => {
                let selector = get(&object.node, &["spec", "podSelector", "matchLabels"]);
                set.selects(object, selector, "spec.podSelector.matchLabels", &mut found);
            }
            ("policy", "PodDisruptionBudget") => {
                let selector = get(&object.node, &["spec", "selector", "matchLabels"]);
                set.selects(object, selector, "spec.selector.matchLabels", &mut found);
            }
            ("autoscaling", "HorizontalPodAutoscaler") => set.target(object, &mut found),
            _ => {}
        }
    }
    found
}

/// Where a container says how it is asked.
const HANDLERS: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

/// The pods that an object of the set makes.
struct Pods<'a> {
    of: &'a ObjectKey,
    template: &'a Node,
    labels: Option<&'a Map>,
}

struct Set<'a> {
    pods: Vec<Pods<'a>>,
    services: HashMap<(&'a str, &'a str), &'a Manifest>,
    /// Whether something else may make pods too.
    has_others: bool,
}

impl<'a> Set<'a> {
    fn of(objects: &[&'a Manifest]) -> Self {
        let pods = objects.iter().filter_map(|object| {
            let template = pod_template(object)?;
            let labels = get(template, &["metadata", "labels"]).and_then(Node::as_map);
            Some(Pods { of: &object.key, template, labels })
        });
        let services = objects.iter().filter(|object| object.key.group.is_empty() && object.key.kind == "Service");
        let services = services.map(|object| ((object.key.namespace.as_str(), object.key.name.as_str()), *object));
        // Kinds of Kubernetes have groups without a dot, or of its own.
        let is_other = |group: &str| group.contains('.') && !group.ends_with(".k8s.io");
        let has_others = objects.iter().any(|object| is_other(&object.key.group));
        Self { pods: pods.collect(), services: services.collect(), has_others }
    }

    fn beside(&self, key: &ObjectKey) -> impl Iterator<Item = &Pods<'a>> {
        self.pods.iter().filter(|pods| pods.of.namespace == key.namespace)
    }

    fn service(&self, object: &'a Manifest, found: &mut Vec<Diagnostic>) {
        let spec = ["spec", "selector"];
        let Some(selector) = get(&object.node, &spec).filter(|selector| selector.as_map().is_some()) else { return };
        if text(&object.node, &["spec", "type"]) == Some("ExternalName") {
            return;
        }
        self.selects(object, Some(selector), "spec.selector", found);
        let matching: Vec<&Pods<'_>> = self.beside(&object.key).filter(|pods| misses(selector, pods) == 0).collect();
        if matching.is_empty() || selector.as_map().is_some_and(Map::is_empty) {
            return;
        }
        let declared: Vec<&str> = matching.iter().flat_map(|pods| port_names(pods.template)).collect();
        for (number, port) in items(&object.node, &["spec", "ports"]) {
            let Some(target) = get(port, &["targetPort"]) else { continue };
            let Some(name) = port_name(target) else { continue };
            if !declared.contains(&name) {
                let pods = &matching[0];
                let message = format!("none of the pods that the Service selects has a port `{name}`");
                let finding = Diagnostic::new(Code::UndeclaredReference, target.origin(), message)
                    .also(pods.template.origin(), format!("the pods of {} `{}`", pods.of.kind, pods.of.name));
                found.push(
                    with_near(finding, name, &declared)
                        .subject(object.key.to_string(), format!("spec.ports[{number}].targetPort")),
                );
            }
        }
    }

    /// Finds a selector that misses the pods that it was most likely written for.
    fn selects(&self, object: &Manifest, selector: Option<&Node>, field: &str, found: &mut Vec<Diagnostic>) {
        let Some((selector, map)) = selector.and_then(|selector| Some((selector, selector.as_map()?))) else { return };
        let beside: Vec<&Pods<'_>> = self.beside(&object.key).collect();
        let nearest = beside.iter().min_by_key(|pods| misses(selector, pods));
        let Some((nearest, wrong)) = nearest.map(|pods| (pods, misses(selector, pods))) else { return };
        if map.is_empty() || wrong == 0 {
            return;
        }
        let is_meant = |pods: &Pods<'_>| {
            let near = |key: &str, wanted: &str| {
                let label = pods.labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
                label.is_some_and(|label| is_near(label, wanted))
            };
            map.iter()
                .filter(|pair| !has(pods, pair))
                .all(|pair| near(&pair.key.text, pair.value.as_str().unwrap_or("")))
        };
        // Of several labels all but one fit, or a slip of the keyboard tells them apart, or no other pods are there.
        let alone = beside.len() == 1 && !self.has_others;
        if !(alone || map.len() > 1 && wrong == 1 && !self.has_others || wrong <= 2 && is_meant(nearest)) {
            return;
        }
        let Some(pair) = map.iter().find(|pair| !has(nearest, pair)) else { return };
        let wanted = format!("{}: {}", pair.key.text, pair.value.as_str().unwrap_or_default());
        let theirs = nearest.labels.and_then(|labels| labels.entry(&pair.key.text));
        let of = format!("{} `{}`", nearest.of.kind, nearest.of.name);
        let message = format!("the selector asks for `{wanted}` and selects none of the pods beside it");
        let finding = Diagnostic::new(Code::SelectsNothing, pair.key.origin, message);
        let finding = match theirs {
            Some(theirs) => finding.also(theirs.key.origin, format!("the pods of {of} have another")),
            None => finding.also(nearest.template.origin(), format!("the pods of {of} have no such label")),
        };
        found.push(
            finding
                .help("write the labels that the pods have")
                .subject(object.key.to_string(), format!("{field}.{}", pair.key.text)),
        );
    }

    fn stateful_set(&self, object: &Manifest, found: &mut Vec<Diagnostic>) {
        let Some(name) = get(&object.node, &["spec", "serviceName"]) else { return };
        let Some(service) = name.as_str().filter(|name| !name.is_empty()) else { return };
        let namespace = object.key.namespace.as_str();
        let Some(pods) = self.pods.iter().find(|pods| *pods.of == object.key) else { return };
        let report = |message: String, help: String| {
            Diagnostic::new(Code::UndeclaredReference, name.origin(), message)
                .severity(Severity::Warning)
                .help(help)
                .subject(object.key.to_string(), "spec.serviceName")
        };
        match self.services.get(&(namespace, service)) {
            Some(there) if text(&there.node, &["spec", "clusterIP"]) != Some("None") => found.push(
                report(
                    format!("the Service `{service}` is not headless: the pods get no names of their own"),
                    "write `clusterIP: None` in the Service".to_owned(),
                )
                .also(there.origin, "the Service"),
            ),
            Some(_) => {}
            None => {
                let own = self.services.values().filter(|other| other.key.namespace == namespace).find(|other| {
                    get(&other.node, &["spec", "selector"]).is_some_and(|selector| {
                        selector.as_map().is_some_and(|map| !map.is_empty()) && misses(selector, pods) == 0
                    })
                });
                found.extend(own.map(|own| {
                    report(
                        format!("there is no Service `{service}` beside the StatefulSet"),
                        format!("the Service that selects its pods is `{}`", own.key.name),
                    )
                }));
            }
        }
    }

    fn ingress(&self, object: &Manifest, found: &mut Vec<Diagnostic>) {
        let mut backends: Vec<(String, &Node)> = Vec::new();
        backends.extend(
            get(&object.node, &["spec", "defaultBackend"]).map(|node| ("spec.defaultBackend".to_owned(), node)),
        );
        for (rule, node) in items(&object.node, &["spec", "rules"]) {
            for (path, node) in items(node, &["http", "paths"]) {
                let field = format!("spec.rules[{rule}].http.paths[{path}].backend");
                backends.extend(get(node, &["backend"]).map(|node| (field, node)));
            }
        }
        for (field, backend) in backends {
            let Some(name) = text(backend, &["service", "name"]) else { continue };
            let Some(service) = self.services.get(&(object.key.namespace.as_str(), name)) else { continue };
            let port = |key: &str| get(backend, &["service", "port", key]);
            let (key, port) = match (port("name"), port("number")) {
                (Some(port), _) => ("name", port),
                (None, Some(port)) => ("number", port),
                (None, None) => continue,
            };
            let Some(wanted) = port.as_str() else { continue };
            let theirs = if key == "name" { "name" } else { "port" };
            let ports: Vec<&str> =
                items(&service.node, &["spec", "ports"]).filter_map(|(_, port)| text(port, &[theirs])).collect();
            if ports.contains(&wanted) || get(&service.node, &["spec", "ports"]).is_none() {
                continue;
            }
            let message = format!("the Service `{name}` has no port `{wanted}`");
            let finding =
                Diagnostic::new(Code::UndeclaredReference, port.origin(), message).also(service.origin, "the Service");
            let finding = with_near(finding, wanted, &ports);
            found.push(finding.subject(object.key.to_string(), format!("{field}.service.port.{key}")));
        }
    }

    fn target(&self, object: &Manifest, found: &mut Vec<Diagnostic>) {
        let target = |key: &str| get(&object.node, &["spec", "scaleTargetRef", key]);
        let (Some(kind), Some(name)) = (target("kind").and_then(Node::as_str), target("name")) else { return };
        let Some(wanted) = name.as_str() else { return };
        let names: Vec<&str> =
            self.beside(&object.key).filter(|pods| pods.of.kind == kind).map(|pods| pods.of.name.as_str()).collect();
        let near = names.iter().any(|name| is_near(name, wanted));
        if !names.contains(&wanted) && near {
            let message = format!("there is no {kind} `{wanted}` beside the autoscaler");
            let finding =
                Diagnostic::new(Code::UndeclaredReference, name.origin(), message).severity(Severity::Warning);
            found.push(
                finding
                    .did_you_mean(wanted, names.iter().copied())
                    .subject(object.key.to_string(), "spec.scaleTargetRef.name"),
            );
        }
    }
}

/// Finds probes and hooks that ask at a port by a name that their own container has none of.
fn probes(object: &Manifest, found: &mut Vec<Diagnostic>) {
    let Some(template) = pod_template(object) else { return };
    let spec = match object.key.kind.as_str() {
        "Pod" => "spec",
        "CronJob" => "spec.jobTemplate.spec.template.spec",
        _ => "spec.template.spec",
    };
    for list in ["containers", "initContainers"] {
        for (number, container) in items(template, &["spec", list]) {
            let names: Vec<&str> = items(container, &["ports"]).filter_map(|(_, port)| text(port, &["name"])).collect();
            for (handler, path) in
                HANDLERS.iter().flat_map(|path| ["httpGet", "tcpSocket"].map(|handler| (handler, *path)))
            {
                let port = get(container, path).and_then(|probe| get(probe, &[handler, "port"]));
                let Some((port, name)) = port.and_then(|port| Some((port, port_name(port)?))) else { continue };
                if names.contains(&name) {
                    continue;
                }
                let field = format!("{spec}.{list}[{number}].{}.{handler}.port", path.join("."));
                let message = format!("the container has no port `{name}`, at which it would be asked");
                let finding = Diagnostic::new(Code::UndeclaredReference, port.origin(), message);
                found.push(with_near(finding, name, &names).subject(object.key.to_string(), field));
            }
        }
    }
}

/// Adds the names that there are to a finding about one that is not there.
fn with_near(finding: Diagnostic, name: &str, names: &[&str]) -> Diagnostic {
    let finding = finding.did_you_mean(name, names.iter().copied());
    match (finding.help.is_empty(), names) {
        (false, _) => finding,
        (true, []) => finding.help("give a port of theirs that name, or write its number"),
        (true, _) => finding.help(format!("they have `{}`", names.join("`, `"))),
    }
}

fn has(pods: &Pods<'_>, pair: &Entry) -> bool {
    let label = pods.labels.and_then(|labels| labels.get(&pair.key.text));
    label.and_then(Node::as_str) == pair.value.as_str()
}

/// Returns how many pairs of a selector the pods do not have.
fn misses(selector: &Node, pods: &Pods<'_>) -> usize {
    selector.as_map().into_iter().flatten().filter(|pair| !has(pods, pair)).count()
}

/// Returns the name that a port is asked for by; none where that is its number, or what no port can be named.
fn port_name(port: &Node) -> Option<&str> {
    match port.value() {
        Value::String(name) | Value::Raw(name) if name::port_name(name).is_ok() => Some(name),
        _ => None,
    }
}

/// Returns the names of all ports of a pod's containers.
fn port_names(template: &Node) -> Vec<&str> {
    let containers = ["containers", "initContainers"].into_iter().flat_map(|list| items(template, &["spec", list]));
    let ports = containers.flat_map(|(_, container)| items(container, &["ports"]));
    ports.filter_map(|(_, port)| text(port, &["name"])).collect()
}
