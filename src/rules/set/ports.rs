//! Ports that are told by their names: those that a Service leads to, and those at which an Ingress asks a Service.

use std::sync::Arc;

use smol_str::SmolStr;

use super::super::at::{get, items, text};
use super::super::service::is_headless;
use super::gather::{About, Backend, Target};
use super::selectors::Index;
use super::{Known, MOST, Set};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Manifest, name};
use crate::text::{Node, Origin, Value};

/// What a Service is to those who lead to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Offered {
    /// Its ports: the name and the number of each; none where it says nothing of them.
    ports: Option<Vec<(SmolStr, SmolStr)>>,
    pub(super) is_headless: bool,
    pub(super) at: Origin,
}

impl Offered {
    pub(super) fn of(service: &Manifest) -> Self {
        let word = |port: &Node, key: &str| port.get(key).and_then(Node::as_str).map(SmolStr::new).unwrap_or_default();
        let ports = get(&service.node, &["spec", "ports"])
            .map(|ports| ports.as_seq().unwrap_or_default().iter())
            .map(|ports| ports.map(|port| (word(port, "name"), word(port, "port"))).collect());
        let is_headless = service.node.get("spec").is_some_and(is_headless);
        Self { ports, is_headless, at: service.origin }
    }

    /// Finds a port that the Service does not have.
    pub(super) fn judge(&self, backend: &Backend) -> Option<Diagnostic> {
        let Backend { service, port, by_name, field, .. } = backend;
        let ports = self.ports.iter().flatten();
        let ports: Vec<&str> = ports.map(|(name, number)| if *by_name { name } else { number }.as_str()).collect();
        if self.ports.is_none() || ports.contains(&port.as_str()) {
            return None;
        }
        let message = format!("the Service `{service}` has no port `{port}`");
        let finding = Diagnostic::new(Code::UndeclaredReference, backend.at, message).also(self.at, "the Service");
        let named: Vec<&str> = ports.into_iter().filter(|port| !port.is_empty()).collect();
        let key = if *by_name { "name" } else { "number" };
        Some(backend.about.subject(with_near(finding, port, &named), format_args!("{field}.service.port.{key}")))
    }
}

/// Returns the Services that an Ingress leads to, each with the port at which it asks.
pub(super) fn backends(about: &Arc<About>, ingress: &Manifest) -> Vec<Backend> {
    let mut all: Vec<(String, &Node)> = Vec::new();
    let default = get(&ingress.node, &["spec", "defaultBackend"]);
    all.extend(default.map(|node| ("spec.defaultBackend".to_owned(), node)));
    for (rule, node) in items(&ingress.node, &["spec", "rules"]) {
        for (path, node) in items(node, &["http", "paths"]) {
            let field = || format!("spec.rules[{rule}].http.paths[{path}].backend");
            all.extend(get(node, &["backend"]).map(|node| (field(), node)));
        }
    }
    let backend = |(field, node): (String, &Node)| {
        let service = text(node, &["service", "name"])?.into();
        let port = |key: &str| get(node, &["service", "port", key]);
        let (by_name, port) = port("name").map(|port| (true, port)).or_else(|| Some((false, port("number")?)))?;
        let (at, port) = (port.origin(), port.as_str()?.into());
        Some(Backend { about: Arc::clone(about), service, field, by_name, port, at })
    };
    all.into_iter().filter_map(backend).collect()
}

impl Set {
    /// Finds ports of Services of the set that they do not have.
    pub(super) fn judge_backends(&self, found: &mut Vec<Diagnostic>) {
        for backend in &self.backends {
            if let Some(Known::Service(number)) = self.names.get(&backend.about.id("", "Service", &backend.service)) {
                found.extend(self.services.get(*number).and_then(|offered| offered.judge(backend)));
            }
        }
    }

    /// Finds ports that none of the pods has that a Service leads to.
    pub(super) fn judge_targets(&self, index: &Index<'_>, found: &mut Vec<Diagnostic>) {
        for Target { about, wanted, name, at, number } in &self.targets {
            let matching: Vec<_> = index.selected(wanted).take(MOST + 1).collect();
            if matching.is_empty() || matching.len() > MOST {
                continue;
            }
            let shapes: Vec<_> = matching.iter().filter_map(|(_, row)| self.shapes.get(row.shape)).collect();
            let mut declared: Vec<&str> = shapes.iter().flat_map(|(ports, _)| ports).map(SmolStr::as_str).collect();
            if declared.contains(&name.as_str()) {
                continue;
            }
            declared.sort_unstable();
            declared.dedup();
            let message = format!("none of the pods that the Service selects has a port `{name}`");
            let mut finding = Diagnostic::new(Code::UndeclaredReference, *at, message);
            finding = shapes.first().into_iter().fold(finding, |finding, (_, pods)| finding.also(*pods, "the pods"));
            let field = format_args!("spec.ports[{number}].targetPort");
            found.push(about.subject(with_near(finding, name, &declared), field));
        }
    }
}

/// Adds the names that there are to a finding about one that is not there.
pub(super) fn with_near(finding: Diagnostic, name: &str, names: &[&str]) -> Diagnostic {
    let finding = finding.did_you_mean(name, names.iter().copied());
    match (finding.help.is_empty(), names) {
        (false, _) => finding,
        (true, []) => finding.help("give a port of theirs that name, or write its number"),
        (true, _) => finding.help(format!("they have `{}`", names.join("`, `"))),
    }
}

/// Returns the name that a port is asked for by; none where that is its number, or what no port can be named.
pub(super) fn port_name(port: &Node) -> Option<&str> {
    match port.value() {
        Value::String(name) | Value::Raw(name) if name::port_name(name).is_ok() => Some(name),
        _ => None,
    }
}

/// Returns the names of the ports of a container.
pub(super) fn named_ports(container: &Node) -> impl Iterator<Item = &str> {
    items(container, &["ports"]).filter_map(|(_, port)| text(port, &["name"]))
}
