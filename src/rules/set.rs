//! What objects that are applied together say of one another.
//!
//! The objects of one set enter, findings leave. Only what nobody can mend from outside is told: a port that none of the
//! pods has, a selector that misses the pods beside it. What may come from elsewhere is not asked for.

use std::collections::{HashMap, HashSet};

use super::at::{get, items, text};
use super::pod::containers;
use super::service::is_headless;
use crate::diagnostic::{Code, Diagnostic, Severity, is_near};
use crate::kubernetes::pods::template;
use crate::kubernetes::{Manifest, ObjectKey, name, pod_spec_field, pod_template};
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

/// So many objects of a namespace are looked through for the one that was meant.
const NEAR: usize = 100;

/// The ports of so many workloads behind one Service are compared.
const MOST: usize = 100;

/// Where a container says how it is asked.
pub(super) const HANDLERS: [&[&str]; 5] = [
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

impl<'a> Pods<'a> {
    fn of(object: &'a Manifest) -> Option<Self> {
        let template = pod_template(object)?;
        let labels = get(template, &["metadata", "labels"]).and_then(Node::as_map);
        Some(Self { of: &object.key, template, labels })
    }
}

struct Set<'a> {
    pods: Vec<Pods<'a>>,
    /// The numbers of the pods that have a label, by their namespace.
    by_label: HashMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    by_namespace: HashMap<&'a str, Vec<usize>>,
    by_name: HashSet<(&'a str, &'a str, &'a str)>,
    services: HashMap<(&'a str, &'a str), &'a Manifest>,
    services_of: HashMap<&'a str, Vec<&'a Manifest>>,
    /// Whether something else may make pods too.
    has_others: bool,
}

impl<'a> Set<'a> {
    fn of(objects: &[&'a Manifest]) -> Self {
        // Kinds of Kubernetes have groups without a dot, or of its own.
        let is_other = |group: &str| group.contains('.') && !group.ends_with(".k8s.io");
        let mut set = Self {
            pods: Vec::new(),
            by_label: HashMap::new(),
            by_namespace: HashMap::new(),
            by_name: HashSet::new(),
            services: HashMap::new(),
            services_of: HashMap::new(),
            has_others: objects.iter().any(|object| is_other(&object.key.group)),
        };
        for object in objects {
            let namespace = object.key.namespace.as_str();
            if object.key.group.is_empty() && object.key.kind == "Service" {
                set.services.insert((namespace, object.key.name.as_str()), object);
                set.services_of.entry(namespace).or_default().push(object);
            }
            let Some(pods) = Pods::of(object) else { continue };
            let number = set.pods.len();
            set.by_name.insert((namespace, object.key.kind.as_str(), object.key.name.as_str()));
            set.by_namespace.entry(namespace).or_default().push(number);
            for Entry { key, value } in pods.labels.into_iter().flatten() {
                let label = (namespace, key.text.as_str(), value.as_str().unwrap_or_default());
                set.by_label.entry(label).or_default().push(number);
            }
            set.pods.push(pods);
        }
        set
    }

    /// Returns some of the pods in the namespace of an object, at most as many as a person reads through.
    fn beside(&self, key: &ObjectKey) -> impl Iterator<Item = &Pods<'a>> {
        let numbers = self.by_namespace.get(key.namespace.as_str()).into_iter().flatten();
        numbers.take(NEAR).map(|number| &self.pods[*number])
    }

    /// Returns the numbers of the pods in the namespace of an object that have a label.
    fn with<'s>(&'s self, key: &'s ObjectKey, pair: &'s Entry) -> &'s [usize] {
        let label = (key.namespace.as_str(), pair.key.text.as_str(), pair.value.as_str().unwrap_or_default());
        self.by_label.get(&label).map_or(&[][..], Vec::as_slice)
    }

    /// Returns the pods that a selector with a label selects.
    fn selected<'s>(&'s self, key: &'s ObjectKey, selector: &'s Map) -> impl Iterator<Item = &'s Pods<'a>> {
        let fewest = selector.iter().map(|pair| self.with(key, pair)).min_by_key(|numbers| numbers.len());
        let pods = fewest.unwrap_or_default().iter().map(|number| &self.pods[*number]);
        pods.filter(|pods| misses(selector, pods) == 0)
    }

    fn service(&self, object: &'a Manifest, found: &mut Vec<Diagnostic>) {
        let Some(selector) = get(&object.node, &["spec", "selector"]) else { return };
        let Some(labels) = selector.as_map().filter(|labels| !labels.is_empty()) else { return };
        if text(&object.node, &["spec", "type"]) == Some("ExternalName") {
            return;
        }
        self.selects(object, Some(selector), "spec.selector", found);
        let mut targets = items(&object.node, &["spec", "ports"]).filter_map(|(_, port)| get(port, &["targetPort"]));
        if !targets.any(|target| port_name(target).is_some()) {
            return;
        }
        let matching: Vec<&Pods<'_>> = self.selected(&object.key, labels).take(MOST + 1).collect();
        if matching.is_empty() || matching.len() > MOST {
            return;
        }
        let pods = matching.iter().filter_map(|pods| pods.template.get("spec"));
        let declared: Vec<&str> = pods.flat_map(containers).flat_map(|(_, container)| named_ports(container)).collect();
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
        let Some(map) = selector.and_then(Node::as_map).filter(|map| !map.is_empty()) else { return };
        if self.selected(&object.key, map).next().is_some() {
            return;
        }
        let beside: Vec<&Pods<'_>> = self.beside(&object.key).collect();
        // Pods without labels are nobody's, and often only a part of what is applied.
        let labeled = beside.iter().filter(|pods| pods.labels.is_some_and(|labels| !labels.is_empty()));
        let Some(nearest) = labeled.min_by_key(|pods| misses(map, pods)) else { return };
        let wrong = misses(map, nearest);
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
        let Some(pods) = Pods::of(object) else { return };
        let report = |message: String, help: String| {
            Diagnostic::new(Code::UndeclaredReference, name.origin(), message)
                .severity(Severity::Warning)
                .help(help)
                .subject(object.key.to_string(), "spec.serviceName")
        };
        match self.services.get(&(namespace, service)) {
            Some(there) if !there.node.get("spec").is_some_and(is_headless) => found.push(
                report(
                    format!("the Service `{service}` is not headless: the pods get no names of their own"),
                    "write `clusterIP: None` in the Service".to_owned(),
                )
                .also(there.origin, "the Service"),
            ),
            Some(_) => {}
            None => {
                let services = self.services_of.get(namespace).into_iter().flatten().take(NEAR);
                let own = services.copied().find(|other| {
                    let selector = get(&other.node, &["spec", "selector"]).and_then(Node::as_map);
                    selector.is_some_and(|selector| !selector.is_empty() && misses(selector, &pods) == 0)
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
        let is_there = self.by_name.contains(&(object.key.namespace.as_str(), kind, wanted));
        if !is_there && names.iter().any(|name| is_near(name, wanted)) {
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
    let (Some(pod), Some(spec)) = (template(object), pod_spec_field(&object.key)) else { return };
    for (place, container) in containers(pod) {
        let names: Vec<&str> = named_ports(container).collect();
        for (handler, path) in HANDLERS.iter().flat_map(|path| ["httpGet", "tcpSocket"].map(|handler| (handler, *path)))
        {
            let port = get(container, path).and_then(|probe| get(probe, &[handler, "port"]));
            let Some((port, name)) = port.and_then(|port| Some((port, port_name(port)?))) else { continue };
            if names.contains(&name) {
                continue;
            }
            let field = format!("{spec}.{place}.{}.{handler}.port", path.join("."));
            let message = format!("the container has no port `{name}`, at which it would be asked");
            let finding = Diagnostic::new(Code::UndeclaredReference, port.origin(), message);
            found.push(with_near(finding, name, &names).subject(object.key.to_string(), field));
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
fn misses(selector: &Map, pods: &Pods<'_>) -> usize {
    selector.iter().filter(|pair| !has(pods, pair)).count()
}

/// Returns the name that a port is asked for by; none where that is its number, or what no port can be named.
fn port_name(port: &Node) -> Option<&str> {
    match port.value() {
        Value::String(name) | Value::Raw(name) if name::port_name(name).is_ok() => Some(name),
        _ => None,
    }
}

/// Returns the names of the ports of a container.
fn named_ports(container: &Node) -> impl Iterator<Item = &str> {
    items(container, &["ports"]).filter_map(|(_, port)| text(port, &["name"]))
}
