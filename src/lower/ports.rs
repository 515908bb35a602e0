//! Ports of containers: `{http: 80, dns: 53/UDP}`, or the native list.

use smol_str::SmolStr;

use super::Lowering;
use super::draft::Draft;
use crate::diagnostic::{Code, Diagnostic, Severity, words};
use crate::expand::is_nameless;
use crate::text::{Entry, Node, Origin, Value};

const FORM: &str = "write `ports: {http: 80, dns: 53/UDP}`";

/// A port that a container declares.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) name: Option<SmolStr>,
    pub(super) number: Node,
    pub(super) protocol: Option<SmolStr>,
}

impl Port {
    /// Returns the port as others refer to it: by name where it has one.
    pub(super) fn as_written(&self, origin: Origin) -> Node {
        match &self.name {
            Some(name) => Node::string(name.clone(), origin),
            None => Node::new(self.number.value().clone(), origin),
        }
    }
}

impl Lowering<'_> {
    /// Spells out the ports of a container.
    pub(super) fn ports(&mut self, node: &Node) -> Node {
        let Some(map) = node.as_map() else {
            let wrong = node.as_seq().map_or(Some(node), |items| items.iter().find(|item| item.as_map().is_none()));
            if let Some(wrong) = wrong.filter(|wrong| !wrong.is_null()) {
                let found = words::found(wrong, false);
                // What Compose writes as `HOST:CONTAINER`.
                let own = wrong
                    .text()
                    .and_then(|text| text.rsplit(':').next())
                    .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
                let help =
                    own.map(|port| format!("write `ports: {{http: {port}}}`: each port of the container has a name"));
                return self.refuse(
                    wrong,
                    format!("expected ports by name, or the native list, found {found}"),
                    help.as_deref().unwrap_or(FORM),
                );
            }
            return node.clone();
        };
        let mut ports: Vec<Node> = Vec::new();
        for entry in map.iter().filter(|entry| !entry.value.is_null()) {
            ports.push(self.port(entry));
        }
        let rank = |port: &Node| {
            let number = port.get("containerPort").and_then(Node::as_str).and_then(|text| text.parse::<u32>().ok());
            let text = |key: &str| port.get(key).and_then(Node::text).cloned();
            (number, text("protocol"), text("name"))
        };
        ports.sort_by_key(rank);
        Node::seq(ports, node.origin())
    }

    fn port(&mut self, entry: &Entry) -> Node {
        let name = Node::string(entry.key.text.clone(), entry.key.origin);
        let value = &entry.value;
        if let Some(native) = value.as_map() {
            let draft = Draft::new(entry.origin());
            let has_none = native.contains("name") || is_nameless(&entry.key.text);
            let named = if has_none { draft } else { draft.node("name", name) };
            return named.all(native.iter().cloned()).done();
        }
        let (number, protocol) = self.number_and_protocol(value, &entry.key.text);
        Draft::new(entry.origin())
            .node("name", name)
            .node("containerPort", number)
            .maybe("protocol", protocol.map(|protocol| Node::string(protocol, value.origin())))
            .done()
    }

    /// Reports a number that no port has, where ports are declared: most likely one of them is meant.
    pub(super) fn check_number(&mut self, port: &Node, ports: &[Port], whose: &str) {
        let Some(number) = port.text().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())) else { return };
        let declared: Vec<&SmolStr> = ports.iter().filter_map(|port| port.number.text()).collect();
        if declared.is_empty() || declared.len() < ports.len() || declared.contains(&number) {
            return;
        }
        let message = format!("{whose} declares no port `{number}`");
        let there = words::list(declared.iter().map(|number| number.as_str()), "and");
        let finding = Diagnostic::new(Code::UndeclaredReference, port.origin(), message).severity(Severity::Warning);
        self.diagnostics.push(finding.help(format!("declared is {there}: write one of these, or add it to `ports`")));
    }

    /// Reads `80` or `53/UDP`.
    pub(super) fn number_and_protocol(&mut self, value: &Node, name: &str) -> (Node, Option<SmolStr>) {
        let Some(text) = value.text() else {
            let message = format!("expected a port number for `{name}`, found {}", value.type_name());
            return (self.refuse(value, message, FORM), None);
        };
        let (number, protocol) = match text.split_once('/') {
            Some((number, protocol)) => (number, Some(SmolStr::new(protocol))),
            None => (text.as_str(), None),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) || number.len() > 5 {
            return (self.refuse(value, format!("expected a port number for `{name}`, found `{text}`"), FORM), None);
        }
        let digits = number.trim_start_matches('0');
        let Ok(1..=65_535) = digits.parse::<u32>() else {
            let message = format!("expected a port from 1 to 65535 for `{name}`, found `{number}`");
            return (self.refuse(value, message, FORM), None);
        };
        let number = Node::new(Value::Number(digits.into()), value.origin());
        (number, protocol)
    }
}

/// Returns the port that is meant where none is named: the only one, or the one named `http`.
pub(super) fn meant_among(ports: &[Port]) -> Option<&Port> {
    match ports {
        [only] => Some(only),
        several => several.iter().find(|port| port.name.as_deref() == Some("http")),
    }
}

/// Returns the ports that a container declares; what is broken may be any.
pub(super) fn of_container(container: &Node) -> Vec<Port> {
    let Some(ports) = container.get("ports") else { return Vec::new() };
    let items = if ports.is_broken() { std::slice::from_ref(ports) } else { ports.as_seq().unwrap_or_default() };
    items
        .iter()
        .filter_map(|port| {
            Some(Port {
                name: port.get("name").and_then(Node::text).cloned(),
                number: port.get("containerPort").or(Some(port).filter(|port| port.is_broken()))?.clone(),
                protocol: port.get("protocol").and_then(Node::text).cloned(),
            })
        })
        .collect()
}
