//! `ingress: {host, path, port, tls, className}` and `networkPolicy: {…}`.

use super::Lowering;
use super::draft::{Draft, is_true, items, list_of};
use super::env::replace;
use super::follow::follow_services;
use super::metadata::overlay;
use super::ports::{self, Port};
use super::references::Need;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Manifest;
use crate::spec::Section;
use crate::text::{Key, Map, Node};

const FORM: &str = "write `ingress: {host: shop.example.com, path: /}`, or the fields of an IngressSpec";
const SHORT: &[&str] = &["host", "path", "pathType", "port", "tls", "className", "labels", "annotations"];

impl Lowering<'_> {
    /// Returns the Ingress of this instance, where it has one.
    pub(super) fn ingress(&mut self, ports: &[Port]) -> Option<Manifest> {
        let written = self.field("ingress")?;
        let origin = written.origin();
        let own = match written.text() {
            Some(_) => Map::from_iter([crate::text::Entry { key: Key::new("host", origin), value: written.clone() }]),
            None => self.expect_map(written, "ingress", FORM)?.clone(),
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
        let name = self.instance.name.clone();
        let metadata = self.companion_metadata(&name, Some(&own));
        let object = self.object("networking.k8s.io/v1", "Ingress", &name, metadata, vec![("spec", spec)], origin);
        Some(if native { follow_services(self.context, self.instance, object, self.diagnostics) } else { object })
    }

    fn short_ingress(&mut self, own: &Map, written: &Node, ports: &[Port]) -> Option<Node> {
        let origin = written.origin();
        for entry in own.iter().filter(|entry| !SHORT.contains(&entry.key.text.as_str())) {
            self.diagnostics.push(
                Diagnostic::new(
                    Code::UnknownField,
                    entry.key.origin,
                    format!("`ingress` has no field `{}`", entry.key.text),
                )
                .did_you_mean_word(&entry.key.text, SHORT.iter().copied())
                .help(FORM),
            );
        }
        let Some(service) = self.service_name() else {
            self.diagnostics.push(
                Diagnostic::new(Code::MissingField, origin, "an Ingress needs a Service to lead to")
                    .help("add `service: ClusterIP` to the workload"),
            );
            return None;
        };
        let port = match own.get("port") {
            Some(port) => port.clone(),
            None => self.ingress_port(written, ports)?,
        };
        let by_name = port.as_str().is_some_and(|text| text.bytes().any(|byte| !byte.is_ascii_digit()));
        let port = Draft::new(port.origin()).node(if by_name { "name" } else { "number" }, port).done();
        let backend = Draft::new(origin).node("name", service).node("port", port).done();
        let path = Draft::new(origin)
            .node("path", own.get("path").cloned().unwrap_or_else(|| Node::string("/", origin)))
            .node("pathType", own.get("pathType").cloned().unwrap_or_else(|| Node::string("Prefix", origin)))
            .node("backend", Draft::new(origin).node("service", backend).done())
            .done();
        let http = Draft::new(origin).node("paths", list_of(path)).done();
        let rule = Draft::new(origin).maybe("host", own.get("host").cloned()).node("http", http).done();
        let tls = own.get("tls").filter(|tls| !tls.is_null()).map(|tls| {
            if tls.as_seq().is_some() {
                return self.certificates(tls, own);
            }
            let hosts = own.get("host").map(|host| list_of(host.clone()));
            let named = tls.text().filter(|_| !is_true(tls)).map(|_| tls.clone());
            let one = Draft::new(tls.origin()).maybe("hosts", hosts).maybe("secretName", named).done();
            self.certificates(&list_of(one), own)
        });
        Some(
            Draft::new(origin)
                .maybe("ingressClassName", own.get("className").cloned())
                .maybe("tls", tls)
                .node("rules", list_of(rule))
                .done(),
        )
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

    /// Returns the NetworkPolicy of this instance, where it has one.
    pub(super) fn network_policy(&mut self) -> Option<Manifest> {
        let written = self.field("networkPolicy")?;
        let own = self.expect_map(
            written,
            "networkPolicy",
            "write the fields of a NetworkPolicySpec: `{ingress: […], egress: […]}`",
        )?;
        let origin = written.origin();
        let beside = ["labels", "annotations"];
        let mut spec: Map = own.iter().filter(|entry| !beside.contains(&entry.key.text.as_str())).cloned().collect();
        if !spec.contains("podSelector") {
            spec.put("podSelector", self.pod_selector(origin));
        }
        if !spec.contains("policyTypes") {
            // What the server takes them to be, said outright: an empty list of `egress` rules counts as well.
            let egress = spec.contains("egress").then_some("Egress");
            let types = ["Ingress"].into_iter().chain(egress).map(|name| Node::string(name, origin)).collect();
            spec.put("policyTypes", Node::seq(types, origin));
        }
        let ty = self.context.facts.named("networking/v1.NetworkPolicySpec");
        spec.sort_by_key(|entry| ty.position(&entry.key.text));
        let name = self.instance.name.clone();
        let metadata = self.companion_metadata(&name, Some(own));
        let spec = Node::map(spec, origin);
        Some(self.object("networking.k8s.io/v1", "NetworkPolicy", &name, metadata, vec![("spec", spec)], origin))
    }
}
