//! Fields in the order in which Kubernetes documents them, mappings of texts sorted.
//!
//! A tree that is in order already comes back as it is, so that what instances share stays shared.

use super::facts::{Facts, Schema, Shape, Type};
use crate::text::{Entry, Map, Node, Value};

/// Puts the fields of a value of a type in order.
pub fn in_order(facts: &Facts, ty: &Type, node: &Node) -> Node {
    reordered(facts, ty, node).unwrap_or_else(|| node.clone())
}

/// Puts the fields of a value of any schema in order.
pub fn value_in_order(facts: &Facts, schema: &Schema, node: &Node) -> Node {
    reordered_value(facts, schema, node).unwrap_or_else(|| node.clone())
}

/// Puts the keys of a value of which nothing is known in the order of their texts.
pub fn by_text(node: &Node) -> Node {
    reordered_by_text(node).unwrap_or_else(|| node.clone())
}

fn reordered_by_text(node: &Node) -> Option<Node> {
    match node.value() {
        Value::Map(map) => sorted(map, node, |entry| entry.key.text.clone(), |entry| reordered_by_text(&entry.value)),
        Value::Seq(items) => reordered_items(items, node, reordered_by_text),
        _ => None,
    }
}

fn reordered_items(items: &[Node], node: &Node, inner: impl Fn(&Node) -> Option<Node>) -> Option<Node> {
    let mut changed: Option<Vec<Node>> = None;
    for (at, one) in items.iter().enumerate() {
        if let Some(ordered) = inner(one) {
            changed.get_or_insert_with(|| items.to_vec())[at] = ordered;
        }
    }
    changed.map(|items| Node::seq(items, node.origin()))
}

/// Returns the value in order; none where it is in order already.
fn reordered(facts: &Facts, ty: &Type, node: &Node) -> Option<Node> {
    sorted(
        node.as_map()?,
        node,
        |entry| (ty.position(&entry.key.text), entry.key.text.clone()),
        |entry| reordered_value(facts, &ty.field(&entry.key.text)?.schema, &entry.value),
    )
}

fn reordered_value(facts: &Facts, schema: &Schema, node: &Node) -> Option<Node> {
    match (&schema.shape, node.value()) {
        (Shape::Type(id), Value::Map(_)) => reordered(facts, facts.ty(*id), node),
        (Shape::Map(value), Value::Map(map)) => {
            sorted(map, node, |entry| entry.key.text.clone(), |entry| reordered_value(facts, value, &entry.value))
        }
        (Shape::List(item), Value::Seq(items)) => reordered_items(items, node, |one| reordered_value(facts, item, one)),
        (Shape::Any, _) => reordered_by_text(node),
        _ => None,
    }
}

fn sorted<K: Ord>(
    map: &Map,
    node: &Node,
    rank: impl Fn(&Entry) -> K,
    inner: impl Fn(&Entry) -> Option<Node>,
) -> Option<Node> {
    // Nearly all mappings are in order: nothing is copied before one is found that is not.
    let changed: Vec<Option<Node>> = map.iter().map(inner).collect();
    if changed.iter().all(Option::is_none) && map.iter().is_sorted_by_key(&rank) {
        return None;
    }
    let mut ordered = Map::with_capacity(map.len());
    for (entry, value) in map.iter().zip(changed) {
        ordered.push(entry.key.clone(), value.unwrap_or_else(|| entry.value.clone()));
    }
    ordered.sort_by_key(rank);
    Some(Node::map(ordered, node.origin()))
}
