//! Services: their ports, addresses, and which fields go with which type.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::address::{address, network, reachable};
use super::at::{get, number_at, text};
use super::value::{again, forbid, has_any, missing, named, one_of, port, port_or_name, within};
use super::{At, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::{dns_subdomain, label_key};
use crate::text::Node;

/// The longest time for which a client keeps its pod: a day.
const AFFINITY_SECONDS: i64 = 86_400;
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "service-ports",
        at: "core/v1.ServiceSpec",
        check: |at| {
            if !has_any(at.get(&["ports"])) && !is_headless(at.node()) && kind(at) != "ExternalName" {
                at.missing("ports", "missing field `ports`: this type of Service needs at least one port");
            }
        },
        refuses: &["{selector: {a: b}}", "{type: NodePort, ports: []}"],
        accepts: &["{clusterIP: None, selector: {a: b}}", "{type: ExternalName, externalName: a.example}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-port-names",
        at: "core/v1.ServiceSpec",
        check: port_names,
        refuses: &["{ports: [{port: 80}, {port: 81, name: b}]}", "{ports: [{port: 80, name: a}, {port: 81, name: a}]}"],
        accepts: &["{ports: [{port: 80}]}", "{ports: [{port: 80, name: a}, {port: 81, name: b}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-port-once",
        at: "core/v1.ServiceSpec",
        check: ports_once,
        refuses: &[
            "{ports: [{port: 80, name: a}, {port: 80, name: b, targetPort: 81}]}",
            "{type: NodePort, ports: [{port: 80, name: a, nodePort: 30080}, {port: 81, name: b, nodePort: 30080}]}",
        ],
        accepts: &["{ports: [{port: 53, name: a}, {port: 53, name: b, protocol: UDP}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-port",
        at: "core/v1.ServicePort",
        check: |at| {
            if let Some(node) = at.get(&["port"]) {
                port(at, "port", node);
            }
            // Zero and an empty text stand for the same port as that of the Service.
            let target =
                at.get(&["targetPort"]).filter(|node| !matches!(node.text().map(SmolStr::as_str), Some("" | "0")));
            if let Some(node) = target {
                port_or_name(at, "targetPort", node);
            }
            if let Some(node) = at.get(&["appProtocol"]) {
                named(at, "appProtocol", node, "a protocol", label_key);
            }
        },
        refuses: &[
            "{port: 0}",
            "{port: 65536}",
            "{port: 80, targetPort: 70000}",
            "{port: 80, targetPort: '80'}",
            "{port: 80, targetPort: a-very-long-name}",
            "{port: 80, appProtocol: 'a b'}",
        ],
        accepts: &[
            "{port: 65535}",
            "{port: 80, targetPort: 0}",
            "{port: 80, targetPort: http, appProtocol: kubernetes.io/h2c}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-node-port",
        at: "core/v1.ServiceSpec",
        check: |at| {
            let kind = kind(at);
            for (index, item) in at.items(&["ports"]) {
                let place = format!("ports[{index}].nodePort");
                let Some(node) = get(item, &["nodePort"]).filter(|_| number_at(item, &["nodePort"]) != Some(0)) else {
                    continue;
                };
                if kind == "ClusterIP" {
                    let message = "`nodePort` may not stand in a Service of type ClusterIP, which no node listens for";
                    forbid(at, place, node, message, "take it out, or write `type: NodePort`");
                }
            }
        },
        refuses: &["{ports: [{port: 80, nodePort: 30080}]}"],
        accepts: &["{type: NodePort, ports: [{port: 80, nodePort: 30080}]}", "{ports: [{port: 80, nodePort: 0}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-headless",
        at: "core/v1.ServiceSpec",
        check: |at| {
            let kind = kind(at);
            let place = if has_any(at.get(&["clusterIPs"])) { "clusterIPs" } else { "clusterIP" };
            if is_headless(at.node())
                && matches!(kind.as_str(), "NodePort" | "LoadBalancer")
                && let Some(node) = at.get(&[place])
            {
                let message =
                    format!("expected an address for a Service of type {kind}, found `None`: it is no headless one");
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                at.report(place, finding.help(format!("take `{place}` out, or write `type: ClusterIP`")));
            }
        },
        refuses: &["{type: NodePort, clusterIP: None, ports: [{port: 80}]}"],
        accepts: &["{type: ClusterIP, clusterIP: None, ports: [{port: 80}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-external-name",
        at: "core/v1.ServiceSpec",
        check: external_name,
        refuses: &[
            "{type: ExternalName}",
            "{type: ExternalName, externalName: a_b.example}",
            "{type: ExternalName, externalName: a.example, clusterIP: None}",
            "{type: ExternalName, externalName: a.example, ipFamilies: [IPv4]}",
            "{type: ExternalName, externalName: a.example, ipFamilyPolicy: SingleStack}",
        ],
        accepts: &["{type: ExternalName, externalName: a.example.}", "{ports: [{port: 80}], externalName: a_b}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-session-affinity",
        at: "core/v1.ServiceSpec",
        check: |at| {
            // Without `ClientIP` the server drops the configuration.
            let place = ["sessionAffinityConfig", "clientIP", "timeoutSeconds"];
            if at.word("sessionAffinity").as_deref() == Some("ClientIP")
                && let Some(node) = at.get(&place)
            {
                within(at, place.join("."), node, "seconds", 1..=AFFINITY_SECONDS);
            }
        },
        refuses: &[
            "{ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}}",
            "{ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}}",
        ],
        accepts: &[
            "{ports: [{port: 80}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}}",
            "{ports: [{port: 80}], sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-external-ips",
        at: "core/v1.ServiceSpec",
        check: |at| {
            for (index, node) in at.items(&["externalIPs"]) {
                let place = format!("externalIPs[{index}]");
                if let Some(found) = address(at, &place, node) {
                    reachable(at, place, node, found);
                }
            }
        },
        refuses: &[
            "{ports: [{port: 80}], externalIPs: [a.example]}",
            "{ports: [{port: 80}], externalIPs: [127.0.0.1]}",
            "{ports: [{port: 80}], externalIPs: ['fe80::1']}",
            "{ports: [{port: 80}], externalIPs: [010.1.2.3]}",
        ],
        accepts: &["{ports: [{port: 80}], externalIPs: [10.1.2.3, '2001:db8::1']}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-load-balancer-fields",
        at: "core/v1.ServiceSpec",
        check: load_balancer_fields,
        refuses: &[
            "{ports: [{port: 80}], loadBalancerClass: a.example/b}",
            "{ports: [{port: 80}], allocateLoadBalancerNodePorts: false}",
            "{ports: [{port: 80}], loadBalancerSourceRanges: [10.0.0.0/8]}",
            "{type: LoadBalancer, ports: [{port: 80}], loadBalancerClass: 'a b'}",
            "{type: LoadBalancer, ports: [{port: 80}], loadBalancerSourceRanges: [10.0.0.0]}",
            "{type: LoadBalancer, ports: [{port: 80}], loadBalancerSourceRanges: [10.0.0.1/8]}",
        ],
        accepts: &[
            "{type: LoadBalancer, ports: [{port: 80}], loadBalancerClass: a.example/b, allocateLoadBalancerNodePorts: false}",
            "{type: LoadBalancer, ports: [{port: 80}], loadBalancerSourceRanges: [10.0.0.0/8, ' 2001:db8::/64']}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-traffic-policy",
        at: "core/v1.ServiceSpec",
        check: traffic_policy,
        refuses: &[
            "{ports: [{port: 80}], externalTrafficPolicy: Local}",
            "{type: LoadBalancer, ports: [{port: 80}], healthCheckNodePort: 30999}",
        ],
        accepts: &[
            "{ports: [{port: 80}], externalIPs: [10.1.2.3], externalTrafficPolicy: Local}",
            "{type: LoadBalancer, ports: [{port: 80}], externalTrafficPolicy: Local, healthCheckNodePort: 30999}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-traffic-distribution",
        at: "core/v1.ServiceSpec",
        check: |at| {
            if let Some(node) = at.get(&["trafficDistribution"]) {
                one_of(at, "trafficDistribution", node, &["PreferClose", "PreferSameZone", "PreferSameNode"]);
            }
        },
        refuses: &["{ports: [{port: 80}], trafficDistribution: PreferNear}"],
        accepts: &["{ports: [{port: 80}], trafficDistribution: PreferSameZone}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "service-annotations",
        at: "core/v1.Service",
        check: annotations,
        refuses: &[
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: 10.0.0.0/8}}, spec: {ports: [{port: 80}]}}",
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: '10.0.0.0/8,10'}}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.kubernetes.io/topology-mode: Auto, service.kubernetes.io/topology-aware-hints: Disabled}}, spec: {ports: [{port: 80}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: ' 10.0.0.0/8, 11.0.0.0/8'}}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
            "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: default, annotations: {service.kubernetes.io/topology-mode: Auto, service.kubernetes.io/topology-aware-hints: Auto}}, spec: {ports: [{port: 80}]}}",
        ],
        ..Rule::ALWAYS
    },
];

/// Returns the type of the Service at hand.
pub(super) fn kind(at: &At<'_>) -> SmolStr {
    at.word("type").unwrap_or_else(|| "ClusterIP".into())
}

/// Whether a Service has no address of its own. One address may be written in either field.
pub(super) fn is_headless(spec: &Node) -> bool {
    match get(spec, &["clusterIPs"]).and_then(Node::as_seq) {
        Some(addresses) if !addresses.is_empty() => {
            matches!(addresses, [only] if only.as_str() == Some("None"))
        }
        _ => text(spec, &["clusterIP"]) == Some("None"),
    }
}

fn port_names(at: &mut At<'_>) {
    let several = at.items(&["ports"]).count() > 1;
    let mut seen = HashMap::new();
    for (index, item) in at.items(&["ports"]) {
        let place = format!("ports[{index}].name");
        let Some((name, node)) = text(item, &["name"]).zip(item.get("name")) else {
            if several {
                missing(at, place, item.origin(), "missing field `name` of a port: several ports need a name each");
            }
            continue;
        };
        match seen.get(name) {
            Some(first) => again(
                at,
                place,
                node,
                *first,
                format!("expected a name of its own for each port, found `{name}` twice"),
            ),
            None => _ = seen.insert(name, node.origin()),
        }
    }
}

fn ports_once(at: &mut At<'_>) {
    for field in ["port", "nodePort"] {
        let mut seen = HashMap::new();
        for (index, item) in at.items(&["ports"]) {
            let protocol = text(item, &["protocol"]).unwrap_or("TCP");
            let number = number_at(item, &[field]).filter(|number| field == "port" || *number != 0);
            let Some((number, node)) = number.zip(item.get(field)) else { continue };
            let message = format!("expected each `{field}` once for a protocol, found `{number}` of {protocol} twice");
            match seen.get(&(number, protocol)) {
                Some(first) => again(at, format!("ports[{index}].{field}"), node, *first, message),
                None => _ = seen.insert((number, protocol), node.origin()),
            }
        }
    }
}

fn external_name(at: &mut At<'_>) {
    if kind(at) != "ExternalName" {
        return;
    }
    match at.get(&["externalName"]).filter(|_| at.text(&["externalName"]).is_some_and(|name| name != ".")) {
        Some(node) => named(at, "externalName", node, "a host", |name| {
            // A dot at the end says that the name is whole.
            dns_subdomain(name.strip_suffix('.').unwrap_or(name))
        }),
        None => {
            at.missing("externalName", "missing field `externalName`: a Service of type ExternalName is a name for it");
        }
    }
    let found = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"].into_iter().find_map(|field| {
        let node = at.get(&[field])?;
        let counts = match field {
            "clusterIP" => at.text(&[field]).is_some(),
            "ipFamilyPolicy" => true,
            _ => has_any(Some(node)),
        };
        counts.then_some((field, node))
    });
    if let Some((field, node)) = found {
        let message = format!("`{field}` may not stand in a Service of type ExternalName, which has no address");
        forbid(at, field, node, message, "take it out, or give the Service another type");
    }
}

fn load_balancer_fields(at: &mut At<'_>) {
    let is_balancer = kind(at) == "LoadBalancer";
    for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges"] {
        let Some(node) = at.get(&[field]).filter(|node| node.as_seq().is_none_or(|items| !items.is_empty())) else {
            continue;
        };
        if !is_balancer {
            let message = format!("`{field}` may stand in a Service of type LoadBalancer alone");
            forbid(at, field, node, message, "take it out, or write `type: LoadBalancer`");
        } else if field == "loadBalancerClass" {
            named(at, field, node, "a class of load balancers", label_key);
        }
    }
    for (index, node) in at.items(&["loadBalancerSourceRanges"]).filter(|_| is_balancer) {
        if let Some(text) = node.as_str() {
            network(at, format_args!("loadBalancerSourceRanges[{index}]"), node, text.trim());
        }
    }
}

fn traffic_policy(at: &mut At<'_>) {
    let kind = kind(at);
    let is_open = match kind.as_str() {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => has_any(at.get(&["externalIPs"])),
        _ => false,
    };
    let policy = at.text(&["externalTrafficPolicy"]);
    if let Some(node) = at.get(&["externalTrafficPolicy"]).filter(|_| policy.is_some() && !is_open) {
        let message = format!(
            "`externalTrafficPolicy` may not stand in a Service of type {kind}: nothing reaches it from outside"
        );
        forbid(
            at,
            "externalTrafficPolicy",
            node,
            message,
            "take it out, or write `type: NodePort` or `type: LoadBalancer`",
        );
        return;
    }
    let Some(node) = at.get(&["healthCheckNodePort"]).filter(|node| node.text().is_some_and(|text| text != "0")) else {
        return;
    };
    if kind == "LoadBalancer" && policy == Some("Local") {
        port(at, "healthCheckNodePort", node);
    } else {
        let message =
            "`healthCheckNodePort` may stand beside `type: LoadBalancer` and `externalTrafficPolicy: Local` alone";
        forbid(at, "healthCheckNodePort", node, message, "take it out, or write both");
    }
}

fn annotations(at: &mut At<'_>) {
    let annotation = |name: &str| get(at.node(), &["metadata", "annotations", name]);
    let (mode, hints, ranges) = (annotation(TOPOLOGY_MODE), annotation(TOPOLOGY_HINTS), annotation(SOURCE_RANGES));
    if let (Some(mode), Some(hints)) = (mode, hints)
        && mode.text() != hints.text()
    {
        let message = format!("expected the same in `{TOPOLOGY_MODE}` as in `{TOPOLOGY_HINTS}`, found another value");
        let finding = Diagnostic::new(Code::InvalidValue, mode.origin(), message).also(hints.origin(), "the other one");
        let place = format!("metadata.annotations[{TOPOLOGY_MODE}]");
        at.report(place, finding.help(format!("take the older `{TOPOLOGY_HINTS}` out")));
    }
    // The field counts where it is there, the annotation otherwise.
    let Some(node) = ranges.filter(|_| !has_any(at.get(&["spec", "loadBalancerSourceRanges"]))) else { return };
    let Some(value) = node.as_str() else { return };
    let place = format!("metadata.annotations[{SOURCE_RANGES}]");
    if at.text(&["spec", "type"]) != Some("LoadBalancer") {
        let message = format!("`{SOURCE_RANGES}` may stand at a Service of type LoadBalancer alone");
        forbid(at, place, node, message, "take it out, or write `type: LoadBalancer`");
        return;
    }
    for range in value.trim().split(',').filter(|_| !value.trim().is_empty()) {
        if network(at, &place, node, range.trim()).is_none() {
            return;
        }
    }
}
