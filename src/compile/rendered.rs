//! What another tool rendered, and the patches of the specs on it.
//!
//! Checked manifests enter; each leaves with what the patches made of it. Nothing is added and nothing is lost, and what
//! no patch changes is known to be the same.

use std::collections::BTreeMap;

use super::{Unit, stamp};
use crate::check::{self, Mode, Path, Walk};
use crate::diagnostic::Diagnostics;
use crate::kubernetes::{Facts, Manifest, tool_note};
use crate::source::{Key, Map, Node, Origin};

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
pub(super) type Place = (crate::source::FileId, u32, u32);

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
    facts: &'static Facts,
    diagnostics: &mut Diagnostics,
) -> Vec<Rendered> {
    let mut memo = check::Memo::default();
    let mut patched = |(document, before): (usize, Manifest)| {
        let apply = |object, unit: &Unit| unit.patches.apply(facts, object, &mut *diagnostics);
        let after = units.iter().fold(before.clone(), apply);
        let changed = after.node != before.node;
        if !changed {
            return Rendered { document, manifest: before, changed };
        }
        let after = Manifest { node: with_notes(&before.node, &after.node), ..after };
        let manifest = settle(after, facts, &mut memo, diagnostics);
        stamp::check_whole(&manifest, facts, diagnostics);
        Rendered { document, manifest, changed }
    };
    rendered.into_iter().map(&mut patched).collect()
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
    notes.into_iter().for_each(|note| kept.set(note.key, note.value));
    let inner = |node: &Node, key: &str, value: Node| {
        let mut map: Map = node.as_map().cloned().unwrap_or_default();
        map.set(Key::new(key, value.origin()), value);
        Node::map(map, node.origin())
    };
    let metadata = after.get("metadata").unwrap_or(after);
    inner(after, "metadata", inner(metadata, "annotations", Node::map(kept, metadata.origin())))
}
