//! The layers of an entry in, what fans it out and what is left of the layers out.
//!
//! What belongs in `matrix` and stands beside it is reported once, and read as if it stood there.

use super::merge::merge;
use super::place::Place;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::Facts;
use crate::spec::{Level, Section, keys, ours};
use crate::text::{Entry, Key, Map, Node, Origin};

/// Whether a key of an entry is about the entry as a whole, or is meant so.
fn fans_out(section: Section, key: &str) -> bool {
    // An object of any kind may have fields of such names.
    let is_meant = || section != Section::Objects && (keys::knows(keys::MATRIX, key) || key == "pack");
    keys::knows(keys::FAN_OUT, key) || is_meant()
}

/// Tells the keys that fan out from the fields of the layers; what later layers say of the former is merged.
pub(super) fn without_fan_out(facts: &'static Facts, section: Section, layers: Vec<Node>) -> (Map, Vec<Node>) {
    let is_of_plan = |entry: &Entry| fans_out(section, &entry.key.text);
    let mut fan_out = Node::map(Map::new(), Origin::NOWHERE);
    let mut fields = Vec::with_capacity(layers.len());
    for layer in layers {
        let (of_plan, of_instance): (Vec<_>, Vec<_>) =
            layer.as_map().into_iter().flatten().cloned().partition(is_of_plan);
        let mut above: Map = of_plan.into_iter().collect();
        if let Some(both) = beside_named(fan_out.get("matrix"), above.entry("matrix")) {
            above.set(both.key, both.value);
        }
        fan_out = merge(facts, &fan_out, &Node::map(above, layer.origin()), Place::Free);
        fields.push(Node::map(of_instance.into_iter().collect(), layer.origin()));
    }
    (fan_out.as_map().cloned().unwrap_or_default(), fields)
}

/// Returns axes together with the fan-outs that an earlier layer names: the axes of both are those of the entry.
fn beside_named(below: Option<&Node>, above: Option<&Entry>) -> Option<Entry> {
    let (below, above) = (below?, above.filter(|above| above.value.as_map().is_some())?);
    let named: Vec<Node> = match below.as_seq() {
        Some(items) => items.to_vec(),
        None => vec![below.text().filter(|_| !below.is_null()).map(|_| below.clone())?],
    };
    let all = named.into_iter().chain([above.value.clone()]).collect();
    Some(Entry { key: above.key.clone(), value: Node::seq(all, above.value.origin()) })
}

/// Returns `matrix` with what belongs in it and stands beside it: all else can still be looked at.
pub(super) fn moved_into(
    section: Section,
    matrix: Option<Entry>,
    fields: &mut Map,
    diagnostics: &mut Diagnostics,
) -> Option<Entry> {
    let mut matrix = matrix;
    for name in keys::names(&[keys::MATRIX]) {
        let Some(entry) = fields.remove(name) else { continue };
        let belongs = belongs(name, &entry.value);
        let level = if section == Section::Workloads { Level::Workload } else { Level::Entry };
        let help = ours(level, name).filter(|_| !belongs).map_or_else(
            || format!("it belongs in `matrix`: write `matrix: {{{name}: …}}`"),
            |ours| format!("{ours}; of a fan-out it is a part of `matrix`"),
        );
        let message = format!("{} has no field `{name}`", section.any());
        diagnostics.push(Diagnostic::new(Code::UnknownField, entry.key.origin, message).help(help));
        // Without axes there is nothing to filter.
        let fans_out = matrix.is_some() || fields.contains("instances") || matches!(name, "rows" | "zip");
        if !belongs || !fans_out {
            continue;
        }
        let whole = matrix.get_or_insert_with(|| Entry {
            key: Key::new("matrix", entry.key.origin),
            value: Node::map(Map::new(), entry.key.origin),
        });
        if let Some(map) = whole.value.as_map().filter(|map| !map.contains(name)) {
            let mut map = map.clone();
            // Whether it changes anything matters no more.
            let is_condition = entry.value.text().is_some() && name == "where";
            let value = if is_condition { Node::new(entry.value.value().clone(), Origin::BROKEN) } else { entry.value };
            map.push(entry.key, value);
            whole.value = Node::map(map, whole.value.origin());
        }
    }
    matrix
}

/// Whether a value is one that a key of `matrix` takes.
fn belongs(name: &str, value: &Node) -> bool {
    let is_rows = value.as_seq().is_some_and(|items| items.iter().all(|item| item.as_map().is_some()));
    match name {
        "rows" => is_rows || value.text().is_some(),
        "where" => value.text().is_some(),
        "zip" => value.as_map().is_some(),
        _ => is_rows || value.as_map().is_some(),
    }
}
