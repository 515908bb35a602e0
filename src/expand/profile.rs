//! Partial batches: parts that merge under the batch that includes them, profiles that merge over the one that declares them.
//!
//! Both merge by the one rule. What two of them hold in forms that cannot merge is an error between a part and what is over
//! it, since whoever writes the one may not know the other.
//!
//! Parameters of a profile are values, not declarations; they are returned apart. A workload that a profile names must
//! be there, or bring a kind of its own.

use smol_str::SmolStr;

use super::expression::has_expression;
use super::layering::object_place;
use super::merge::{Merging, Place};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::Facts;
use crate::spec::{Union, WorkloadKind};
use crate::text::{Key, Map, Node, Origin};

/// Returns the profiles that are asked for and declared, in the order given, and the parameters that they set; those of a part
/// lie under the one of the same name in what includes it.
pub(super) fn chosen(layers: &[Node], profiles: &[SmolStr], diagnostics: &mut Diagnostics) -> (Vec<Node>, Vec<Map>) {
    let mut chosen = Vec::new();
    let mut params = Vec::new();
    for profile in profiles.iter().flat_map(|name| layers.iter().filter_map(|layer| layer.at(&["profiles", name]))) {
        let Some(mut rest) = profile.as_map().cloned() else { continue };
        if let Some(entry) = rest.remove("params") {
            params.extend(entry.value.as_map().cloned());
        }
        if let Some(entry) = rest.remove("profiles") {
            diagnostics.push(Diagnostic::new(
                Code::UnknownField,
                entry.key.origin,
                "a profile has no profiles of its own",
            ));
        }
        if let Some(entry) = rest.remove("include") {
            let message = "a profile includes nothing";
            let finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message);
            diagnostics.push(finding.help("write `include` in the batch; a part may have a profile of the same name"));
        }
        chosen.push(Node::map(rest, profile.origin()));
    }
    (chosen, params)
}

/// Returns what a document is as a whole, for those who look at it before its expressions are filled in.
pub fn included(layers: &[Node]) -> Node {
    // The keys of lists are those of any version.
    merged(Facts::newest(), layers, &mut Diagnostics::new())
}

/// Merges the layers of a document, the lowest first: parts, and what includes them.
pub(super) fn merged(facts: &'static Facts, layers: &[Node], diagnostics: &mut Diagnostics) -> Node {
    let [lowest, over @ ..] = layers else { return Node::map(Map::new(), Origin::NOWHERE) };
    let mut merging = Merging { is_strict: true, ..Merging::new(facts) };
    let mut merged = lowest.clone();
    for layer in over {
        merged = merge_batch(&mut merging, &merged, layer.as_map().unwrap_or(&Map::new()));
        merged = Node::map(merged.as_map().cloned().unwrap_or_default(), layer.origin());
    }
    for (base, over) in merging.notes.lost {
        let [wanted, found] = [&base, &over].map(|node| {
            let is_open = node.as_str().is_some_and(has_expression);
            if is_open { "an expression that needs an instance" } else { node.type_name() }
        });
        let message = format!("expected {wanted}, as the included part has, found {found}: they cannot merge");
        diagnostics.push(
            Diagnostic::new(Code::WrongType, over.origin(), message)
                .also(base.origin(), "the part has it here")
                .help("write both in one form, or one of them under another name"),
        );
    }
    merged
}

/// Merges profiles over the batch that declares them.
pub(super) fn apply(facts: &'static Facts, root: &Node, profiles: &[Node], diagnostics: &mut Diagnostics) -> Node {
    let mut merged = root.clone();
    for profile in profiles {
        let rest = without_unknown_workloads(&merged, profile.as_map().cloned().unwrap_or_default(), diagnostics);
        merged = merge_batch(&mut Merging::new(facts), &merged, &rest);
    }
    merged
}

/// Reports changes of workloads that are not there, and leaves them out: they would be workloads without a kind.
fn without_unknown_workloads(base: &Node, mut profile: Map, diagnostics: &mut Diagnostics) -> Map {
    let workloads = base.get("workloads").and_then(Node::as_map);
    let Some(changes) = profile.entry("workloads").cloned() else { return profile };
    let mut kept = Map::new();
    for entry in changes.value.as_map().into_iter().flatten() {
        let known = workloads.is_some_and(|workloads| workloads.contains(&entry.key.text));
        if !known && entry.value.get("kind").is_none() {
            let names = workloads.into_iter().flatten().map(|entry| entry.key.text.as_str());
            diagnostics.push(
                Diagnostic::new(
                    Code::UnknownWorkload,
                    entry.key.origin,
                    format!("the batch has no workload `{}`", entry.key.text),
                )
                .help("a profile that adds a workload gives its `kind`")
                .did_you_mean(&entry.key.text, names),
            );
        } else {
            kept.push(entry.key.clone(), entry.value.clone());
        }
    }
    if changes.value.as_map().is_some_and(|written| written.len() > kept.len()) {
        profile.set(changes.key, Node::map(kept, changes.value.origin()));
    }
    profile
}

fn merge_batch(merging: &mut Merging<'static>, base: &Node, over: &Map) -> Node {
    let mut batch = base.as_map().cloned().unwrap_or_default();
    for entry in over {
        let value = match batch.get(&entry.key.text) {
            None => entry.value.clone(),
            Some(below) => match entry.key.text.as_str() {
                "defaults" => merge_workload(merging, below, &entry.value),
                "selectorLabels" => merging.merge(below, &entry.value, Place::Mapping),
                "patch" | "patchJSON6902" => merging.merge(below, &entry.value, Place::Patches),
                "workloads" | "templates" | "objects" => merge_named(merging, below, &entry.value),
                "namespaces" | "serviceAccounts" => merging.merge(&by_name(below), &by_name(&entry.value), Place::Free),
                // A default may take the place of a schema, and a list of axes that of all of them.
                "params" | "axisLabels" => Merging::new(merging.facts).merge(below, &entry.value, Place::Free),
                _ => merging.merge(below, &entry.value, Place::Free),
            },
        };
        batch.set(entry.key.clone(), value);
    }
    Node::map(batch, base.origin())
}

/// Returns a list of names as a mapping of entries with nothing behind them.
fn by_name(node: &Node) -> Node {
    let Some(names) = node.as_seq() else { return node.clone() };
    let mut map = Map::new();
    for name in names {
        // What is no name is reported where the section is read.
        let Some(text) = name.text() else { return node.clone() };
        map.set(Key::new(text.clone(), name.origin()), Node::map(Map::new(), name.origin()));
    }
    Node::map(map, node.origin())
}

fn merge_named(merging: &mut Merging<'static>, base: &Node, over: &Node) -> Node {
    let (Some(below), Some(above)) = (base.as_map(), over.as_map()) else {
        return merging.merge(base, over, Place::Free);
    };
    let mut merged = below.clone();
    for entry in above {
        match below.get(&entry.key.text) {
            _ if entry.value.is_null() => drop(merged.remove(&entry.key.text)),
            None => merged.push(entry.key.clone(), entry.value.clone()),
            // The entry keeps the place of the workload's own name: that is where its objects come from.
            Some(below_it) => {
                let key = below.entry(&entry.key.text).map_or_else(|| entry.key.clone(), |known| known.key.clone());
                merged.set(key, merge_workload(merging, below_it, &entry.value));
            }
        }
    }
    Node::map(merged, base.origin())
}

/// Merges two partial workloads or objects; the kind is known from either, or does not matter to the lists that they share.
fn merge_workload(merging: &mut Merging<'static>, base: &Node, over: &Node) -> Node {
    let text = |key: &str| [over, base].into_iter().find_map(|node| node.get(key).and_then(Node::as_str));
    let kind = text("kind").and_then(WorkloadKind::parse);
    if let Some(other) = text("kind").filter(|_| kind.is_none()) {
        return merging.within(base, over, object_place(merging.facts, text("apiVersion"), other));
    }
    let union = Union::of(merging.facts, kind.unwrap_or(WorkloadKind::Deployment));
    merging.within(base, over, Place::Workload(&union))
}
