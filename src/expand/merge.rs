//! The one rule by which layers merge: maps merge, scalars replace, lists with list-map keys merge by key, other lists
//! replace, `null` removes.
//!
//! Two trees in, one out; what only one side has is shared, not copied. The keys of lists come from the facts, never from
//! guessing. Of things that exclude each other (the handlers of a probe, the sources of a volume) the later one stays.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::resources::{is_short, spelled};
use crate::kubernetes::{Facts, Merge, Schema, Shape, Type};
use crate::spec::Union;
use crate::text::{Key, Map, Node, Value};

/// What stands at a place of the tree, so far as merging must know.
#[derive(Clone, Copy)]
pub enum Place<'a> {
    /// Nothing is known: maps merge, lists replace.
    Free,
    /// It is replaced as a whole.
    Atomic,
    /// A flat workload.
    Workload(&'a Union),
    /// A list that may also be written as a mapping by name, with the type that named values merge by.
    Named(&'a Schema, Option<&'a Type>),
    /// The mounts of a container by path.
    Mounts,
    /// What is mounted at one path.
    Mount,
    /// Requests and limits of a container, natively or in short.
    Resources,
    /// Patches by kind.
    Patches,
    /// The patches of one kind: those of the later layer come behind those of the earlier one.
    Layered,
    /// A value of a type.
    Type(&'a Type),
    /// A value of a field.
    Schema(&'a Schema),
}

/// The handlers of a probe or of a lifecycle event, of which it can hold only one.
const HANDLERS: &[&str] = &["httpGet", "tcpSocket", "exec", "grpc", "sleep"];
/// Fields of a workload that say the same thing: what a later layer says, in any of them, counts.
const ALTERNATIVES: &[&[&str]] =
    &[&["update", "strategy", "updateStrategy"], &["serviceAccount", "serviceAccountName"]];
/// The keys of a mount that do not say what is mounted.
pub const MOUNT_OPTIONS: &[&str] = &[
    "readOnly",
    "recursiveReadOnly",
    "subPath",
    "subPathExpr",
    "mountPropagation",
    "name",
    "size",
    "storageClassName",
    "accessModes",
    "volumeMode",
    "items",
    "defaultMode",
    "optional",
];

/// Merges `over` on `base`.
pub fn merge(facts: &Facts, base: &Node, over: &Node, place: Place<'_>) -> Node {
    match (base.value(), over.value()) {
        _ if matches!(place, Place::Layered) => {
            let items = |node: &Node| node.as_seq().map_or_else(|| vec![node.clone()], <[Node]>::to_vec);
            Node::seq(items(base).into_iter().chain(items(over)).collect(), over.origin())
        }
        // Where one layer is short and the other is not, both are spelled out, so that the later one counts.
        (Value::Map(below), Value::Map(above)) if matches!(place, Place::Resources) => {
            let short = |map: &Map| map.iter().any(|entry| is_short(&entry.key.text));
            let native = |map: &Map| map.iter().any(|entry| !is_short(&entry.key.text));
            let merged = if (short(below) && native(above)) || (native(below) && short(above)) {
                merge_maps(facts, &spelled(below), &spelled(above), Place::Free)
            } else {
                merge_maps(facts, below, above, Place::Free)
            };
            Node::map(merged, over.origin())
        }
        (Value::Map(below), Value::Map(above)) => {
            if is_atomic(place) || directive(above) == Some("replace") {
                return without_directive(over);
            }
            Node::map(merge_maps(facts, below, above, place), over.origin())
        }
        (Value::Seq(below), Value::Seq(above)) => match list_keys(place) {
            Some((keys, item)) => Node::seq(merge_lists(facts, below, above, keys, item), over.origin()),
            None => over.clone(),
        },
        // The short form of a list is a mapping by name: the native form joins it as one.
        (Value::Seq(below), Value::Map(_)) if is_named(place) => match by_name(below, base) {
            Some(named) => merge(facts, &named, over, place),
            None => over.clone(),
        },
        (Value::Map(_), Value::Seq(above)) if is_named(place) => match by_name(above, over) {
            Some(named) => merge(facts, base, &named, place),
            None => over.clone(),
        },
        _ => over.clone(),
    }
}

fn merge_maps(facts: &Facts, below: &Map, above: &Map, place: Place<'_>) -> Map {
    let mut merged = Map::with_capacity(below.len() + above.len());
    for entry in below {
        if is_excluded(&entry.key.text, above, place) {
            continue;
        }
        match above.entry(&entry.key.text) {
            None => merged.push(entry.key.clone(), entry.value.clone()),
            Some(over) if over.value.is_null() => {}
            Some(over) => {
                let place = child(facts, place, &entry.key.text);
                merged.push(over.key.clone(), merge(facts, &entry.value, &over.value, place));
            }
        }
    }
    for entry in above {
        if !below.contains(&entry.key.text) && !entry.value.is_null() && entry.key.text != "$patch" {
            merged.push(entry.key.clone(), entry.value.clone());
        }
    }
    merged
}

fn merge_lists(facts: &Facts, below: &[Node], above: &[Node], keys: &[SmolStr], item: &Schema) -> Vec<Node> {
    let ty = facts.inner_type(item);
    let identity = |node: &Node| -> Vec<Option<SmolStr>> {
        let default = |key: &str| {
            let default = ty.and_then(|ty| ty.field(key)).and_then(|field| field.schema.default.as_ref());
            default.and_then(|value| value.as_str()).map(SmolStr::new)
        };
        keys.iter().map(|key| node.get(key).and_then(Node::text).cloned().or_else(|| default(key))).collect()
    };
    let mut merged: Vec<Option<Node>> = below.iter().cloned().map(Some).collect();
    // Where the items of each identity stand, the first one on top.
    let mut places: HashMap<Vec<Option<SmolStr>>, Vec<usize>> = HashMap::with_capacity(below.len());
    for (at, node) in below.iter().enumerate().rev() {
        places.entry(identity(node)).or_default().push(at);
    }
    for over in above {
        let places = places.entry(identity(over)).or_default();
        let delete = over.as_map().and_then(directive) == Some("delete");
        match places.last() {
            Some(at) if delete => {
                merged[*at] = None;
                places.pop();
            }
            Some(at) => {
                let with = |node: &Node| merge(facts, node, over, schema_place(facts, item));
                merged[*at] = merged[*at].as_ref().map(with);
            }
            None if delete => {}
            None => {
                places.push(merged.len());
                merged.push(Some(over.clone()));
            }
        }
    }
    merged.into_iter().flatten().collect()
}

/// Returns the value of `$patch`, kubectl's word for how a strategic merge patch treats a mapping.
fn directive(map: &Map) -> Option<&str> {
    map.get("$patch").and_then(Node::as_str)
}

fn without_directive(node: &Node) -> Node {
    match node.as_map() {
        Some(map) if map.contains("$patch") => {
            let mut map = map.clone();
            map.remove("$patch");
            Node::map(map, node.origin())
        }
        _ => node.clone(),
    }
}

fn is_atomic(place: Place<'_>) -> bool {
    match place {
        Place::Atomic => true,
        Place::Type(ty) => ty.atomic,
        _ => false,
    }
}

fn is_named(place: Place<'_>) -> bool {
    matches!(place, Place::Named(..))
}

/// Whether a key cannot stand beside what `above` holds.
fn is_excluded(key: &str, above: &Map, place: Place<'_>) -> bool {
    let others = |is_choice: &dyn Fn(&str) -> bool| {
        is_choice(key) && !above.contains(key) && above.iter().any(|entry| is_choice(&entry.key.text))
    };
    match place {
        Place::Workload(_) => ALTERNATIVES.iter().any(|group| others(&|key| group.contains(&key))),
        Place::Mount => others(&|key| !MOUNT_OPTIONS.contains(&key)),
        Place::Type(ty) => match ty.name.as_str() {
            "core/v1.Probe" | "core/v1.LifecycleHandler" => others(&|key| HANDLERS.contains(&key)),
            "core/v1.EnvVar" => others(&|key| matches!(key, "value" | "valueFrom")),
            "core/v1.Volume" => others(&|key| key != "name"),
            "apps/v1.DeploymentStrategy" | "apps/v1.DaemonSetUpdateStrategy" | "apps/v1.StatefulSetUpdateStrategy" => {
                let ty = above.get("type").and_then(Node::as_str);
                key == "rollingUpdate" && !above.contains(key) && ty.is_some_and(|ty| ty != "RollingUpdate")
            }
            _ => false,
        },
        _ => false,
    }
}

fn list_keys(place: Place<'_>) -> Option<(&[SmolStr], &Schema)> {
    match place {
        Place::Schema(schema) | Place::Named(schema, _) => match schema {
            Schema { shape: Shape::List(item), merge: Merge::Keys(keys), .. } => Some((keys, item)),
            _ => None,
        },
        _ => None,
    }
}

fn child<'a>(facts: &'a Facts, place: Place<'a>, key: &str) -> Place<'a> {
    match place {
        Place::Free | Place::Mount | Place::Resources => Place::Free,
        Place::Atomic | Place::Named(_, None) => Place::Atomic,
        Place::Named(_, Some(ty)) => Place::Type(ty),
        Place::Mounts => Place::Mount,
        Place::Patches => Place::Layered,
        Place::Layered => Place::Free,
        Place::Workload(union) => match key {
            "pod" => Place::Type(union.pod),
            "mounts" => Place::Mounts,
            "patch" | "patchJSON6902" => Place::Patches,
            "containers" | "initContainers" => match union.pod.field(key) {
                Some(field) => Place::Named(&field.schema, Some(union.container)),
                None => Place::Free,
            },
            _ => match union.field(key) {
                Some((_, field)) => field_place(facts, &field.schema),
                None => Place::Free,
            },
        },
        Place::Type(_) if key == "mounts" => Place::Mounts,
        Place::Type(ty) => ty.field(key).map_or(Place::Free, |field| field_place(facts, &field.schema)),
        Place::Schema(Schema { shape: Shape::Map(value), .. }) => schema_place(facts, value),
        // The items of a list that merges by key.
        Place::Schema(Schema { shape: Shape::Type(id), .. }) => {
            facts.ty(*id).field(key).map_or(Place::Free, |field| field_place(facts, &field.schema))
        }
        Place::Schema(_) => Place::Free,
    }
}

fn field_place<'a>(facts: &'a Facts, schema: &'a Schema) -> Place<'a> {
    match facts.inner_type(schema) {
        Some(item) if matches!(item.name.as_str(), "core/v1.EnvVar" | "core/v1.ContainerPort") => {
            Place::Named(schema, None)
        }
        Some(ty) if ty.name == "core/v1.ResourceRequirements" => Place::Resources,
        _ => schema_place(facts, schema),
    }
}

fn schema_place<'a>(facts: &'a Facts, schema: &'a Schema) -> Place<'a> {
    match &schema.shape {
        Shape::Type(id) => Place::Type(facts.ty(*id)),
        Shape::List(_) | Shape::Map(_) => Place::Schema(schema),
        _ => Place::Free,
    }
}

/// Returns a native list as a mapping by name; none where an item has no name.
fn by_name(items: &[Node], list: &Node) -> Option<Node> {
    let mut map = Map::with_capacity(items.len());
    for item in items {
        let name = item.get("name")?;
        map.set(Key::new(name.text()?.clone(), name.origin()), item.clone());
    }
    Some(Node::map(map, list.origin()))
}
