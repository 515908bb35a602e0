//! Deployments: how their pods are replaced.

use super::Rule;
use crate::diagnostic::{Code, Diagnostic};

pub(super) const RULES: &[Rule] = &[Rule {
    name: "recreate-without-rolling-update",
    at: "apps/v1.DeploymentStrategy",
    check: |at| {
        let Some(rolling) = at.get(&["rollingUpdate"]) else { return };
        if at.text(&["type"]) == Some("Recreate") {
            let message =
                "`rollingUpdate` may not stand beside `type: Recreate`, which stops all pods before new ones start";
            let help = "take `rollingUpdate` out, or write `type: RollingUpdate`";
            at.report("rollingUpdate", Diagnostic::new(Code::ForbiddenField, rolling.origin(), message).help(help));
        }
    },
    refuses: &["{type: Recreate, rollingUpdate: {maxSurge: 1}}"],
    accepts: &["{type: RollingUpdate, rollingUpdate: {maxSurge: 1}}", "{type: Recreate}"],
    ..Rule::ALWAYS
}];
