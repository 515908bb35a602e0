//! Which nodes count: those that a pod of the batch can come to.
//!
//! The nodes of a cluster enter, those that are closed to pods with some tolerations leave. Who may not list nodes counts
//! all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::cluster::{Client, Listed, Live, Lost, Projection, Resource};
use crate::kubernetes::{Taint, Tolerated};

/// Nodes come and go more slowly than images.
const FRESH: Duration = Duration::from_secs(10);

/// The nodes of a cluster, with their taints.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    nodes: Vec<(String, Vec<Taint>)>,
    looked: Option<Instant>,
}

impl Fleet {
    /// Looks at all nodes, from time to time.
    pub(super) async fn look(&mut self, client: &Client) -> Result<(), Lost> {
        if self.looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return Ok(());
        }
        let nodes = Resource { namespaced: false, ..super::resource("", "Node", "nodes") };
        if let Listed::Objects(nodes, _) = client.list_each(&nodes, None, &[], Projection::Whole, tainted).await? {
            self.nodes = nodes;
        }
        self.looked = Some(Instant::now());
        Ok(())
    }

    /// Returns the nodes on which no pod with these tolerations is put.
    pub(super) fn closed_to(&self, tolerations: &[Tolerated]) -> BTreeSet<&str> {
        let keeps_out = |taint: &Taint| {
            taint.effect != "PreferNoSchedule" && !tolerations.iter().any(|toleration| toleration.tolerates(taint))
        };
        let closed = self.nodes.iter().filter(|(_, taints)| taints.iter().any(keeps_out));
        closed.map(|(name, _)| name.as_str()).collect()
    }
}

/// Returns a node that has taints, with those: the mark of a cordoned one stands for the taint that follows it.
#[expect(clippy::needless_pass_by_value, reason = "a page hands its objects over one by one")]
fn tainted(node: Live) -> Option<(String, Vec<Taint>)> {
    let mut taints: Vec<Taint> = node.list(&["spec", "taints"]).iter().map(Taint::read).collect();
    if node.at(&["spec", "unschedulable"]) == Some(&Value::Bool(true)) {
        taints.push(Taint::unschedulable());
    }
    (!taints.is_empty()).then(|| (node.name().to_owned(), taints))
}

/// Returns the node of a DaemonSet's pod: where it is, or where alone it may be put.
pub(super) fn target(pod: &Live) -> Option<&str> {
    let on = pod.text(&["spec", "nodeName"]).filter(|node| !node.is_empty());
    let required =
        ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let fields = pod.list(&required).iter().filter_map(|term| term.get("matchFields")?.as_array()).flatten();
    let named = |field: &Value| field.get("key").is_some_and(|key| key == "metadata.name");
    on.or_else(|| fields.into_iter().find(|field| named(field))?.get("values")?.get(0)?.as_str())
}

/// Whether the scheduler has found no way to put a pod on its node.
pub(super) fn is_refused(pod: &Live) -> bool {
    let text = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).map(str::to_owned);
    let refuses = |condition: &Value| {
        text(condition, "type").as_deref() == Some("PodScheduled")
            && text(condition, "status").as_deref() == Some("False")
            && text(condition, "reason").as_deref() == Some("Unschedulable")
    };
    pod.list(&["status", "conditions"]).iter().any(refuses)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_is_closed_by_taints_that_are_not_tolerated() {
        let node = |name: &str, spec: Value| Live(json!({"metadata": {"name": name}, "spec": spec}));
        let taint = |effect: &str| json!({"taints": [{"key": "gpu", "effect": effect}]});
        let nodes = [
            node("open", json!({})),
            node("cordoned", json!({"unschedulable": true})),
            node("gpu", taint("NoSchedule")),
            node("rather-not", taint("PreferNoSchedule")),
        ];
        let fleet = Fleet { nodes: nodes.into_iter().filter_map(tainted).collect(), looked: None };
        assert_eq!(fleet.closed_to(&[]), ["cordoned", "gpu"].into());
        assert_eq!(fleet.closed_to(&[Tolerated::exists("gpu", "")]), ["cordoned"].into());
    }

    #[test]
    fn a_pod_says_where_it_is_to_be() {
        let term = json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]);
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": term}});
        let pod = Live(json!({"spec": {"affinity": {"nodeAffinity": required}}}));
        assert_eq!((target(&pod), target(&Live(json!({"spec": {"nodeName": "m"}})))), (Some("n"), Some("m")));
        assert_eq!(target(&Live(json!({}))), None);
        let condition = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]);
        assert!(is_refused(&Live(json!({"status": {"conditions": condition}}))) && !is_refused(&pod));
    }
}
