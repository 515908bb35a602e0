//! Probes and lifecycle handlers: `httpGet: /path`, `tcpSocket: http`, `exec: [cmd]`, `grpc: 9000`.
//!
//! A probe that names no port uses the only one, or the one named `http`; with several others it must say which.

use super::Lowering;
use super::draft::Draft;
use super::ports::{self, Port};
use crate::diagnostic::{Code, Diagnostic};
use crate::text::{Entry, Map, Node};

/// The fields of a container that hold a handler.
pub(super) const PROBES: &[&str] = &["livenessProbe", "readinessProbe", "startupProbe"];

impl Lowering<'_> {
    /// Spells out a probe, or one handler of a lifecycle.
    pub(super) fn probe(&mut self, node: &Node, ports: &[Port]) -> Node {
        let Some(map) = node.as_map() else { return node.clone() };
        let mut changed: Option<Map> = None;
        for entry in map {
            // It takes out what the layers below say.
            if entry.value.is_null() {
                changed.get_or_insert_with(|| map.clone()).remove(&entry.key.text);
                continue;
            }
            let value = self.handler(entry, ports);
            if let Some(port) = value.as_ref().unwrap_or(&entry.value).get("port") {
                self.check_number(port, ports, "the container");
            }
            if let Some(value) = value {
                changed.get_or_insert_with(|| map.clone()).set(entry.key.clone(), value);
            }
        }
        changed.map_or_else(|| node.clone(), |map| Node::map(map, node.origin()))
    }

    /// Spells out both handlers of a lifecycle.
    pub(super) fn lifecycle(&mut self, node: &Node, ports: &[Port]) -> Node {
        let Some(map) = node.as_map() else { return node.clone() };
        let lowered = map.iter().map(|entry| {
            let value =
                if entry.key.text == "stopSignal" { entry.value.clone() } else { self.probe(&entry.value, ports) };
            Entry { key: entry.key.clone(), value }
        });
        let lowered: Map = lowered.collect();
        Node::map(lowered, node.origin())
    }

    fn handler(&mut self, entry: &Entry, ports: &[Port]) -> Option<Node> {
        let value = &entry.value;
        let origin = value.origin();
        match (entry.key.text.as_str(), value.as_map()) {
            ("httpGet" | "tcpSocket", Some(map)) if !map.contains("port") => {
                let port = self.default_port(value, ports).map_or_else(Node::broken, |port| port.as_written(origin));
                Some(Draft::new(origin).all(map.iter().cloned()).node("port", port).done())
            }
            ("httpGet", None) if value.text().is_some() => {
                let port = self.default_port(value, ports).map_or_else(Node::broken, |port| port.as_written(origin));
                Some(Draft::new(origin).node("path", value.clone()).node("port", port).done())
            }
            ("tcpSocket", None) if value.text().is_some() => {
                Some(Draft::new(origin).node("port", value.clone()).done())
            }
            // The server takes a number alone here: a name is looked up.
            ("grpc", Some(map)) => {
                let port = match map.get("port") {
                    Some(written) => numbered(written, ports),
                    None => self
                        .default_port(value, ports)
                        .map_or_else(Node::broken, |port| Node::new(port.number.value().clone(), origin)),
                };
                Some(Draft::new(origin).all(map.iter().cloned()).node("port", port).done())
            }
            ("grpc", None) if value.text().is_some() => {
                Some(Draft::new(origin).node("port", numbered(value, ports)).done())
            }
            ("exec", None) if value.as_seq().is_some() => {
                Some(Draft::new(origin).node("command", value.clone()).done())
            }
            _ => None,
        }
    }

    /// Returns the port that is meant where none is named.
    fn default_port<'p>(&mut self, at: &Node, ports: &'p [Port]) -> Option<&'p Port> {
        let Some(port) = ports::meant_among(ports) else {
            let names: Vec<String> =
                ports.iter().filter_map(|port| port.name.as_ref()).map(|name| format!("`{name}`")).collect();
            let finding = Diagnostic::new(Code::AmbiguousPort, at.origin(), "the probe names no port");
            self.diagnostics.push(if ports.is_empty() {
                finding.help("the container declares no `ports`: declare one, or write `port` in the probe")
            } else {
                finding.help(format!(
                    "the container has several, none of them named `http`: write `port`, one of {}",
                    names.join(", ")
                ))
            });
            return None;
        };
        Some(port)
    }
}

/// Returns the number of the port that a text names; what names none stays as it is.
fn numbered(written: &Node, ports: &[Port]) -> Node {
    let named = ports.iter().find(|port| port.name.is_some() && port.name.as_ref() == written.text());
    named.map_or_else(|| written.clone(), |port| Node::new(port.number.value().clone(), written.origin()))
}
