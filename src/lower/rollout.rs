//! How pods are replaced: `update: Recreate`, `update: OnDelete`, `update: {maxSurge: 25%, maxUnavailable: 0}`.

use super::Lowering;
use super::draft::Draft;
use crate::spec::WorkloadKind;
use crate::text::Node;

impl Lowering<'_> {
    /// Returns the field that holds the strategy, and the strategy, where one is written.
    pub(super) fn rollout(&mut self) -> Option<(&'static str, Node)> {
        let kind = self.kind();
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
        self.expect_map(update, "update", &help)?;
        Some((field, update.clone()))
    }
}
