//! Custom resources as the server validates them: nulls that are not allowed are gone, defaults are filled in.
//!
//! A settled object and the schema of its version enter. What is filled in has the place of the mapping that lacked it.

use crate::text::{Key, Map, Node, Origin, Value};

/// Returns an object as it is validated; with `drops_status`, the server takes no status from it.
pub(super) fn as_stored(object: &Node, schema: &Node, drops_status: bool) -> Node {
    let without_status = object.as_map().filter(|map| drops_status && map.contains("status")).map(|map| {
        let mut map = map.clone();
        map.remove("status");
        Node::map(map, object.origin())
    });
    filled(without_status.as_ref().unwrap_or(object), Some(schema))
}

fn filled(node: &Node, schema: Option<&Node>) -> Node {
    let Some(schema) = schema else { return node.clone() };
    match node.value() {
        Value::Map(map) => {
            let mut out = Map::with_capacity(map.len());
            for entry in map {
                let schema = field(schema, &entry.key.text);
                let value = if refuses_null(&entry.value, schema) {
                    let Some(default) = schema.and_then(default) else { continue };
                    at(default, entry.value.origin())
                } else {
                    entry.value.clone()
                };
                out.push(entry.key.clone(), filled(&value, schema));
            }
            for entry in schema.get("properties").and_then(Node::as_map).into_iter().flatten() {
                if let Some(default) = default(&entry.value).filter(|_| !out.contains(&entry.key.text)) {
                    let origin = node.origin();
                    let value = filled(&at(default, origin), Some(&entry.value));
                    out.push(Key::new(entry.key.text.clone(), origin), value);
                }
            }
            Node::map(out, node.origin())
        }
        Value::Seq(items) => {
            let schema = schema.get("items");
            let item = |item: &Node| {
                let default = schema.and_then(default).filter(|_| refuses_null(item, schema));
                filled(&default.map_or_else(|| item.clone(), |default| at(default, item.origin())), schema)
            };
            Node::seq(items.iter().map(item).collect(), node.origin())
        }
        _ => node.clone(),
    }
}

/// Returns the schema of a field: its own, or that of all values.
fn field<'s>(schema: &'s Node, name: &str) -> Option<&'s Node> {
    let own = schema.get("properties").and_then(|properties| properties.get(name));
    own.or_else(|| schema.get("additionalProperties").filter(|values| values.as_map().is_some()))
}

fn default(schema: &Node) -> Option<&Node> {
    schema.get("default").filter(|default| !default.is_null())
}

fn refuses_null(node: &Node, schema: Option<&Node>) -> bool {
    let nullable = |schema: &Node| matches!(schema.get("nullable").map(Node::value), Some(Value::Bool(true)));
    node.is_null() && schema.is_some_and(|schema| !nullable(schema))
}

/// Returns a copy that was written at `origin`.
fn at(node: &Node, origin: Origin) -> Node {
    let value = match node.value() {
        Value::Seq(items) => Value::Seq(items.iter().map(|item| at(item, origin)).collect()),
        Value::Map(map) => {
            let mut copy = Map::with_capacity(map.len());
            map.iter().for_each(|entry| copy.push(Key::new(entry.key.text.clone(), origin), at(&entry.value, origin)));
            Value::Map(copy)
        }
        other => other.clone(),
    };
    Node::new(value, origin)
}
