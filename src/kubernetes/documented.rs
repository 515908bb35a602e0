//! Fields in the order in which Kubernetes documents them, mappings of texts sorted.
//!
//! A tree that is in order already comes back as it is, so that what instances share stays shared.

use super::facts::{Facts, Schema, Shape, Type};
use crate::source::{Entry, Map, Node, Value};

/// Puts the fields of a value of a type in order.
pub fn in_order(facts: &Facts, ty: &Type, node: &Node) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    sorted(
        map,
        node,
        |entry| (ty.position(&entry.key.text), entry.key.text.clone()),
        |entry| match ty.field(&entry.key.text) {
            Some(field) => value_in_order(facts, &field.schema, &entry.value),
            None => entry.value.clone(),
        },
    )
}

/// Puts the fields of a value of any schema in order.
pub fn value_in_order(facts: &Facts, schema: &Schema, node: &Node) -> Node {
    match (&schema.shape, node.value()) {
        (Shape::Type(id), Value::Map(_)) => in_order(facts, facts.ty(*id), node),
        (Shape::Map(value), Value::Map(map)) => {
            sorted(map, node, |entry| entry.key.text.clone(), |entry| value_in_order(facts, value, &entry.value))
        }
        (Shape::List(item), Value::Seq(items)) => {
            let ordered: Vec<Node> = items.iter().map(|one| value_in_order(facts, item, one)).collect();
            let same = ordered.iter().zip(items).all(|(new, old)| new.same(old));
            if same { node.clone() } else { Node::seq(ordered, node.origin()) }
        }
        _ => node.clone(),
    }
}

fn sorted<K: Ord>(map: &Map, node: &Node, rank: impl Fn(&Entry) -> K, inner: impl Fn(&Entry) -> Node) -> Node {
    let mut ordered = Map::with_capacity(map.len());
    let mut same = true;
    for entry in map {
        let value = inner(entry);
        same &= value.same(&entry.value);
        ordered.push(entry.key.clone(), value);
    }
    if same && map.iter().is_sorted_by_key(&rank) {
        return node.clone();
    }
    ordered.sort_by_key(rank);
    Node::map(ordered, node.origin())
}
