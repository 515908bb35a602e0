//! `StatefulSet`s: how their pods are counted, replaced and found.

use super::Rule;
use super::at::At;
use super::selector::{finds_its_pods, is_not_empty};
use super::workload::{Portion, not_above_all, not_negative, portion, runs_on};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Minor;
use crate::kubernetes::name::dns_label;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "stateful-set-numbers",
        at: "apps/v1.StatefulSetSpec",
        // A negative `revisionHistoryLimit` brings a warning alone.
        check: |at| not_negative(at, &[&["replicas"], &["minReadySeconds"], &["ordinals", "start"]]),
        refuses: &[
            concat!("{replicas: -1, ", selected!()),
            concat!("{minReadySeconds: -1, ", selected!()),
            concat!("{ordinals: {start: -1}, ", selected!()),
        ],
        accepts: &[concat!("{replicas: 0, ordinals: {start: 3}, revisionHistoryLimit: -1, ", selected!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "stateful-set-service-name",
        at: "apps/v1.StatefulSetSpec",
        minors: (Minor(33), Minor(u32::MAX)),
        check: |at| {
            let (Some(node), Some(name)) = (at.get(&["serviceName"]), at.text(&["serviceName"])) else { return };
            if let Err(reason) = dns_label(name) {
                let message = format!("`{name}` is no name for the Service of a StatefulSet: {reason}");
                at.report("serviceName", Diagnostic::new(Code::InvalidName, node.origin(), message));
            }
        },
        refuses: &[concat!("{serviceName: a.b, ", selected!()), concat!("{serviceName: A, ", selected!())],
        accepts: &[concat!("{serviceName: a-b, ", selected!()), concat!("{serviceName: '', ", selected!())],
        ..Rule::ALWAYS
    },
    Rule {
        name: "stateful-set-claims-kept",
        at: "apps/v1.StatefulSetSpec",
        check: |at| {
            for field in ["whenDeleted", "whenScaled"] {
                let path = ["persistentVolumeClaimRetentionPolicy", field];
                let (Some(node), Some(found)) = (at.get(&path), at.text(&path)) else { continue };
                if !matches!(found, "Retain" | "Delete") {
                    let message = format!("expected `Retain` or `Delete`, found `{found}`");
                    let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
                    at.report(path.join("."), finding.did_you_mean_word(found, ["Retain", "Delete"]));
                }
            }
        },
        refuses: &[
            concat!("{persistentVolumeClaimRetentionPolicy: {whenDeleted: Keep}, ", selected!()),
            concat!("{persistentVolumeClaimRetentionPolicy: {whenScaled: delete}, ", selected!()),
        ],
        accepts: &[
            concat!("{persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}, ", selected!()),
            concat!("{persistentVolumeClaimRetentionPolicy: {whenDeleted: ''}, ", selected!()),
        ],
        ..Rule::ALWAYS
    },
    selects!("stateful-set-selector", "apps/v1.StatefulSetSpec"),
    keeps_running!("stateful-set-runs-on", "apps/v1.StatefulSetSpec", "StatefulSet"),
    Rule {
        name: "stateful-set-on-delete",
        at: "apps/v1.StatefulSetUpdateStrategy",
        check: |at| {
            let Some(rolling) = at.get(&["rollingUpdate"]) else { return };
            if at.text(&["type"]) == Some("OnDelete") {
                let message =
                    "`rollingUpdate` may not stand beside `type: OnDelete`, which replaces no pod until it is deleted";
                let help = "take `rollingUpdate` out, or write `type: RollingUpdate`";
                at.report("rollingUpdate", Diagnostic::new(Code::ForbiddenField, rolling.origin(), message).help(help));
            }
        },
        refuses: &["{type: OnDelete, rollingUpdate: {partition: 1}}"],
        accepts: &["{type: OnDelete}", "{type: RollingUpdate, rollingUpdate: {partition: 1}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "stateful-set-recreate",
        at: "apps/v1.StatefulSetUpdateStrategy",
        check: |at| {
            let (Some(node), Some("Recreate")) = (at.get(&["type"]), at.text(&["type"])) else { return };
            let message = "expected `RollingUpdate` or `OnDelete`, found `Recreate`, which servers have switched off";
            at.invalid("type", node, message);
        },
        // The gate of the strategy is off by default; older minors do not know it.
        minors: (Minor(37), Minor(37)),
        refuses: &["{type: Recreate}"],
        accepts: &["{type: RollingUpdate}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "stateful-set-partition",
        at: "apps/v1.StatefulSetUpdateStrategy",
        check: |at| {
            if at.word("type").as_deref() == Some("RollingUpdate") {
                not_negative(at, &[&["rollingUpdate", "partition"]]);
            }
        },
        refuses: &["{rollingUpdate: {partition: -1}}"],
        accepts: &["{rollingUpdate: {partition: 0}}"],
        ..Rule::ALWAYS
    },
    Rule {
        name: "stateful-set-unavailable",
        at: "apps/v1.StatefulSetUpdateStrategy",
        check: unavailable,
        // Servers before drop the field unread.
        minors: (Minor(37), Minor(u32::MAX)),
        refuses: &[
            "{rollingUpdate: {maxUnavailable: 0}}",
            "{rollingUpdate: {maxUnavailable: 0%}}",
            "{rollingUpdate: {maxUnavailable: 101%}}",
            "{rollingUpdate: {maxUnavailable: -1}}",
            "{rollingUpdate: {maxUnavailable: few}}",
        ],
        accepts: &["{rollingUpdate: {maxUnavailable: 100%}}", "{rollingUpdate: {maxUnavailable: 3}}"],
        ..Rule::ALWAYS
    },
];

fn unavailable(at: &mut At<'_>) {
    let path = ["rollingUpdate", "maxUnavailable"];
    if at.word("type").as_deref() != Some("RollingUpdate") {
        return;
    }
    let Some(found) = portion(at, &path, Portion::Count(1)) else { return };
    not_above_all(at, &path, found);
    if let Some(node) = at.get(&path).filter(|_| found.is_zero()) {
        at.invalid(path.join("."), node, "expected at least 1 pod, found none: no pod could be replaced");
    }
}
