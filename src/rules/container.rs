//! Containers: what they run, their ports, what is mounted in them, and when they start anew.

use std::collections::HashMap;

use super::Rule;
use super::at::{At, get, is_true, items, number, text};
use super::value::{again, filled, forbid, one_of, without_repetition};
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::Minor;
use crate::kubernetes::name::port_name;
use crate::text::{Node, Origin};

/// The most rules of when a container starts anew, and the most exit codes of one.
const RESTART_RULES: usize = 20;
const EXIT_CODES: usize = 255;

/// Returns why a path does not lead down from where it starts.
pub(super) fn descending(path: &str) -> Result<(), String> {
    if path.starts_with('/') {
        return Err(format!("expected a relative path, found `{}`, which starts with `/`", words::shown(path)));
    }
    no_way_up(path)
}

/// Returns why a path leads up.
pub(super) fn no_way_up(path: &str) -> Result<(), String> {
    if path.split('/').any(|part| part == "..") {
        return Err(format!("expected a path without `..`, found {}", words::word(path)));
    }
    Ok(())
}

/// Reports a path at a field that is refused; an empty one is none.
pub(super) fn path(at: &mut At<'_>, field: &str, is: fn(&str) -> Result<(), String>) {
    if let Some(node) = at.get(&[field])
        && let Some(Err(message)) = node.as_str().map(is)
    {
        at.invalid(field, node, message);
    }
}

fn check_image(at: &mut At<'_>) {
    match at.get(&["image"]) {
        None => at.missing("image", "missing field `image` of `Container`, which says what it runs"),
        image => filled(at, "image", image, "an image"),
    }
}

fn check_port_names(at: &mut At<'_>) {
    let mut seen: HashMap<&str, Origin> = HashMap::new();
    for (index, port) in at.items(&["ports"]) {
        let Some(node) = get(port, &["name"]) else { continue };
        // A name that is none has its finding already.
        let Some(name) = node.as_str().filter(|name| port_name(name).is_ok()) else { continue };
        if let Some(first) = seen.get(name) {
            let message = format!("two ports of one container have the name `{name}`");
            again(at, format_args!("ports[{index}].name"), node, *first, message);
        } else {
            seen.insert(name, node.origin());
        }
    }
}

fn check_mount(at: &mut At<'_>) {
    filled(at, "name", at.get(&["name"]), "the name of a volume");
    filled(at, "mountPath", at.get(&["mountPath"]), "a path");
    path(at, "subPath", descending);
    path(at, "subPathExpr", descending);
    if let (Some(_), Some(_), Some(node)) = (at.text(&["subPath"]), at.text(&["subPathExpr"]), at.get(&["subPathExpr"]))
    {
        forbid(at, "subPathExpr", node, "`subPathExpr` may not stand beside `subPath`", "take one of them out");
    }
    if let Some(node) = at.get(&["mountPropagation"]).filter(|node| node.as_str() == Some("")) {
        one_of(at, "mountPropagation", node, &["Bidirectional", "HostToContainer", "None"]);
    }
}

fn check_recursion(at: &mut At<'_>) {
    let Some(node) = at.get(&["recursiveReadOnly"]) else { return };
    let known = one_of(at, "recursiveReadOnly", node, &["Disabled", "Enabled", "IfPossible"]);
    let Some(mode) = node.as_str().filter(|mode| known && *mode != "Disabled") else { return };
    if !is_true(at.node(), &["readOnly"]) {
        let message = format!("`recursiveReadOnly: {mode}` is for mounts that are read-only");
        forbid(at, "recursiveReadOnly", node, message, "add `readOnly: true`, or take `recursiveReadOnly` out");
    } else if let Some(found) = at.text(&["mountPropagation"]).filter(|found| *found != "None") {
        let message = format!("`recursiveReadOnly: {mode}` may not stand beside `mountPropagation: {found}`");
        forbid(
            at,
            "recursiveReadOnly",
            node,
            message,
            "write `mountPropagation: None`, or take `recursiveReadOnly` out",
        );
    }
}

fn check_propagation(at: &mut At<'_>) {
    if is_true(at.node(), &["securityContext", "privileged"]) {
        return;
    }
    for (index, mount) in at.items(&["volumeMounts"]) {
        if text(mount, &["mountPropagation"]) != Some("Bidirectional") {
            continue;
        }
        let Some(node) = mount.get("mountPropagation") else { continue };
        let message = "`mountPropagation: Bidirectional` is for privileged containers alone";
        let help = "write `HostToContainer`, or `privileged: true` in the `securityContext` of the container";
        forbid(at, format_args!("volumeMounts[{index}].mountPropagation"), node, message, help);
    }
}

fn check_mount_paths(at: &mut At<'_>) {
    let mut seen = HashMap::new();
    for (number, mount) in at.items(&["volumeMounts"]) {
        let Some(path) = text(mount, &["mountPath"]) else { continue };
        let place = mount.get("mountPath").map_or(mount.origin(), Node::origin);
        if let Some((first, known)) = seen.insert(path, (place, mount)) {
            let message = format!("`{path}` is mounted twice in one container");
            let finding = Diagnostic::new(Code::DuplicateValue, place, message)
                .also(first, "the first time")
                .help("mount one of them elsewhere, or take it out");
            let fix = without_repetition(known, mount);
            at.report(format_args!("volumeMounts[{number}].mountPath"), Diagnostic { fix, ..finding });
        }
    }
}

fn check_devices(at: &mut At<'_>) {
    if at.get(&["volumeDevices"]).is_none() {
        return;
    }
    let mounted = |field| {
        let mounts = at.items(&["volumeMounts"]);
        mounts.filter_map(move |(_, mount)| text(mount, &[field]).map(|text| (text, mount))).collect::<HashMap<_, _>>()
    };
    let known = [("name", mounted("name")), ("devicePath", mounted("mountPath"))];
    let mut seen: HashMap<(&str, &str), Origin> = HashMap::new();
    for (index, device) in at.items(&["volumeDevices"]) {
        for (field, mounted) in &known {
            let Some(value) = text(device, &[field]) else { continue };
            let Some(node) = device.get(field) else { continue };
            let place = format!("volumeDevices[{index}].{field}");
            if let Some(first) = seen.get(&(*field, value)) {
                again(at, place, node, *first, format!("two devices of one container have the {field} `{value}`"));
                break;
            }
            if let Some(mount) = mounted.get(value) {
                let message = match *field {
                    "name" => format!("the volume `{value}` is a device and mounted too"),
                    _ => format!("`{value}` is the path of a device and of a mount"),
                };
                let finding = Diagnostic::new(Code::DuplicateValue, node.origin(), message);
                at.report(place, finding.also(mount.origin(), "the mount"));
                break;
            }
            seen.insert((field, value), node.origin());
        }
    }
}

fn check_resizing(at: &mut At<'_>) {
    let mut seen = HashMap::new();
    for (index, policy) in at.items(&["resizePolicy"]) {
        let Some(name) = text(policy, &["resourceName"]) else { continue };
        if let (Some(first), Some(node)) = (seen.insert(name, policy.origin()), policy.get("resourceName")) {
            let place = format!("resizePolicy[{index}].resourceName");
            again(at, place, node, first, format!("two policies are for `{name}`"));
        }
    }
}

fn check_restarts(at: &mut At<'_>) {
    let rules = at.items(&["restartPolicyRules"]).count();
    if let Some(node) = at.get(&["restartPolicy"]) {
        one_of(at, "restartPolicy", node, &["Always", "Never", "OnFailure"]);
    } else if rules > 0 {
        at.missing("restartPolicy", "missing field `restartPolicy` of `Container`: `restartPolicyRules` need it");
    }
    if let Some(node) = at.get(&["restartPolicyRules"]).filter(|_| rules > RESTART_RULES) {
        at.invalid("restartPolicyRules", node, format!("expected at most {RESTART_RULES} rules, found {rules}"));
    }
}

fn check_restart_rule(at: &mut At<'_>) {
    let all: &[&str] = &["Restart", "RestartAllContainers"];
    let actions = if at.minor() < Minor(36) { &all[..1] } else { all };
    if let Some(node) = at.get(&["action"]) {
        one_of(at, "action", node, actions);
    }
    let Some(codes) = at.get(&["exitCodes"]) else {
        return at.missing("exitCodes", "missing field `exitCodes` of `ContainerRestartRule`");
    };
    if let Some(node) = get(codes, &["operator"]) {
        one_of(at, "exitCodes.operator", node, &["In", "NotIn"]);
    }
    let count = items(codes, &["values"]).count();
    if let Some(node) = get(codes, &["values"]).filter(|_| count > EXIT_CODES) {
        at.invalid("exitCodes.values", node, format!("expected at most {EXIT_CODES} exit codes, found {count}"));
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "container-name",
        at: "core/v1.Container",
        check: |at| filled(at, "name", at.get(&["name"]), "a name"),
        refuses: &["{name: '', image: 'a:1'}"],
        accepts: &["{name: a, image: 'a:1'}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "container-image",
        at: "core/v1.Container",
        check: check_image,
        refuses: &["{name: a}", "{name: a, image: ''}"],
        accepts: &["{name: a, image: a}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "container-port-range",
        at: "core/v1.ContainerPort",
        check: |at| {
            for field in ["containerPort", "hostPort"] {
                let Some(port) = at.get(&[field]) else { continue };
                // No port of the host is a port of zero.
                let least = i64::from(field != "hostPort");
                if let Some(found) = number(port).filter(|port| !(least..=65535).contains(port)) {
                    at.invalid(field, port, format!("expected a port from 1 to 65535, found `{found}`"));
                }
            }
        },
        refuses: &["{containerPort: 70000}", "{containerPort: 0}", "{containerPort: 80, hostPort: -1}"],
        accepts: &["{containerPort: 65535}", "{containerPort: 80, hostPort: 0}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "port-name-once",
        at: "core/v1.Container",
        check: check_port_names,
        refuses: &[
            "{name: a, image: 'a:1', ports: [{name: web, containerPort: 80}, {name: web, containerPort: 81}]}",
            "{name: a, image: 'a:1', ports: [{name: dns, containerPort: 53}, {name: dns, containerPort: 53, protocol: UDP}]}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', ports: [{name: web, containerPort: 80}, {name: more, containerPort: 81}]}",
            "{name: a, image: 'a:1', ports: [{containerPort: 80}, {name: '', containerPort: 81}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-mount",
        at: "core/v1.VolumeMount",
        check: check_mount,
        refuses: &[
            "{name: v, mountPath: ''}",
            "{name: v, mountPath: /a, subPath: /b}",
            "{name: v, mountPath: /a, subPath: b/../c}",
            "{name: v, mountPath: /a, subPathExpr: ../c}",
            "{name: v, mountPath: /a, subPath: b, subPathExpr: c}",
            "{name: v, mountPath: /a, mountPropagation: ''}",
        ],
        accepts: &[
            "{name: v, mountPath: a}",
            "{name: v, mountPath: /a, subPath: b/..c}",
            "{name: v, mountPath: /a, subPath: '', subPathExpr: $(A)}",
            "{name: v, mountPath: /a, mountPropagation: HostToContainer}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "mount-read-only",
        at: "core/v1.VolumeMount",
        check: check_recursion,
        refuses: &[
            "{name: v, mountPath: /a, readOnly: true, recursiveReadOnly: Always}",
            "{name: v, mountPath: /a, recursiveReadOnly: Enabled}",
            "{name: v, mountPath: /a, readOnly: true, recursiveReadOnly: IfPossible, mountPropagation: HostToContainer}",
        ],
        accepts: &[
            "{name: v, mountPath: /a, recursiveReadOnly: Disabled}",
            "{name: v, mountPath: /a, readOnly: true, recursiveReadOnly: Enabled, mountPropagation: None}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "mount-both-ways",
        at: "core/v1.Container",
        check: check_propagation,
        refuses: &[
            "{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /a, mountPropagation: Bidirectional}]}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', securityContext: {privileged: true}, volumeMounts: [{name: v, mountPath: /a, mountPropagation: Bidirectional}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "mount-path-once",
        at: "core/v1.Container",
        check: check_mount_paths,
        refuses: &["{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a}]}"],
        accepts: &["{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a/}]}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-device",
        at: "core/v1.VolumeDevice",
        check: |at| {
            filled(at, "name", at.get(&["name"]), "the name of a volume");
            filled(at, "devicePath", at.get(&["devicePath"]), "a path");
            path(at, "devicePath", no_way_up);
        },
        refuses: &["{name: d, devicePath: ''}", "{name: d, devicePath: /dev/../a}"],
        accepts: &["{name: d, devicePath: /dev/..a}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "volume-device-once",
        at: "core/v1.Container",
        check: check_devices,
        refuses: &[
            "{name: a, image: 'a:1', volumeDevices: [{name: d, devicePath: /a}, {name: d, devicePath: /b}]}",
            "{name: a, image: 'a:1', volumeDevices: [{name: d, devicePath: /a}, {name: e, devicePath: /a}]}",
            "{name: a, image: 'a:1', volumeDevices: [{name: d, devicePath: /a}], volumeMounts: [{name: d, mountPath: /b}]}",
            "{name: a, image: 'a:1', volumeDevices: [{name: d, devicePath: /a}], volumeMounts: [{name: v, mountPath: /a}]}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', volumeDevices: [{name: d, devicePath: /a}, {name: e, devicePath: /b}], volumeMounts: [{name: v, mountPath: /c}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resize-policy",
        at: "core/v1.ContainerResizePolicy",
        check: |at| {
            for (field, values) in
                [("resourceName", ["cpu", "memory"]), ("restartPolicy", ["NotRequired", "RestartContainer"])]
            {
                if let Some(node) = at.get(&[field]) {
                    one_of(at, field, node, &values);
                }
            }
        },
        refuses: &[
            "{resourceName: storage, restartPolicy: NotRequired}",
            "{resourceName: '', restartPolicy: NotRequired}",
            "{resourceName: cpu, restartPolicy: Always}",
        ],
        accepts: &["{resourceName: memory, restartPolicy: RestartContainer}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "resize-policy-once",
        at: "core/v1.Container",
        check: check_resizing,
        refuses: &[
            "{name: a, image: 'a:1', resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: cpu, restartPolicy: RestartContainer}]}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "container-restart",
        at: "core/v1.Container",
        // Before, the server leaves the fields out.
        minors: (Minor(35), Minor(u32::MAX)),
        check: check_restarts,
        refuses: &[
            "{name: a, image: 'a:1', restartPolicy: Sometimes}",
            "{name: a, image: 'a:1', restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]}",
        ],
        accepts: &[
            "{name: a, image: 'a:1', restartPolicy: OnFailure}",
            "{name: a, image: 'a:1', restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "restart-rule",
        at: "core/v1.ContainerRestartRule",
        minors: (Minor(35), Minor(u32::MAX)),
        check: check_restart_rule,
        refuses: &[
            "{action: Stop, exitCodes: {operator: In, values: [1]}}",
            "{action: Restart}",
            "{action: Restart, exitCodes: {operator: Exists, values: [1]}}",
        ],
        accepts: &[
            "{action: Restart, exitCodes: {operator: NotIn, values: [1]}}",
            "{action: Restart, exitCodes: {operator: In}}",
        ],
        ..Rule::ALWAYS
    },
];
