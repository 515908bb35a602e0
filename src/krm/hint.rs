//! Name hashes left to kustomize.
//!
//! A spec enters; one leaves whose ConfigMaps and Secrets have plain names and ask kustomize for the hash. It comes last
//! there, over the content that transformers have changed, and references in other resources follow it.

use crate::text::{Entry, Map, Node};

const NEEDS_HASH: &str = "kustomize.config.k8s.io/needs-hash";

/// Returns the spec with the hashes of its names left to kustomize.
pub fn with_hash_hints(spec: &Node) -> Node {
    let Some(map) = spec.as_map() else { return spec.clone() };
    let map = map.iter().map(|entry| {
        let value = match entry.key.text.as_str() {
            "configMaps" | "secrets" => each(&entry.value, hinted),
            "profiles" => each(&entry.value, with_hash_hints),
            _ => entry.value.clone(),
        };
        Entry { key: entry.key.clone(), value }
    });
    Node::map(map.collect(), spec.origin())
}

fn each(section: &Node, change: impl Fn(&Node) -> Node) -> Node {
    let Some(map) = section.as_map() else { return section.clone() };
    let changed = map.iter().map(|entry| Entry { key: entry.key.clone(), value: change(&entry.value) });
    Node::map(changed.collect(), section.origin())
}

/// Asks for the hash of one ConfigMap or Secret, unless the spec wants none.
fn hinted(definition: &Node) -> Node {
    let Some(map) = definition.as_map() else { return definition.clone() };
    let origin = definition.origin();
    if ["nameHash", "external"].iter().any(|key| map.contains(key)) {
        return definition.clone();
    }
    let mut map: Map = map.clone();
    let mut annotations = map.get("annotations").and_then(Node::as_map).cloned().unwrap_or_default();
    annotations.put(NEEDS_HASH, Node::string("true", origin));
    map.put("annotations", Node::map(annotations, origin));
    map.put("nameHash", Node::boolean(false, origin));
    Node::map(map, origin)
}
