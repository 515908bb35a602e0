//! `networkPolicy: {…}`.

use super::Lowering;
use crate::kubernetes::Manifest;
use crate::text::{Map, Node};

impl Lowering<'_> {
    /// Returns the NetworkPolicy of this instance, where it has one.
    pub(super) fn network_policy(&mut self) -> Option<Manifest> {
        let written = self.field("networkPolicy")?;
        let own = self.expect_map(
            written,
            "networkPolicy",
            "write the fields of a NetworkPolicySpec: `{ingress: […], egress: […]}`",
        )?;
        let origin = written.origin();
        let beside = ["labels", "annotations"];
        let mut spec: Map = own.iter().filter(|entry| !beside.contains(&entry.key.text.as_str())).cloned().collect();
        if !spec.contains("podSelector") {
            spec.put("podSelector", self.pod_selector(origin));
        }
        if !spec.contains("policyTypes") {
            // What the server takes them to be, said outright: an empty list of `egress` rules counts as well.
            let egress = spec.contains("egress").then_some("Egress");
            let types = ["Ingress"].into_iter().chain(egress).map(|name| Node::string(name, origin)).collect();
            spec.put("policyTypes", Node::seq(types, origin));
        }
        let ty = self.context.facts.named("networking/v1.NetworkPolicySpec");
        spec.sort_by_key(|entry| ty.position(&entry.key.text));
        let name = &self.instance.name;
        let metadata = self.companion_metadata(name, Some(own));
        let spec = Node::map(spec, origin);
        Some(self.object("networking.k8s.io/v1", "NetworkPolicy", name, metadata, vec![("spec", spec)], origin))
    }
}
