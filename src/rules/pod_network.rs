//! What a pod is called and where it looks names up: names of other objects, its host, DNS, aliases, gates.

use super::address::address;
use super::at::{At, is_true, items, number, text};
use super::pod::{check_name, forbid};
use super::value::check_once;
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::name::{dns_subdomain, label_key};

/// How long the name is that a pod may give its host.
const HOST_NAME_LENGTH: usize = 64;
/// The most name servers, search domains, and characters of these, that a resolver of Linux takes.
const NAME_SERVERS: usize = 3;
const SEARCHES: usize = 32;
const SEARCHES_LENGTH: usize = 2048;
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

fn check_names(at: &mut At<'_>) {
    for (field, what) in
        [("nodeName", "a node"), ("priorityClassName", "a PriorityClass"), ("runtimeClassName", "a RuntimeClass")]
    {
        // Of these only a class to run in is looked at where it is empty.
        if let Some(node) = at.get(&[field]).filter(|node| field.starts_with("runtime") || node.as_str() != Some("")) {
            check_name(at, field, node, what, dns_subdomain);
        }
    }
}

fn check_host_name(at: &mut At<'_>) {
    let Some(node) = at.get(&["hostnameOverride"]) else { return };
    let place = "hostnameOverride";
    let spec = at.node();
    if let Some(other) = ["setHostnameAsFQDN", "hostNetwork"].into_iter().find(|field| is_true(spec, &[field])) {
        forbid(at, place, node.origin(), format!("`hostnameOverride` and `{other}: true` exclude one another"));
    } else if let Some(length) = node.as_str().map(str::len).filter(|length| *length > HOST_NAME_LENGTH) {
        let message = format!("expected at most {HOST_NAME_LENGTH} characters, found {length}");
        at.report(place, Diagnostic::new(Code::InvalidName, node.origin(), message));
    } else {
        check_name(at, place, node, "a host", dns_subdomain);
    }
}

fn check_dns(at: &mut At<'_>) {
    const MESSAGE: &str = "missing field `nameservers` of `dnsConfig`: with `dnsPolicy: None` the pod has no other";
    let has_servers = at.items(&["dnsConfig", "nameservers"]).next().is_some();
    if at.text(&["dnsPolicy"]) != Some("None") || has_servers {
        return;
    }
    if let Some(config) = at.get(&["dnsConfig"]) {
        at.report("dnsConfig.nameservers", Diagnostic::new(Code::MissingField, config.origin(), MESSAGE));
    } else if let Some(policy) = at.get(&["dnsPolicy"]) {
        at.report("dnsConfig", Diagnostic::new(Code::MissingField, policy.origin(), MESSAGE));
    }
}

fn check_dns_config(at: &mut At<'_>) {
    let servers = at.items(&["nameservers"]).count();
    if let Some(node) = at.get(&["nameservers"]).filter(|_| servers > NAME_SERVERS) {
        at.invalid("nameservers", node, format!("expected at most {NAME_SERVERS} name servers, found {servers}"));
    }
    for (index, server) in at.items(&["nameservers"]) {
        address(at, format_args!("nameservers[{index}]"), server);
    }
    let searches: Vec<&str> = at.items(&["searches"]).filter_map(|(_, search)| search.as_str()).collect();
    if let Some(node) = at.get(&["searches"]) {
        // Joined by spaces.
        let length = (searches.iter().map(|search| search.len() + 1).sum::<usize>()).saturating_sub(1);
        if searches.len() > SEARCHES {
            at.invalid("searches", node, format!("expected at most {SEARCHES} domains, found {}", searches.len()));
        } else if length > SEARCHES_LENGTH {
            at.invalid("searches", node, format!("expected at most {SEARCHES_LENGTH} characters, found {length}"));
        }
    }
    for (index, search) in at.items(&["searches"]) {
        if search.as_str().is_some_and(|text| text != "." && !is_search(text.strip_suffix('.').unwrap_or(text))) {
            let message = "expected a domain of lowercase letters, digits, `-`, `_` and `.`, found another text";
            at.invalid(format_args!("searches[{index}]"), search, message);
        }
    }
    for (index, option) in at.items(&["options"]) {
        if text(option, &["name"]).is_none() {
            let finding = Diagnostic::new(Code::MissingField, option.origin(), "missing field `name` of a DNS option");
            at.report(format_args!("options[{index}].name"), finding);
        }
    }
}

/// Whether a text is a domain whose labels may hold `_`, though not at their end.
fn is_search(domain: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        let label = label.strip_prefix('_').unwrap_or(label).as_bytes();
        label.first().is_some_and(|first| is_word(*first))
            && label.last().is_some_and(|last| is_word(*last))
            && label.iter().all(|byte| is_word(*byte) || matches!(byte, b'-' | b'_'))
    };
    domain.len() <= 253 && domain.split('.').all(is_label)
}

fn check_deletion_cost(at: &mut At<'_>) {
    let Some(node) = at.get(&["metadata", "annotations", DELETION_COST]) else { return };
    let Some(cost) = node.as_str() else { return };
    let starts = cost == "0" || cost.starts_with(|first: char| matches!(first, '-' | '1'..='9'));
    if !starts || cost.parse::<i32>().is_err() {
        let message = format!("expected a whole number of 32 bits in a text, found {}", words::word(cost));
        at.invalid(format_args!("metadata.annotations[{DELETION_COST}]"), node, message);
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "pod-names",
        at: "core/v1.PodSpec",
        check: check_names,
        refuses: &[
            "{nodeName: A, containers: [{name: a, image: 'a:1'}]}",
            "{priorityClassName: a_b, containers: [{name: a, image: 'a:1'}]}",
            "{runtimeClassName: a/b, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &["{nodeName: a.b, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-host-name",
        at: "core/v1.PodSpec",
        minors: (Minor(35), Minor(u32::MAX)),
        check: check_host_name,
        refuses: &[
            "{hostnameOverride: a, hostNetwork: true, containers: [{name: a, image: 'a:1'}]}",
            "{hostnameOverride: a, setHostnameAsFQDN: true, containers: [{name: a, image: 'a:1'}]}",
            "{hostnameOverride: a_b, containers: [{name: a, image: 'a:1'}]}",
            "{hostnameOverride: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &["{hostnameOverride: a.b, setHostnameAsFQDN: false, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-deadline",
        at: "core/v1.PodSpec",
        check: |at| {
            let Some(node) = at.get(&["activeDeadlineSeconds"]) else { return };
            if let Some(found) = number(node).filter(|found| !(1..=i64::from(i32::MAX)).contains(found)) {
                let message = format!("expected a number of seconds from 1 to {}, found `{found}`", i32::MAX);
                at.invalid("activeDeadlineSeconds", node, message);
            }
        },
        refuses: &[
            "{activeDeadlineSeconds: 0, containers: [{name: a, image: 'a:1'}]}",
            "{activeDeadlineSeconds: 2147483648, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &["{activeDeadlineSeconds: 1, containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-dns-none",
        at: "core/v1.PodSpec",
        check: check_dns,
        refuses: &[
            "{dnsPolicy: None, containers: [{name: a, image: 'a:1'}]}",
            "{dnsPolicy: None, dnsConfig: {searches: [a]}, containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &[
            "{dnsPolicy: None, dnsConfig: {nameservers: [10.0.0.1]}, containers: [{name: a, image: 'a:1'}]}",
            "{dnsPolicy: Default, containers: [{name: a, image: 'a:1'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-dns",
        at: "core/v1.PodDNSConfig",
        check: check_dns_config,
        refuses: &[
            "{nameservers: [a]}",
            "{nameservers: [10.0.0.256]}",
            "{nameservers: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]}",
            "{searches: [a..b]}",
            "{searches: [A]}",
            "{options: [{value: '2'}]}",
            "{searches: [a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a]}",
        ],
        accepts: &[
            "{nameservers: [10.0.0.1, '2001:db8::1'], searches: ['.', 'a.', _a.b_c.d], options: [{name: ndots, value: '2'}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-alias",
        at: "core/v1.HostAlias",
        check: |at| {
            if let Some(node) = at.get(&["ip"]) {
                address(at, "ip", node);
            }
            for (index, host) in at.items(&["hostnames"]) {
                check_name(at, format_args!("hostnames[{index}]"), host, "a host", dns_subdomain);
            }
        },
        refuses: &[
            "{ip: a, hostnames: [a]}",
            "{ip: 10.0.0.01}",
            "{ip: '::ffff:10.0.0.1'}",
            "{ip: 10.0.0.1, hostnames: [a_b]}",
        ],
        accepts: &["{ip: 10.0.0.1, hostnames: [a.b]}", "{ip: '::1'}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "scheduling-gate",
        at: "core/v1.PodSpec",
        check: |at| {
            for (index, gate) in at.items(&["schedulingGates"]) {
                if let Some(node) = gate.get("name") {
                    check_name(at, format_args!("schedulingGates[{index}].name"), node, "a gate", label_key);
                }
            }
            let names = at
                .items(&["schedulingGates"])
                .filter_map(|(index, gate)| Some((format!("schedulingGates[{index}].name"), gate.get("name")?)));
            check_once(at, names, |name| format!("two scheduling gates have the name `{name}`"));
        },
        refuses: &[
            "{schedulingGates: [{name: a b}], containers: [{name: a, image: 'a:1'}]}",
            "{schedulingGates: [{name: a}, {name: a}], containers: [{name: a, image: 'a:1'}]}",
        ],
        accepts: &["{schedulingGates: [{name: a.b/c}, {name: a}], containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "scheduling-gate-node",
        at: "core/v1.Pod",
        check: |at| {
            let Some(spec) = at.get(&["spec"]) else { return };
            if let Some(node) = spec.get("nodeName").filter(|_| text(spec, &["nodeName"]).is_some())
                && items(spec, &["schedulingGates"]).next().is_some()
            {
                let message = "a pod with `schedulingGates` has no node yet: `nodeName` is written when they are gone";
                forbid(at, "spec.nodeName", node.origin(), message);
            }
        },
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {nodeName: a, schedulingGates: [{name: a}], containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {nodeName: a, containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "readiness-gate",
        at: "core/v1.PodReadinessGate",
        check: |at| {
            if let Some(node) = at.get(&["conditionType"]) {
                check_name(at, "conditionType", node, "a condition", label_key);
            }
        },
        refuses: &["{conditionType: a b}", "{conditionType: ''}"],
        accepts: &["{conditionType: a.b/c}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "no-ephemeral-containers",
        at: "core/v1.PodSpec",
        check: |at| {
            if let Some(list) =
                at.get(&["ephemeralContainers"]).filter(|_| at.items(&["ephemeralContainers"]).next().is_some())
            {
                let finding = Diagnostic::new(
                    Code::ForbiddenField,
                    list.origin(),
                    "ephemeral containers are added to a pod that runs, and never written in a manifest",
                )
                .help("use `kubectl debug`, or write it as one of `containers`");
                at.report("ephemeralContainers", finding);
            }
        },
        refuses: &["{ephemeralContainers: [{name: b, image: 'a:1'}], containers: [{name: a, image: 'a:1'}]}"],
        accepts: &["{ephemeralContainers: [], containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-deletion-cost",
        at: "core/v1.Pod",
        check: check_deletion_cost,
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {controller.kubernetes.io/pod-deletion-cost: '+1'}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default, annotations: {controller.kubernetes.io/pod-deletion-cost: '-1'}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "template-deletion-cost",
        at: "core/v1.PodTemplateSpec",
        check: check_deletion_cost,
        refuses: &[
            "{metadata: {labels: {a: b}, annotations: {controller.kubernetes.io/pod-deletion-cost: a}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        accepts: &[
            "{metadata: {labels: {a: b}, annotations: {controller.kubernetes.io/pod-deletion-cost: '10'}}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
];
