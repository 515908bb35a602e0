//! `autoscale: {min: 2, max: 10, cpu: 80%}` and `disruption: {maxUnavailable: 1}`.

use super::Lowering;
use super::draft::Draft;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::Manifest;
use crate::spec::WorkloadKind;
use crate::text::{Entry, Map, Node, Value};

const FORM: &str = "write `autoscale: {min: 2, max: 10, cpu: 80%}`";

impl Lowering<'_> {
    /// Returns the HorizontalPodAutoscaler of this instance, where it has one.
    pub(super) fn autoscaler(&mut self) -> Option<Manifest> {
        let written = self.field("autoscale")?;
        let own = self.expect_map(written, "autoscale", FORM)?;
        let origin = written.origin();
        let kind = self.kind();
        if !matches!(kind, WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::ReplicaSet) {
            self.refuse(written, format!("a {kind} has no replicas to scale"), "remove `autoscale`");
            return None;
        }
        let name = &self.instance.name;
        let target = Draft::new(origin)
            .text("apiVersion", kind.api_version())
            .text("kind", kind.as_str())
            .node("name", name.moved(origin))
            .done();
        let mut metrics: Vec<Node> = own.get("metrics").map(super::draft::items).unwrap_or_default();
        let mut spec = Map::new();
        spec.put("scaleTargetRef", target);
        for Entry { key, value } in own.iter().filter(|entry| !entry.value.is_null()) {
            match key.text.as_str() {
                "min" => spec.set(crate::text::Key::new("minReplicas", key.origin), value.clone()),
                "max" => spec.set(crate::text::Key::new("maxReplicas", key.origin), value.clone()),
                "cpu" | "memory" | "metrics" | "labels" | "annotations" => {}
                _ => spec.set(key.clone(), value.clone()),
            }
        }
        for resource in ["cpu", "memory"] {
            let written = own.get(resource).filter(|value| !value.is_null());
            metrics.extend(written.map(|value| self.resource_metric(resource, value)));
        }
        if let Some(first) = metrics.first().map(Node::origin) {
            spec.put("metrics", Node::seq(metrics, first));
        }
        let ty = self.context.facts.named("autoscaling/v2.HorizontalPodAutoscalerSpec");
        spec.sort_by_key(|entry| ty.position(&entry.key.text));
        let metadata = self.companion_metadata(name, Some(own));
        let spec = Node::map(spec, origin);
        Some(self.object("autoscaling/v2", "HorizontalPodAutoscaler", name, metadata, vec![("spec", spec)], origin))
    }

    /// Spells out `80%` of the request, or an average amount.
    fn resource_metric(&mut self, resource: &str, value: &Node) -> Node {
        let origin = value.origin();
        let Some(text) = value.text() else {
            let message = format!("expected a percentage or an amount for `{resource}`, found {}", value.type_name());
            return self.refuse(value, message, FORM);
        };
        // A number alone is a percentage: an amount has a unit.
        let percent = text.strip_suffix('%').unwrap_or(text);
        if percent == text && !percent.is_empty() && percent.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("`{resource}: {text}` is taken for `{text}%` of what the pods request");
            let finding = Diagnostic::new(Code::UnclearAmount, origin, message);
            self.diagnostics.push(finding.help("write the percent sign, or an amount with its unit"));
        }
        let target = if !percent.is_empty() && percent.bytes().all(|byte| byte.is_ascii_digit()) {
            let percent = Node::new(Value::Number(percent.into()), origin);
            Draft::new(origin).text("type", "Utilization").node("averageUtilization", percent)
        } else {
            Draft::new(origin).text("type", "AverageValue").node("averageValue", value.clone())
        };
        let metric = Draft::new(origin).text("name", resource).node("target", target.done()).done();
        Draft::new(origin).text("type", "Resource").node("resource", metric).done()
    }

    /// Returns the PodDisruptionBudget of this instance, where it has one.
    pub(super) fn disruption_budget(&mut self) -> Option<Manifest> {
        let written = self.field("disruption")?;
        let own = self.expect_map(written, "disruption", "write `disruption: {maxUnavailable: 1}`")?;
        let origin = written.origin();
        let beside = ["labels", "annotations"];
        let mut spec: Map = own.iter().filter(|entry| !beside.contains(&entry.key.text.as_str())).cloned().collect();
        if !spec.contains("selector") {
            spec.put("selector", self.pod_selector(origin));
        }
        let ty = self.context.facts.named("policy/v1.PodDisruptionBudgetSpec");
        spec.sort_by_key(|entry| ty.position(&entry.key.text));
        let name = &self.instance.name;
        let metadata = self.companion_metadata(name, Some(own));
        let spec = Node::map(spec, origin);
        Some(self.object("policy/v1", "PodDisruptionBudget", name, metadata, vec![("spec", spec)], origin))
    }

    /// Returns the selector of the instance's pods: the one that is written, or the pinned one.
    pub(super) fn pod_selector(&self, origin: crate::text::Origin) -> Node {
        match self.field("selector") {
            Some(selector) => selector.clone(),
            None => Draft::new(origin).node("matchLabels", self.pinned_labels()).done(),
        }
    }
}
