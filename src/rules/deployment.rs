//! Deployments: how their pods are replaced.

use super::Rule;
use super::at::{At, number_at};
use super::selector::{finds_its_pods, is_not_empty};
use super::workload::{Portion, not_above_all, not_negative, portion, runs_on};
use crate::diagnostic::{Code, Diagnostic};

/// The seconds in which a Deployment must get on where nothing else is written.
const PROGRESS_SECONDS: i64 = 600;

pub(super) const RULES: &[Rule] = &[
    Rule {
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
    },
    Rule {
        name: "deployment-rolling-update",
        at: "apps/v1.DeploymentStrategy",
        check: rolling_update,
        refuses: &[
            "{rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}",
            "{rollingUpdate: {maxSurge: 0%, maxUnavailable: 0}}",
            "{rollingUpdate: {maxUnavailable: 101%}}",
            "{rollingUpdate: {maxUnavailable: -1}}",
            "{rollingUpdate: {maxSurge: '1'}}",
            "{rollingUpdate: {maxSurge: 1.5%}}",
            "{rollingUpdate: {maxSurge: some}}",
        ],
        accepts: &[
            "{rollingUpdate: {maxSurge: 0}}",
            "{rollingUpdate: {maxSurge: 200%, maxUnavailable: 0}}",
            "{rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}",
            "{rollingUpdate: {maxUnavailable: 500}}",
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deployment-numbers",
        at: "apps/v1.DeploymentSpec",
        check: |at| {
            not_negative(
                at,
                &[&["replicas"], &["minReadySeconds"], &["revisionHistoryLimit"], &["progressDeadlineSeconds"]],
            );
        },
        refuses: &[
            concat!("{replicas: -1, ", selected!()),
            concat!("{minReadySeconds: -1, ", selected!()),
            concat!("{revisionHistoryLimit: -1, ", selected!()),
            concat!("{progressDeadlineSeconds: -1, ", selected!()),
        ],
        accepts: &[concat!("{replicas: 0, revisionHistoryLimit: 0, ", selected!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deployment-progress",
        at: "apps/v1.DeploymentSpec",
        check: progress,
        refuses: &[
            concat!("{minReadySeconds: 600, ", selected!()),
            concat!("{minReadySeconds: 5, progressDeadlineSeconds: 5, ", selected!()),
            concat!("{progressDeadlineSeconds: 0, ", selected!()),
        ],
        accepts: &[
            concat!("{minReadySeconds: 599, ", selected!()),
            concat!("{minReadySeconds: 5, progressDeadlineSeconds: 6, ", selected!()),
        ],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deployment-selector",
        at: "apps/v1.DeploymentSpec",
        check: is_not_empty,
        refuses: &[
            "{selector: {}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
        ],
        accepts: &[concat!("{", selected!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "deployment-finds-its-pods",
        at: "apps/v1.DeploymentSpec",
        check: finds_its_pods,
        refuses: &[
            "{selector: {matchLabels: {a: c}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {matchLabels: {a: b}}, template: {spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {matchExpressions: [{key: a, operator: NotIn, values: [b, c]}]}, \
             template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {matchExpressions: [{key: b, operator: Exists}]}, \
             template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
        ],
        accepts: &[
            "{selector: {matchLabels: {a: b}}, \
             template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
            "{selector: {matchExpressions: [{key: a, operator: In, values: [b, c]}, {key: d, operator: NotIn, values: [e]}, \
             {key: d, operator: DoesNotExist}]}, \
             template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1'}]}}}",
        ],
        ..Rule::ALWAYS
    },
    keeps_running!("deployment-runs-on", "apps/v1.DeploymentSpec", "Deployment"),
];

fn rolling_update(at: &mut At<'_>) {
    if at.word("type").as_deref() != Some("RollingUpdate") {
        return;
    }
    let quarter = Portion::Percent(25);
    let unavailable = portion(at, &["rollingUpdate", "maxUnavailable"], quarter);
    let surge = portion(at, &["rollingUpdate", "maxSurge"], quarter);
    if let Some(unavailable) = unavailable {
        not_above_all(at, &["rollingUpdate", "maxUnavailable"], unavailable);
    }
    let none = [unavailable, surge].iter().all(|portion| portion.is_some_and(Portion::is_zero));
    if none && let Some(node) = at.get(&["rollingUpdate", "maxUnavailable"]) {
        let message = "`maxUnavailable` and `maxSurge` are both 0: no pod may stop, and none may start before it";
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message).help("allow one of them at least 1");
        at.report("rollingUpdate.maxUnavailable", finding);
    }
}

fn progress(at: &mut At<'_>) {
    let ready = number_at(at.node(), &["minReadySeconds"]).unwrap_or(0);
    let deadline = number_at(at.node(), &["progressDeadlineSeconds"]).unwrap_or(PROGRESS_SECONDS);
    if deadline > ready || ready < 0 || deadline < 0 {
        return;
    }
    let written = ["progressDeadlineSeconds", "minReadySeconds"];
    let written = written.into_iter().find_map(|field| Some((field, at.get(&[field])?)));
    if let Some((field, node)) = written {
        let message = format!(
            "`progressDeadlineSeconds` is {deadline} and must be greater than `minReadySeconds`, which is {ready}: \
             no pod would be ready in time"
        );
        let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
        at.report(field, finding.help("write a longer `progressDeadlineSeconds`"));
    }
}
