//! Profiles: partial batches that merge over the batch that declares them.
//!
//! Parameters of a profile are values, not declarations; they are returned apart. A workload that a profile names must
//! be there, or bring a kind of its own.

use smol_str::SmolStr;

use super::layering::object_place;
use super::merge::{Place, merge, merge_within};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::Facts;
use crate::spec::{Union, WorkloadKind};
use crate::text::{Map, Node};

/// Returns the profiles that are asked for and declared, in the order given, and the parameters that they set.
pub(super) fn chosen(root: &Node, profiles: &[SmolStr], diagnostics: &mut Diagnostics) -> (Vec<Node>, Vec<Map>) {
    let mut chosen = Vec::new();
    let mut params = Vec::new();
    for name in profiles {
        let Some(profile) = root.at(&["profiles", name]) else { continue };
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
        chosen.push(Node::map(rest, profile.origin()));
    }
    (chosen, params)
}

/// Merges profiles over the batch that declares them.
pub(super) fn apply(facts: &'static Facts, root: &Node, profiles: &[Node], diagnostics: &mut Diagnostics) -> Node {
    let mut merged = root.clone();
    for profile in profiles {
        let rest = without_unknown_workloads(&merged, profile.as_map().cloned().unwrap_or_default(), diagnostics);
        merged = merge_batch(facts, &merged, &rest);
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

fn merge_batch(facts: &'static Facts, base: &Node, profile: &Map) -> Node {
    let mut batch = base.as_map().cloned().unwrap_or_default();
    for entry in profile {
        let value = match batch.get(&entry.key.text) {
            None => entry.value.clone(),
            Some(below) => match entry.key.text.as_str() {
                "defaults" => merge_workload(facts, below, &entry.value),
                "patch" | "patchJSON6902" => merge(facts, below, &entry.value, Place::Patches),
                "workloads" | "templates" | "objects" => merge_named(facts, below, &entry.value),
                _ => merge(facts, below, &entry.value, Place::Free),
            },
        };
        batch.set(entry.key.clone(), value);
    }
    Node::map(batch, base.origin())
}

fn merge_named(facts: &'static Facts, base: &Node, over: &Node) -> Node {
    let (Some(below), Some(above)) = (base.as_map(), over.as_map()) else { return over.clone() };
    let mut merged = below.clone();
    for entry in above {
        match below.get(&entry.key.text) {
            _ if entry.value.is_null() => drop(merged.remove(&entry.key.text)),
            None => merged.push(entry.key.clone(), entry.value.clone()),
            // The entry keeps the place of the workload's own name: that is where its objects come from.
            Some(below_it) => {
                let key = below.entry(&entry.key.text).map_or_else(|| entry.key.clone(), |known| known.key.clone());
                merged.set(key, merge_workload(facts, below_it, &entry.value));
            }
        }
    }
    Node::map(merged, base.origin())
}

/// Merges two partial workloads or objects; the kind is known from either, or does not matter to the lists that they share.
fn merge_workload(facts: &'static Facts, base: &Node, over: &Node) -> Node {
    let text = |key: &str| [over, base].into_iter().find_map(|node| node.get(key).and_then(Node::as_str));
    let kind = text("kind").and_then(WorkloadKind::parse);
    if let Some(other) = text("kind").filter(|_| kind.is_none()) {
        return merge_within(facts, base, over, object_place(facts, text("apiVersion"), other));
    }
    let union = Union::of(facts, kind.unwrap_or(WorkloadKind::Deployment));
    merge_within(facts, base, over, Place::Workload(&union))
}
