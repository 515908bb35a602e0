//! Partial batches: parts that merge under the batch that includes them, profiles that merge over the one that declares them.
//!
//! Both merge by the one rule. What two of them hold in forms that cannot merge is an error between a part and what is over
//! it, since whoever writes the one may not know the other.
//!
//! Parameters of a profile are values, not declarations; they are returned apart. A workload that a profile names must
//! be there, or bring a kind of its own.

use smol_str::SmolStr;

use super::merge::Merging;
use super::place::Place;
use super::reported::differing;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::Facts;
use crate::spec::Section;
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
    let findings = merging.notes.differing.iter().map(|(base, over)| differing(base, over));
    findings.for_each(|finding| diagnostics.push(finding));
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

/// Merges what a batch is as a whole.
fn merge_batch(merging: &mut Merging<'static>, base: &Node, over: &Map) -> Node {
    let mut batch = base.as_map().cloned().unwrap_or_default();
    for entry in over {
        let above = &entry.value;
        let value = match batch.get(&entry.key.text) {
            None => above.clone(),
            Some(below) => match entry.key.text.as_str() {
                "defaults" => overview(merging, below, above),
                "selectorLabels" => merging.merge(below, above, Place::Mapping),
                "patch" | "patchJSON6902" => merging.merge(below, above, Place::Patches),
                "namespaces" | "serviceAccounts" => entries(merging, &by_name(below), &by_name(above)),
                "params" => declarations(merging, below, above),
                // A list of axes may take the place of that of all of them.
                "axisLabels" => Merging::new(merging.facts).merge(below, above, Place::Free),
                // What one of them names, the others do not take back.
                "rules" | "policies" | "manifests" if !above.is_null() && !below.is_null() => {
                    merging.merge(below, above, Place::Layered)
                }
                key if key == "templates" || Section::ALL.iter().any(|section| section.key() == key) => {
                    entries(merging, below, above)
                }
                _ => merging.merge(below, above, Place::Free),
            },
        };
        batch.set(entry.key.clone(), value);
    }
    Node::map(batch, base.origin())
}

/// Merges declarations of parameters: a default alone stands in the schema that is declared below it.
fn declarations(merging: &mut Merging<'static>, base: &Node, over: &Node) -> Node {
    let (Some(below), Some(above)) = (base.as_map(), over.as_map()) else {
        return merging.merge(base, over, Place::Free);
    };
    let mut merged = below.clone();
    for entry in above {
        let value = match (below.get(&entry.key.text).map(|below| (below, below.as_map())), entry.value.as_map()) {
            _ if entry.value.is_null() => {
                merged.remove(&entry.key.text);
                continue;
            }
            (Some((below, Some(schema))), None) => {
                let mut schema = schema.clone();
                schema.remove("rows");
                schema.set(Key::new("default", entry.key.origin), entry.value.clone());
                Node::map(schema, below.origin())
            }
            // A schema that says no default takes the one that is there.
            (Some((below, None)), Some(schema))
                if !below.is_null() && !schema.contains("default") && !schema.contains("rows") =>
            {
                let mut schema = schema.clone();
                schema.put("default", below.clone());
                Node::map(schema, entry.value.origin())
            }
            (Some((below, Some(_))), Some(_)) => Merging::new(merging.facts).merge(below, &entry.value, Place::Free),
            _ => entry.value.clone(),
        };
        merged.set(entry.key.clone(), value);
    }
    Node::map(merged, over.origin())
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

/// Merges the entries of a section.
fn entries(merging: &mut Merging<'static>, base: &Node, over: &Node) -> Node {
    let (Some(below), Some(above)) = (base.as_map(), over.as_map()) else {
        return merging.merge(base, over, Place::Free);
    };
    let mut merged = below.clone();
    for entry in above {
        match below.entry(&entry.key.text) {
            _ if entry.value.is_null() => drop(merged.remove(&entry.key.text)),
            None => merged.push(entry.key.clone(), entry.value.clone()),
            // The entry keeps the place of its own name: that is where its objects come from.
            Some(known) => merged.set(known.key.clone(), overview(merging, &known.value, &entry.value)),
        }
    }
    Node::map(merged, base.origin())
}

/// Merges the fields of an entry for those who ask which keys it has. How its layers are put on each other depends on what
/// it is: the planner does that, and says what is wrong with them.
fn overview(merging: &mut Merging<'static>, base: &Node, over: &Node) -> Node {
    if base.as_map().is_none() || over.as_map().is_none() {
        return merging.merge(base, over, Place::Free);
    }
    Merging::new(merging.facts).within(base, over, Place::Free)
}
