//! Addresses that are right, and not written as all others write them.
//!
//! A settled structure enters, warnings leave: who compares such a text with what the server returns finds a change.

use super::address::{Spelled, plain};
use super::{Minor, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "plain-addresses-of-pod",
        at: "core/v1.PodSpec",
        minors: (Minor(33), Minor(u32::MAX)),
        check: |at| {
            for (index, node) in at.items(&["dnsConfig", "nameservers"]) {
                plain(at, format_args!("dnsConfig.nameservers[{index}]"), node, Spelled::Address);
            }
            for (index, alias) in at.items(&["hostAliases"]) {
                if let Some(node) = alias.get("ip") {
                    plain(at, format_args!("hostAliases[{index}].ip"), node, Spelled::Address);
                }
            }
        },
        warns: &["{hostAliases: [{ip: '2001:DB8::1', hostnames: [a]}], containers: [{name: a, image: 'a:1'}]}"],
        accepts: &["{hostAliases: [{ip: '2001:db8::1', hostnames: [a]}], containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "plain-addresses-of-service",
        at: "core/v1.ServiceSpec",
        check: |at| {
            for list in ["clusterIPs", "externalIPs"] {
                for (index, node) in at.items(&[list]) {
                    plain(at, format_args!("{list}[{index}]"), node, Spelled::Address);
                }
            }
            if let Some(node) = at.get(&["clusterIP"]).filter(|_| at.get(&["clusterIPs"]).is_none()) {
                plain(at, "clusterIP", node, Spelled::Address);
            }
            if let Some(node) = at.get(&["loadBalancerIP"]) {
                plain(at, "loadBalancerIP", node, Spelled::Address);
            }
            for (index, node) in at.items(&["loadBalancerSourceRanges"]) {
                plain(at, format_args!("loadBalancerSourceRanges[{index}]"), node, Spelled::Network);
            }
        },
        warns: &["{ports: [{port: 80}], type: LoadBalancer, loadBalancerSourceRanges: ['2001:DB8::/64']}"],
        accepts: &["{ports: [{port: 80}], type: LoadBalancer, loadBalancerSourceRanges: ['2001:db8::/64']}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "plain-networks",
        at: "networking/v1.IPBlock",
        minors: (Minor(33), Minor(u32::MAX)),
        check: |at| {
            if let Some(node) = at.get(&["cidr"]) {
                plain(at, "cidr", node, Spelled::Network);
            }
            for (index, node) in at.items(&["except"]) {
                plain(at, format_args!("except[{index}]"), node, Spelled::Network);
            }
        },
        warns: &["{cidr: '2001:DB8::/64'}"],
        accepts: &["{cidr: '2001:db8::/64'}"],
        ..Rule::ALWAYS
    },
];
