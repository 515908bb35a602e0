//! `PriorityClass`: the names and numbers that the system keeps for itself.

use super::Rule;
use super::at::{is_true, number_at};
use crate::diagnostic::{Code, Diagnostic};

/// The highest priority that is no system's.
const HIGHEST: i64 = 1_000_000_000;
/// The classes of the system, with their priorities.
const SYSTEM: &[(&str, i64)] =
    &[("system-node-critical", 2 * HIGHEST + 1000), ("system-cluster-critical", 2 * HIGHEST)];

pub(super) const RULES: &[Rule] = &[Rule {
    name: "priority-class",
    at: "scheduling/v1.PriorityClass",
    check: |at| {
        let value = number_at(at.node(), &["value"]).unwrap_or(0);
        let Some((name, node)) = at.text(&["metadata", "name"]).zip(at.get(&["metadata", "name"])) else { return };
        if name.starts_with("system-") {
            let known = SYSTEM.contains(&(name, value)) && !is_true(at.node(), &["globalDefault"]);
            if !known {
                let message =
                    format!("`{name}` is a name of the system: expected one that does not start with `system-`");
                at.report("metadata.name", Diagnostic::new(Code::InvalidName, node.origin(), message));
            }
        } else if let Some(node) = at.get(&["value"]).filter(|_| value > HIGHEST) {
            at.invalid(
                "value",
                node,
                format!("expected a priority up to {HIGHEST}, found `{value}`: higher ones are the system's"),
            );
        }
    },
    refuses: &[
        "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: a}, value: 1000000001}",
        "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: system-a}, value: 1}",
    ],
    accepts: &[
        "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: a}, value: 1000000000}",
        "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: systems}, value: -5}",
    ],
    ..Rule::ALWAYS
}];
