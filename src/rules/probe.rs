//! Probes and lifecycle handlers of containers: what they do, and their numbers.

use super::Rule;
use super::at::{At, get, items, number_at};
use super::value::{at_least, filled, forbid, port, port_or_name};
use crate::diagnostic::{Code, Diagnostic, words};

/// What a probe can do, and what a handler can do.
const PROBE: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];
const HANDLER: [&str; 4] = ["exec", "httpGet", "tcpSocket", "sleep"];
/// The numbers of a probe that may not be negative.
const COUNTS: [&str; 5] =
    ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/// Reports what is to be done beyond the first, and the want of it.
fn one_action(at: &mut At<'_>, known: &[&str], of: &str) {
    let mut found = known.iter().filter_map(|field| Some((field, at.get(&[field])?)));
    let Some((first, _)) = found.next() else {
        let list = words::list(known.iter().copied(), "or");
        return at.missing("", format!("expected {list} in {of}, found none of them"));
    };
    for (field, node) in found.collect::<Vec<_>>() {
        let message = format!("`{field}` may not stand beside `{first}`: {of} does one thing");
        forbid(at, field, node, message, "take one of them out");
    }
}

fn check_counts(at: &mut At<'_>) {
    for field in COUNTS {
        if let Some(node) = at.get(&[field]) {
            at_least(at, field, node, "a number", 0);
        }
    }
    if let Some(node) = at.get(&["terminationGracePeriodSeconds"]) {
        at_least(at, "terminationGracePeriodSeconds", node, "a number", 1);
    }
}

fn check_thresholds(at: &mut At<'_>) {
    const PERIOD: [&str; 2] = ["readinessProbe", "terminationGracePeriodSeconds"];
    for probe in ["livenessProbe", "startupProbe"] {
        const FIELD: &str = "successThreshold";
        // Below zero it has a finding already, and zero is the default, which is one.
        let Some(found) = number_at(at.node(), &[probe, FIELD]).filter(|found| *found > 1) else { continue };
        let Some(node) = at.get(&[probe, FIELD]) else { continue };
        let message = format!("expected `1`, as one success is enough for a `{probe}`, found `{found}`");
        at.invalid(format_args!("{probe}.{FIELD}"), node, message);
    }
    if let Some(node) = at.get(&PERIOD).filter(|_| number_at(at.node(), &PERIOD).is_some_and(|found| found > 0)) {
        let message = "`terminationGracePeriodSeconds` may not stand in `readinessProbe`, which ends no container";
        forbid(at, PERIOD.join("."), node, message, "take it out");
    }
}

fn check_http(at: &mut At<'_>) {
    if let Some(node) = at.get(&["port"]) {
        port_or_name(at, "port", node);
    }
    for (index, header) in items(at.node(), &["httpHeaders"]) {
        let place = format!("httpHeaders[{index}].name");
        let Some(node) = get(header, &["name"]) else { continue };
        filled(at, &place, Some(node), "the name of a header");
        let Some(name) = node.as_str() else { continue };
        if let Some(other) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
            let message = format!(
                "`{}` is no name for a header: expected letters, digits and `-`, found `{}`",
                words::shown(name),
                other.escape_debug()
            );
            at.report(&place, Diagnostic::new(Code::InvalidName, node.origin(), message));
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "probe-action",
        at: "core/v1.Probe",
        check: |at| one_action(at, &PROBE, "a probe"),
        refuses: &[
            "{}",
            "{periodSeconds: 5}",
            "{exec: {command: [a]}, tcpSocket: {port: 80}}",
            "{httpGet: {port: 80}, grpc: {port: 80}}",
        ],
        accepts: &["{grpc: {port: 80}}", "{tcpSocket: {port: 80}, exec: null}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "probe-counts",
        at: "core/v1.Probe",
        check: check_counts,
        refuses: &[
            "{tcpSocket: {port: 80}, initialDelaySeconds: -1}",
            "{tcpSocket: {port: 80}, timeoutSeconds: -1}",
            "{tcpSocket: {port: 80}, periodSeconds: -1}",
            "{tcpSocket: {port: 80}, successThreshold: -1}",
            "{tcpSocket: {port: 80}, failureThreshold: -1}",
            "{tcpSocket: {port: 80}, terminationGracePeriodSeconds: 0}",
        ],
        accepts: &[
            "{tcpSocket: {port: 80}, initialDelaySeconds: 0, timeoutSeconds: 0, periodSeconds: 0, successThreshold: 0, failureThreshold: 0}",
            "{tcpSocket: {port: 80}, terminationGracePeriodSeconds: 1}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "probe-threshold",
        at: "core/v1.Container",
        check: check_thresholds,
        refuses: &[
            "{name: a, image: 'a:1', livenessProbe: {tcpSocket: {port: 80}, successThreshold: 2}}",
            "{name: a, image: 'a:1', startupProbe: {tcpSocket: {port: 80}, successThreshold: 2}}",
            "{name: a, image: 'a:1', readinessProbe: {tcpSocket: {port: 80}, terminationGracePeriodSeconds: 5}}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', readinessProbe: {tcpSocket: {port: 80}, successThreshold: 2}}",
            "{name: a, image: 'a:1', livenessProbe: {tcpSocket: {port: 80}, successThreshold: 0, terminationGracePeriodSeconds: 5}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "handler-action",
        at: "core/v1.LifecycleHandler",
        check: |at| one_action(at, &HANDLER, "a handler"),
        refuses: &["{}", "{exec: {command: [a]}, sleep: {seconds: 1}}", "{httpGet: {port: 80}, tcpSocket: {port: 80}}"],
        accepts: &["{sleep: {seconds: 0}}", "{tcpSocket: {port: 80}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "exec-command",
        at: "core/v1.ExecAction",
        check: |at| {
            if at.items(&["command"]).next().is_none() {
                at.missing("command", "missing field `command` of `ExecAction`, which says what to run");
            }
        },
        refuses: &["{}", "{command: []}"],
        accepts: &["{command: ['']}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "http-get",
        at: "core/v1.HTTPGetAction",
        check: check_http,
        refuses: &[
            "{port: 0}",
            "{port: 65536}",
            "{port: '80'}",
            "{port: ''}",
            "{port: a-name-of-16-abc}",
            "{port: 80, httpHeaders: [{name: A_B, value: a}]}",
            "{port: 80, httpHeaders: [{name: '', value: a}]}",
        ],
        accepts: &[
            "{port: web}",
            "{port: 80, httpHeaders: [{name: X-A, value: ''}, {name: X-A, value: b}]}",
            "{path: a, port: 80}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "tcp-socket",
        at: "core/v1.TCPSocketAction",
        check: |at| {
            if let Some(node) = at.get(&["port"]) {
                port_or_name(at, "port", node);
            }
        },
        refuses: &["{port: 0}", "{port: Web}", "{port: '5432'}"],
        accepts: &["{port: web}", "{port: 5432}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "grpc-port",
        at: "core/v1.GRPCAction",
        check: |at| {
            if let Some(node) = at.get(&["port"]) {
                port(at, "port", node);
            }
        },
        refuses: &["{port: 0}", "{port: 70000}"],
        accepts: &["{port: 1}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "sleep-seconds",
        at: "core/v1.SleepAction",
        check: |at| {
            if let Some(node) = at.get(&["seconds"]) {
                at_least(at, "seconds", node, "a number", 0);
            }
        },
        refuses: &["{seconds: -1}"],
        accepts: &["{seconds: 0}"],
        ..Rule::ALWAYS
    },
];
