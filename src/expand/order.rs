//! The fields inside a merged workload in the order in which Kubernetes documents them.
//!
//! Done once for all instances, before expressions are cut, so that what they share stays shared. The keys of the
//! workload itself are put in order when they find their homes.

use crate::kubernetes::Facts;
use crate::kubernetes::documented::{in_order, value_in_order};
use crate::spec::Union;
use crate::text::{Map, Node};

/// Own keys that take the fields of a type.
const TYPED: &[(&str, &str)] = &[
    ("nodeAffinity", "core/v1.NodeAffinity"),
    ("podAffinity", "core/v1.PodAffinity"),
    ("podAntiAffinity", "core/v1.PodAntiAffinity"),
];

/// Puts the fields inside a workload in order.
pub(super) fn in_documented_order(facts: &'static Facts, union: &Union, workload: &Node) -> Node {
    let Some(map) = workload.as_map() else { return workload.clone() };
    let mut ordered = Map::with_capacity(map.len());
    for entry in map {
        ordered.push(entry.key.clone(), field(facts, union, &entry.key.text, &entry.value));
    }
    Node::map(ordered, workload.origin())
}

fn field(facts: &'static Facts, union: &Union, key: &str, value: &Node) -> Node {
    if let Some((_, ty)) = TYPED.iter().find(|(name, _)| *name == key) {
        return in_order(facts, facts.named(ty), value);
    }
    match (key, value.as_map()) {
        ("pod", _) => in_order(facts, union.pod, value),
        // By name: init containers run in the order in which they are written.
        ("containers" | "initContainers", Some(containers)) => {
            let mut ordered = Map::with_capacity(containers.len());
            for entry in containers {
                ordered.push(entry.key.clone(), in_order(facts, union.container, &entry.value));
            }
            Node::map(ordered, value.origin())
        }
        _ => match union.field(key) {
            Some((_, field)) => value_in_order(facts, &field.schema, value),
            None => value.clone(),
        },
    }
}
