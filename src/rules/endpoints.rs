//! `EndpointSlice` and Endpoints: addresses and ports.

use std::collections::HashMap;

use super::address::{address, reachable};
use super::at::{get, items, text};
use super::value::{again, has_any, missing, named, named_if_any, port};
use super::{At, Check, Rule};
use crate::kubernetes::name::{dns_label, dns_subdomain, label_key, label_value};
use crate::text::Node;

/// The most that a slice holds.
const ENDPOINTS: usize = 1000;
const ADDRESSES: usize = 100;
const PORTS: usize = 20_000;
const HINTS: usize = 8;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "endpoint-slice-addresses",
        at: "discovery/v1.EndpointSlice",
        check: slice_addresses,
        refuses: &[
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [{addresses: []}]}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [{addresses: ['2001:db8::1']}]}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [{addresses: [127.0.0.1]}]}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: FQDN, endpoints: [{addresses: [a]}]}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv6, endpoints: [{addresses: ['2001:DB8::1']}]}",
        ],
        accepts: &[
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [{addresses: [10.1.2.3]}]}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: FQDN, endpoints: [{addresses: [a.example.]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "endpoint-slice-endpoint",
        at: "discovery/v1.Endpoint",
        check: |at| {
            if let Some(node) = at.get(&["hostname"]) {
                named(at, "hostname", node, "a host", dns_label);
            }
            if let Some(node) = at.get(&["nodeName"]) {
                named(at, "nodeName", node, "a node", dns_subdomain);
            }
        },
        refuses: &["{addresses: [10.1.2.3], hostname: a.b}", "{addresses: [10.1.2.3], nodeName: A}"],
        accepts: &["{addresses: [10.1.2.3], hostname: a, nodeName: a.b}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "endpoint-slice-hints",
        at: "discovery/v1.EndpointHints",
        check: |at| {
            let kinds: [(&str, &str, Check); 2] =
                [("forZones", "a zone", label_value), ("forNodes", "a node", dns_subdomain)];
            for (field, what, is) in kinds {
                let mut seen = HashMap::new();
                for (index, item) in at.items(&[field]) {
                    if index == HINTS {
                        at.invalid(
                            format!("{field}[{index}]"),
                            item,
                            format!("expected at most {HINTS} hints, found more"),
                        );
                        break;
                    }
                    let Some((name, node)) = item.get("name").and_then(|node| Some((node.as_str()?, node))) else {
                        continue;
                    };
                    let place = format!("{field}[{index}].name");
                    if let Some(first) = seen.insert(name, node.origin()) {
                        again(at, place, node, first, format!("expected each hint once, found `{name}` again"));
                    } else {
                        named(at, place, node, what, is);
                    }
                }
            }
        },
        refuses: &["{forZones: [{name: a}, {name: a}]}", "{forZones: [{name: a b}]}"],
        accepts: &["{forZones: [{name: a}, {name: b}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "endpoint-slice-ports",
        at: "discovery/v1.EndpointSlice",
        check: |at| {
            let mut seen = HashMap::new();
            for (index, item) in at.items(&["ports"]) {
                if index == PORTS {
                    at.invalid(format!("ports[{index}]"), item, format!("expected at most {PORTS} ports, found more"));
                    return;
                }
                let name = text(item, &["name"]).unwrap_or_default();
                let node = get(item, &["name"]).unwrap_or(item);
                let place = format!("ports[{index}].name");
                match seen.get(name) {
                    Some(first) => {
                        let message = format!("expected a name of its own for each port, found `{name}` twice");
                        again(at, place, node, *first, message);
                    }
                    None => _ = seen.insert(name, node.origin()),
                }
                named_if_any(at, format!("ports[{index}].name"), get(item, &["name"]), "a port", dns_label);
                if let Some(node) = get(item, &["appProtocol"]) {
                    named(at, format!("ports[{index}].appProtocol"), node, "a protocol", label_key);
                }
            }
        },
        refuses: &[
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [], ports: [{port: 80}, {port: 81}]}",
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [], ports: [{port: 80, name: A}]}",
        ],
        accepts: &[
            "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, namespace: default}, addressType: IPv4, endpoints: [], ports: [{port: 80}, {port: 81, name: b}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "endpoint-subset",
        at: "core/v1.EndpointSubset",
        check: subset,
        refuses: &[
            "{ports: [{port: 80}]}",
            "{addresses: [{ip: a}]}",
            "{addresses: [{ip: 10.1.2.3}], ports: [{port: 80}, {port: 81, name: a}]}",
            "{addresses: [{ip: 10.1.2.3}], ports: [{port: 0}]}",
            "{notReadyAddresses: [{ip: 169.254.0.1}]}",
        ],
        accepts: &[
            "{addresses: [{ip: 10.1.2.3}]}",
            "{addresses: [{ip: 10.1.2.3}], ports: [{port: 80, name: a}, {port: 81, name: b}]}",
        ],
        ..Rule::ALWAYS
    },
];

fn slice_addresses(at: &mut At<'_>) {
    let kind = at.text(&["addressType"]).unwrap_or_default();
    for (index, endpoint) in at.items(&["endpoints"]) {
        if index == ENDPOINTS {
            at.invalid(
                format!("endpoints[{index}]"),
                endpoint,
                format!("expected at most {ENDPOINTS} endpoints, found more"),
            );
            return;
        }
        let place = format!("endpoints[{index}].addresses");
        if let Some(node) = get(endpoint, &["addresses"]).filter(|node| !has_any(Some(node))) {
            at.invalid(&place, node, "expected at least one address, found none");
        }
        for (number, node) in items(endpoint, &["addresses"]) {
            let place = format!("{place}[{number}]");
            if number == ADDRESSES {
                at.invalid(place, node, format!("expected at most {ADDRESSES} addresses, found more"));
                break;
            }
            match kind {
                "IPv4" | "IPv6" => slice_address(at, place, node, kind),
                "FQDN" => named(at, place, node, "a host", full_name),
                _ => {}
            }
        }
    }
}

fn slice_address(at: &mut At<'_>, place: String, node: &Node, kind: &str) {
    let Some(found) = address(at, &place, node) else { return };
    let shown = node.as_str().unwrap_or_default();
    let plain = found.to_string();
    if found.is_v4() != (kind == "IPv4") {
        at.invalid(place, node, format!("expected an address of {kind}, as `addressType` says, found `{shown}`"));
    } else if kind == "IPv6" && plain != shown {
        at.invalid(place, node, format!("expected the address in its shortest form, `{plain}`, found `{shown}`"));
    } else {
        reachable(at, place, node, found);
    }
}

/// Checks a name of at least two labels.
fn full_name(name: &str) -> Result<(), String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    dns_subdomain(name)?;
    if !name.contains('.') {
        return Err("expected at least two parts with a `.` between, found one".to_owned());
    }
    name.split('.').try_for_each(dns_label)
}

fn subset(at: &mut At<'_>) {
    if !has_any(at.get(&["addresses"])) && !has_any(at.get(&["notReadyAddresses"])) {
        at.missing("addresses", "missing field `addresses`: expected some, or `notReadyAddresses`");
    }
    for field in ["addresses", "notReadyAddresses"] {
        for (index, item) in at.items(&[field]) {
            let place = format!("{field}[{index}]");
            if let Some(node) = get(item, &["ip"])
                && let Some(found) = address(at, format!("{place}.ip"), node)
            {
                reachable(at, format!("{place}.ip"), node, found);
            }
            named_if_any(at, format!("{place}.hostname"), get(item, &["hostname"]), "a host", dns_label);
            if let Some(node) = get(item, &["nodeName"]) {
                named(at, format!("{place}.nodeName"), node, "a node", dns_subdomain);
            }
        }
    }
    let several = at.items(&["ports"]).count() > 1;
    for (index, item) in at.items(&["ports"]) {
        let place = format!("ports[{index}]");
        if several && text(item, &["name"]).is_none() {
            missing(
                at,
                format!("{place}.name"),
                item.origin(),
                "missing field `name` of a port: several ports need a name each",
            );
        }
        named_if_any(at, format!("{place}.name"), get(item, &["name"]), "a port", dns_label);
        if let Some(node) = get(item, &["port"]) {
            port(at, format!("{place}.port"), node);
        }
        if let Some(node) = get(item, &["appProtocol"]) {
            named(at, format!("{place}.appProtocol"), node, "a protocol", label_key);
        }
    }
}
