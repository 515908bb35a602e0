//! Nodes: the networks of their pods, and their taints.

use std::collections::HashMap;

use super::Rule;
use super::address::network;
use super::at::{At, get, text};
use super::value::{again, filled};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::label_value;
use crate::text::{Node, Origin};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "node-networks",
        at: "core/v1.NodeSpec",
        check: networks,
        refuses: &[
            "{podCIDR: 10.9.8.0}",
            "{podCIDRs: [10.9.8.0/24, a]}",
            "{podCIDRs: [10.9.8.0/24, 10.9.7.0/24]}",
            "{podCIDRs: [10.9.8.0/24, '2001:db8::/64', 10.9.7.0/24]}",
        ],
        accepts: &["{podCIDR: 10.9.8.0/24, podCIDRs: [10.9.8.0/24, '2001:db8::/64']}", "{podCIDR: ''}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "node-taints",
        at: "core/v1.NodeSpec",
        check: taints,
        refuses: &[
            "{taints: [{key: a, effect: ''}]}",
            "{taints: [{key: '', effect: NoSchedule}]}",
            "{taints: [{key: a, value: a/b, effect: NoSchedule}]}",
            "{taints: [{key: a, value: b, effect: NoSchedule}, {key: a, value: c, effect: NoSchedule}]}",
        ],
        accepts: &["{taints: [{key: a, value: b, effect: NoSchedule}, {key: a, value: '', effect: NoExecute}]}"],
        ..Rule::ALWAYS
    },
];

fn networks(at: &mut At<'_>) {
    let written = at.get(&["podCIDR"]).filter(|node| node.as_str() != Some(""));
    let all: Vec<(usize, &Node)> = at.items(&["podCIDRs"]).collect();
    let first = all.first().and_then(|(_, node)| node.as_str());
    // The older field wins over the other where the two differ.
    if let Some((node, one)) = written.and_then(|node| Some((node, node.as_str()?)))
        && first != Some(one)
    {
        network(at, "podCIDR", node, one);
        return;
    }
    let mut families = Vec::new();
    for (number, node) in &all {
        let Some(text) = node.as_str() else { return };
        let Some(found) = network(at, format_args!("podCIDRs[{number}]"), node, text) else { return };
        families.push(found.is_v4());
    }
    let Some(node) = at.get(&["podCIDRs"]).filter(|_| !matches!(families[..], [] | [_])) else { return };
    if !matches!(families[..], [one, other] if one != other) {
        at.invalid("podCIDRs", node, "expected one CIDR, or one of IPv4 and one of IPv6");
    }
}

fn taints(at: &mut At<'_>) {
    let mut known: HashMap<(&str, &str), Origin> = HashMap::new();
    for (index, taint) in at.items(&["taints"]) {
        filled(at, format_args!("taints[{index}].key"), get(taint, &["key"]), "the name of a taint");
        filled(at, format_args!("taints[{index}].effect"), get(taint, &["effect"]), "an effect");
        if let Some((node, value)) = get(taint, &["value"]).and_then(|node| Some((node, node.as_str()?)))
            && let Err(reason) = label_value(value)
        {
            let message = format!("`{}` is no value of a taint: {reason}", words::shown(value));
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report(format_args!("taints[{index}].value"), finding);
        }
        let Some((key, effect)) = text(taint, &["key"]).zip(text(taint, &["effect"])) else { continue };
        if let Some(first) = known.get(&(key, effect)) {
            let message = format!("expected each taint once with an effect, found `{key}` with `{effect}` again");
            again(at, format_args!("taints[{index}]"), taint, *first, message);
        } else {
            known.insert((key, effect), taint.origin());
        }
    }
}
