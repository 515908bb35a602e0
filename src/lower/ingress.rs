//! `ingress: {host, path, port, tls, className}`, for one host or several: an Ingress to the Services of the workload.
//!
//! What is said beside `hosts` holds for each of them that says no other. Hosts and paths of mappings leave sorted.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::Lowering;
use super::draft::{Draft, items, list_of};
use super::env::replace;
use super::follow::follow_services;
use super::metadata::overlay;
use super::ports::{self, Port};
use super::references::Need;
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::Manifest;
use crate::spec::Section;
use crate::text::scalar::boolean;
use crate::text::{Entry, Key, Map, Node, Origin};

const FORM: &str = "write `ingress: {host: shop.example.com, path: /}`, or the fields of an IngressSpec";
const SHORT: &[&str] =
    &["host", "hosts", "path", "paths", "pathType", "port", "service", "tls", "className", "labels", "annotations"];
const OF_HOST: &[&str] = &["path", "paths", "pathType", "port", "service", "tls"];
const OF_PATH: &[&str] = &["pathType", "port", "service"];

/// One host of an Ingress, as it is written.
struct Host<'n> {
    /// Its name; `None` stands for all hosts.
    name: Option<Node>,
    /// What is said of it, the nearest first.
    said: Vec<&'n Map>,
    origin: Origin,
}

impl<'n> Host<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.said.iter().find_map(|map| map.get(key).filter(|node| !node.is_null()))
    }

    /// Returns what it says itself, apart from all others.
    fn own(&self, key: &str) -> Option<&'n Node> {
        let own = self.said.first().filter(|_| self.said.len() > 1)?;
        own.get(key).filter(|node| !node.is_null())
    }
}

impl Lowering<'_> {
    /// Returns the Ingress of this instance, where it has one.
    pub(super) fn ingress(&mut self, ports: &[Port]) -> Option<Manifest> {
        let written = self.field("ingress")?;
        let origin = written.origin();
        let own = match (written.text(), written.as_seq()) {
            (None, None) => self.expect_map(written, "ingress", FORM)?.clone(),
            // A name, or a list of names.
            _ => Map::from_iter([Entry { key: Key::new("host", origin), value: written.clone() }]),
        };
        let ty = self.context.facts.named("networking/v1.IngressSpec");
        let native = own.iter().any(|entry| matches!(entry.key.text.as_str(), "rules" | "defaultBackend"));
        let spec = if native {
            let beside = ["labels", "annotations"];
            let mut spec: Map =
                own.iter().filter(|entry| !beside.contains(&entry.key.text.as_str())).cloned().collect();
            if let Some(tls) = spec.get("tls").cloned() {
                spec.put("tls", self.certificates(&tls, &own));
            }
            spec.sort_by_key(|entry| ty.position(&entry.key.text));
            Node::map(spec, origin)
        } else {
            self.short_ingress(&own, written, ports)?
        };
        let name = &self.instance.name;
        let metadata = self.companion_metadata(name, Some(&own));
        let object = self.object("networking.k8s.io/v1", "Ingress", name, metadata, vec![("spec", spec)], origin);
        Some(if native { follow_services(self.context, self.instance, object, self.diagnostics) } else { object })
    }

    fn short_ingress(&mut self, own: &Map, written: &Node, ports: &[Port]) -> Option<Node> {
        let origin = written.origin();
        self.only(own, "`ingress`", SHORT);
        let by_name: Vec<(&Entry, Map)> = match own.get("hosts").filter(|hosts| !hosts.is_null()) {
            Some(hosts) => {
                let help = "write `hosts: {shop.example.com: {path: /}}`, or a list of names as `host`";
                let hosts = self.expect_map(hosts, "hosts", help)?;
                let mut hosts: Vec<&Entry> = hosts.iter().filter(|entry| !entry.value.is_null()).collect();
                hosts.sort_by(|left, right| left.key.text.cmp(&right.key.text));
                hosts.into_iter().map(|entry| Some((entry, self.of_port(entry, OF_HOST)?))).collect::<Option<_>>()?
            }
            None => Vec::new(),
        };
        let mut hosts: Vec<Host<'_>> = own
            .get("host")
            .filter(|host| !host.is_null())
            .map(items)
            .unwrap_or_default()
            .into_iter()
            .map(|name| Host { origin: name.origin(), name: Some(name), said: vec![own] })
            .collect();
        hosts.extend(by_name.iter().map(|(entry, said)| Host {
            name: Some(Node::string(entry.key.text.clone(), entry.key.origin)),
            said: vec![said, own],
            origin: entry.key.origin,
        }));
        if hosts.is_empty() {
            hosts.push(Host { name: None, said: vec![own], origin });
        }
        let mut rules = Vec::with_capacity(hosts.len());
        for host in &hosts {
            let paths = self.paths(host, written, ports)?;
            let http = Draft::new(host.origin).node("paths", Node::seq(paths, host.origin)).done();
            rules.push(Draft::new(host.origin).maybe("host", host.name.clone()).node("http", http).done());
        }
        let tls = self.tls(own, &hosts);
        Some(
            Draft::new(origin)
                .maybe("ingressClassName", own.get("className").cloned())
                .maybe("tls", tls.map(|tls| self.certificates(&tls, own)))
                .node("rules", Node::seq(rules, origin))
                .done(),
        )
    }

    /// Reports fields that are none of those.
    fn only(&mut self, own: &Map, of: &str, known: &[&str]) {
        for entry in own.iter().filter(|entry| !known.contains(&entry.key.text.as_str())) {
            let message = format!("{of} has no field `{}`", entry.key.text);
            let finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message);
            let finding = finding.did_you_mean_word(&entry.key.text, known.iter().copied());
            self.diagnostics.push(finding.help(if known == SHORT {
                FORM.to_owned()
            } else {
                format!("it takes a port, or {}", words::list(known.iter().copied(), "and"))
            }));
        }
    }

    /// Returns what is said of a host or a path: a port alone, or a mapping.
    fn of_port(&mut self, entry: &Entry, known: &[&str]) -> Option<Map> {
        if entry.value.text().is_some() {
            let port = Key::new("port", entry.value.origin());
            return Some(Map::from_iter([Entry { key: port, value: entry.value.clone() }]));
        }
        let map = self.expect_map(&entry.value, &entry.key.text, "write a port, or `{port: http}`")?;
        self.only(map, &format!("`{}`", entry.key.text), known);
        Some(map.clone())
    }

    /// Spells out the paths of a host.
    fn paths(&mut self, host: &Host<'_>, written: &Node, ports: &[Port]) -> Option<Vec<Node>> {
        // The nearest that says a path says all of them.
        let said = host.said.iter().find(|map| ["path", "paths"].iter().any(|key| map.get(key).is_some()));
        let mut paths: Vec<(Node, Option<Map>)> = Vec::new();
        if let Some(path) = said.and_then(|said| said.get("path")).filter(|path| !path.is_null()) {
            paths.extend(items(path).into_iter().map(|path| (path, None)));
        }
        if let Some(by_path) = said.and_then(|said| said.get("paths")).filter(|paths| !paths.is_null()) {
            let map = self.expect_map(by_path, "paths", "write `paths: {/: http, /api: {port: api}}`")?;
            let mut entries: Vec<&Entry> = map.iter().filter(|entry| !entry.value.is_null()).collect();
            entries.sort_by(|left, right| left.key.text.cmp(&right.key.text));
            for entry in entries {
                let path = Node::string(entry.key.text.clone(), entry.key.origin);
                paths.push((path, Some(self.of_port(entry, OF_PATH)?)));
            }
        }
        if paths.is_empty() {
            paths.push((Node::string("/", host.origin), None));
        }
        let mut spelled = Vec::with_capacity(paths.len());
        for (path, own) in paths {
            let said = |key: &str| own.as_ref().and_then(|own| own.get(key)).filter(|node| !node.is_null());
            let origin = path.origin();
            let service = self.backend(said("service").or_else(|| host.get("service")), written)?;
            let port = match said("port").or_else(|| host.get("port")) {
                Some(port) => port.clone(),
                None => self.ingress_port(written, ports)?,
            };
            let by_name = port.as_str().is_some_and(|text| text.bytes().any(|byte| !byte.is_ascii_digit()));
            let port = Draft::new(port.origin()).node(if by_name { "name" } else { "number" }, port).done();
            let backend = Draft::new(origin).node("name", service).node("port", port).done();
            let ty = said("pathType").or_else(|| host.get("pathType")).cloned();
            spelled.push(
                Draft::new(origin)
                    .node("path", path)
                    .node("pathType", ty.unwrap_or_else(|| Node::string("Prefix", origin)))
                    .node("backend", Draft::new(origin).node("service", backend).done())
                    .done(),
            );
        }
        Some(spelled)
    }

    /// Returns the name of the Service that a path leads to: the one that is named, or the one that is meant.
    fn backend(&mut self, named: Option<&Node>, written: &Node) -> Option<Node> {
        if let Some(named) = named {
            let known = self.service_words();
            if let Some(name) = named.text().and_then(|key| self.service_named(key)) {
                return Some(Node::string(name, named.origin()));
            }
            let word = named.as_str().unwrap_or_default();
            let message = format!("the workload has no Service `{word}`");
            let finding = Diagnostic::new(Code::UndeclaredReference, named.origin(), message);
            let finding = finding.did_you_mean(word, known.iter().map(SmolStr::as_str));
            self.diagnostics.push(if known.is_empty() {
                finding.help("declare it: `services: {NAME: ClusterIP}`")
            } else {
                finding.help(format!("its Services are {}", words::list(known.iter().map(SmolStr::as_str), "and")))
            });
            return None;
        }
        let Some(service) = self.entry_service() else {
            let (message, help) = if self.service_words().is_empty() {
                ("an Ingress needs a Service to lead to", "add `service: ClusterIP` to the workload")
            } else {
                (
                    "the Ingress names no Service, of several",
                    "write `service: NAME` with the name that it has in `services`",
                )
            };
            let finding = Diagnostic::new(Code::MissingField, written.origin(), message);
            self.diagnostics.push(finding.help(help));
            return None;
        };
        Some(service)
    }

    /// Spells out the certificates: for each host its own, and one for all others.
    fn tls(&mut self, own: &Map, hosts: &[Host<'_>]) -> Option<Node> {
        let shared = own.get("tls").filter(|tls| !tls.is_null() && boolean(tls) != Some(false));
        if let Some(native) = shared.filter(|tls| tls.as_seq().is_some()) {
            return Some(native.clone());
        }
        let mut by_host: Vec<(Node, Node)> = Vec::new();
        let mut others: Vec<Node> = Vec::new();
        let map = shared.and_then(Node::as_map);
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for host in hosts {
            let Some(name) = &host.name else { continue };
            let of_map = || map?.entry(name.as_str()?).filter(|entry| !entry.value.is_null());
            let of_host = host.own("tls").or_else(|| of_map().map(|entry| &entry.value));
            used.extend(of_map().map(|entry| entry.key.text.as_str()));
            match of_host {
                Some(tls) if boolean(tls) == Some(false) => {}
                Some(tls) => by_host.push((name.clone(), tls.clone())),
                None => others.push(name.clone()),
            }
        }
        for entry in map.into_iter().flatten().filter(|entry| !used.contains(entry.key.text.as_str())) {
            let names = hosts.iter().filter_map(|host| host.name.as_ref()?.as_str());
            let message = format!("the Ingress has no host `{}`", entry.key.text);
            let finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message);
            self.diagnostics.push(
                finding
                    .did_you_mean(&entry.key.text, names)
                    .help("write `tls: {HOST: SECRET}` with hosts of the Ingress"),
            );
        }
        let secret = |tls: &Node| tls.text().filter(|_| boolean(tls) != Some(true)).map(|_| tls.clone());
        let mut list = Vec::new();
        if let Some(tls) = shared.filter(|tls| tls.as_map().is_none() && (!others.is_empty() || by_host.is_empty())) {
            let origin = tls.origin();
            let hosts = (!others.is_empty()).then(|| Node::seq(others, origin));
            list.push(Draft::new(origin).maybe("hosts", hosts).maybe("secretName", secret(tls)).done());
        }
        for (name, tls) in by_host {
            list.push(Draft::new(tls.origin()).node("hosts", list_of(name)).maybe("secretName", secret(&tls)).done());
        }
        let first = list.first().map(Node::origin);
        first.map(|origin| Node::seq(list, origin))
    }

    /// Rewrites the names of declared Secrets; others are made by whoever issues the certificates, as annotations say.
    fn certificates(&mut self, tls: &Node, own: &Map) -> Node {
        let mut annotations = self.annotations(false);
        own.get("annotations").into_iter().for_each(|written| overlay(&mut annotations, written));
        let issues = |key: &str| key.starts_with("cert-manager.io/") || key == "kubernetes.io/tls-acme";
        let is_issued = annotations.iter().any(|entry| issues(&entry.key.text));
        let need = if is_issued { Need::May } else { Need::Must };
        let rewritten = items(tls).into_iter().map(|item| {
            let Some(name) = item.get("secretName").cloned() else { return item };
            let Some(text) = name.text() else { return item };
            let target = self.reference(Section::Secrets, text, None, need, &name);
            replace(&item, "secretName", Node::string(target, name.origin()))
        });
        Node::seq(rewritten.collect(), tls.origin())
    }

    fn ingress_port(&mut self, at: &Node, ports: &[Port]) -> Option<Node> {
        let Some(port) = ports::meant_among(ports) else {
            self.diagnostics.push(
                Diagnostic::new(Code::AmbiguousPort, at.origin(), "the Ingress names no port")
                    .help("the Service has several ports, none of them named `http`: write `port`"),
            );
            return None;
        };
        Some(port.as_written(at.origin()))
    }
}
