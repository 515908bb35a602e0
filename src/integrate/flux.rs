//! What Flux would take for its own variables.
//!
//! An object enters; where a text of it holds `${`, it leaves with the annotation by which a `postBuild` of Flux passes
//! it over. Flux replaces variables that it does not know by nothing, and gives up at what is no variable to it.

use std::borrow::Cow;

use crate::text::{Map, Node, Value};

const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// Returns the object as Flux may have it. What says itself whether Flux may substitute in it stays as it is.
pub fn guarded(object: &Node) -> Cow<'_, Node> {
    let says = |field: &str| object.at(&["metadata", field]).is_some_and(|map| map.get(SUBSTITUTE).is_some());
    if !holds_variable(object) || says("annotations") || says("labels") {
        return Cow::Borrowed(object);
    }
    let (Some(map), Some(metadata)) = (object.as_map(), object.get("metadata")) else { return Cow::Borrowed(object) };
    let mut annotations = metadata.get("annotations").and_then(Node::as_map).cloned().unwrap_or_default();
    annotations.put(SUBSTITUTE, Node::string("disabled", object.origin()));
    annotations.sort_by_key(|entry| entry.key.text.clone());
    let mut with = metadata.as_map().cloned().unwrap_or_default();
    with.put("annotations", Node::map(annotations, metadata.origin()));
    let mut map: Map = map.clone();
    map.put("metadata", Node::map(with, metadata.origin()));
    Cow::Owned(Node::map(map, object.origin()))
}

fn holds_variable(node: &Node) -> bool {
    match node.value() {
        Value::Map(map) => map.iter().any(|entry| entry.key.text.contains("${") || holds_variable(&entry.value)),
        Value::Seq(items) => items.iter().any(holds_variable),
        _ => node.text().is_some_and(|text| text.contains("${")),
    }
}
