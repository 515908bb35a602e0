//! Containers: their ports, and what is mounted in them.

use std::collections::HashMap;

use super::Rule;
use super::at::{number, text};
use crate::diagnostic::{Code, Diagnostic};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "container-port-range",
        at: "core/v1.ContainerPort",
        check: |at| {
            for field in ["containerPort", "hostPort"] {
                let Some(port) = at.get(&[field]) else { continue };
                // No port of the host is a port of zero.
                let least = if field == "hostPort" { 0 } else { 1 };
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
        name: "mount-path-once",
        at: "core/v1.Container",
        check: |at| {
            let mut seen = HashMap::new();
            for (number, mount) in at.items(&["volumeMounts"]) {
                let Some(path) = text(mount, &["mountPath"]) else { continue };
                let place = mount.get("mountPath").map_or(mount.origin(), |path| path.origin());
                if let Some(first) = seen.insert(path, place) {
                    let finding = Diagnostic::new(
                        Code::DuplicateValue,
                        place,
                        format!("`{path}` is mounted twice in one container"),
                    )
                    .also(first, "the first time")
                    .help("mount one of them elsewhere, or take it out");
                    at.report(format_args!("volumeMounts[{number}].mountPath"), finding);
                }
            }
        },
        refuses: &["{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a}]}"],
        accepts: &["{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a/}]}"],
        ..Rule::ALWAYS
    },
];
