//! Resources: `{cpu: 100m, memory: 64Mi..128Mi}` beside the native requests and limits.

use super::Lowering;
use super::draft::Draft;
use crate::source::{Entry, Key, Map, Node};

/// The fields of ResourceRequirements.
const NATIVE: &[&str] = &["requests", "limits", "claims"];

impl Lowering<'_> {
    /// Spells out the resources of a container.
    pub(super) fn resources(&mut self, node: &Node) -> Node {
        let Some(map) = node.as_map() else { return node.clone() };
        if map.iter().all(|entry| NATIVE.contains(&entry.key.text.as_str())) {
            return node.clone();
        }
        let native = |key: &str| map.get(key).and_then(Node::as_map).cloned().unwrap_or_default();
        let (mut requests, mut limits) = (native("requests"), native("limits"));
        for entry in map.iter().filter(|entry| !NATIVE.contains(&entry.key.text.as_str()) && !entry.value.is_null()) {
            self.amount(entry, &mut requests, &mut limits);
        }
        let origin = node.origin();
        Draft::new(origin)
            .maybe("limits", super::metadata::sorted(&limits, origin))
            .maybe("requests", super::metadata::sorted(&requests, origin))
            .maybe("claims", map.get("claims").cloned())
            .done()
    }

    fn amount(&mut self, entry: &Entry, requests: &mut Map, limits: &mut Map) {
        let value = &entry.value;
        let key = || Key::new(entry.key.text.clone(), entry.key.origin);
        let Some(text) = value.text() else {
            self.refuse(
                value,
                format!("expected an amount of `{}`, found {}", entry.key.text, value.type_name()),
                "write `{cpu: 100m, memory: 64Mi..128Mi}`: a request, or a request and a limit",
            );
            return;
        };
        if let Some((request, limit)) = text.split_once("..") {
            if !request.is_empty() {
                requests.set(key(), Node::string(request, value.origin()));
            }
            if !limit.is_empty() {
                limits.set(key(), Node::string(limit, value.origin()));
            }
        } else {
            requests.set(key(), value.clone());
            // What cannot be overcommitted needs a limit, and the limit is the request.
            if entry.key.text.contains('/') || entry.key.text.starts_with("hugepages-") {
                limits.set(key(), value.clone());
            }
        }
    }
}
