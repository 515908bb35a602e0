//! `DaemonSet`s: how their pods are replaced and found.

use super::Rule;
use super::at::At;
use super::selector::{finds_its_pods, is_not_empty};
use super::workload::{Portion, not_above_all, not_negative, portion, runs_on};
use crate::diagnostic::{Code, Diagnostic};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "daemon-set-numbers",
        at: "apps/v1.DaemonSetSpec",
        check: |at| not_negative(at, &[&["minReadySeconds"], &["revisionHistoryLimit"]]),
        refuses: &[concat!("{minReadySeconds: -1, ", selected!()), concat!("{revisionHistoryLimit: -1, ", selected!())],
        accepts: &[concat!("{minReadySeconds: 0, revisionHistoryLimit: 0, ", selected!())],
        ..Rule::ALWAYS
    },
    selects!("daemon-set-selector", "apps/v1.DaemonSetSpec"),
    keeps_running!("daemon-set-runs-on", "apps/v1.DaemonSetSpec", "DaemonSet"),
    Rule {
        name: "daemon-set-rolling-update",
        at: "apps/v1.DaemonSetUpdateStrategy",
        check: rolling_update,
        refuses: &[
            "{rollingUpdate: {maxSurge: 1}}",
            "{rollingUpdate: {maxSurge: 10%, maxUnavailable: 1}}",
            "{rollingUpdate: {maxUnavailable: 0}}",
            "{rollingUpdate: {maxUnavailable: 101%}}",
            "{rollingUpdate: {maxSurge: 101%, maxUnavailable: 0}}",
            "{rollingUpdate: {maxUnavailable: -1}}",
            "{rollingUpdate: {maxUnavailable: '1'}}",
        ],
        accepts: &[
            "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
            "{rollingUpdate: {maxUnavailable: 100%}}",
            "{type: OnDelete, rollingUpdate: {maxSurge: 1}}",
        ],
        ..Rule::ALWAYS
    },
];

fn rolling_update(at: &mut At<'_>) {
    if at.word("type").as_deref() != Some("RollingUpdate") {
        return;
    }
    let unavailable = portion(at, &["rollingUpdate", "maxUnavailable"], Portion::Count(1));
    let surge = portion(at, &["rollingUpdate", "maxSurge"], Portion::Count(0));
    let (Some(unavailable), Some(surge)) = (unavailable, surge) else { return };
    not_above_all(at, &["rollingUpdate", "maxUnavailable"], unavailable);
    not_above_all(at, &["rollingUpdate", "maxSurge"], surge);
    match (unavailable.is_zero(), surge.is_zero(), at.get(&["rollingUpdate", "maxSurge"])) {
        (false, false, Some(node)) => {
            let message = if at.get(&["rollingUpdate", "maxUnavailable"]).is_some() {
                "`maxSurge` and `maxUnavailable` exclude one another: either new pods start first or old ones stop first"
            } else {
                "`maxSurge` needs `maxUnavailable: 0` beside it, which is 1 where nothing is written"
            };
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report("rollingUpdate.maxSurge", finding.help("write 0 for one of them"));
        }
        (true, true, _) => {
            let Some(node) = at.get(&["rollingUpdate", "maxUnavailable"]) else { return };
            let message = "`maxUnavailable` and `maxSurge` are both 0: no pod may stop, and none may start before it";
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            at.report("rollingUpdate.maxUnavailable", finding.help("allow one of them at least 1"));
        }
        _ => {}
    }
}
