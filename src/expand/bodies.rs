//! Native bodies and what else stands for several fields of a layer: what is no mapping, what nulls take out, and what is left.

use std::borrow::Cow;

use super::containers::ALL;
use super::expression::is_expression;
use super::layers::{AFFINITIES, Lifted};
use super::merge::Merging;
use crate::diagnostic::{Code, Diagnostic};
use crate::text::{Entry, Key, Map, Node, Value};

/// The parts of a layer that are lifted out of it: where a later one is null, all that they say is gone.
const BODIES: [&str; 3] = ["template", "jobTemplate", "pod"];

/// Takes bodies out of the layers below one that has a null in their place.
pub(super) fn without_bodies(layers: &[Node]) -> Cow<'_, [Node]> {
    let mut left = Cow::Borrowed(layers);
    for (at, layer) in layers.iter().enumerate() {
        let gone = |key: &&&str| layer.get(key).is_some_and(Node::is_null);
        for key in BODIES.iter().filter(gone) {
            for below in &mut left.to_mut()[..at] {
                let kept = below.as_map().into_iter().flatten().filter(|entry| entry.key.text != *key);
                *below = Node::map(kept.cloned().collect(), below.origin());
            }
        }
    }
    left
}

/// Takes containers and affinity out of the layers below one that has a null in their place.
pub(super) fn take_out(layers: &mut [Lifted]) {
    for at in 1..layers.len() {
        let (below, rest) = layers.split_at_mut(at);
        let fields = &mut rest[0].fields;
        for key in ["containers", "initContainers", "affinity"] {
            if fields.get(key).and_then(|containers| containers.get(ALL)).is_some_and(Node::is_null) {
                without_all(fields, key);
                below.iter_mut().for_each(|layer| without_all(&mut layer.fields, key));
            }
            if !fields.get(key).is_some_and(Node::is_null) {
                continue;
            }
            fields.remove(key);
            for layer in &mut *below {
                layer.fields.remove(key);
                AFFINITIES.iter().filter(|_| key == "affinity").for_each(|key| drop(layer.fields.remove(key)));
            }
        }
    }
}

/// Takes out what a layer says of all containers, and the containers with it where there is no other.
pub(super) fn without_all(fields: &mut Map, key: &str) {
    let Some(Entry { key, value }) = fields.entry(key).cloned() else { return };
    let kept = match value.value() {
        Value::Map(map) if map.contains(ALL) => {
            let kept: Map = map.iter().filter(|entry| entry.key.text != ALL).cloned().collect();
            (!kept.is_empty()).then(|| Node::map(kept, value.origin()))
        }
        Value::Seq(items) => {
            let is_all = |item: &&Node| item.get("name").and_then(Node::as_str) == Some(ALL);
            let kept: Vec<Node> = items.iter().filter(|item| !is_all(item)).cloned().collect();
            (!kept.is_empty()).then(|| Node::seq(kept, value.origin()))
        }
        _ => return,
    };
    match kept {
        Some(kept) => fields.set(key, kept),
        None => drop(fields.remove(&key.text)),
    }
}

/// Notes that a native body, or one of its parts, is no mapping.
pub(super) fn check_body(body: &Node, name: &str, parts: &[&str], merging: &mut Merging<'_>) {
    let whole = std::iter::once((name.to_owned(), Some(body))).filter(|_| !parts.is_empty() || body.as_map().is_none());
    let parts = parts.iter().map(|part| (format!("{name}.{part}"), body.get(part)));
    for (what, node) in whole.chain(parts) {
        let Some(node) = node.filter(|node| node.as_map().is_none() && !node.is_null() && !node.is_broken()) else {
            continue;
        };
        if !is_expression(node) {
            let message = format!("expected a mapping for `{what}`, found {}", node.type_name());
            merging.notes.wrong.push(Diagnostic::new(Code::WrongType, node.origin(), message));
        }
    }
}

/// Leaves `serviceAccount` out where it is the name that `serviceAccountName` has; two names are noted.
pub(super) fn without_alias(fields: Map, merging: &mut Merging<'_>) -> Map {
    let [alias, name] = ["serviceAccount", "serviceAccountName"].map(|key| fields.entry(key).cloned());
    let (Some(alias), Some(name)) = (alias, name) else { return fields };
    if alias.value.is_null() || name.value.is_null() {
        return fields;
    }
    let own = if alias.value.as_map().is_some() { alias.value.get("name") } else { Some(&alias.value) };
    if own.and_then(Node::text) != name.value.text() {
        merging.notes.twice.push((alias.key, name.key));
        return fields;
    }
    let drop = if alias.value.as_map().is_some() { "serviceAccountName" } else { "serviceAccount" };
    fields.into_iter().filter(|entry| entry.key.text != drop).collect()
}

/// Writes back what is left of one part of a native body.
pub(super) fn put_back(rest: &mut Map, key: &str, body: &Node, part: &str, kept: Vec<Entry>) {
    let mut map = body.as_map().cloned().unwrap_or_default();
    let Some(entry) = map.remove(part) else { return };
    if !kept.is_empty() {
        map.push(entry.key, Node::map(kept.into_iter().collect(), entry.value.origin()));
    }
    if map.is_empty() {
        rest.remove(key);
    } else {
        rest.put(key, Node::map(map, body.origin()));
    }
}

/// Lifts the labels and annotations of a native body, but for those that the layer says flatly; returns what is left.
pub(super) fn lift_metadata(metadata: &Node, ground: &mut Map, rest: &Map) -> Map {
    let mut kept = Map::new();
    for entry in metadata.as_map().into_iter().flatten() {
        let (flat, of_pods) = match entry.key.text.as_str() {
            "labels" => ("labels", "podLabels"),
            "annotations" => ("annotations", "podAnnotations"),
            _ => {
                kept.push(entry.key.clone(), entry.value.clone());
                continue;
            }
        };
        let value = match (entry.value.as_map(), rest.get(flat).and_then(Node::as_map)) {
            (Some(written), Some(flat)) => {
                let own = written.iter().filter(|entry| !flat.contains(&entry.key.text)).cloned();
                Node::map(own.collect(), entry.value.origin())
            }
            _ => entry.value.clone(),
        };
        ground.set(Key::new(of_pods, entry.key.origin), value);
    }
    kept
}
