//! Services: a type, `headless`, or any field of a ServiceSpec; selector and ports follow the workload. `service` has the
//! name of the instance, those of `services` the same with their own behind it.

use smol_str::{SmolStr, format_smolstr};

use super::Lowering;
use super::draft::{Draft, as_name, is_true};
use super::ports::Port;
use crate::diagnostic::{Code, Diagnostic};
use crate::expand::is_nameless;
use crate::kubernetes::Manifest;
use crate::kubernetes::name::LABEL_LENGTH;
use crate::spec::budgeted;
use crate::text::{Entry, Key, Map, Node, Origin, Value};

const FORM: &str =
    "write `service: ClusterIP`, `NodePort`, `LoadBalancer` or `headless`, or the fields of a ServiceSpec";
/// Keys beside the fields of the spec.
const BESIDE: &[&str] = &["name", "labels", "annotations"];

/// A Service as it is written: that of `service`, or one of `services` with its key there.
#[derive(Clone, Copy)]
struct Written<'a> {
    key: Option<&'a SmolStr>,
    node: &'a Node,
}

impl Written<'_> {
    fn is_headless(self) -> bool {
        let says = |key: &str, word: &str| self.node.get(key).and_then(Node::as_str) == Some(word);
        let short = self.node.as_str() == Some("headless") || says("type", "headless");
        short || says("clusterIP", "None") || self.node.get("headless").is_some_and(is_true)
    }
}

impl<'a> Lowering<'a> {
    /// Returns the Services of this instance.
    pub(super) fn services(&mut self, ports: &[Port]) -> Vec<Manifest> {
        if let Some(several) = self.field("services") {
            self.expect_map(several, "services", "write `services: {headless: headless}`, or one as `service`");
        }
        self.written_services().into_iter().filter_map(|written| self.service(written, ports)).collect()
    }

    fn service(&mut self, service: Written<'a>, ports: &[Port]) -> Option<Manifest> {
        let written = service.node;
        let own = self.service_fields(written)?;
        let name = self.name_of_service(service);
        let selector = match self.field("selector").and_then(|selector| selector.get("matchLabels")) {
            Some(labels) => labels.clone(),
            None => self.pinned_labels(),
        };
        let spec = self.service_spec(written, &own, Some(selector), ports)?;
        let metadata = self.companion_metadata(&name, Some(&own));
        Some(self.object("v1", "Service", &name, metadata, vec![("spec", spec)], written.origin()))
    }

    /// Returns the fields of a Service as it is written.
    fn service_fields(&mut self, written: &Node) -> Option<Map> {
        match (written.value(), written.text()) {
            (Value::Map(map), _) => Some(map.clone()),
            (_, Some(word)) => {
                let mut map = Map::new();
                let (key, value) = if word == "headless" { ("clusterIP", "None") } else { ("type", word.as_str()) };
                map.put(key, Node::string(value, written.origin()));
                Some(map)
            }
            _ => {
                let message = format!("expected a type or a mapping for `service`, found {}", written.type_name());
                self.refuse(written, message, FORM);
                None
            }
        }
    }

    /// Returns the Services as they are written: `service` first, then the others by their keys.
    fn written_services(&self) -> Vec<Written<'a>> {
        let several = self.field("services").and_then(Node::as_map).into_iter().flatten();
        let several = several.filter(|entry| !entry.value.is_null());
        let mut several: Vec<_> =
            several.map(|entry| Written { key: Some(&entry.key.text), node: &entry.value }).collect();
        several.sort_by_key(|written| written.key);
        self.field("service").map(|node| Written { key: None, node }).into_iter().chain(several).collect()
    }

    fn name_of_service(&self, Written { key, node }: Written<'_>) -> Node {
        match (node.get("name").filter(|name| name.is_text()), key) {
            (Some(own), _) => own.made(as_name).moved(self.origin()),
            (None, None) => self.instance.name.clone(),
            (None, Some(key)) => Node::string(budgeted(&format!("{}-{key}", self.name()), LABEL_LENGTH), self.origin()),
        }
    }

    fn text_of_service(&self, written: Written<'_>) -> SmolStr {
        self.name_of_service(written).text().cloned().unwrap_or_default()
    }

    /// Returns the words by which `service` of an Ingress may name the Services.
    pub(super) fn service_words(&self) -> Vec<SmolStr> {
        let word = |written: Written<'_>| written.key.cloned().unwrap_or_else(|| self.text_of_service(written));
        self.written_services().into_iter().map(word).collect()
    }

    /// Returns the name of the Service that is meant by its key or its name.
    pub(super) fn service_named(&self, word: &str) -> Option<SmolStr> {
        let all = self.written_services();
        let by_key = all.iter().find(|written| written.key.is_some_and(|key| key == word));
        let by_name = || all.iter().find(|written| self.text_of_service(**written) == word);
        by_key.or_else(by_name).map(|written| self.text_of_service(*written))
    }

    /// Returns the name of the Service that governs this instance, where it has one: the headless one, of several.
    pub(super) fn service_name(&self) -> Option<Node> {
        self.chosen(true)
    }

    /// Returns the name of the Service that clients come to, where it has one: one with an address, of several.
    pub(super) fn entry_service(&self) -> Option<Node> {
        self.chosen(false)
    }

    /// Returns the name of the Service that is headless or not: that of `service`, or the only one; `None` if several are meant.
    fn chosen(&self, headless: bool) -> Option<Node> {
        let all = self.written_services();
        let better: Vec<Written<'_>> =
            all.iter().copied().filter(|written| written.is_headless() == headless).collect();
        let among = if better.is_empty() { &all } else { &better };
        let own = among.iter().find(|written| written.key.is_none());
        let only = || Some(among).filter(|among| among.len() == 1).and_then(|among| among.first());
        let written = own.or_else(only)?;
        Some(self.name_of_service(*written).moved(written.node.origin()))
    }

    /// Spells out the spec of a Service.
    pub(super) fn service_spec(
        &mut self,
        written: &Node,
        own: &Map,
        selector: Option<Node>,
        ports: &[Port],
    ) -> Option<Node> {
        let mut spec: Map = own
            .iter()
            .filter(|entry| !BESIDE.contains(&entry.key.text.as_str()) && !entry.value.is_null())
            .cloned()
            .collect();
        if let Some(Entry { value, .. }) = spec.remove("headless").filter(|entry| is_true(&entry.value)) {
            spec.put("clusterIP", Node::string("None", value.origin()));
        }
        if spec.get("type").and_then(Node::as_str) == Some("headless") {
            let ty = spec.remove("type").map_or(written.origin(), |entry| entry.value.origin());
            spec.put("clusterIP", Node::string("None", ty));
        }
        let external = spec.get("type").and_then(Node::as_str) == Some("ExternalName");
        if let Some(selector) = selector.filter(|_| !external && !spec.contains("selector")) {
            spec.put("selector", selector);
        }
        match spec.get("ports").cloned() {
            Some(node) => {
                let spelled = self.service_ports(&node, ports);
                spec.put("ports", spelled);
            }
            None if !ports.is_empty() && !external => {
                self.check_port_names(ports);
                let list = ports.iter().map(|port| follow(port, ports.len() > 1, written.origin())).collect();
                spec.set(Key::new("ports", written.origin()), Node::seq(list, written.origin()));
            }
            None => {
                let headless = spec.get("clusterIP").and_then(Node::as_str) == Some("None");
                if !external && !headless {
                    self.diagnostics.push(
                        Diagnostic::new(Code::MissingField, written.origin(), "the Service has no ports")
                            .help("declare `ports` in the workload, or in the Service itself"),
                    );
                    return None;
                }
            }
        }
        let ty = self.context.facts.named("core/v1.ServiceSpec");
        spec.sort_by_key(|entry| ty.position(&entry.key.text));
        Some(Node::map(spec, written.origin()))
    }

    /// Reports ports of one name in several containers: a Service cannot tell them apart.
    fn check_port_names(&mut self, ports: &[Port]) {
        for (at, port) in ports.iter().enumerate() {
            let Some(name) = &port.name else { continue };
            if let Some(first) = ports[..at].iter().find(|first| first.name.as_ref() == Some(name)) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::AmbiguousPort,
                        port.number.origin(),
                        format!("two containers have a port named `{name}`, which the Service is to lead to"),
                    )
                    .also(first.number.origin(), "the first is here")
                    .help("give them names that differ, or say which ports the Service has: `service: {ports: {http: 80}}`"),
                );
            }
        }
    }

    fn service_ports(&mut self, node: &Node, ports: &[Port]) -> Node {
        let Some(map) = node.as_map() else { return node.clone() };
        let mut list: Vec<Node> = Vec::new();
        for entry in map.iter().filter(|entry| !entry.value.is_null()) {
            list.push(self.service_port(entry, ports));
        }
        list.sort_by_key(|port| {
            let number = port.get("port").and_then(Node::as_str).and_then(|text| text.parse::<u32>().ok());
            (number, port.get("protocol").and_then(Node::text).cloned(), port.get("name").and_then(Node::text).cloned())
        });
        Node::seq(list, node.origin())
    }

    /// Spells out `{http: 80}`, `{http: "80:8080"}`, `{dns: 53/UDP}` or the native form under a name.
    fn service_port(&mut self, entry: &Entry, ports: &[Port]) -> Node {
        let name = Node::string(entry.key.text.clone(), entry.key.origin);
        let value = &entry.value;
        let same = ports.iter().find(|port| port.name.as_ref() == Some(&entry.key.text));
        if let Some(native) = value.as_map() {
            if let Some(target) = native.get("targetPort") {
                self.check_number(target, ports, "the workload");
            }
            let target = same.filter(|_| !native.contains("targetPort")).map(|_| name.clone());
            return Draft::new(entry.origin())
                .maybe("name", (!is_nameless(&entry.key.text)).then_some(name))
                .maybe("targetPort", target)
                .all(native.iter().cloned())
                .done();
        }
        let origin = value.origin();
        let text = value.text().cloned().unwrap_or_default();
        let (port, target) = match text.split_once(':') {
            Some((port, target)) => (Node::new(Value::Plain(port.into()), origin), Some(target.to_owned())),
            None => (value.clone(), None),
        };
        let (target, of_target) = match target.as_deref().map(|target| target.split_once('/').unwrap_or((target, ""))) {
            Some((target, protocol)) => (Some(target.to_owned()), protocol.to_owned()),
            None => (None, String::new()),
        };
        let (number, protocol) = self.number_and_protocol(&port, &entry.key.text);
        let protocol = protocol
            .or_else(|| (!of_target.is_empty()).then(|| of_target.into()))
            .or_else(|| same.and_then(|port| port.protocol.clone()));
        let target = match target {
            Some(target) => {
                let target = Node::new(Value::Plain(target.into()), origin);
                self.check_number(&target, ports, "the workload");
                Some(target)
            }
            None => same.map(|_| Node::string(entry.key.text.clone(), origin)),
        };
        Draft::new(entry.origin())
            .node("name", name)
            .maybe("protocol", protocol.map(|protocol| Node::string(protocol, origin)))
            .node("port", number)
            .maybe("targetPort", target)
            .done()
    }
}

/// Returns the port of a Service that leads to a port of the pods. Among several each needs a name: one that has none
/// is named after its number, as `tcp-8080`.
fn follow(port: &Port, several: bool, origin: Origin) -> Node {
    // A number that is broken leaves the port its name.
    let at = if port.number.is_broken() { origin } else { port.number.origin() };
    let named = port.name.as_ref().map(|name| Node::string(name.clone(), at));
    let target = named.clone().unwrap_or_else(|| port.number.clone());
    let number = port.number.text().filter(|_| several);
    let protocol = port.protocol.as_deref().unwrap_or("TCP").to_ascii_lowercase();
    let numbered = number.map(|number| Node::string(format_smolstr!("{protocol}-{number}"), at));
    Draft::new(origin)
        .maybe("name", named.or(numbered))
        .maybe("protocol", port.protocol.as_ref().map(|protocol| Node::string(protocol.clone(), at)))
        .node("port", port.number.clone())
        .node("targetPort", target)
        .done()
}
