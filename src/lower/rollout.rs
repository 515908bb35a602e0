//! How pods are replaced: `update: Recreate`, `update: OnDelete`, `update: {maxSurge: 25%, maxUnavailable: 0}`.

use super::Lowering;
use super::draft::Draft;
use crate::spec::WorkloadKind;
use crate::text::{Map, Node};

impl Lowering<'_> {
    /// Returns the field that holds the strategy, and the strategy, where one is written.
    pub(super) fn rollout(&mut self) -> Option<(&'static str, Node)> {
        let kind = self.plan.kind();
        let (field, other) = match kind {
            WorkloadKind::Deployment => ("strategy", "Recreate"),
            WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => ("updateStrategy", "OnDelete"),
            _ => {
                if let Some(update) = self.field("update") {
                    self.refuse(
                        update,
                        format!("a {kind} replaces no pods: `update` has no meaning for it"),
                        "remove `update`",
                    );
                }
                return None;
            }
        };
        let native = self.field(field);
        let Some(update) = self.field("update") else { return native.map(|node| (field, node.clone())) };
        let origin = update.origin();
        let help =
            format!("write `update: {other}`, or the fields of a rolling update such as `{{maxUnavailable: 1}}`");
        if let Some(text) = update.text() {
            if text != other && text != "RollingUpdate" {
                self.refuse(
                    update,
                    format!("expected `RollingUpdate` or `{other}` for the `update` of a {kind}, found `{text}`"),
                    &help,
                );
                return None;
            }
            return Some((field, Draft::new(origin).node("type", update.clone()).done()));
        }
        let map = self.expect_map(update, "update", &help)?;
        let ty = map.get("type").cloned().unwrap_or_else(|| Node::string("RollingUpdate", origin));
        let rolling: Map =
            map.iter().filter(|entry| entry.key.text != "type" && !entry.value.is_null()).cloned().collect();
        let rolling = if rolling.contains("rollingUpdate") {
            rolling.get("rollingUpdate").cloned()
        } else {
            (!rolling.is_empty()).then(|| Node::map(rolling, origin))
        };
        Some((field, Draft::new(origin).node("type", ty).maybe("rollingUpdate", rolling).done()))
    }
}
