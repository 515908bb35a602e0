//! `NetworkPolicy`: ports, peers and blocks of addresses.

use super::Rule;
use super::address::{Network, network};
use super::at::number;
use super::value::{filled, port, port_or_name};
use crate::diagnostic::{Code, Diagnostic};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "network-policy-port",
        at: "networking/v1.NetworkPolicyPort",
        check: |at| {
            let (first, end) = (at.get(&["port"]), at.get(&["endPort"]));
            if let Some(node) = first {
                port_or_name(at, "port", node);
            }
            let Some(end) = end else { return };
            match first.map(number) {
                Some(Some(least)) => {
                    let found = number(end).unwrap_or(least);
                    if found < least {
                        let message = format!("expected a port from `port` on, which is `{least}`, found `{found}`");
                        at.invalid("endPort", end, message);
                    } else {
                        port(at, "endPort", end);
                    }
                }
                Some(None) => {
                    let message = "`endPort` may not stand beside the name of a port";
                    let finding = Diagnostic::new(Code::ForbiddenField, end.origin(), message);
                    at.report("endPort", finding.help("write the number of the first port, or take `endPort` out"));
                }
                None => {
                    let message = "`endPort` may not stand without `port`, the first of the range";
                    let finding = Diagnostic::new(Code::ForbiddenField, end.origin(), message);
                    at.report("endPort", finding.help("write the number of the first port, or take `endPort` out"));
                }
            }
        },
        refuses: &[
            "{port: 0}",
            "{port: A}",
            "{port: 80, endPort: 79}",
            "{port: 80, endPort: 65536}",
            "{port: http, endPort: 90}",
            "{endPort: 90}",
        ],
        accepts: &["{port: 80, endPort: 80}", "{port: http}", "{protocol: UDP}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "network-policy-peer",
        at: "networking/v1.NetworkPolicyPeer",
        check: |at| {
            let other =
                ["podSelector", "namespaceSelector"].into_iter().find_map(|field| Some((field, at.get(&[field])?)));
            match (at.get(&["ipBlock"]), other) {
                (None, None) => at.missing(
                    "podSelector",
                    "missing peer: expected `podSelector`, `namespaceSelector` or `ipBlock`, found none of them",
                ),
                (Some(block), Some((field, other))) => {
                    let message = format!("`ipBlock` may not stand beside `{field}`: a peer is one of both");
                    let finding = Diagnostic::new(Code::ForbiddenField, block.origin(), message);
                    at.report("ipBlock", finding.also(other.origin(), "the selector").help("write two peers"));
                }
                _ => {}
            }
        },
        refuses: &["{}", "{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}"],
        accepts: &["{podSelector: {}}", "{podSelector: {}, namespaceSelector: {}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "network-policy-block",
        at: "networking/v1.IPBlock",
        check: |at| {
            filled(at, "cidr", at.get(&["cidr"]), "a CIDR");
            let Some((node, text)) = at.get(&["cidr"]).zip(at.text(&["cidr"])) else { return };
            let _ = network(at, "cidr", node, text);
            let Some(whole) = Network::parse(text) else { return };
            for (index, node) in at.items(&["except"]) {
                let Some(text) = node.as_str() else { continue };
                let place = format!("except[{index}]");
                let Some(part) = network(at, &place, node, text) else { continue };
                if whole.holds(&part) == Some(false) {
                    at.invalid(place, node, format!("expected a smaller part of the `cidr`, found `{text}`"));
                }
            }
        },
        refuses: &[
            "{cidr: ''}",
            "{cidr: 10.0.0.0}",
            "{cidr: 10.0.0.1/8}",
            "{cidr: 010.0.0.0/8}",
            "{cidr: 10.0.0.0/8, except: [10.0.0.0/8]}",
            "{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}",
            "{cidr: 10.0.0.0/8, except: [a]}",
        ],
        accepts: &["{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}", "{cidr: '::/0', except: ['2001:db8::/32']}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "network-policy-types",
        at: "networking/v1.NetworkPolicySpec",
        check: |at| {
            if let Some((_, node)) = at.items(&["policyTypes"]).nth(2) {
                at.invalid("policyTypes[2]", node, "expected at most two types, found more");
            }
        },
        refuses: &["{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}"],
        accepts: &["{podSelector: {}, policyTypes: [Ingress, Egress]}"],
        ..Rule::ALWAYS
    },
];
