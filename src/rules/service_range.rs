//! Ranges of addresses for Services, and the addresses that are taken of them.

use super::Rule;
use super::address::{Address, Network};
use super::at::At;
use super::value::{missing, named, named_if_any};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_subdomain, path_segment};
use crate::text::Node;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "service-cidr",
        at: "networking/v1.ServiceCIDR",
        check: ranges,
        refuses: &[
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}}",
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: []}}",
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: [10.9.8.0]}}",
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: [10.9.8.7/24]}}",
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: ['2001:DB8::/64']}}",
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: [10.9.8.0/24, 10.9.7.0/24]}}",
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: [10.9.8.0/24, '2001:db8::/64', 10.9.7.0/24]}}",
        ],
        accepts: &[
            "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: ['2001:db8::/64', 10.9.8.0/24]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ip-address-name",
        at: "networking/v1.IPAddress",
        check: |at| {
            let Some((name, node)) = at.text(&["metadata", "name"]).zip(at.get(&["metadata", "name"])) else { return };
            let reason = match Address::parse(name) {
                // What can be no name at all has its finding already.
                _ if path_segment(name).is_err() => return,
                None => "expected an IP address".to_owned(),
                Some(found) => match found.canonical() {
                    Some(plain) if plain == name => return,
                    Some(plain) => format!("expected the address as `{plain}`"),
                    None => "expected an IPv4 or IPv6 address, found one within the other".to_owned(),
                },
            };
            let message = format!("`{}` is no name for an IPAddress: {reason}", words::shown(name));
            at.report("metadata.name", Diagnostic::new(Code::InvalidName, node.origin(), message));
        },
        refuses: &[
            "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: a}, spec: {parentRef: {resource: services, name: a, namespace: a}}}",
            "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: 10.9.8.07}, spec: {parentRef: {resource: services, name: a, namespace: a}}}",
            "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: '2001:db8:0::1'}, spec: {parentRef: {resource: services, name: a, namespace: a}}}",
            "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: '::ffff:1.2.3.4'}, spec: {parentRef: {resource: services, name: a, namespace: a}}}",
        ],
        accepts: &[
            "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: '2001:db8::1'}, spec: {parentRef: {resource: services, name: a, namespace: a}}}",
            "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: 10.9.8.7}, spec: {parentRef: {resource: services, name: a, namespace: a}}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "ip-address-parent",
        at: "networking/v1.ParentReference",
        check: |at| {
            named_if_any(at, "group", at.get(&["group"]), "an API group", dns_subdomain);
            for (field, what) in [("resource", "a resource"), ("name", "an object")] {
                if let Some(node) = at.get(&[field]) {
                    named(at, field, node, what, path_segment);
                }
            }
            named_if_any(at, "namespace", at.get(&["namespace"]), "a namespace", path_segment);
        },
        refuses: &[
            "{group: A, resource: services, name: a}",
            "{resource: '', name: a}",
            "{resource: a/b, name: a}",
            "{resource: services, name: '..'}",
            "{resource: services, name: a, namespace: a/b}",
        ],
        accepts: &["{group: '', resource: services, name: A, namespace: ''}"],
        ..Rule::ALWAYS
    },
];

fn ranges(at: &mut At<'_>) {
    let list: Vec<(usize, &Node)> = at.items(&["spec", "cidrs"]).collect();
    let Some(node) = at.get(&["spec", "cidrs"]).filter(|_| !list.is_empty()) else {
        let origin = at.get(&["spec"]).map_or(at.origin(), Node::origin);
        missing(at, "spec.cidrs", origin, "missing field `cidrs`: expected one CIDR, or one of IPv4 and one of IPv6");
        return;
    };
    if list.len() > 2 {
        let message = format!("expected one CIDR, or one of IPv4 and one of IPv6, found {}", list.len());
        at.invalid("spec.cidrs", node, message);
        return;
    }
    let mut families = Vec::new();
    for (number, node) in list {
        let Some(text) = node.as_str() else { return };
        let shown = words::shown(text);
        let found = Network::parse(text);
        let message = match found.and_then(|found| found.canonical()) {
            Some(plain) if plain == text => None,
            Some(plain) => Some(format!("expected a CIDR in its plain form, `{plain}`, found `{shown}`")),
            None => Some(format!("expected a CIDR such as `10.9.8.0/24` or `2001:db8::/64`, found `{shown}`")),
        };
        if let Some(message) = message {
            at.invalid(format_args!("spec.cidrs[{number}]"), node, message);
            return;
        }
        families.extend(found.map(|found| found.is_v4()));
    }
    if let [one, other] = families[..]
        && one == other
    {
        at.invalid("spec.cidrs", node, "expected one CIDR of IPv4 and one of IPv6, found two of one family");
    }
}
