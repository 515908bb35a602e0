//! What another tool rendered, and the patches of the specs on it.
//!
//! Checked manifests enter; each leaves with what the patches made of it. Nothing is added and nothing is lost, and what
//! no patch changes is known to be the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Unit;
use super::anew::{Anew, check_whole};
use crate::check::{self, Mode, Walk};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::{Facts, Manifest, tool_note};
use crate::rules::Path;
use crate::text::{Key, Map, Node, Origin};

/// An object that another tool rendered.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Which of the input's documents holds it, counted from 0.
    pub document: usize,
    /// The object, patched.
    pub manifest: Manifest,
    /// Whether a patch changed it.
    pub changed: bool,
}

/// Returns which document each object of some documents stands in, by the place of the object.
pub(super) fn places(documents: &[(Node, Origin)]) -> BTreeMap<Place, usize> {
    let mut places = BTreeMap::new();
    for (number, (root, origin)) in documents.iter().enumerate() {
        note(root, *origin, number, &mut places);
    }
    places
}

/// Where an object stands.
pub(super) type Place = (crate::text::FileId, u32, u32);

fn place(origin: Origin) -> Place {
    (origin.file, origin.start, origin.end)
}

fn note(node: &Node, origin: Origin, number: usize, places: &mut BTreeMap<Place, usize>) {
    match check::items_of(node) {
        Some(items) => items.iter().for_each(|item| note(item, item.origin(), number, places)),
        None => drop(places.insert(place(origin), number)),
    }
}

/// Tells the user's own manifests from what another tool rendered.
pub(super) fn tell_apart(
    manifests: Vec<Manifest>,
    places: &BTreeMap<Place, usize>,
) -> (Vec<Manifest>, Vec<(usize, Manifest)>) {
    let (mut own, mut rendered) = (Vec::new(), Vec::new());
    for manifest in manifests {
        match places.get(&place(manifest.origin)) {
            Some(document) => rendered.push((*document, manifest)),
            None => own.push(manifest),
        }
    }
    (own, rendered)
}

/// Applies the patches of all batches, in their order.
pub(super) fn patch(
    rendered: Vec<(usize, Manifest)>,
    units: &[Unit],
    anew: &Anew,
    diagnostics: &mut Diagnostics,
) -> Vec<Rendered> {
    let facts = anew.facts;
    let mut memo = check::Memo::default();
    let mut patched = Vec::with_capacity(rendered.len());
    for (document, before) in rendered {
        let apply = |object, unit: &Unit| unit.patches.apply(facts, anew, object, &mut *diagnostics);
        let after = units.iter().fold(before.clone(), apply);
        if after.node == before.node {
            patched.push(Rendered { document, manifest: before, changed: false });
            continue;
        }
        let after = Manifest { node: with_notes(&before.node, &after.node), ..after };
        let (was, is) = (all_places(&before.node), all_places(&after.node));
        let mut found = Diagnostics::new();
        let written = after.node.clone();
        let manifest = settle(after, facts, &mut memo, &mut found);
        if facts.kind(&manifest.key.group, &manifest.key.version, &manifest.key.kind).is_none() {
            anew.check_custom(&manifest.key, &manifest.node, &written, &mut found);
        }
        check_whole(&manifest, facts, &mut found);
        // A patch may mend what was rendered: what it took away, or filled in, is no finding any more.
        let is_mended = |finding: &Diagnostic| match finding.code {
            Code::MissingField => before.origin.holds(finding.origin) && !found.contains(finding),
            _ => was.contains(&place(finding.origin)) && !is.contains(&place(finding.origin)),
        };
        diagnostics.retain(|finding| !is_mended(finding));
        found.retain(|finding| !diagnostics.contains(finding));
        diagnostics.append(found);
        patched.push(Rendered { document, manifest, changed: true });
    }
    patched
}

/// Returns the places of all keys and values of a tree.
fn all_places(node: &Node) -> BTreeSet<Place> {
    fn collect(node: &Node, found: &mut BTreeSet<Place>) {
        found.insert(place(node.origin()));
        for entry in node.as_map().into_iter().flatten() {
            found.insert(place(entry.key.origin));
            collect(&entry.value, found);
        }
        node.as_seq().unwrap_or_default().iter().for_each(|item| collect(item, found));
    }
    let mut found = BTreeSet::new();
    collect(node, &mut found);
    found
}

/// Settles what a patch brought; fields stay where they were, so that the patch alone is to be seen.
fn settle(object: Manifest, facts: &'static Facts, memo: &mut check::Memo, diagnostics: &mut Diagnostics) -> Manifest {
    let Manifest { key, node, origin } = object;
    let ty = facts.kind(&key.group, &key.version, &key.kind).and_then(|kind| facts.type_of(kind));
    let mut walk = Walk::new(facts, Mode::Spec).about(&key).remembering(memo);
    let node = match ty {
        Some(ty) => walk.settle_type(&node, ty, &Path::Root),
        None => walk.settle_custom(&node),
    };
    diagnostics.extend(walk.into_findings());
    Manifest { key, node, origin }
}

/// Returns an object with the annotations by which the tool that asked finds it again, which no patch may take away.
fn with_notes(before: &Node, after: &Node) -> Node {
    let annotations = |node: &Node| node.at(&["metadata", "annotations"]).and_then(Node::as_map).cloned();
    let notes: Vec<_> = annotations(before).into_iter().flatten().filter(|entry| tool_note(&entry.key.text)).collect();
    let mut kept = annotations(after).unwrap_or_default();
    if notes.iter().all(|note| kept.get(&note.key.text) == Some(&note.value)) {
        return after.clone();
    }
    for note in notes {
        kept.set(note.key, note.value);
    }
    let inner = |node: &Node, key: &str, value: Node| {
        let mut map: Map = node.as_map().cloned().unwrap_or_default();
        map.set(Key::new(key, value.origin()), value);
        Node::map(map, node.origin())
    };
    let metadata = after.get("metadata").unwrap_or(after);
    inner(after, "metadata", inner(metadata, "annotations", Node::map(kept, metadata.origin())))
}
