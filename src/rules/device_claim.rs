//! Claims of devices: requests, and what names them.

use std::collections::BTreeSet;

use super::Rule;
use super::at::{At, get, items};
use super::device::count;
use super::value::{again, check_once, named};
use super::volume::template_metadata;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::dns_label;
use crate::text::Node;

/// The most requests, constraints and the like of one claim, and of requests of which the first is taken.
const MOST: usize = 32;
const FIRST: usize = 8;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "device-request",
        at: "resource/v1.DeviceRequest",
        kin: &["resource/v1beta2.DeviceRequest"],
        check: request,
        refuses: &[
            "{name: a}",
            "{name: a, firstAvailable: []}",
            "{name: A, exactly: {deviceClassName: a}}",
            "{name: '', exactly: {deviceClassName: a}}",
            "{name: a, exactly: {deviceClassName: a}, firstAvailable: [{name: b, deviceClassName: a}]}",
            "{name: a, firstAvailable: [{name: b c, deviceClassName: a}]}",
            "{name: a, firstAvailable: [{name: b, deviceClassName: a}, {name: b, deviceClassName: c}]}",
        ],
        accepts: &[
            "{name: a, exactly: {deviceClassName: a}}",
            "{name: a, firstAvailable: [{name: b, deviceClassName: a}, {name: c, deviceClassName: a}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-claim",
        at: "resource/v1.DeviceClaim",
        kin: &["resource/v1beta2.DeviceClaim", "resource/v1beta1.DeviceClaim"],
        check: claim,
        refuses: &[
            "{requests: [{name: a, exactly: {deviceClassName: a}}, {name: a, exactly: {deviceClassName: b}}]}",
            "{requests: [{name: a, exactly: {deviceClassName: a}}], constraints: [{requests: [b], matchAttribute: a.b/c}]}",
            "{requests: [{name: a, exactly: {deviceClassName: a}}], constraints: [{requests: [a/b], matchAttribute: a.b/c}]}",
            "{requests: [{name: a, exactly: {deviceClassName: a}}], constraints: [{requests: [a, a], matchAttribute: a.b/c}]}",
            "{requests: [{name: a, exactly: {deviceClassName: a}}], config: [{requests: [b], opaque: {driver: a, parameters: {}}}]}",
            "{requests: [{name: a, firstAvailable: [{name: b, deviceClassName: a}]}], config: [{requests: [a/c], opaque: {driver: a, parameters: {}}}]}",
        ],
        accepts: &[
            "{requests: [{name: a, exactly: {deviceClassName: a}}, {name: b, exactly: {deviceClassName: a}}], constraints: [{requests: [a, b], matchAttribute: a.b/c}, {matchAttribute: a.b/d}]}",
            "{requests: [{name: a, firstAvailable: [{name: b, deviceClassName: a}]}], config: [{requests: [a/b], opaque: {driver: a, parameters: {}}}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "device-claim-template",
        at: "resource/v1.ResourceClaimTemplateSpec",
        kin: &["resource/v1beta2.ResourceClaimTemplateSpec", "resource/v1beta1.ResourceClaimTemplateSpec"],
        check: |at| template_metadata(at, "metadata", at.node(), "its name is made from that of the pod"),
        refuses: &["{metadata: {name: a}, spec: {}}"],
        accepts: &["{metadata: {labels: {a: b}, annotations: {c: d}}, spec: {}}"],
        ..Rule::ALWAYS
    },
];

fn request(at: &mut At<'_>) {
    if let Some(node) = at.get(&["name"]) {
        named(at, "name", node, "a request", dns_label);
    }
    let some = at.items(&["firstAvailable"]).next();
    match (at.get(&["exactly"]), some) {
        (None, None) => {
            at.missing("", "missing field `exactly` or `firstAvailable`: which devices are asked for");
        }
        (Some(first), Some(_)) => {
            let message = "`firstAvailable` may not stand beside `exactly`: the request is one of both";
            let node = at.get(&["firstAvailable"]).unwrap_or(first);
            let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message);
            at.report("firstAvailable", finding.also(first.origin(), "the other one"));
        }
        _ => {}
    }
    count(at, "firstAvailable", FIRST);
    let mut names = Vec::new();
    for (index, item) in at.items(&["firstAvailable"]) {
        let Some(node) = item.get("name") else { continue };
        let place = format!("firstAvailable[{index}].name");
        named(at, &place, node, "a request", dns_label);
        names.push((place, node));
    }
    check_once(at, names, |name| format!("two of the requests have the name `{name}`"));
}

fn claim(at: &mut At<'_>) {
    for list in ["requests", "constraints", "config"] {
        count(at, list, MOST);
    }
    let names = at
        .items(&["requests"])
        .filter_map(|(index, request)| Some((format!("requests[{index}].name"), request.get("name")?)));
    check_once(at, names, |name| format!("two requests have the name `{name}`"));
    // All that may be named: a request, and one of those of which the first is taken.
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (_, request) in at.items(&["requests"]) {
        let Some(name) = get(request, &["name"]).and_then(Node::as_str) else { return };
        known.insert(name.to_owned());
        for (_, part) in items(request, &["firstAvailable"]) {
            if let Some(part) = get(part, &["name"]).and_then(Node::as_str) {
                known.insert(format!("{name}/{part}"));
            }
        }
    }
    for list in ["constraints", "config"] {
        for (index, item) in at.items(&[list]) {
            let all: Vec<(usize, &Node)> = items(item, &["requests"]).collect();
            for (number, (part, node)) in all.iter().enumerate() {
                let Some(name) = node.as_str() else { continue };
                let place = format!("{list}[{index}].requests[{part}]");
                if let Some((_, first)) = all[..number].iter().find(|(_, known)| known.as_str() == Some(name)) {
                    again(at, place, node, first.origin(), format!("the request `{name}` stands twice"));
                } else if !known.contains(name) {
                    let message = format!("the claim has no request `{name}`");
                    let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                    at.report(place, finding.did_you_mean(name, known.iter().map(String::as_str)));
                }
            }
        }
    }
}
