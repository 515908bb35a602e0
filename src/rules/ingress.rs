//! Ingresses and their classes: hosts, paths, and what they lead to.

use super::address::Address;
use super::value::{filled, forbid, has_any, named, named_if_any, one_of, port};
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::Minor;
use crate::kubernetes::name::{dns_1035_label, dns_label, dns_subdomain, path_segment, port_name};
use crate::text::Node;

/// The minor from which on the name of a Service may start with a digit.
const RELAXED_SERVICES: Minor = Minor(36);
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
/// The most characters of a controller.
const CONTROLLER_LENGTH: usize = 250;
/// What paths may not hold, and may not end with.
const ODD_PARTS: &[&str] = &["//", "/./", "/../", "%2f", "%2F"];
const ODD_ENDS: &[&str] = &["/..", "/."];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "ingress-target",
        at: "networking/v1.IngressSpec",
        check: |at| {
            if !has_any(at.get(&["rules"])) && at.get(&["defaultBackend"]).is_none() {
                at.missing("rules", "missing field `rules`: expected rules, or a `defaultBackend` for all requests");
            }
            if let Some(node) = at.get(&["ingressClassName"]) {
                named(at, "ingressClassName", node, "an IngressClass", dns_subdomain);
            }
        },
        refuses: &[
            "{tls: [{hosts: [a.example]}]}",
            "{rules: []}",
            "{defaultBackend: {service: {name: a, port: {number: 80}}}, ingressClassName: ''}",
        ],
        accepts: &[
            "{defaultBackend: {service: {name: a, port: {number: 80}}}, ingressClassName: a}",
            "{rules: [{host: a.example}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-hosts",
        at: "networking/v1.IngressSpec",
        check: |at| {
            for (index, rule) in at.items(&["rules"]) {
                let Some(node) = rule.get("host") else { continue };
                let place = format!("rules[{index}].host");
                if node.as_str().is_some_and(|host| Address::parse(host).is_some()) {
                    let shown = node.as_str().unwrap_or_default();
                    at.invalid(place, node, format!("expected the name of a host, found the address `{shown}`"));
                } else {
                    named_if_any(at, place, Some(node), "a host", host);
                }
            }
            for (index, tls) in at.items(&["tls"]) {
                for (number, node) in super::at::items(tls, &["hosts"]) {
                    named(at, format_args!("tls[{index}].hosts[{number}]"), node, "a host", host);
                }
                let secret = tls.get("secretName");
                named_if_any(at, format_args!("tls[{index}].secretName"), secret, "a Secret", dns_subdomain);
            }
        },
        refuses: &[
            "{rules: [{host: 10.1.2.3}]}",
            "{rules: [{host: A.example}]}",
            "{rules: [{host: 'a.*.example'}]}",
            "{rules: [{host: '*'}]}",
            "{rules: [{host: a}], tls: [{hosts: [a_b]}]}",
            "{rules: [{host: a}], tls: [{secretName: a/b}]}",
        ],
        accepts: &[
            "{rules: [{host: '*.a.example'}], tls: [{hosts: ['*.a.example'], secretName: a.b}]}",
            "{rules: [{host: ''}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-class-once",
        at: "networking/v1.Ingress",
        check: |at| {
            let annotation = at.get(&["metadata", "annotations", CLASS_ANNOTATION]);
            let class = at.get(&["spec", "ingressClassName"]);
            if let (Some(annotation), Some(class)) = (annotation, class)
                && annotation.text() != class.text()
            {
                let message = "expected the same class as in `ingressClassName`, found another";
                let finding = Diagnostic::new(Code::InvalidValue, annotation.origin(), message);
                let place = format!("metadata.annotations[{CLASS_ANNOTATION}]");
                at.report(place, finding.also(class.origin(), "the class").help("take the annotation out"));
            }
        },
        refuses: &[
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: default, annotations: {kubernetes.io/ingress.class: b}}, spec: {ingressClassName: a, rules: [{host: a}]}}",
        ],
        accepts: &[
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: default, annotations: {kubernetes.io/ingress.class: a}}, spec: {ingressClassName: a, rules: [{host: a}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-path",
        at: "networking/v1.HTTPIngressPath",
        check: path,
        refuses: &[
            "{pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}",
            "{path: a, pathType: ImplementationSpecific, backend: {service: {name: a, port: {number: 80}}}}",
            "{path: /a//b, pathType: Exact, backend: {service: {name: a, port: {number: 80}}}}",
            "{path: /a/.., pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}",
        ],
        accepts: &[
            "{path: /a/, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}",
            "{pathType: ImplementationSpecific, backend: {service: {name: a, port: {number: 80}}}}",
            "{path: /a//b, pathType: ImplementationSpecific, backend: {service: {name: a, port: {number: 80}}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-paths",
        at: "networking/v1.HTTPIngressRuleValue",
        check: |at| {
            if let Some(node) = at.get(&["paths"]).filter(|node| !has_any(Some(node))) {
                at.invalid("paths", node, "expected at least one path, found none");
            }
        },
        refuses: &["{paths: []}"],
        accepts: &["{paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-backend",
        at: "networking/v1.IngressBackend",
        check: backend,
        refuses: &[
            "{}",
            "{service: {name: a, port: {number: 80}}, resource: {apiGroup: a.example, kind: A, name: a}}",
            "{service: {name: a}}",
            "{service: {name: a, port: {name: http, number: 80}}}",
            "{service: {name: a, port: {number: 65536}}}",
            "{service: {name: a, port: {name: '80'}}}",
            "{service: {name: a.b, port: {number: 80}}}",
            "{resource: {apiGroup: a_b, kind: A, name: a}}",
            "{resource: {apiGroup: a.example, kind: A/b, name: a}}",
        ],
        accepts: &["{service: {name: a, port: {name: http}}}", "{resource: {apiGroup: a.example, kind: A, name: a:b}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-class",
        at: "networking/v1.IngressClassSpec",
        check: |at| match at.get(&["controller"]) {
            None => at.missing("controller", "missing field `controller`: a class says who looks after its Ingresses"),
            Some(node) => named(at, "controller", node, "a controller", controller),
        },
        refuses: &["{}", "{controller: a}", "{controller: A/b}", "{controller: 'a/b c'}"],
        accepts: &["{controller: a.example/b/c}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ingress-class-parameters",
        at: "networking/v1.IngressClassParametersReference",
        check: parameters,
        refuses: &[
            "{kind: A, name: a, scope: Everywhere}",
            "{kind: A, name: a, scope: Namespace}",
            "{kind: A, name: a, namespace: b}",
            "{kind: A, name: a, scope: Namespace, namespace: B}",
            "{kind: A, name: a/b}",
            "{kind: '', name: a}",
            "{apiGroup: '', kind: A, name: a}",
        ],
        accepts: &["{kind: A, name: a}", "{apiGroup: a.example, kind: A, name: a, scope: Namespace, namespace: b}"],
        ..Rule::ALWAYS
    },
];

/// Checks the name of a host, whose first label may be a `*`.
fn host(name: &str) -> Result<(), String> {
    if !name.contains('*') {
        return dns_subdomain(name);
    }
    match name.strip_prefix("*.") {
        Some(rest) if name.len() <= 253 => dns_subdomain(rest).map_err(|reason| format!("after the `*.`: {reason}")),
        Some(_) => Err(format!("expected at most 253 characters, found {}", name.len())),
        None => Err("expected a `*` as the whole of the first label, as in `*.example.com`".to_owned()),
    }
}

fn path(at: &mut At<'_>) {
    let text = at.text(&["path"]).unwrap_or_default();
    let kind = at.text(&["pathType"]).unwrap_or_default();
    let is_plain = matches!(kind, "Exact" | "Prefix");
    if !is_plain && kind != "ImplementationSpecific" {
        return;
    }
    let Some(node) = at.get(&["path"]).filter(|_| !text.is_empty()) else {
        if is_plain {
            at.missing("path", format!("missing field `path`: a path of the type {kind} starts with `/`"));
        }
        return;
    };
    let shown = words::shown(text);
    if !text.starts_with('/') {
        at.invalid("path", node, format!("expected a path that starts with `/`, found `{shown}`"));
        return;
    }
    let odd = ODD_PARTS.iter().find(|part| text.contains(**part));
    if let Some(odd) = odd.or_else(|| ODD_ENDS.iter().find(|end| text.ends_with(**end))).filter(|_| is_plain) {
        let message = format!("expected a path in its plain form, found `{shown}` with `{odd}`");
        at.invalid("path", node, message);
    }
}

fn backend(at: &mut At<'_>) {
    match (at.get(&["service"]), at.get(&["resource"])) {
        (None, None) => at.missing("service", "missing field `service`: a backend is a Service, or a `resource`"),
        (Some(service), Some(node)) => {
            let message = "`resource` may not stand beside `service`: a backend is one of both";
            let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message);
            at.report("resource", finding.also(service.origin(), "the Service").help("take one of them out"));
        }
        (None, Some(_)) => {
            if let Some(node) = at.get(&["resource", "apiGroup"]) {
                named(at, "resource.apiGroup", node, "a group", dns_subdomain);
            }
            for field in ["kind", "name"] {
                if let Some(node) = at.get(&["resource", field]) {
                    named(at, format_args!("resource.{field}"), node, "a resource", path_segment);
                }
            }
        }
        (Some(service), None) => {
            let is = if at.minor() < RELAXED_SERVICES { dns_1035_label } else { dns_label };
            if let Some(node) = at.get(&["service", "name"]) {
                named(at, "service.name", node, "a Service", is);
            }
            let name = at.get(&["service", "port", "name"]).filter(|node| node.as_str() != Some(""));
            let number =
                at.get(&["service", "port", "number"]).filter(|node| node.text().is_some_and(|text| text != "0"));
            match (name, number) {
                (None, None) => {
                    let message = "missing field `port` of the Service: expected its `name`, or its `number`";
                    super::value::missing(at, "service.port", service.origin(), message);
                }
                (Some(name), Some(number)) => {
                    let message = "`number` may not stand beside `name`: a port has one of both";
                    let finding = Diagnostic::new(Code::ForbiddenField, number.origin(), message);
                    at.report(
                        "service.port.number",
                        finding.also(name.origin(), "the name").help("take one of them out"),
                    );
                }
                (Some(name), None) => named(at, "service.port.name", name, "a port", port_name),
                (None, Some(number)) => port(at, "service.port.number", number),
            }
        }
    }
}

/// Checks a name of the form `a.example/b`.
fn controller(name: &str) -> Result<(), String> {
    if name.len() > CONTROLLER_LENGTH {
        return Err(format!("expected at most {CONTROLLER_LENGTH} characters, found {}", name.len()));
    }
    let Some((domain, path)) = name.split_once('/').filter(|(domain, path)| !domain.is_empty() && !path.is_empty())
    else {
        return Err("expected a domain, a `/` and a path, as in `acme.example/foo`".to_owned());
    };
    dns_subdomain(domain).map_err(|reason| format!("before the `/`: {reason}"))?;
    let taken = |c: &char| c.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(*c);
    match path.chars().find(|c| !taken(c)) {
        Some(other) => Err(format!("expected the characters of a URL, found `{}`", other.escape_debug())),
        None => Ok(()),
    }
}

fn parameters(at: &mut At<'_>) {
    if let Some(node) = at.get(&["apiGroup"]) {
        named(at, "apiGroup", node, "a group", dns_subdomain);
    }
    for field in ["kind", "name"] {
        filled(at, field, at.get(&[field]), "a name");
        let node: Option<&Node> = at.get(&[field]);
        named_if_any(at, field, node, "a resource", path_segment);
    }
    if let Some(node) = at.get(&["scope"])
        && !one_of(at, "scope", node, &["Cluster", "Namespace"])
    {
        return;
    }
    let is_namespaced = at.text(&["scope"]) == Some("Namespace");
    match at.get(&["namespace"]) {
        Some(node) if is_namespaced => named(at, "namespace", node, "a namespace", dns_label),
        None if is_namespaced => at.missing("namespace", "missing field `namespace`: the scope is `Namespace`"),
        Some(node) => {
            let message = "`namespace` may stand beside `scope: Namespace` alone";
            forbid(at, "namespace", node, message, "take it out, or write `scope: Namespace`");
        }
        None => {}
    }
}
