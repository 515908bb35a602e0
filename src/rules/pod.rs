//! Pods as wholes: their containers beside one another, and what these share: ports of the node, claims, amounts.

use std::collections::HashMap;
use std::fmt::Display;

use super::at::{At, get, is_true, items, number, number_at, quantity, text};
use super::value::check_once;
use super::{Minor, Rule};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Quantity;
use crate::kubernetes::name::{dns_label, dns_subdomain};
use crate::text::{Node, Origin};

/// In how many seconds a pod has to end where it does not say.
const GRACE_SECONDS: i64 = 30;

/// Reports a field that may not be there.
pub(super) fn forbid(at: &mut At<'_>, place: impl Display, origin: Origin, message: impl Into<String>) {
    at.report(place, Diagnostic::new(Code::ForbiddenField, origin, message));
}

/// Reports a name that is refused as one of `what`: "a node".
pub(super) fn check_name(
    at: &mut At<'_>,
    place: impl Display,
    node: &Node,
    what: &str,
    is: fn(&str) -> Result<(), String>,
) {
    let Some(name) = node.as_str() else { return };
    if let Err(reason) = is(name) {
        let message = format!("`{name}` is no name for {what}: {reason}");
        at.report(place, Diagnostic::new(Code::InvalidName, node.origin(), message));
    }
}

/// Returns the containers of a pod's spec with the paths to them: those that run, then those that run before them.
pub(super) fn containers(spec: &Node) -> impl Iterator<Item = (String, &Node)> {
    ["containers", "initContainers"].into_iter().flat_map(move |list| {
        items(spec, &[list]).map(move |(number, container)| (format!("{list}[{number}]"), container))
    })
}

/// Whether a container of `initContainers` keeps running beside the others.
fn is_sidecar(container: &Node) -> bool {
    text(container, &["restartPolicy"]) == Some("Always")
}

/// Reports ports of the node that two ports of some containers want; where `by_network` is true only those that the
/// server fills in because the pod is in the network of its node.
fn check_host_ports<'a>(at: &mut At<'_>, containers: impl IntoIterator<Item = (String, &'a Node)>, by_network: bool) {
    let mut seen: HashMap<(&str, &str, i64), (Origin, bool)> = HashMap::new();
    for (place, container) in containers {
        for (index, port) in items(container, &["ports"]) {
            let written = port.get("hostPort").filter(|node| number(node).is_some_and(|port| port != 0));
            let Some(node) = written.or_else(|| port.get("containerPort").filter(|_| by_network)) else { continue };
            let Some(host_port) = number(node) else { continue };
            let protocol = text(port, &["protocol"]).unwrap_or("TCP");
            let key = (protocol, text(port, &["hostIP"]).unwrap_or_default(), host_port);
            let Some((first, first_written)) = seen.get(&key) else {
                seen.insert(key, (node.origin(), written.is_some()));
                continue;
            };
            if by_network && *first_written && written.is_some() {
                continue;
            }
            let field = if written.is_some() { "hostPort" } else { "containerPort" };
            let message = format!("two ports want port {host_port} ({protocol}) of the node");
            let finding =
                Diagnostic::new(Code::DuplicateValue, node.origin(), message).also(*first, "the first of them");
            at.report(format_args!("{place}.ports[{index}].{field}"), finding);
        }
    }
}

fn check_init_probes(at: &mut At<'_>) {
    for (index, container) in at.items(&["initContainers"]).filter(|(_, container)| !is_sidecar(container)) {
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            let Some(node) = get(container, &[field]) else { continue };
            // The server drops the signal, and with it what holds nothing else.
            let is_signal = node.get("stopSignal").is_some_and(|signal| !signal.is_null());
            if is_signal && get(node, &["postStart"]).is_none() && get(node, &["preStop"]).is_none() {
                continue;
            }
            let message = format!("an init container has no `{field}`: it runs to its end before the pod starts");
            let finding = Diagnostic::new(Code::ForbiddenField, node.origin(), message)
                .help("take it out, or write `restartPolicy: Always`, with which it keeps running beside the others");
            at.report(format_args!("initContainers[{index}].{field}"), finding);
        }
    }
}

fn check_resize(at: &mut At<'_>) {
    let never = at.text(&["restartPolicy"]) == Some("Never");
    for (place, container) in containers(at.node()) {
        let ends = place.starts_with("init") && !is_sidecar(container) && at.minor() >= Minor(36);
        let because = match (never, ends) {
            (true, _) => "the `restartPolicy` of the pod is `Never`",
            (_, true) => "an init container runs to its end",
            _ => continue,
        };
        for (index, policy) in items(container, &["resizePolicy"]) {
            let Some(node) = get(policy, &["restartPolicy"]) else { continue };
            if node.as_str() == Some("RestartContainer") {
                let message = format!("expected `NotRequired`, since {because}, found `RestartContainer`");
                at.invalid(format_args!("{place}.resizePolicy[{index}].restartPolicy"), node, message);
            }
        }
    }
}

/// Looks for a sleep in a lifecycle that is longer than the time in which a pod has to end.
fn check_sleep(at: &mut At<'_>) {
    let grace = match at.get(&["terminationGracePeriodSeconds"]) {
        Some(node) => number(node),
        None => Some(GRACE_SECONDS),
    };
    let Some(grace) = grace.filter(|grace| *grace >= 0) else { return };
    for (place, container) in containers(at.node()).filter(|(place, own)| place.starts_with('c') || is_sidecar(own)) {
        for moment in ["postStart", "preStop"] {
            let Some(node) = get(container, &["lifecycle", moment, "sleep", "seconds"]) else { continue };
            if let Some(found) = number(node).filter(|found| *found > grace) {
                let message = format!("expected at most {grace} seconds, the grace period of the pod, found `{found}`");
                let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
                    .help("write a longer `terminationGracePeriodSeconds`");
                at.report(format_args!("{place}.lifecycle.{moment}.sleep.seconds"), finding);
            }
        }
    }
}

fn check_claims(at: &mut At<'_>) {
    let spec = at.node();
    let declared: Vec<&str> =
        items(spec, &["resourceClaims"]).filter_map(|(_, claim)| text(claim, &["name"])).collect();
    for (place, container) in containers(spec) {
        for (index, claim) in items(container, &["resources", "claims"]) {
            let place = format!("{place}.resources.claims[{index}]");
            let Some((node, name)) = claim.get("name").and_then(|node| Some((node, node.as_str()?))) else { continue };
            if !name.is_empty() && !declared.contains(&name) {
                let message = format!("no resource claim `{name}` is declared in the pod");
                let finding = Diagnostic::new(Code::UndeclaredReference, node.origin(), message)
                    .help("declare it under `resourceClaims` of the pod")
                    .did_you_mean(name, declared.iter().copied());
                at.report(format_args!("{place}.name"), finding);
            }
        }
    }
}

/// The amounts of a pod as a whole beside those of its containers.
fn check_pod_resources(at: &mut At<'_>) {
    let spec = at.node();
    if !at.keeps("core/v1.PodSpec", "resources") {
        return;
    }
    if let Some(claims) =
        at.get(&["resources", "claims"]).filter(|node| node.as_seq().is_some_and(|all| !all.is_empty()))
    {
        let finding = Diagnostic::new(Code::ForbiddenField, claims.origin(), "the resources of a pod hold no `claims`")
            .help("write them in the resources of the containers");
        at.report("resources.claims", finding);
    }
    let amounts = |field: &str| {
        let map = get(spec, &["resources", field]).and_then(Node::as_map);
        map.into_iter().flatten().filter_map(|entry| Some((&entry.key.text, &entry.value, quantity(&entry.value)?)))
    };
    for (resource, _, most) in amounts("limits") {
        for (index, container) in items(spec, &["containers"]) {
            let Some(node) = get(container, &["resources", "limits", resource]) else { continue };
            // A pod that has less than nothing is told so by itself.
            if quantity(node).is_some_and(|limit| limit > most && !most.is_negative()) {
                let message = format!("expected a limit of at most {most}, which is that of the pod");
                at.invalid(format_args!("containers[{index}].resources.limits.{resource}"), node, message);
            }
        }
    }
    for (resource, node, total) in amounts("requests") {
        // Sidecars run beside the containers; the others are done by then.
        let beside = containers(spec).filter(|(place, container)| place.starts_with('c') || is_sidecar(container));
        let wanted: Quantity =
            beside.filter_map(|(_, container)| quantity(get(container, &["resources", "requests", resource])?)).sum();
        if wanted > total && !total.is_negative() {
            let message = format!("expected at least {wanted}, which the containers request together");
            at.invalid(format_args!("resources.requests.{resource}"), node, message);
        }
    }
}

fn check_image_spaces(at: &mut At<'_>) {
    let Some(spec) = at.get(&["spec"]) else { return };
    for (place, container) in containers(spec) {
        let Some((node, image)) = container.get("image").and_then(|node| Some((node, node.as_str()?))) else {
            continue;
        };
        if image.trim() != image {
            let message = "expected an image without spaces around it, found some";
            at.invalid(format_args!("spec.{place}.image"), node, message);
        }
    }
}

fn check_claim_source(at: &mut At<'_>) {
    if let Some(node) = at.get(&["name"]) {
        check_name(at, "name", node, "a resource claim", dns_label);
    }
    let sources = [("resourceClaimName", "a ResourceClaim"), ("resourceClaimTemplateName", "a ResourceClaimTemplate")];
    let written: Vec<_> =
        sources.into_iter().filter_map(|(field, what)| Some((field, what, at.get(&[field])?))).collect();
    match written.as_slice() {
        [] => {
            at.missing("", "missing field `resourceClaimName` or `resourceClaimTemplateName` of a resource claim");
        }
        [(field, what, node)] => check_name(at, field, node, what, dns_subdomain),
        [_, (field, _, node), ..] => {
            let message = "expected one of `resourceClaimName` and `resourceClaimTemplateName`, found both";
            forbid(at, field, node.origin(), message);
        }
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "pod-has-container",
        at: "core/v1.PodSpec",
        check: |at| {
            if let Some(list) = at.get(&["containers"]).filter(|node| node.as_seq().is_some_and(<[Node]>::is_empty)) {
                at.invalid("containers", list, "expected at least one container, found none");
            }
        },
        refuses: &["{containers: []}", "{containers: [], initContainers: [{name: a, image: 'a:1'}]}"],
        accepts: &["{containers: [{name: a, image: 'a:1'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "container-name-once",
        at: "core/v1.PodSpec",
        check: |at| {
            let names =
                containers(at.node()).filter_map(|(place, container)| Some((place + ".name", container.get("name")?)));
            check_once(at, names, |name| format!("two containers have the name `{name}`"));
        },
        refuses: &[
            "{containers: [{name: a, image: 'a:1'}, {name: a, image: 'a:2'}]}",
            "{containers: [{name: a, image: 'a:1'}], initContainers: [{name: a, image: 'a:2'}]}",
        ],
        accepts: &["{containers: [{name: a, image: 'a:1'}], initContainers: [{name: b, image: 'a:2'}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-image-spaces",
        at: "core/v1.Pod",
        check: check_image_spaces,
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: a, image: 'a:1 '}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: a, image: 'a:1'}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-port-once",
        at: "core/v1.PodSpec",
        check: |at| {
            let spec = at.node();
            check_host_ports(at, containers(spec).filter(|(place, _)| place.starts_with('c')), false);
            for init in containers(spec).filter(|(place, _)| place.starts_with('i')) {
                check_host_ports(at, [init], false);
            }
        },
        refuses: &[
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 1, hostPort: 80}]}, {name: b, image: 'a:1', ports: [{containerPort: 2, hostPort: 80}]}]}",
            "{containers: [{name: b, image: 'a:1'}], initContainers: [{name: a, image: 'a:1', ports: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 80, protocol: TCP}]}]}",
        ],
        accepts: &[
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 1, hostPort: 80}]}, {name: b, image: 'a:1', ports: [{containerPort: 2, hostPort: 80, protocol: UDP}]}]}",
            "{containers: [{name: b, image: 'a:1', ports: [{containerPort: 1, hostPort: 80}]}], initContainers: [{name: a, image: 'a:1', ports: [{containerPort: 2, hostPort: 80}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 1, hostPort: 80}]}, {name: b, image: 'a:1', ports: [{containerPort: 2, hostPort: 80, hostIP: 127.0.0.1}]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "host-network-port",
        at: "core/v1.PodSpec",
        check: |at| {
            if !is_true(at.node(), &["hostNetwork"]) {
                return;
            }
            for (place, container) in containers(at.node()).filter(|(place, _)| place.starts_with('c')) {
                for (index, port) in items(container, &["ports"]) {
                    let Some(node) = port.get("hostPort") else { continue };
                    let (Some(host), inner) = (number(node), number_at(port, &["containerPort"])) else { continue };
                    if let Some(inner) = inner.filter(|inner| host != 0 && *inner != host) {
                        let message = format!(
                            "expected the `containerPort` {inner}, since the pod is in the network of its node, found `{host}`"
                        );
                        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
                            .help("take out `hostPort`: with `hostNetwork` it is that of the container");
                        at.report(format_args!("{place}.ports[{index}].hostPort"), finding);
                    }
                }
            }
        },
        refuses: &[
            "{hostNetwork: true, containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostPort: 81}]}]}",
        ],
        accepts: &[
            "{hostNetwork: true, containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}]}]}",
            "{containers: [{name: a, image: 'a:1', ports: [{containerPort: 80, hostPort: 81}]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        // A template is not filled in like this: only its pods are refused.
        name: "host-network-port-once",
        at: "core/v1.Pod",
        check: |at| {
            let Some(spec) = at.get(&["spec"]).filter(|spec| is_true(spec, &["hostNetwork"])) else { return };
            let place = |(place, node): (String, _)| (format!("spec.{place}"), node);
            check_host_ports(at, containers(spec).filter(|(place, _)| place.starts_with('c')).map(place), true);
        },
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {hostNetwork: true, containers: [{name: a, image: 'a:1', ports: [{containerPort: 80}]}, {name: b, image: 'a:1', ports: [{containerPort: 80}]}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: a, image: 'a:1', ports: [{containerPort: 80}]}, {name: b, image: 'a:1', ports: [{containerPort: 80}]}]}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "init-container-probe",
        at: "core/v1.PodSpec",
        check: check_init_probes,
        refuses: &[
            "{containers: [{name: b, image: 'a:1'}], initContainers: [{name: a, image: 'a:1', readinessProbe: {tcpSocket: {port: 80}}}]}",
            "{containers: [{name: b, image: 'a:1'}], initContainers: [{name: a, image: 'a:1', lifecycle: {preStop: {exec: {command: [a]}}}}]}",
        ],
        accepts: &[
            "{containers: [{name: b, image: 'a:1'}], initContainers: [{name: a, image: 'a:1', restartPolicy: Always, readinessProbe: {tcpSocket: {port: 80}}}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resize-without-restart",
        at: "core/v1.PodSpec",
        check: check_resize,
        refuses: &[
            "{restartPolicy: Never, containers: [{name: a, image: 'a:1', resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}]}",
            "{containers: [{name: b, image: 'a:1'}], initContainers: [{name: a, image: 'a:1', resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}]}",
        ],
        accepts: &[
            "{restartPolicy: Never, containers: [{name: a, image: 'a:1', resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]}]}",
            "{containers: [{name: b, image: 'a:1'}], initContainers: [{name: a, image: 'a:1', restartPolicy: Always, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "sleep-in-grace-period",
        at: "core/v1.PodSpec",
        check: check_sleep,
        refuses: &[
            "{containers: [{name: a, image: 'a:1', lifecycle: {preStop: {sleep: {seconds: 31}}}}]}",
            "{terminationGracePeriodSeconds: 5, containers: [{name: a, image: 'a:1', lifecycle: {preStop: {sleep: {seconds: 6}}}}]}",
        ],
        accepts: &["{containers: [{name: a, image: 'a:1', lifecycle: {preStop: {sleep: {seconds: 30}}}}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resource-claim-source",
        at: "core/v1.PodResourceClaim",
        check: check_claim_source,
        refuses: &[
            "{name: a}",
            "{name: a, resourceClaimName: b, resourceClaimTemplateName: b}",
            "{name: a, resourceClaimName: B}",
            "{name: a.b, resourceClaimName: b}",
        ],
        accepts: &["{name: a, resourceClaimName: b.c}", "{name: a, resourceClaimTemplateName: b}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resource-claim-once",
        at: "core/v1.PodSpec",
        check: |at| {
            let names = at
                .items(&["resourceClaims"])
                .filter_map(|(index, claim)| Some((format!("resourceClaims[{index}].name"), claim.get("name")?)));
            check_once(at, names, |name| format!("two resource claims have the name `{name}`"));
        },
        refuses: &[
            "{containers: [{name: a, image: 'a:1'}], resourceClaims: [{name: a, resourceClaimName: a}, {name: a, resourceClaimName: b}]}",
        ],
        accepts: &[
            "{containers: [{name: a, image: 'a:1'}], resourceClaims: [{name: a, resourceClaimName: a}, {name: b, resourceClaimName: a}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resource-claim-declared",
        at: "core/v1.PodSpec",
        check: check_claims,
        refuses: &[
            "{containers: [{name: a, image: 'a:1', resources: {claims: [{name: b}]}}], resourceClaims: [{name: a, resourceClaimName: a}]}",
            "{containers: [{name: a, image: 'a:1', resources: {claims: [{name: b}]}}]}",
        ],
        accepts: &[
            "{containers: [{name: a, image: 'a:1', resources: {claims: [{name: a, request: a}, {name: a, request: b}]}}], resourceClaims: [{name: a, resourceClaimName: a}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "pod-resources",
        at: "core/v1.PodSpec",
        check: check_pod_resources,
        refuses: &[
            "{resources: {requests: {cpu: 1}}, containers: [{name: a, image: 'a:1', resources: {requests: {cpu: 600m}}}, {name: b, image: 'a:1', resources: {requests: {cpu: 600m}}}]}",
            "{resources: {limits: {cpu: 1}}, containers: [{name: a, image: 'a:1', resources: {limits: {cpu: 2}}}]}",
        ],
        accepts: &[
            "{resources: {requests: {cpu: 1200m}}, containers: [{name: a, image: 'a:1', resources: {requests: {cpu: 600m}}}, {name: b, image: 'a:1', resources: {requests: {cpu: 600m}}}]}",
            "{resources: {limits: {cpu: 2}}, containers: [{name: a, image: 'a:1', resources: {limits: {cpu: 2}}}]}",
        ],
        ..Rule::ALWAYS
    },
];
